internal import Glibc

/// A growing run of bytes with big-endian writes: what parameters and COPY rows are built in.
///
/// A struct around raw memory, because a row of COPY must cost less than a microsecond: no per-field allocation, no
/// bounds or exclusivity checks. Not copy-on-write by itself: an owner that may be copied calls `makeUnique` first.
struct GrowingBytes: @unchecked Sendable {
    // SAFETY: `base` is the memory of `storage`, which lives as long as this value; every write reserves first.
    // Shared copies are only read: owners call `makeUnique` before they write.
    private var storage: Storage
    private(set) var base: UnsafeMutableRawPointer
    private(set) var count = 0
    private var capacity: Int

    private final class Storage {
        let pointer: UnsafeMutableRawPointer

        init(capacity: Int) {
            pointer = .allocate(byteCount: capacity, alignment: 16)
        }

        deinit { pointer.deallocate() }
    }

    init(capacity: Int) {
        self.capacity = max(64, capacity)
        storage = Storage(capacity: self.capacity)
        base = storage.pointer
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    mutating func removeAll() { count = 0 }

    mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&storage) { move(to: capacity) }
    }

    mutating func reserve(_ more: Int) {
        if count + more > capacity { move(to: max(capacity * 2, count + more)) }
    }

    @inline(never)
    private mutating func move(to capacity: Int) {
        let next = Storage(capacity: capacity)
        next.pointer.copyMemory(from: base, byteCount: count)
        storage = next
        base = next.pointer
        self.capacity = capacity
    }

    mutating func append(byte: UInt8) {
        reserve(1)
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    mutating func append(int16 value: Int16) {
        reserve(2)
        base.storeBytes(of: value.bigEndian, toByteOffset: count, as: Int16.self)
        count += 2
    }

    mutating func append(int32 value: Int32) {
        reserve(4)
        base.storeBytes(of: value.bigEndian, toByteOffset: count, as: Int32.self)
        count += 4
    }

    mutating func append(int64 value: Int64) {
        reserve(8)
        base.storeBytes(of: value.bigEndian, toByteOffset: count, as: Int64.self)
        count += 8
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        reserve(bytes.count)
        base.advanced(by: count).copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
    }

    /// Writes over four bytes that were appended before.
    mutating func patch(int32 value: Int32, at offset: Int) {
        base.storeBytes(of: value.bigEndian, toByteOffset: offset, as: Int32.self)
    }
}

extension UnsafeRawBufferPointer {
    var containsNUL: Bool {
        guard let start = baseAddress else { return false }
        return memchr(start, 0, count) != nil
    }
}
