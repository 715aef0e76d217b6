import Core
import EventLoop
package import Postgres

/// Stores calls in groups: one transaction for all that wait, and one job for each 200 of them.
package final class InboundWriter: Sendable {
    private static let attempts = 6
    private let database: Database

    package init(database: Database) {
        self.database = database
    }

    /// One result per call, in order; a success is durable.
    package func commit(_ calls: [StoredCall]) async -> [Result<Void, any Error>] {
        do {
            try await commitTogether(calls)
            return calls.map { _ in .success(()) }
        } catch let fault as SQLFault where calls.count > 1 && !fault.isRetryable && !fault.isOutcomeUnknown {
            // One of them is what the database does not take; its neighbours are not to blame.
            var results: [Result<Void, any Error>] = []
            for call in calls { results += await commit([call]) }
            return results
        } catch {
            return calls.map { _ in .failure(error) }
        }
    }

    /// Repeats also what may have been committed: calls have their ids already, and a second job finds nothing to do.
    private func commitTogether(_ calls: [StoredCall]) async throws {
        let statements = InboundStore.statements(adding: calls, now: database.environment.now())
        let backoff = Backoff(base: .milliseconds(20), cap: .seconds(1))
        var attempt = 0
        while true {
            do {
                _ = try await database.transaction { try await $0.commit(with: statements) }
                return
            } catch let fault as SQLFault where attempt < Self.attempts && (fault.isRetryable || fault.isOutcomeUnknown)
            {
                attempt += 1
                try await database.loop.sleep(
                    for: backoff.delay(attempt: attempt, random: database.environment.randomWord()))
            }
        }
    }
}

/// The group commit of providers' calls.
package typealias InboundIntake = GroupCommit<StoredCall, Void>
