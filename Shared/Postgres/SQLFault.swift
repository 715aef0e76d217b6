internal import CPostgres

/// What the database, or the way to it, answered instead of a result.
///
/// `message` is fixed text by class of error and safe to show; `detail` is the server's own wording and goes to the log only.
/// The server's DETAIL and CONTEXT lines are dropped: they quote values, which may be addresses.
package struct SQLFault: Error, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Five characters of the SQL standard and Postgres (Appendix A), e.g. `23505`.
    package let sqlState: String
    package let message: String
    package let detail: String
    /// The violated constraint, where the server names one.
    package let constraint: String?
    /// Which statement of a batch failed; 0 for a single one.
    package internal(set) var statementIndex: Int

    package init(sqlState: String, detail: String, constraint: String? = nil, statementIndex: Int = 0) {
        self.sqlState = sqlState
        self.detail = detail
        self.constraint = constraint
        self.statementIndex = statementIndex
        message = SQLFault.safeMessage(sqlState)
    }

    package var description: String { message }
    package var debugDescription: String {
        "SQL \(sqlState) (statement \(statementIndex)): \(detail)" + (constraint.map { ", constraint \($0)" } ?? "")
    }
}

extension SQLFault {
    package var isUniqueViolation: Bool { sqlState == "23505" }
    package var isForeignKeyViolation: Bool { sqlState == "23503" }
    package var isCheckViolation: Bool { sqlState == "23514" }
    package var isUndefinedTable: Bool { sqlState == "42P01" }
    /// A row that belongs to no partition is also reported as 23514.
    package var isSerializationFailure: Bool { sqlState == "40001" }
    package var isDeadlock: Bool { sqlState == "40P01" }
    package var isLockTimeout: Bool { sqlState == "55P03" }
    /// `statement_timeout` or a cancel request.
    package var isStatementTimeout: Bool { sqlState == "57014" }
    /// The connection went away while the statement was running, so whether it took effect is open unless it was in a
    /// transaction (then it did not).
    package var isConnectionLost: Bool {
        sqlState.hasPrefix("08") || ["57P01", "57P02", "57P03", "57P05", "25P03"].contains(sqlState)
    }
    /// The connection was lost during COMMIT: the transaction may have taken effect or not. Never repeat blindly.
    package var isOutcomeUnknown: Bool { sqlState == "08007" }
    /// The whole transaction may succeed when repeated, and has not taken effect now.
    package var isRetryable: Bool {
        if isOutcomeUnknown { return false }
        return isSerializationFailure || isDeadlock || isLockTimeout || isStatementTimeout || isConnectionLost
            || sqlState.hasPrefix("53")
    }

    static let connectionLost = "08006"

    static func lost(_ detail: String) -> SQLFault {
        SQLFault(sqlState: connectionLost, detail: detail)
    }

    static func outcomeUnknown(_ cause: SQLFault) -> SQLFault {
        SQLFault(sqlState: "08007", detail: "connection lost during COMMIT: \(cause.detail)")
    }

    /// A value that does not have the type asked for: a mistake in our code or schema.
    static func decoding(_ detail: String) -> SQLFault {
        SQLFault(sqlState: "22000", detail: detail)
    }

    private static func safeMessage(_ state: String) -> String {
        switch state {
        case "08007": "The connection to the database was lost during commit; whether it took effect is unknown"
        case "23505": "The record exists already"
        case "40001", "40P01": "The transaction collided with another one"
        case "55P03": "A lock was not available in time"
        case "57014": "The statement took too long"
        default:
            switch state.prefix(2) {
            case "08", "57": "The database is not reachable"
            case "22": "A value does not fit its type in the database"
            case "23": "A constraint of the database was violated"
            case "53": "The database is out of resources"
            default: "The database refused the statement"
            }
        }
    }

    /// From a result of status `PGRES_FATAL_ERROR`. A result without SQLSTATE is libpq's own: the connection is gone.
    init(result: OpaquePointer, statement: String, index: Int) {
        func field(_ code: Character) -> String? {
            code.asciiValue.flatMap { PQresultErrorField(result, Int32($0)) }.map { String(cString: $0) }
        }
        let state = field("C") ?? SQLFault.connectionLost
        var primary = field("M") ?? String(cString: PQresultErrorMessage(result))
        if state.hasPrefix("22"), let quote = primary.utf8.firstIndex(of: UInt8(ascii: "\"")) {
            // "invalid input syntax for type uuid: …" quotes the value.
            primary = String(primary[..<quote]) + "…"
        }
        self.init(
            sqlState: state,
            detail: "\(primary) in: \(statement.prefix(500))",
            constraint: field("n"),
            statementIndex: index
        )
    }
}
