import Core
import Crypto
import Glibc

/// The content-transfer-encoding of one part, chosen by its content: 7bit when it may travel as it is, quoted-printable when
/// most of it is ASCII (it stays readable), else base64.
enum BodyEncoding: String {
    case sevenBit = "7bit"
    case quotedPrintable = "quoted-printable"
    case base64

    /// RFC 5322's 998, with room for nothing to go wrong.
    private static let lineLimitBytes = 990

    init(for text: [UInt8]) {
        let (high, fits) = text.withUnsafeBytes { (ByteScan.highByteCount($0), Self.fitsLines($0)) }
        if high == 0 && fits {
            self = .sevenBit
        } else {
            // Three bytes for one against four for three: even at a sixth of all bytes.
            self = high * 6 <= text.count ? .quotedPrintable : .base64
        }
    }

    /// No NUL, and no line too long even before lone CRs become line ends.
    private static func fitsLines(_ text: UnsafeRawBufferPointer) -> Bool {
        guard let base = text.baseAddress, text.count > 0 else { return true }
        if memchr(base, 0, text.count) != nil { return false }
        var at = 0
        while let found = memchr(base + at, 0x0A, text.count - at) {
            let end = UnsafeRawPointer(found) - base
            if end - at > lineLimitBytes { return false }
            at = end + 1
            if at == text.count { return true }
        }
        return text.count - at <= lineLimitBytes
    }

    /// Line ends become CRLF, whichever they were; the part ends with one.
    func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        switch self {
        case .sevenBit: Self.appendNormalised(text, to: &bytes)
        case .quotedPrintable: Self.appendQuotedPrintable(text, to: &bytes)
        case .base64:
            var lines: [UInt8] = []
            Self.appendNormalised(text, to: &lines)
            Base64.appendLines(lines, to: &bytes)
        }
    }

    private static func appendNormalised(_ text: [UInt8], to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + text.count + text.count / 32 + 2)
        text.withUnsafeBytes { text in
            guard let base = text.baseAddress else { return }
            var at = 0
            while at < text.count {
                let feed = memchr(base + at, 0x0A, text.count - at).map { UnsafeRawPointer($0) - base }
                var end = feed ?? text.count
                let next = feed.map { $0 + 1 } ?? text.count
                if feed != nil, end > at, text[end - 1] == 0x0D { end -= 1 }
                // A lone CR ends a line too; what is behind it is looked at again.
                if end > at, let lone = memchr(base + at, 0x0D, end - at) {
                    let position = UnsafeRawPointer(lone) - base
                    appendLine(text[at..<position], to: &bytes)
                    at = position + 1
                } else {
                    appendLine(text[at..<end], to: &bytes)
                    at = next
                }
            }
        }
    }

    private static func appendLine(_ line: Slice<UnsafeRawBufferPointer>, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: line))
        bytes.append(0x0D)
        bytes.append(0x0A)
    }

    private static let hex = Array("0123456789ABCDEF".utf8)

    /// RFC 2045 §6.7: lines of at most 76 characters, `=` and everything outside printable ASCII escaped, blanks escaped at
    /// a line's end, and a dot at its beginning, so that no relay's dot-stuffing can harm it.
    private static func appendQuotedPrintable(_ text: [UInt8], to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + text.count + text.count / 4 + 16)
        text.withUnsafeBufferPointer { text in
            var column = 0
            var at = 0
            while at < text.count {
                let byte = text[at]
                let next = at + 1 < text.count ? text[at + 1] : 0x0A
                if byte == 0x0A || byte == 0x0D {
                    bytes.append(0x0D)
                    bytes.append(0x0A)
                    column = 0
                    at += byte == 0x0D && next == 0x0A && at + 1 < text.count ? 2 : 1
                    continue
                }
                let isBlank = byte == 0x20 || byte == 0x09
                let plain =
                    isBlank
                    ? next != 0x0A && next != 0x0D
                    : byte > 0x20 && byte < 0x7F && byte != 0x3D && !(byte == 0x2E && column == 0)
                if column + (plain ? 1 : 3) > 75 {
                    bytes.append(contentsOf: "=\r\n".utf8)
                    column = 0
                    // The byte now begins a line, where a dot is escaped.
                    continue
                }
                if plain {
                    bytes.append(byte)
                    column += 1
                } else {
                    bytes.append(0x3D)
                    bytes.append(hex[Int(byte >> 4)])
                    bytes.append(hex[Int(byte & 15)])
                    column += 3
                }
                at += 1
            }
            if column > 0 {
                bytes.append(0x0D)
                bytes.append(0x0A)
            }
        }
    }
}
