/// Bounds of one parse. A body within them costs memory in proportion to its size and no recursion deeper than `depth`.
package struct JSONLimits: Sendable {
    package var depth: Int
    package var bytes: Int
    /// Members of one object.
    package var membersPerObject: Int

    package init(depth: Int, bytes: Int, membersPerObject: Int) {
        self.depth = depth
        self.bytes = bytes
        self.membersPerObject = membersPerObject
    }

    /// Pinpoint's request limit is 7 MB.
    package static let request = JSONLimits(depth: 64, bytes: Limits.requestBodyBytes, membersPerObject: 10_000)
}

/// Why a text is not acceptable JSON, and where: a byte offset and a path such as `BatchItem.e1.Endpoint.Metrics`.
package struct JSONFault: Error, Hashable, CustomStringConvertible {
    package var reason: String
    package var offset: Int
    package var path: String

    package init(reason: String, offset: Int, path: String) {
        self.reason = reason
        self.offset = offset
        self.path = path
    }

    package var description: String {
        path.isEmpty ? "\(reason) at byte \(offset)" : "\(reason) at \(path) (byte \(offset))"
    }
}

extension JSON {
    /// Strict RFC 8259. Refused besides bad grammar: invalid UTF-8, lone surrogates, U+0000 (Postgres cannot store it),
    /// duplicate keys, numbers outside `Double`, and everything beyond `limits`.
    package static func parse(_ bytes: [UInt8], limits: JSONLimits = .request) throws(JSONFault) -> JSON {
        let index = try JSONIndex(bytes, limits: limits)
        return index.json(index.root)
    }

    package static func parse(_ text: String, limits: JSONLimits = .request) throws(JSONFault) -> JSON {
        try parse([UInt8](text.utf8), limits: limits)
    }

    package static func parse(_ bytes: UnsafeRawBufferPointer, limits: JSONLimits = .request) throws(JSONFault) -> JSON
    {
        let text = bytes.assumingMemoryBound(to: UInt8.self)
        let tape = try JSONScanner.scan(text, limits: limits)
        guard let base = text.baseAddress else { return .null }
        return JSONTree(base: base, entries: tape.entries).value(at: 0)
    }
}

/// Builds the tree of a scanned text. Recursion is bounded by the depth the scanner allowed.
struct JSONTree {
    let base: UnsafePointer<UInt8>
    let entries: UnsafeMutablePointer<JSONTapeEntry>

    func value(at index: Int) -> JSON {
        let entry = entries[index]
        switch entry.kind {
        case .null: return .null
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .integer: return .integer(JSONText.int64(base + Int(entry.start), Int(entry.length)) ?? 0)
        case .double: return .double(JSONText.double(base + Int(entry.start), Int(entry.length)))
        case .string, .escapedString: return .string(JSONText.string(base, entry))
        case .array: return array(at: index, entry)
        case .object: return object(at: index, entry)
        }
    }

    private func array(at index: Int, _ entry: JSONTapeEntry) -> JSON {
        var elements: [JSON] = []
        elements.reserveCapacity(entry.count)
        var at = index + 1
        while at < entry.next {
            elements.append(value(at: at))
            at = Int(entries[at].next)
        }
        return .array(elements)
    }

    private func object(at index: Int, _ entry: JSONTapeEntry) -> JSON {
        var members: [JSONObject.Member] = []
        members.reserveCapacity(entry.count)
        var at = index + 1
        while at < entry.next {
            members.append(JSONObject.Member(key: JSONText.string(base, entries[at]), value: value(at: at + 1)))
            at = Int(entries[at + 1].next)
        }
        return .object(JSONObject(uniqueMembers: members))
    }
}
