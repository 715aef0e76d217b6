package import Core
package import Model
package import Queue

/// Asks a campaign's hook which recipients it leaves in, before their window opens and outside of any transaction.
package protocol RecipientFilter: Sendable {
    /// One verdict per recipient, in order; never throws. May take as long as the hook's own limits allow: `lease` is kept
    /// meanwhile. Asked again for recipients whose window was not handed over.
    func verdicts(on recipients: [Recipient], of plan: RunPlan, job: LeasedJob, lease: HeldLease) async
        -> [FilterVerdict]
}

package enum FilterVerdict: Sendable, Equatable {
    case pass
    /// Goes, with these attributes on top of the endpoint's own, for this message only.
    case changed(attributes: JSONObject)
    /// The hook left the person out.
    case filtered
    /// The hook could not be asked, or gave no usable answer.
    case failed
}

extension Recipient {
    mutating func apply(_ verdict: FilterVerdict) {
        guard case .changed(let changes) = verdict else { return }
        // An unreadable column prints as missing, here as in a template.
        var attributes = (try? JSON.parse(self.attributes))?.object ?? [:]
        for member in changes.members { attributes[member.key] = member.value }
        self.attributes = JSON.object(attributes).serialized
    }
}
