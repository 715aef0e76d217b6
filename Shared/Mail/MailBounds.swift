import Glibc

/// What a message may cost before anything reads it as MIME.
///
/// GMime bounds nothing by itself. Measured with 3.2.13 on 10 MB: 3.5 million header lines take 7 s and 1.7 GB; address lists are
/// quadratic (240 000 addresses: 24 s); each line with `--` is compared with every boundary around it (1000 nested multiparts:
/// 9 s). So a message is cut where it has more of these than any letter, and endless address lists are not read as addresses.
enum MailBounds {
    static let bytes = 10 << 20
    /// Lines with a colon near their beginning: what can be a header, and much plain text.
    static let colonLines = 20_000
    static let dashLines = 10_000
    /// Each level of nesting takes one.
    static let contentTypes = 1000
    static let addressBytes = 8 << 10
    static let addressBytesTogether = 32 << 10
    private static let nameBytes = 100

    private static let addressNames: [[UInt8]] = [
        "from", "sender", "reply-to", "to", "cc", "bcc", "resent-from", "resent-sender", "resent-to", "resent-cc",
        "resent-bcc", "resent-reply-to", "disposition-notification-to",
    ].map { Array($0.utf8) }

    /// The message as far as it goes within the bounds; `isCut` when that is not all of it. A first line of an mbox (`From x …`),
    /// which pipes like to put in front, is left out.
    static func within(_ raw: [UInt8]) -> (bytes: [UInt8], isCut: Bool) {
        var bytes = raw.count > Self.bytes ? Array(raw[..<Self.bytes]) : raw
        if bytes.starts(with: Array("From ".utf8)), let end = bytes.firstIndex(of: 0x0A) {
            bytes.removeSubrange(...end)
        }
        var scan = Scan()
        let (end, unread) = bytes.withUnsafeBytes { scan.run($0) }
        let isCut = raw.count > Self.bytes || end < bytes.count || !unread.isEmpty
        if end < bytes.count { bytes.removeSubrange(end...) }
        // A header of another name is kept as text.
        for place in unread where place < bytes.count { bytes[place] = UInt8(ascii: "X") }
        return (bytes, isCut)
    }

    private struct Scan {
        var colons = 0
        var dashes = 0
        var types = 0
        var addresses = 0
        /// Where the address header began whose lines are being counted.
        var address: Int?
        var unread: [Int] = []

        mutating func run(_ bytes: UnsafeRawBufferPointer) -> (end: Int, unread: [Int]) {
            guard let base = bytes.baseAddress else { return (0, []) }
            var start = 0
            while start < bytes.count {
                let next =
                    memchr(base + start, 0x0A, bytes.count - start).map { UnsafeRawPointer($0) - base + 1 }
                    ?? bytes.count
                if !take(UnsafeRawBufferPointer(rebasing: bytes[start..<next]), at: start) { return (start, unread) }
                start = next
            }
            finishAddress(at: bytes.count)
            return (bytes.count, unread)
        }

        /// False: one too many.
        private mutating func take(_ line: UnsafeRawBufferPointer, at start: Int) -> Bool {
            if line[0] == 0x20 || line[0] == 0x09 { return true }
            finishAddress(at: start)
            if line.count > 1, line[0] == 0x2D, line[1] == 0x2D {
                dashes += 1
                return dashes <= dashLines
            }
            let name = line.prefix(nameBytes)
            guard let colon = name.firstIndex(of: 0x3A) else { return true }
            colons += 1
            let lowered = name[..<colon].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }.filter { $0 > 0x20 }
            if lowered.starts(with: Array("content-type".utf8)) { types += 1 }
            if addressNames.contains(where: { $0 == lowered }) { address = start }
            return colons <= colonLines && types <= contentTypes
        }

        private mutating func finishAddress(at end: Int) {
            guard let start = address else { return }
            address = nil
            addresses += end - start
            if end - start > addressBytes || addresses > addressBytesTogether { unread.append(start) }
        }
    }
}
