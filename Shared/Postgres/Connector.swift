internal import CPostgres
internal import Core
internal import EventLoop
internal import Glibc

/// Opens connections. `PQconnectdb` resolves names and blocks, so it runs on a thread aside.
struct Connector: Sendable {
    let url: String
    let loop: EventLoop
    let environment: Environment
    let applicationName: String

    /// Every session of ours: bounded waits, UTC, and no transaction left open by a stuck process.
    /// reference: F11 (a lock wait is an error to retry, not an outage) and §3.7.
    ///
    /// Hashes may take 64 × work_mem (256 MB by default) where they need it, sorts may not: a segment over events is a hash of
    /// endpoints, and when Postgres thinks that it does not fit, it reads all events once per endpoint instead.
    private static let settings = """
        SET lock_timeout = '2s';
        SET statement_timeout = '30s';
        SET idle_in_transaction_session_timeout = '15s';
        SET TimeZone = 'UTC';
        SET client_min_messages = 'warning';
        SET hash_mem_multiplier = 64;
        SELECT current_setting('synchronous_commit')
        """
    private static let timeoutSeconds = "5"
    /// A peer that has vanished without a word is noticed after this long.
    private static let userTimeoutMilliseconds = "15000"

    /// `completion` comes on the loop with an attached connection.
    func connect(_ completion: @escaping @Sendable (Result<Connection, SQLFault>) -> Void) {
        Thread.start(name: "pg-connect") {
            let result = open()
            loop.submit {
                if case .success(let connection) = result { connection.attach() }
                completion(result)
            }
        }
    }

    private func open() -> Result<Connection, SQLFault> {
        // Later words win, so the URL's own settings override the first ones.
        let words: [(String, String)] = [
            ("connect_timeout", Connector.timeoutSeconds),
            ("tcp_user_timeout", Connector.userTimeoutMilliseconds),
            ("application_name", applicationName),
            ("dbname", url),
            ("client_encoding", "UTF8"),
        ]
        guard let handle = connect(words) else { return .failure(.lost("out of memory")) }
        guard PQstatus(handle) == CONNECTION_OK else {
            defer { PQfinish(handle) }
            return .failure(connectFault(handle))
        }
        let result = PQexec(handle, Connector.settings)
        defer { PQclear(result) }
        guard let result, PQresultStatus(result) == PGRES_TUPLES_OK else {
            defer { PQfinish(handle) }
            return .failure(result.map { SQLFault(result: $0, statement: "SET", index: 0) } ?? connectFault(handle))
        }
        if let value = PQgetvalue(result, 0, 0), String(cString: value) == "off" {
            environment.log.warning(
                "postgres.synchronous_commit_off",
                ["text": .string("commits may be lost in a crash of the database; for tests only")]
            )
        }
        return .success(Connection(handle: handle, loop: loop, log: environment.log))
    }

    private func connect(_ words: [(String, String)]) -> OpaquePointer? {
        var names: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0.0) } + [nil]
        var values: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0.1) } + [nil]
        defer {
            for pointer in names + values { free(pointer) }
            names = []
            values = []
        }
        return PQconnectdbParams(
            names.map { $0.map { UnsafePointer($0) } }, values.map { $0.map { UnsafePointer($0) } }, 1)
    }

    /// libpq gives no SQLSTATE for a refused connection in version 15; its text has the server's word.
    private func connectFault(_ handle: OpaquePointer) -> SQLFault {
        let text = String(cString: PQerrorMessage(handle)).split(separator: "\n").joined(separator: "; ")
        return SQLFault(sqlState: "08001", detail: "connecting: \(text)")
    }
}
