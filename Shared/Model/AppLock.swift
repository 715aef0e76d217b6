import Core
import Crypto
import Postgres

/// Advisory locks to the end of a transaction, for rules over rows that do not exist yet or that nobody holds still.
///
/// Order, so that two transactions never wait for each other: users, then attribute names.
enum AppLock {
    static func key(_ app: AppID, _ what: String) -> Int64 {
        let digest = SHA256.hash(app.bytes + Array(what.utf8))
        return Int64(bitPattern: digest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The rule of 15, and whether a user has endpoints at all.
    static func user(_ app: AppID, _ id: String) -> Int64 { key(app, "user/\(id)") }

    static func take(_ keys: [Int64]) -> SQL {
        "SELECT pg_advisory_xact_lock(w.lock) FROM unnest(\(keys.sorted())) AS w (lock)"
    }
}
