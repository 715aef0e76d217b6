/// A checked JSON text and its tape: reads single values out of a large body without building a tree.
///
/// ```swift
/// let index = try JSONIndex(request.body, limits: .events)
/// index.forEachMember(of: index.root) { key, value in … }
/// ```
/// The text is complete and valid once the initialiser returns, so that raw slices can go straight into `jsonb` columns.
/// `JSONNode`s are positions in this index and mean nothing in another.
///
/// Measured on a PutEvents body (100 events, 48 KB), release, one core's CPU time, medians of 21 in the same minutes as
/// simdjson 3.0.1 (Debian, icelake kernel), on a busy machine, MB/s:
/// index 1,476, index and walk to what ingest reads 1,347, tree 284, writing the tree 291; simdjson DOM 2,266,
/// On-Demand reading every value 822, On-Demand skipping most values (and so not checking them) 3,077.
@usableFromInline
package struct JSONIndex: Sendable {
    /// The text as it came.
    package let bytes: [UInt8]
    @usableFromInline let tape: JSONTape

    package init(_ bytes: [UInt8], limits: JSONLimits = .request) throws(JSONFault) {
        self.bytes = bytes
        var outcome: Result<JSONTape, JSONFault> = .failure(JSONFault(reason: "not read", offset: 0, path: ""))
        bytes.withUnsafeBufferPointer { buffer in
            outcome = Result { () throws(JSONFault) in try JSONScanner.scan(buffer, limits: limits) }
        }
        tape = try outcome.get()
    }

    package var root: JSONNode { JSONNode(entry: 0) }

    @inlinable @inline(__always)
    func entry(_ node: JSONNode) -> JSONTapeEntry {
        precondition(node.entry < tape.count)
        return tape.entries[Int(node.entry)]
    }

    @inlinable package func kind(_ node: JSONNode) -> JSONKind { entry(node).kind }
    /// Members of an object, elements of an array, 0 for all else.
    @inlinable package func count(_ node: JSONNode) -> Int { entry(node).count }
    @inlinable package func isNull(_ node: JSONNode) -> Bool { entry(node).kind == .null }
    @inlinable package func isObject(_ node: JSONNode) -> Bool { entry(node).kind == .object }
    @inlinable package func isArray(_ node: JSONNode) -> Bool { entry(node).kind == .array }
    @inlinable package func isString(_ node: JSONNode) -> Bool {
        let kind = entry(node).kind
        return kind == .string || kind == .escapedString
    }

    /// The bytes of the value in the text, quotes and brackets included.
    @inlinable package func range(_ node: JSONNode) -> Range<Int> {
        let entry = entry(node)
        let isString = entry.kind == .string || entry.kind == .escapedString
        let start = Int(entry.start) - (isString ? 1 : 0)
        return start..<start + Int(entry.length) + (isString ? 2 : 0)
    }

    /// Where a string's text stands, if it needs no unescaping: its bytes are then the string's UTF-8.
    @inlinable package func plainRange(_ node: JSONNode) -> Range<Int>? {
        let entry = entry(node)
        guard entry.kind == .string else { return nil }
        return Int(entry.start)..<Int(entry.start + entry.length)
    }

    /// Nil unless the value is a string.
    package func string(_ node: JSONNode) -> String? {
        guard isString(node) else { return nil }
        let entry = entry(node)
        return bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { JSONText.string($0, entry) }
        }
    }

    /// A string's UTF-8 with escapes resolved. Nil unless the value is a string.
    package func stringBytes(_ node: JSONNode) -> [UInt8]? {
        guard isString(node) else { return nil }
        let entry = entry(node)
        return bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { JSONText.bytes($0, entry) }
        }
    }

    /// Nil unless the value is an integer that fits.
    package func int64(_ node: JSONNode) -> Int64? {
        let entry = entry(node)
        guard entry.kind == .integer else { return nil }
        return bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.flatMap { JSONText.int64($0 + Int(entry.start), Int(entry.length)) }
        }
    }

    /// Integers too. Nil unless the value is a number.
    package func double(_ node: JSONNode) -> Double? {
        let entry = entry(node)
        guard entry.kind == .integer || entry.kind == .double else { return nil }
        return bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { JSONText.double($0 + Int(entry.start), Int(entry.length)) }
        }
    }

    package func bool(_ node: JSONNode) -> Bool? {
        switch entry(node).kind {
        case .true: true
        case .false: false
        case .null, .integer, .double, .string, .escapedString, .array, .object: nil
        }
    }

    /// Whether a string (a key, usually) is this text.
    @inline(__always)
    package func equals(_ node: JSONNode, _ text: StaticString) -> Bool {
        let entry = entry(node)
        if entry.kind == .escapedString {
            return stringBytes(node).map {
                $0.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
            } ?? false
        }
        guard entry.kind == .string, Int(entry.length) == text.utf8CodeUnitCount else { return false }
        return bytes.withUnsafeBufferPointer { buffer in
            buffer.baseAddress.map { JSONScanner.isSame($0 + Int(entry.start), text.utf8Start, Int(entry.length)) }
                ?? false
        }
    }

    /// In the order of the text. Does nothing unless the value is an object.
    @inlinable @inline(__always)
    package func forEachMember<E: Error>(
        of node: JSONNode, _ body: (_ key: JSONNode, _ value: JSONNode) throws(E) -> Void
    ) throws(E) {
        let object = entry(node)
        guard object.kind == .object else { return }
        var at = node.entry + 1
        while at < object.next {
            try body(JSONNode(entry: at), JSONNode(entry: at + 1))
            at = entry(JSONNode(entry: at + 1)).next
        }
    }

    /// In the order of the text. Does nothing unless the value is an array.
    @inlinable @inline(__always)
    package func forEachElement<E: Error>(of node: JSONNode, _ body: (_ value: JSONNode) throws(E) -> Void) throws(E) {
        let array = entry(node)
        guard array.kind == .array else { return }
        var at = node.entry + 1
        while at < array.next {
            try body(JSONNode(entry: at))
            at = entry(JSONNode(entry: at)).next
        }
    }

    /// Linear in the object's members. Nil when absent, or when `node` is no object; a null is a node.
    package func member(_ name: StaticString, of node: JSONNode) -> JSONNode? {
        let object = entry(node)
        guard object.kind == .object else { return nil }
        var at = node.entry + 1
        while at < object.next {
            if equals(JSONNode(entry: at), name) { return JSONNode(entry: at + 1) }
            at = entry(JSONNode(entry: at + 1)).next
        }
        return nil
    }

    /// The value and all it contains as a tree.
    package func json(_ node: JSONNode) -> JSON {
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return .null }
            return JSONTree(base: base, entries: tape.entries).value(at: Int(node.entry))
        }
    }
}

/// A value's place in a `JSONIndex`.
@usableFromInline
package struct JSONNode: Hashable, Sendable {
    @usableFromInline let entry: UInt32

    @inlinable init(entry: UInt32) {
        self.entry = entry
    }
}
