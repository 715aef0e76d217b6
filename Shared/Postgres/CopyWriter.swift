package import Core

/// Builds the rows of a binary COPY in one growing buffer.
///
/// ```swift
/// var rows = CopyWriter(columns: 3)
/// rows.beginRow()
/// rows.write(key)
/// rows.write(text: slice)
/// rows.writeNull()
/// ```
/// The binary format does not cast: write an `Int16` where the column is `smallint`, an `Int` where it is `bigint`.
/// A value that cannot be stored (NUL in text) or a row with too few or too many columns is kept as `fault`, which `copyIn`
/// throws before it sends a byte. Memory: the rows' bytes, doubled at most; the caller bounds the rows.
package struct CopyWriter: Sendable {
    private var buffer: GrowingBytes
    private let columns: Int16
    private var fieldsLeft: Int16 = 0
    /// Rows begun so far.
    package private(set) var count = 0
    /// The first thing that was wrong, if any.
    package private(set) var fault: Fault?

    /// Postgres refuses a field of 1 GB; far below that something else is wrong.
    private static let fieldLimitBytes = 256 << 20

    package init(columns: Int, reservingBytes: Int = 64 << 10) {
        self.columns = Int16(clamping: columns)
        buffer = GrowingBytes(capacity: reservingBytes)
        // "PGCOPY\n", 0xFF, "\r\n", NUL, then no flags and no header extension.
        for byte: UInt8 in [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0] { buffer.append(byte: byte) }
        buffer.append(int32: 0)
        buffer.append(int32: 0)
    }

    package var byteCount: Int { buffer.count }

    /// The signature, flags and extension length that every COPY begins with.
    private static let headerBytes = 19

    /// Adds the finished rows of another writer with the same columns: requests are encoded one by one, and sent together.
    package mutating func append(rowsOf other: CopyWriter) {
        buffer.makeUnique()
        if fieldsLeft != 0 { noteRowLength() }
        fieldsLeft = other.fieldsLeft
        count += other.count
        if columns != other.columns {
            note(Fault(.internalError, "a COPY of \(columns) columns cannot take rows of \(other.columns)"))
        }
        if let fault = other.fault { note(fault) }
        buffer.append(UnsafeRawBufferPointer(rebasing: other.buffer.bytes[CopyWriter.headerBytes...]))
        withExtendedLifetime(other) {}
    }

    package mutating func beginRow() {
        buffer.makeUnique()
        if fieldsLeft != 0 { noteRowLength() }
        fieldsLeft = columns
        count += 1
        buffer.append(int16: columns)
    }

    package mutating func writeNull() {
        fieldsLeft &-= 1
        buffer.append(int32: -1)
    }

    package mutating func write(_ value: Bool) {
        fieldsLeft &-= 1
        buffer.append(int32: 1)
        buffer.append(byte: value ? 1 : 0)
    }

    package mutating func write(_ value: Int16) {
        fieldsLeft &-= 1
        buffer.append(int32: 2)
        buffer.append(int16: value)
    }

    package mutating func write(_ value: Int32) {
        fieldsLeft &-= 1
        buffer.append(int32: 4)
        buffer.append(int32: value)
    }

    package mutating func write(_ value: Int64) {
        fieldsLeft &-= 1
        buffer.append(int32: 8)
        buffer.append(int64: value)
    }

    package mutating func write(_ value: Int) { write(Int64(value)) }

    package mutating func write(_ value: Double) { write(Int64(bitPattern: value.bitPattern)) }

    package mutating func write(_ value: Instant) {
        fieldsLeft &-= 1
        buffer.append(int32: 8)
        buffer.append(instant: value)
    }

    package mutating func write(_ value: Day) { write(value.daysSince1970 &- PostgresEpoch.days) }

    package mutating func write<Noun>(_ value: HexID<Noun>) { write(uuidHigh: value.high, low: value.low) }

    package mutating func write(uuidHigh high: UInt64, low: UInt64) {
        fieldsLeft &-= 1
        buffer.append(int32: 16)
        buffer.append(int64: Int64(bitPattern: high))
        buffer.append(int64: Int64(bitPattern: low))
    }

    package mutating func write(_ value: String) {
        let done: Void? = value.utf8.withContiguousStorageIfAvailable { write(text: UnsafeRawBufferPointer($0)) }
        if done == nil { Array(value.utf8).withUnsafeBytes { write(text: $0) } }
    }

    package mutating func write<Noun>(_ value: ID<Noun>) { write(value.rawValue) }

    /// Text that is UTF-8 already; the server checks the encoding.
    package mutating func write(text: UnsafeRawBufferPointer) {
        if text.containsNUL { note(.embeddedNUL) }
        write(bytes: text)
    }

    package mutating func write(bytes: UnsafeRawBufferPointer) {
        fieldsLeft &-= 1
        guard accepts(bytes.count) else { return }
        buffer.append(int32: Int32(truncatingIfNeeded: bytes.count))
        buffer.append(bytes)
    }

    package mutating func write(bytes: [UInt8]) { bytes.withUnsafeBytes { write(bytes: $0) } }

    /// A slice of JSON text as the client sent it. The server parses it; one bad slice fails the whole COPY, so validate first.
    package mutating func write(jsonb: UnsafeRawBufferPointer) {
        fieldsLeft &-= 1
        guard accepts(jsonb.count) else { return }
        buffer.append(int32: Int32(truncatingIfNeeded: jsonb.count + 1))
        buffer.append(byte: 1)
        buffer.append(jsonb)
    }

    package mutating func write(jsonb: [UInt8]) { jsonb.withUnsafeBytes { write(jsonb: $0) } }

    package mutating func write(_ values: [Int64]) { write(SQLBind.int64Array(values)) }

    /// Any parameter type; slower than the concrete overloads above, which the hot paths use.
    package mutating func write(_ value: some SQLEncodable) {
        fieldsLeft &-= 1
        do throws(Fault) { try buffer.append(field: value.sqlBind) } catch { note(error) }
    }

    private func accepts(_ size: Int) -> Bool { size <= CopyWriter.fieldLimitBytes }

    @inline(never)
    private mutating func note(_ fault: Fault) {
        if self.fault == nil { self.fault = fault }
    }

    @inline(never)
    private mutating func noteRowLength() {
        let written = Int(columns) - Int(fieldsLeft)
        note(Fault(.internalError, "Row \(count) of a COPY has \(written) of \(columns) columns"))
    }

    /// The rows so far; the sender adds the trailer.
    func finished() throws(Fault) -> GrowingBytes {
        var check = self
        if check.fieldsLeft != 0 { check.noteRowLength() }
        if let fault = check.fault { throw fault }
        return buffer
    }
}
