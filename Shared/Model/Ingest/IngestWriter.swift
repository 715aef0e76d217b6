import Core
import EventLoop
import PinpointAPI
package import Postgres
package import Runtime

/// Commits batches: repeats what may be repeated, and isolates a request that the database refuses from its neighbours.
package final class IngestWriter: Sendable {
    private static let attempts = 6

    private let database: Database
    private let partitions: Partitions
    private let hasher: SuppressionHasher
    private let attributes: AttributeRegistry
    private let onTrigger: @Sendable () -> Void
    private let commits: Counter
    private let commitSize: Histogram
    private let stored: Counter
    private let repeated: Counter

    /// `attributes`: the process's; without one the writer has its own. `onTrigger`: called after a commit whose events started
    /// campaigns.
    package init(
        database: Database, partitions: Partitions, hasher: SuppressionHasher, metrics: Metrics,
        attributes: AttributeRegistry? = nil, onTrigger: @escaping @Sendable () -> Void = {}
    ) {
        self.database = database
        self.attributes = attributes ?? AttributeRegistry(database: database)
        self.onTrigger = onTrigger
        self.partitions = partitions
        self.hasher = hasher
        commits = metrics.counter(.ingestCommits)
        commitSize = metrics.histogram(.ingestCommitSize)
        stored = metrics.counter(.ingestEvents, "stored")
        repeated = metrics.counter(.ingestEvents, "deduplicated_batch")
    }

    /// One result per request, in order. A success is durable; a request of a deleted app fails with `.applicationNotFound`.
    package func commit(_ requests: [IngestRequest]) async -> [Result<IngestOutcome, any Error>] {
        do {
            return try await commitTogether(requests).map { .success($0) }
        } catch let fault as SQLFault where AppStore.isNotAlive(fault) {
            return await commitOfLivingApps(requests, fault)
        } catch {
            guard requests.count > 1, Self.isOneRequestsFault(error) else {
                return requests.map { _ in .failure(error) }
            }
            database.environment.log.warning(
                "ingest.isolating",
                [
                    "requests": .integer(Int64(requests.count)), "error": .string(String(reflecting: error)),
                ])
            var results: [Result<IngestOutcome, any Error>] = []
            for request in requests { results += await commit([request]) }
            return results
        }
    }

    private func commitOfLivingApps(
        _ requests: [IngestRequest], _ fault: SQLFault
    ) async -> [Result<IngestOutcome, any Error>] {
        let alive: Set<AppID>
        do {
            alive = try await AppStore.alive(Set(requests.map(\.app)).sorted(), in: database)
        } catch {
            return requests.map { _ in .failure(error) }
        }
        let rest = requests.filter { alive.contains($0.app) }
        // A deleted app stays deleted, so that every turn leaves one out.
        guard rest.count < requests.count else { return requests.map { _ in .failure(fault) } }
        var results = (rest.isEmpty ? [] : await commit(rest)).makeIterator()
        return requests.map { request in
            guard alive.contains(request.app) else { return .failure(APIError.applicationNotFound) }
            return results.next() ?? .failure(fault)
        }
    }

    /// Whether the data are to blame, not the way to the database.
    private static func isOneRequestsFault(_ error: any Error) -> Bool {
        switch error {
        case let fault as SQLFault: !fault.isRetryable && !fault.isOutcomeUnknown
        case let fault as Fault: fault.code == .invalid || fault.code == .internalError
        default: false
        }
    }

    private func commitTogether(_ requests: [IngestRequest]) async throws -> [IngestOutcome] {
        let weeks = Set(requests.lazy.flatMap { $0.events?.weeks ?? [] })
        if !weeks.isEmpty { try await partitions.ensure(.events, for: weeks) }
        let known = try await attributes.load(Set(requests.lazy.filter { !$0.writes.isEmpty }.map(\.app)))
        let commit = IngestCommit(
            requests: requests.map { Self.captured($0, known) }, attributes: known, hasher: hasher,
            now: database.environment.now())
        let backoff = Backoff(base: .milliseconds(20), cap: .seconds(1))
        var mode = IngestCommit.EventMode.copy
        var attempt = 0
        while true {
            do {
                let result = try await database.transaction { try await commit.run(mode, in: $0) }
                attributes.learn(result.newNames)
                note(requests, mode)
                if result.hasTriggered { onTrigger() }
                return result.outcomes
            } catch let fault as SQLFault where attempt < Self.attempts {
                // 23505: an event came before, or another commit has just made the same endpoint. Both end well when repeated,
                // and so does a commit whose outcome is unknown, because only what is new counts then.
                guard fault.isUniqueViolation || fault.isOutcomeUnknown || fault.isRetryable else { throw fault }
                if fault.isUniqueViolation || fault.isOutcomeUnknown { mode = .deduplicate }
                attempt += 1
                if !fault.isUniqueViolation {
                    try await database.loop.sleep(
                        for: backoff.delay(attempt: attempt, random: database.environment.randomWord()))
                }
            }
        }
    }

    /// Without the attributes that the app has had removed.
    private static func captured(_ request: IngestRequest, _ attributes: [AppID: AppAttributes]) -> IngestRequest {
        guard !request.writes.isEmpty, let known = attributes[request.app], known.hasBlacklist else { return request }
        var request = request
        request.writes = request.writes.map(known.captured)
        return request
    }

    private func note(_ requests: [IngestRequest], _ mode: IngestCommit.EventMode) {
        let events = requests.reduce(0) { $0 + ($1.events?.count ?? 0) }
        commits.increment()
        commitSize.observe(Double(requests.count))
        switch mode {
        case .copy: stored.increment(by: events)
        case .deduplicate: repeated.increment(by: events)
        }
    }
}
