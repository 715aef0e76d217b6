/// A cursor over the bytes of a template that knows its line and column.
struct SourceReader {
    let bytes: [UInt8]
    var index = 0
    /// The last position worked out. Tags are met in order, so that a source is walked once for positions.
    private var known = (index: 0, position: SourcePosition.start)

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    var isAtEnd: Bool { index >= bytes.count }

    func peek(_ offset: Int = 0) -> UInt8? {
        let place = index + offset
        return place < bytes.count ? bytes[place] : nil
    }

    func starts(with text: StaticString, at place: Int? = nil) -> Bool {
        let start = place ?? index
        let length = text.utf8CodeUnitCount
        guard start + length <= bytes.count else { return false }
        return text.withUTF8Buffer { expected in
            for offset in 0..<length where bytes[start + offset] != expected[offset] { return false }
            return true
        }
    }

    mutating func take(_ text: StaticString) -> Bool {
        guard starts(with: text) else { return false }
        index += text.utf8CodeUnitCount
        return true
    }

    /// The first `text` at or after `place`.
    func find(_ text: StaticString, from place: Int) -> Int? {
        var start = place
        while start + text.utf8CodeUnitCount <= bytes.count {
            if starts(with: text, at: start) { return start }
            start += 1
        }
        return nil
    }

    mutating func skipBlanks() {
        while let byte = peek(), SourceReader.isBlank(byte) { index += 1 }
    }

    mutating func position(at place: Int) -> SourcePosition {
        if place < known.index { known = (0, .start) }
        var position = known.position
        for byte in bytes[known.index..<min(place, bytes.count)] {
            if byte == 0x0A {
                position = SourcePosition(line: position.line + 1, column: 1)
            } else if byte & 0xC0 != 0x80 {
                position.column += 1
            }
        }
        known = (place, position)
        return position
    }

    /// The current position.
    var position: SourcePosition {
        mutating get { position(at: index) }
    }

    mutating func fault(_ message: String) -> TemplateFault {
        position.fault(.syntax, message)
    }

    func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0D).contains(byte)
    }

    /// Bytes of a bare name: everything but blanks and ``! " # % & ' ( ) * + , . / ; < = > @ [ \ ] ^ ` { | } ~``.
    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x00...0x20, 0x21...0x23, 0x25...0x2C, 0x2E, 0x2F, 0x3B...0x3E, 0x40, 0x5B...0x5E, 0x60, 0x7B...0x7F: false
        default: true
        }
    }

    /// Whether a literal (`12`, `true`) may end in front of `byte`.
    static func endsLiteral(_ byte: UInt8?) -> Bool {
        guard let byte else { return true }
        return isBlank(byte) || byte == 0x7D || byte == 0x7E || byte == 0x29
    }
}
