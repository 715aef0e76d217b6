import Core
import Glibc

/// A message checked and made ready for DATA. The check is the lowest layer's: whatever composed the message, a bare CR or
/// LF never reaches the wire, because servers disagree about where such a message ends (SMTP smuggling; F33).
struct SMTPContent {
    /// RFC 5321 §4.5.3.1.6, without the CRLF.
    static let lineLimitBytes = 998

    /// Dot-stuffed, ends with CRLF, without the final dot.
    let wire: [UInt8]
    let is8Bit: Bool

    init(_ content: [UInt8]) throws(SMTPContentFault) {
        var stuffing = 0
        let problem = content.withUnsafeBytes { Self.check($0, dots: &stuffing) }
        if let problem { throw SMTPContentFault(description: problem) }
        is8Bit = content.withUnsafeBytes { ByteScan.highByteCount($0) } > 0
        let isComplete = content.count >= 2 && content[content.count - 1] == 0x0A
        if stuffing == 0 && isComplete {
            wire = content
        } else {
            wire = Self.stuffed(content, dots: stuffing, addsLineEnd: !isComplete)
        }
    }

    private static func check(_ bytes: UnsafeRawBufferPointer, dots: inout Int) -> String? {
        guard let base = bytes.baseAddress, bytes.count > 0 else { return "the message is empty" }
        if memchr(base, 0, bytes.count) != nil { return "the message contains a NUL byte" }
        var at = 0
        while at < bytes.count {
            if bytes[at] == 0x2E { dots += 1 }
            let rest = bytes.count - at
            let line: Int
            if let found = memchr(base + at, 0x0A, rest) {
                let end = UnsafeRawPointer(found) - base
                guard end > at, bytes[end - 1] == 0x0D else { return "the message contains a bare line feed" }
                line = end - 1 - at
            } else {
                line = rest
            }
            guard line <= lineLimitBytes else { return "the message has a line of more than \(lineLimitBytes) bytes" }
            if line > 0, memchr(base + at, 0x0D, line) != nil { return "the message contains a bare carriage return" }
            at += line + 2
        }
        return nil
    }

    private static func stuffed(_ content: [UInt8], dots: Int, addsLineEnd: Bool) -> [UInt8] {
        var wire: [UInt8] = []
        wire.reserveCapacity(content.count + dots + 2)
        var startsLine = true
        for byte in content {
            if startsLine && byte == 0x2E { wire.append(0x2E) }
            wire.append(byte)
            startsLine = byte == 0x0A
        }
        if addsLineEnd {
            wire.append(0x0D)
            wire.append(0x0A)
        }
        return wire
    }
}

struct SMTPContentFault: Error {
    let description: String
}
