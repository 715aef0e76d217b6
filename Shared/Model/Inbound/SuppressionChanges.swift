import Core
import Postgres

/// Addresses that receipts suppress, or free, in one statement each.
///
/// The address is the one that the message was sent to, where the receipt names it: the endpoint may have another by now.
struct SuppressionChanges {
    private struct Address: Hashable, Comparable {
        let app: AppID
        let channel: String
        let hash: [UInt8]

        static func < (left: Self, right: Self) -> Bool {
            if left.hash != right.hash { return left.hash.lexicographicallyPrecedes(right.hash) }
            return (left.app, left.channel) < (right.app, right.channel)
        }
    }

    private var added: [Address: (reason: SuppressionReason, source: JSON)] = [:]
    private var freed: Set<Address> = []

    /// Each receipt is given once.
    mutating func add(
        _ receipts: [AppliedReceipt], _ hasher: SuppressionHasher, _ rules: BounceRules, in session: Session
    ) async throws {
        var byApp: [AppID: [(receipt: AppliedReceipt, address: Address)]] = [:]
        for receipt in receipts {
            guard let address = address(receipt, hasher) else { continue }
            byApp[address.app, default: []].append((receipt, address))
        }
        for (app, items) in byApp.sorted(by: { $0.key < $1.key }) {
            let signs = items.map { item in
                BounceCounts.Sign(
                    channel: item.address.channel, addressHash: item.address.hash, kind: item.receipt.receipt.kind,
                    status: item.receipt.receipt.attributes["status"], at: item.receipt.at)
            }
            let reasons = try await BounceCounts.settle(signs, of: app, rules: rules, in: session)
            for (item, reason) in zip(items, reasons) {
                if item.receipt.receipt.kind == .optIn {
                    freed.insert(item.address)
                    added[item.address] = nil
                } else if let reason {
                    note(item.address, reason, source(item.receipt.event, item.receipt.found))
                }
            }
        }
    }

    /// Of a receipt that waits.
    mutating func add(
        _ event: IncomingEvent, _ address: String, _ reason: SuppressionReason, _ hasher: SuppressionHasher
    ) {
        let channel = event.event.channel
        let hash = hasher.hash(address, channel: channel, app: event.app)
        note(Address(app: event.app, channel: channel, hash: hash), reason, source(event, nil))
    }

    private mutating func note(_ address: Address, _ reason: SuppressionReason, _ source: JSON) {
        freed.remove(address)
        if added[address] == nil { added[address] = (reason, source) }
    }

    private func address(_ receipt: AppliedReceipt, _ hasher: SuppressionHasher) -> Address? {
        let (app, channel) = (receipt.event.app, receipt.receipt.channel)
        if let address = receipt.receipt.address, !address.isEmpty {
            return Address(app: app, channel: channel, hash: hasher.hash(address, channel: channel, app: app))
        }
        guard let person = receipt.person, person.channel == channel, let hash = person.addressHash else { return nil }
        return Address(app: app, channel: channel, hash: hash)
    }

    private func source(_ event: IncomingEvent, _ found: FoundSend?) -> JSON {
        var source: JSONObject = ["from": "provider", "provider": .string(event.provider.description)]
        source["run"] = found.map { .string($0.send.run.description) }
        source["campaign"] = found.map { .string($0.campaign.description) }
        return .object(source)
    }

    func statements(at now: Instant) -> [SQL] {
        var statements: [SQL] = []
        if !added.isEmpty {
            let order = added.keys.sorted()
            statements.append(
                SuppressionStore.add(
                    order.map { address in
                        SuppressionStore.Entry(
                            app: address.app, channel: address.channel, hash: address.hash,
                            reason: added[address]?.reason ?? .manual, source: added[address]?.source ?? .object([:]))
                    }, now: now))
        }
        if !freed.isEmpty {
            // What only an opt-in undoes; a dead address stays dead.
            statements.append(
                SuppressionStore.remove(
                    freed.sorted().map { ($0.app, $0.channel, $0.hash) }, reasons: [.stop, .unsubscribe], now: now))
        }
        return statements
    }
}
