import Core
import Delivery
import Model
import Postgres
import TestKit
import Testing

/// An estimate reads the gate's rules in SQL; this holds the two readings together.
@Suite(.database) struct ReachabilityTests {
    private let app = AppID(high: 1, low: 1)
    private let now = Instant(seconds: 1000)
    private let intent = Gate.Intent(
        channels: ["EMAIL"], messageChannels: ["EMAIL"], campaign: CampaignID(high: 1, low: 1),
        expiresAt: Instant(seconds: 2000))

    /// One endpoint for every combination of what the rules look at; the key is its place.
    private func insertEveryCombination() async throws -> [Int64] {
        let database = try TestDatabase.current.database
        var key: Int64 = 0
        for channel in ["EMAIL", nil] {
            for address in ["someone@example.com", "", nil] {
                for optOut in ["NONE", "ALL"] {
                    for status in ["ACTIVE", "INACTIVE"] {
                        for isSuppressed in [false, true] {
                            let hash: SQLBind =
                                channel != nil && address?.isEmpty == false
                                ? .bytes(Array("\(key)".utf8)) : .null(.bytea)
                            try await database.execute(
                                """
                                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, address_hash,
                                                       opt_out, endpoint_status, cohort, effective_at, created_at)
                                VALUES (\(app), \(key), \(key)::text, \(channel), \(address), \(hash), \(optOut), \(status),
                                        0, \(now), \(now))
                                """
                            )
                            if isSuppressed, case .bytes = hash {
                                try await database.execute(
                                    """
                                    INSERT INTO suppressions (app, channel, address_hash, reason, created_at)
                                    VALUES (\(app), 'EMAIL', \(hash), 'STOP', \(now))
                                    """
                                )
                            }
                            key += 1
                        }
                    }
                }
            }
        }
        return Array(0..<key)
    }

    @Test func `the SQL refuses whom the gate refuses, for the same reason`() async throws {
        let keys = try await insertEveryCombination()
        let database = try TestDatabase.current.database
        var byGate: [Int64: String] = [:]
        for row in try await database.query(Recipient.load(keys, of: app)) {
            let recipient = try Recipient(row)
            let clock = Gate.Clock(now: now, offset: { _, _ in nil })
            switch Gate.decide(intent, Gate.Person(recipient), clock, Gate.Rules()).decision {
            case .send: break
            case .defer: Issue.record("nothing says when")
            case .refuse(let state, let reason):
                #expect(state == .suppressed)
                // The SQL names the rule, the gate also the entry.
                byGate[recipient.key] = reason.map { $0.name.hasPrefix("SUPPRESSED") ? "SUPPRESSED" : $0.name }
            }
        }
        var bySQL: [Int64: String] = [:]
        for row in try await database.query(
            "SELECT e.endpoint_key, \(Reachability.refusal()) FROM endpoints AS e WHERE e.app = \(app)"
        ) {
            bySQL[try row.get(0)] = try row.get(1) as String?
        }
        #expect(bySQL == byGate)
        #expect(keys.count == 48)
        #expect(Set(byGate.values).count == 5)
        #expect(byGate.count == keys.count - 1)
    }
}
