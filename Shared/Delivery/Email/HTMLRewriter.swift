import Glibc

/// One pass over rendered HTML: links become tracked links, the open pixel goes before `</body>` (or at the end).
///
/// Only `href` of `<a>` and `<area>` counts, and only `http:`/`https:` targets; `mailto:`, `tel:`, `#`, relative links and
/// everything inside comments (Outlook's conditional ones) stay as they are. No tree is built: what is not rewritten is copied
/// byte for byte.
enum HTMLRewriter {
    /// `rewrite` gets the target with its HTML entities decoded and returns the new one, or nil to keep it.
    static func append(
        _ html: [UInt8],
        pixel: [UInt8]?,
        to output: inout [UInt8],
        rewrite: ((_ url: String) -> String?)?
    ) {
        var pixel = pixel
        output.reserveCapacity(output.count + html.count + 512)
        html.withUnsafeBytes { bytes in
            var copied = 0
            var at = 0
            func copy(to end: Int) {
                output.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[copied..<end]))
                copied = end
            }
            while let open = find(0x3C, in: bytes, from: at) {
                at = open + 1
                guard at < bytes.count else { break }
                if starts(bytes, at, "!--") {
                    at = endOfComment(bytes, at + 3)
                } else if let image = pixel, starts(bytes, at, "/body") {
                    copy(to: open)
                    output.append(contentsOf: image)
                    pixel = nil
                } else if rewrite != nil, let attributes = linkAttributes(bytes, at) {
                    let (href, end) = href(bytes, attributes)
                    at = end
                    guard let href, isWeb(bytes, href), let rewrite else { continue }
                    let url = decoded(UnsafeRawBufferPointer(rebasing: bytes[href]))
                    guard let target = rewrite(url), target != url else { continue }
                    copy(to: href.lowerBound)
                    appendEscaped(target, to: &output)
                    copied = href.upperBound
                }
            }
            copy(to: bytes.count)
        }
        if let pixel { output.append(contentsOf: pixel) }
    }

    /// `<img src="URL" …>` with nothing to see.
    static func pixel(_ url: String) -> [UInt8] {
        var image = Array("<img src=\"".utf8)
        appendEscaped(url, to: &image)
        image.append(
            contentsOf: "\" width=\"1\" height=\"1\" border=\"0\" alt=\"\" style=\"height:1px;width:1px;border:0\">"
                .utf8)
        return image
    }

    // MARK: Scanning

    private static func find(_ byte: UInt8, in bytes: UnsafeRawBufferPointer, from at: Int) -> Int? {
        guard at < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + at, Int32(byte), bytes.count - at)
        else { return nil }
        return UnsafeRawPointer(found) - base
    }

    /// ASCII, any case.
    private static func starts(_ bytes: UnsafeRawBufferPointer, _ at: Int, _ word: StaticString) -> Bool {
        guard at + word.utf8CodeUnitCount <= bytes.count else { return false }
        for index in 0..<word.utf8CodeUnitCount where lowered(bytes[at + index]) != word.utf8Start[index] {
            return false
        }
        return true
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
    }

    private static func endOfComment(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int {
        var at = start
        while let dash = find(0x2D, in: bytes, from: at) {
            if starts(bytes, dash, "-->") { return dash + 3 }
            at = dash + 1
        }
        return bytes.count
    }

    /// Where the attributes of `<a …` or `<area …` begin.
    private static func linkAttributes(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> Int? {
        guard lowered(bytes[at]) == 0x61 else { return nil }
        let end = starts(bytes, at, "area") ? at + 4 : at + 1
        guard end < bytes.count, isSpace(bytes[end]) || bytes[end] == 0x2F else { return nil }
        return end
    }

    /// The first `href`'s value and the position behind the tag.
    private static func href(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> (Range<Int>?, Int) {
        var at = start
        var href: Range<Int>?
        while at < bytes.count, bytes[at] != 0x3E {
            if isSpace(bytes[at]) || bytes[at] == 0x2F {
                at += 1
                continue
            }
            let name = at
            while at < bytes.count, !isSpace(bytes[at]), bytes[at] != 0x3D, bytes[at] != 0x3E { at += 1 }
            let nameEnd = at
            while at < bytes.count, isSpace(bytes[at]) { at += 1 }
            guard at < bytes.count, bytes[at] == 0x3D else {
                if at == name { at += 1 }
                continue
            }
            at += 1
            while at < bytes.count, isSpace(bytes[at]) { at += 1 }
            let value = value(bytes, &at)
            if href == nil, nameEnd - name == 4, starts(bytes, name, "href") { href = value }
        }
        return (href, min(at + 1, bytes.count))
    }

    private static func value(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Range<Int> {
        guard at < bytes.count else { return at..<at }
        let quote = bytes[at]
        var start = at
        var end: Int
        if quote == 0x22 || quote == 0x27 {
            start = at + 1
            end = find(quote, in: bytes, from: start) ?? bytes.count
            at = min(end + 1, bytes.count)
        } else {
            while at < bytes.count, !isSpace(bytes[at]), bytes[at] != 0x3E { at += 1 }
            end = at
        }
        while start < end, isSpace(bytes[start]) { start += 1 }
        while end > start, isSpace(bytes[end - 1]) { end -= 1 }
        return start..<end
    }

    private static func isWeb(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) -> Bool {
        (value.count > 7 && starts(bytes, value.lowerBound, "http://"))
            || (value.count > 8 && starts(bytes, value.lowerBound, "https://"))
    }

    // MARK: Entities

    private static let entities: [(StaticString, UInt8)] = [
        ("&amp;", 0x26), ("&quot;", 0x22), ("&#39;", 0x27), ("&apos;", 0x27), ("&lt;", 0x3C), ("&gt;", 0x3E),
        ("&#38;", 0x26), ("&#x26;", 0x26), ("&#x27;", 0x27), ("&#x3d;", 0x3D), ("&#61;", 0x3D),
    ]

    private static func decoded(_ bytes: UnsafeRawBufferPointer) -> String {
        guard find(0x26, in: bytes, from: 0) != nil else { return String(decoding: bytes, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: bytes.count) { text in
            var count = 0
            var at = 0
            while at < bytes.count {
                var byte = bytes[at]
                var width = 1
                if byte == 0x26, let (name, meaning) = entities.first(where: { starts(bytes, at, $0.0) }) {
                    byte = meaning
                    width = name.utf8CodeUnitCount
                }
                text[count] = byte
                count += 1
                at += width
            }
            return count
        }
    }

    private static func appendEscaped(_ text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case 0x26: bytes.append(contentsOf: "&amp;".utf8)
            case 0x22: bytes.append(contentsOf: "&quot;".utf8)
            case 0x27: bytes.append(contentsOf: "&#39;".utf8)
            case 0x3C: bytes.append(contentsOf: "&lt;".utf8)
            case 0x3E: bytes.append(contentsOf: "&gt;".utf8)
            // An unquoted attribute ends at a blank.
            case 0x00...0x20: bytes.append(contentsOf: "%20".utf8)
            case _: bytes.append(byte)
            }
        }
    }
}
