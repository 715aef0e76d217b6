/// Questions about many bytes at once, eight per step.
package enum ByteScan {
    /// How many bytes lie outside ASCII.
    package static func highByteCount(_ bytes: UnsafeRawBufferPointer) -> Int {
        let mask: UInt64 = 0x8080_8080_8080_8080
        var count = 0
        var at = 0
        while at + 8 <= bytes.count {
            count += (bytes.loadUnaligned(fromByteOffset: at, as: UInt64.self) & mask).nonzeroBitCount
            at += 8
        }
        while at < bytes.count {
            count += Int(bytes[at] >> 7)
            at += 1
        }
        return count
    }
}
