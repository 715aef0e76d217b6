import Core
import Crypto
package import Postgres

/// Finds the sends that events are about.
///
/// By our own reference where the event carries it: that names run, chunk, place and endpoint, so that one look per chunk says
/// what the ledger has. By the provider's id of the message otherwise: through the address that the event names to its endpoint, and
/// from there by the block range index of `send_outcomes` over the last days. That costs the ledger's writers nothing; an index over
/// the providers' ids would be a random write for each message of each channel.
package final class SendLookup: Sendable {
    package enum Finding: Sendable {
        case found(FoundSend)
        /// It names a message that is not (yet) known.
        case missing
        /// It names a run that the provider's app does not have: another tenant's, or one that is gone.
        case foreign
        /// It names no message.
        case none
    }

    /// How long after its run's day a message is found by the provider's id; carriers give up after three days.
    private static let days = 14

    private let database: Database
    private let references: SendReferences
    private let hasher: SuppressionHasher
    private let runs: RunCampaigns

    package init(database: Database, references: SendReferences, hasher: SuppressionHasher) {
        self.database = database
        self.references = references
        self.hasher = hasher
        runs = RunCampaigns(database: database)
    }

    /// One finding per event, in order. Not inside a transaction.
    package func find(_ events: [IncomingEvent]) async throws -> [Finding] {
        var findings: [Finding] = []
        for event in events { findings.append(try await byReference(event)) }
        let rest = events.indices.filter { index in
            if case .missing = findings[index] { true } else { false }
        }
        for (index, send) in try await byProvider(rest.map { events[$0] }, at: rest) {
            if let origin = try await runs.origin(of: send.run, app: events[index].app) {
                findings[index] = .found(Self.found(send, origin))
            }
        }
        try await read(&findings, events)
        return findings
    }

    private func byReference(_ event: IncomingEvent) async throws -> Finding {
        let (reference, provider) = event.event.names
        if let send = reference.flatMap({ references.verify($0) }) {
            guard let origin = try await runs.origin(of: send.run, app: event.app) else { return .foreign }
            return .found(Self.found(send, origin))
        }
        return provider == nil ? .none : .missing
    }

    private static func found(_ send: SendReference, _ origin: RunCampaigns.Origin) -> FoundSend {
        FoundSend(
            send: send, campaign: origin.campaign, runDay: origin.runDay,
            isStartedByService: origin.isStartedByService, record: nil)
    }

    private func byProvider(
        _ events: [IncomingEvent], at places: [Int]
    ) async throws -> [(Int, SendReference)] {
        var asked: [(place: Int, app: AppID, hash: [UInt8], reference: String)] = []
        for (event, place) in zip(events, places) {
            guard let reference = event.event.names.provider, let address = event.event.address else { continue }
            let hash = hasher.hash(address, channel: event.event.channel, app: event.app)
            asked.append((place, event.app, hash, reference))
        }
        guard !asked.isEmpty else { return [] }
        let first = database.environment.now().day + -Self.days
        let rows = try await database.query(
            """
            SELECT w.place, o.run, o.chunk, o.ordinal, o.endpoint_key, o.treatment
              FROM unnest(\(asked.map { Int64($0.place) }), \(asked.map(\.app)), \(SQLBind.bytesArray(asked.map(\.hash))),
                          \(asked.map(\.reference))) AS w (place, app, hash, reference)
              JOIN endpoints e ON e.app = w.app AND e.address_hash = w.hash
             CROSS JOIN LATERAL (
                   SELECT run, chunk, ordinal, endpoint_key, treatment
                     FROM send_outcomes
                    WHERE run_day >= \(first) AND endpoint_key = e.endpoint_key AND app = w.app
                      AND provider_ref = w.reference
                    LIMIT 1) AS o
            """)
        return try rows.map { row in
            (
                try row.get(0),
                SendReference(
                    run: try row.get(1), chunk: try row.get(2), ordinal: try row.get(3), endpointKey: try row.get(4),
                    treatment: try row.get(5))
            )
        }
    }

    private struct Chunk: Hashable {
        let app: AppID
        let run: RunID
        let day: Day
        let number: Int32
    }

    /// What the ledger has of the found ones: a statement per chunk, all in one round trip.
    private func read(_ findings: inout [Finding], _ events: [IncomingEvent]) async throws {
        var chunks: [Chunk: [Int]] = [:]
        for (index, finding) in findings.enumerated() {
            guard case .found(let found) = finding else { continue }
            let chunk = Chunk(
                app: events[index].app, run: found.send.run, day: found.runDay, number: found.send.chunk)
            chunks[chunk, default: []].append(index)
        }
        guard !chunks.isEmpty else { return }
        let order = Array(chunks)
        var statements: [SQL] = []
        for (chunk, indices) in order {
            let ordinals = indices.compactMap { findings[$0].send?.send.ordinal }
            statements.append(
                """
                SELECT ordinal, outcome, at, provider_ref
                  FROM send_outcomes
                 WHERE run_day = \(chunk.day) AND app = \(chunk.app) AND run = \(chunk.run) AND chunk = \(chunk.number)
                   AND ordinal = ANY (\(ordinals))
                """)
        }
        let results = try await database.withSession { [statements] in try await $0.batch(statements) }
        for ((_, indices), rows) in zip(order, results) {
            let records = try Self.records(rows)
            for index in indices {
                guard case .found(var found) = findings[index] else { continue }
                found.record = records[found.send.ordinal]
                findings[index] = .found(found)
            }
        }
    }

    /// By ordinal, the outcome of highest rank.
    private static func records(_ rows: [Row]) throws -> [Int32: FoundSend.Record] {
        var best: [Int32: (rank: Int, record: FoundSend.Record)] = [:]
        for row in rows {
            let (ordinal, number): (Int32, Int16) = (try row.get(0), try row.get(1))
            guard let state = TerminalState(rawValue: number) else { continue }
            if let known = best[ordinal], known.rank >= state.rank { continue }
            best[ordinal] = (
                state.rank,
                FoundSend.Record(at: try row.get(2), isUnknown: state == .unknown, providerReference: try row.get(3))
            )
        }
        return best.mapValues(\.record)
    }
}

extension SendLookup.Finding {
    var send: FoundSend? {
        if case .found(let found) = self { found } else { nil }
    }
}

extension InboundEvent {
    /// Our reference, and the provider's id of our message.
    var names: (ours: String?, provider: String?) {
        switch self {
        case .receipt(let receipt): (receipt.reference, receipt.providerReference)
        case .reply(let reply): (reply.reference, reply.providerReference)
        }
    }

    var channel: String {
        switch self {
        case .receipt(let receipt): receipt.channel
        case .reply(let reply): reply.channel
        }
    }

    /// Of the person.
    var address: String? {
        switch self {
        case .receipt(let receipt): receipt.address
        case .reply(let reply): reply.from
        }
    }
}
