import Core
import Segments

/// A dictionary's value read as the set of texts that it is; see `RowReader` for the form.
struct ValueTexts {
    let bytes: UnsafeBufferPointer<UInt8>

    @inline(__always)
    func contains(where passes: (UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
        let raw = UnsafeRawBufferPointer(bytes)
        var at = 0
        while at < raw.count {
            let length = Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
            at += 4
            if passes(UnsafeBufferPointer(rebasing: bytes[at..<at + length])) { return true }
            at += length
        }
        return false
    }

    func containsString(where passes: (String) -> Bool) -> Bool {
        contains { passes(String(decoding: $0, as: UTF8.self)) }
    }
}
