import Core
import Model
import Queue

/// The mark of a job whose people may have been sent to before, under the same key: the provider keeps one of both.
enum SameKey {
    /// Read by `LedgerProof` too.
    private static let member = "same_key"

    static func added(to payload: JSON) -> JSON {
        var object = payload.object ?? [:]
        object[member] = true
        return .object(object)
    }

    static func isIn(_ payload: JSON) -> Bool { payload[member]?.bool == true }
}

extension LeasedJob {
    /// What its outcomes say about sends before them.
    var outcomeFlags: Int16 {
        (possibleDuplicate ? SendOutcomeRow.possibleDuplicate : 0)
            | (SameKey.isIn(payload) ? SendOutcomeRow.sameKey : 0)
    }
}
