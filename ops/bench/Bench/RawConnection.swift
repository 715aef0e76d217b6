import CPostgres
import Core
import EventLoop

/// A blocking libpq connection, as a C program would use it: what the yardsticks run on. One thread at a time.
final class RawConnection {
    private let handle: OpaquePointer
    private var prepared: [String: String] = [:]

    init(_ url: String) throws(Fault) {
        guard let handle = PQconnectdb(url) else { throw Fault(.unavailable, "libpq has no memory") }
        self.handle = handle
        guard PQstatus(handle) == CONNECTION_OK else { throw RawConnection.fault(handle) }
    }

    deinit {
        PQfinish(handle)
    }

    static func fault(_ handle: OpaquePointer) -> Fault {
        Fault(.unavailable, PQerrorMessage(handle).map { String(cString: $0) } ?? "libpq failed")
    }

    /// One or more statements without parameters.
    func run(_ text: String) throws(Fault) {
        let result = PQexec(handle, text)
        defer { PQclear(result) }
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else { throw Self.fault(handle) }
    }

    /// The first column of the first row, as text.
    func value(_ text: String) throws(Fault) -> String {
        let result = PQexec(handle, text)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_TUPLES_OK, PQntuples(result) > 0 else { throw Self.fault(handle) }
        return PQgetvalue(result, 0, 0).map { String(cString: $0) } ?? ""
    }

    // MARK: COPY

    /// Whole binary COPY data, trailer included, in one commit.
    func copyIn(_ statement: String, _ data: [UInt8]) throws(Fault) {
        let begun = PQexec(handle, statement)
        let status = PQresultStatus(begun)
        PQclear(begun)
        guard status == PGRES_COPY_IN else { throw Self.fault(handle) }
        var sent = true
        data.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count, sent {
                let count = min(1 << 20, bytes.count - start)
                sent =
                    PQputCopyData(
                        handle, bytes.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self), Int32(count)
                    )
                    == 1
                start += count
            }
        }
        guard sent, PQputCopyEnd(handle, nil) == 1 else { throw Self.fault(handle) }
        try drain()
    }

    /// What COPY … TO STDOUT answers, row by row as the server cut it.
    func copyOut(_ statement: String) throws(Fault) -> [[UInt8]] {
        let begun = PQexec(handle, statement)
        let status = PQresultStatus(begun)
        PQclear(begun)
        guard status == PGRES_COPY_OUT else { throw Self.fault(handle) }
        var rows: [[UInt8]] = []
        while true {
            var buffer: UnsafeMutablePointer<CChar>?
            let count = PQgetCopyData(handle, &buffer, 0)
            guard count > 0, let buffer else { break }
            rows.append(Array(UnsafeRawBufferPointer(start: buffer, count: Int(count))))
            PQfreemem(buffer)
        }
        try drain()
        return rows
    }

    private func drain() throws(Fault) {
        var failed = false
        while let result = PQgetResult(handle) {
            if PQresultStatus(result) == PGRES_FATAL_ERROR { failed = true }
            PQclear(result)
        }
        if failed { throw Self.fault(handle) }
    }

    // MARK: Pipelines

    /// Prepared statements in one pipeline with one sync; binary results, which `read` sees before they are freed.
    func pipeline(
        _ statements: [RawStatement], _ read: (_ index: Int, _ result: OpaquePointer) -> Void = { _, _ in }
    ) throws(Fault) {
        let names = try statements.map { (statement) throws(Fault) in try prepare(statement) }
        guard PQenterPipelineMode(handle) == 1 else { throw Self.fault(handle) }
        for (statement, name) in zip(statements, names) { try send(statement, name) }
        guard PQpipelineSync(handle) == 1 else { throw Self.fault(handle) }
        var failure: Fault?
        for index in statements.indices {
            while let result = PQgetResult(handle) {
                let status = PQresultStatus(result)
                if status == PGRES_FATAL_ERROR || status == PGRES_PIPELINE_ABORTED {
                    failure = failure ?? Self.fault(handle)
                } else {
                    read(index, result)
                }
                PQclear(result)
            }
        }
        PQclear(PQgetResult(handle))  // the sync
        guard PQexitPipelineMode(handle) == 1 else { throw Self.fault(handle) }
        if let failure { throw failure }
    }

    private func prepare(_ statement: RawStatement) throws(Fault) -> String {
        if let name = prepared[statement.text] { return name }
        let name = "s\(prepared.count)"
        let result = PQprepare(
            handle, name, statement.text, Int32(statement.parameters.count), statement.parameters.map(\.oid))
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw Self.fault(handle) }
        prepared[statement.text] = name
        return name
    }

    private func send(_ statement: RawStatement, _ name: String) throws(Fault) {
        // One block with all values, so that their addresses hold for the call; never empty, so that it has an address.
        var block: [UInt8] = [0]
        for parameter in statement.parameters { block += parameter.bytes ?? [] }
        let sent = block.withUnsafeBytes { bytes in
            var start = 1
            var values: [UnsafePointer<CChar>?] = []
            for parameter in statement.parameters {
                let address = bytes.baseAddress?.advanced(by: start).assumingMemoryBound(to: CChar.self)
                values.append(parameter.bytes == nil ? nil : address)
                start += parameter.bytes?.count ?? 0
            }
            return PQsendQueryPrepared(
                handle, name, Int32(statement.parameters.count), values,
                statement.parameters.map { Int32($0.bytes?.count ?? 0) },
                statement.parameters.map { _ in 1 }, 1)
        }
        guard sent == 1 else { throw Self.fault(handle) }
    }
}

