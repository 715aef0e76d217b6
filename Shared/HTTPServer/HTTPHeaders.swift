/// Header fields in the order they came, looked up without regard to case.
///
/// One byte buffer plus ranges: a request's head is parsed in place, and a `String` is made only for a field that
/// somebody reads.
package struct HTTPHeaders: Sendable, ExpressibleByDictionaryLiteral {
    struct Field: Sendable {
        var nameStart: Int32
        var nameCount: Int32
        var valueStart: Int32
        var valueCount: Int32
    }

    private(set) var bytes: [UInt8]
    private(set) var fields: [Field]

    package init() {
        bytes = []
        fields = []
    }

    package init(dictionaryLiteral elements: (String, String)...) {
        self.init()
        for (name, value) in elements { append(name, value) }
    }

    /// Ranges over a head that the parser has validated.
    init(bytes: [UInt8], fields: [Field]) {
        self.bytes = bytes
        self.fields = fields
    }

    package var count: Int { fields.count }
    package var isEmpty: Bool { fields.isEmpty }

    /// The first field of that name. Bytes that are not UTF-8 read as U+FFFD.
    package subscript(name: String) -> String? {
        get { firstIndex(of: name).map { text(of: fields[$0]) } }
        set {
            removeAll(name)
            if let newValue { append(name, newValue) }
        }
    }

    /// Every value of that name, in order, not split at commas.
    package func values(for name: String) -> [String] {
        fields.filter { matches($0, name) }.map { text(of: $0) }
    }

    package func contains(_ name: String) -> Bool { firstIndex(of: name) != nil }

    /// All fields in order, names as they were sent.
    package var all: [(name: String, value: String)] {
        fields.map { (name: name(of: $0), value: text(of: $0)) }
    }

    /// Adds a field. Bytes that could end the field early (CR, LF, NUL and other controls) become spaces, so that a
    /// value taken from outside cannot split a response.
    package mutating func append(_ name: String, _ value: String) {
        var field = Field(nameStart: Int32(bytes.count), nameCount: 0, valueStart: 0, valueCount: 0)
        for byte in name.utf8 where HTTPBytes.isToken(byte) { bytes.append(byte) }
        field.nameCount = Int32(bytes.count) - field.nameStart
        field.valueStart = Int32(bytes.count)
        for byte in value.utf8 { bytes.append(HTTPBytes.isFieldContent(byte) ? byte : 0x20) }
        field.valueCount = Int32(bytes.count) - field.valueStart
        fields.append(field)
    }

    package mutating func removeAll(_ name: String) {
        guard contains(name) else { return }
        fields = fields.filter { !matches($0, name) }
    }

    func firstIndex(of name: String) -> Int? {
        fields.firstIndex { matches($0, name) }
    }

    func name(of field: Field) -> String {
        String(decoding: bytes[Int(field.nameStart)..<Int(field.nameStart + field.nameCount)], as: UTF8.self)
    }

    func text(of field: Field) -> String {
        String(decoding: valueBytes(of: field), as: UTF8.self)
    }

    func valueBytes(of field: Field) -> ArraySlice<UInt8> {
        bytes[Int(field.valueStart)..<Int(field.valueStart + field.valueCount)]
    }

    private func matches(_ field: Field, _ name: String) -> Bool {
        let wanted = name.utf8
        guard Int(field.nameCount) == wanted.count else { return false }
        var index = Int(field.nameStart)
        for byte in wanted {
            guard HTTPBytes.lowercase(bytes[index]) == HTTPBytes.lowercase(byte) else { return false }
            index += 1
        }
        return true
    }
}
