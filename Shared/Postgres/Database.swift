package import Core
package import EventLoop
package import Runtime

/// The Postgres database of a process: a pool of connections on its event loop.
///
/// Errors: `SQLFault` for what the server says, `Fault(.unavailable)` when no connection came free within 10 s,
/// `CancellationError` when the task was cancelled before it got one. Call from tasks on the loop; from elsewhere each call
/// costs a thread hop.
package final class Database: Sendable {
    package let loop: EventLoop
    package let environment: Environment
    let connector: Connector
    private let pool: ConnectionPool
    private let metrics: DatabaseMetrics

    /// Connects on first use. `url` is libpq's: `postgresql://user:password@host:port/db` or
    /// `postgresql:///db?host=/socket/folder&user=…`.
    package init(
        url: String,
        loop: EventLoop,
        environment: Environment,
        metrics: Metrics,
        poolSize: Int = 4,
        applicationName: String = "needletail"
    ) {
        self.loop = loop
        self.environment = environment
        connector = Connector(url: url, loop: loop, environment: environment, applicationName: applicationName)
        self.metrics = DatabaseMetrics(metrics)
        pool = ConnectionPool(connector: connector, size: poolSize, metrics: self.metrics)
    }

    /// One statement in its own transaction.
    package func query(_ sql: SQL) async throws -> [Row] {
        try await withSession { try await $0.query(sql) }
    }

    /// One statement in its own transaction; the number of rows it touched.
    @discardableResult
    package func execute(_ sql: SQL) async throws -> Int {
        try await withSession { try await $0.execute(sql) }
    }

    /// Runs `body` in a transaction: commits when it returns, rolls back when it throws. Retries nothing.
    ///
    /// BEGIN goes out with the first statement (see `Session.commit(with:)` for COMMIT). When the connection is lost during
    /// COMMIT the error is `SQLFault.isOutcomeUnknown`. No network call, no sleep and no second connection inside: the
    /// HTTP client and this class refuse.
    @discardableResult
    package func transaction<R>(
        isolation: TransactionIsolation = .readCommitted,
        _ body: (Session) async throws -> R
    ) async throws -> R {
        let connection = try await lease()
        let session = Session(connection: connection, metrics: metrics, begin: isolation.begin)
        do {
            let value = try await Transaction.$isActive.withValue(true) {
                let value = try await body(session)
                try await session.finishTransaction()
                return value
            }
            session.end()
            pool.release(connection)
            return value
        } catch {
            await session.abandon()
            pool.release(connection)
            throw error
        }
    }

    /// As `transaction`, again (5 times in all, with jitter) after a serialization failure or a deadlock. `body` must have no
    /// effect outside the database.
    @discardableResult
    package func retryingTransaction<R>(
        isolation: TransactionIsolation = .readCommitted,
        _ body: (Session) async throws -> R
    ) async throws -> R {
        let backoff = Backoff(base: .milliseconds(10), cap: .seconds(1))
        var attempt = 0
        while true {
            do {
                return try await transaction(isolation: isolation, body)
            } catch let fault as SQLFault where (fault.isSerializationFailure || fault.isDeadlock) && attempt < 4 {
                try await loop.sleep(for: backoff.delay(attempt: attempt, random: environment.randomWord()))
                attempt += 1
            }
        }
    }

    /// Runs `body` on a leased connection without a transaction: for batches that commit by themselves, COPY, advisory locks.
    /// A transaction that `body` leaves open is rolled back.
    @discardableResult
    package func withSession<R>(_ body: (Session) async throws -> R) async throws -> R {
        let connection = try await lease()
        let session = Session(connection: connection, metrics: metrics)
        do {
            let value = try await body(session)
            await session.abandon()
            pool.release(connection)
            return value
        } catch {
            await session.abandon()
            pool.release(connection)
            throw error
        }
    }

    private func lease() async throws -> Connection {
        if Transaction.isActive {
            // With every connection taken by such a caller, all would wait for each other.
            throw Fault(.internalError, "a second database connection was asked for inside a transaction")
        }
        return try await pool.lease()
    }

    /// Closes idle connections, refuses new work, and returns when leased ones have come back.
    package func close() async {
        await pool.close()
    }
}

package enum TransactionIsolation: Sendable {
    case readCommitted, repeatableRead, serializable

    var begin: SQL {
        switch self {
        case .readCommitted: "BEGIN"
        case .repeatableRead: "BEGIN ISOLATION LEVEL REPEATABLE READ"
        case .serializable: "BEGIN ISOLATION LEVEL SERIALIZABLE"
        }
    }
}