/// A statement with its parameters in the binary form.
struct RawStatement {
    struct Parameter {
        var oid: UInt32
        var bytes: [UInt8]?
    }

    let text: String
    var parameters: [Parameter]

    /// The same text and values that the product sends.
    init(_ sql: SQL) throws(Fault) {
        text = sql.text
        parameters = try sql.binds.map { (bind) throws(Fault) in try Self.parameter(bind) }
    }

    private static func parameter(_ bind: SQLBind) throws(Fault) -> Parameter {
        switch bind {
        case .int16(let value): Parameter(oid: 21, bytes: bigEndian(value))
        case .int32(let value): Parameter(oid: 23, bytes: bigEndian(value))
        case .int64(let value): Parameter(oid: 20, bytes: bigEndian(value))
        case .text(let value): Parameter(oid: 25, bytes: Array(value.utf8))
        case .bool(let value): Parameter(oid: 16, bytes: [value ? 1 : 0])
        case .uuid(let value): Parameter(oid: 2950, bytes: bigEndian(value))
        case .instant(let value): Parameter(oid: 1184, bytes: bigEndian(value.microseconds - 946_684_800_000_000))
        case .day(let value): Parameter(oid: 1082, bytes: bigEndian(value.daysSince1970 - 10_957))
        case .jsonb(let value): Parameter(oid: 3802, bytes: [1] + value)
        case .int64Array(let values):
            Parameter(
                oid: 1016,
                bytes: bigEndian(Int32(values.isEmpty ? 0 : 1)) + bigEndian(Int32(0)) + bigEndian(Int32(20))
                    + (values.isEmpty ? [] : bigEndian(Int32(values.count)) + bigEndian(Int32(1)))
                    + values.flatMap { bigEndian(Int32(8)) + bigEndian($0) })
        case _: throw Fault(.internalError, "the yardstick does not know how to send \(bind)")
        }
    }

    static func bigEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}

/// Blocking work on threads of its own, waited for without blocking the loop.
enum BlockingThreads {
    static func run<Value: Sendable>(
        _ count: Int, on loop: EventLoop, _ body: @escaping @Sendable (_ index: Int) throws -> Value
    ) async throws -> [Value] {
        try await withThrowingTaskGroup(of: (Int, Value).self) { group in
            for index in 0..<count { group.addTask { (index, try await loop.offload { try body(index) }) } }
            var values: [Int: Value] = [:]
            for try await (index, value) in group { values[index] = value }
            return values.sorted { $0.key < $1.key }.map(\.value)
        }
    }
}
