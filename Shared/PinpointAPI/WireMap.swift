package import Core

/// A map of the service model whose keys are names that customers chose: attributes, metrics. In the order of the wire, each
/// key once, byte for byte.
///
/// A Swift dictionary would take two names for one that differ only in Unicode normalisation, and lose a value.
package struct WireMap<Value: WireValue>: WireValue {
    package private(set) var entries: [(key: String, value: Value)]

    /// The caller has made sure that no key appears twice.
    package init(uniqueEntries: [(key: String, value: Value)]) {
        entries = uniqueEntries
    }

    /// A null value is as if its key were absent. The parser has refused a key that comes twice.
    package init(json: JSON, at path: WirePath) throws(APIError) {
        guard case .object(let object) = json else { throw path.refusal("must be an object") }
        entries = []
        entries.reserveCapacity(object.count)
        for member in object.members {
            if case .null = member.value { continue }
            entries.append((member.key, try Value(json: member.value, at: path.member(member.key))))
        }
    }

    /// Keys sorted, so that equal maps have equal bytes.
    package var json: JSON {
        let sorted = entries.sorted { $0.key.precedesExactly($1.key) }
        return .object(JSONObject(uniqueMembers: sorted.map { JSONObject.Member(key: $0.key, value: $0.value.json) }))
    }

    package var keys: [String] { entries.map(\.key) }

    /// Linear: for a look at one name, not at many.
    package subscript(key: String) -> Value? {
        get { entries.first { $0.key.isExactly(key) }?.value }
        set {
            let index = entries.firstIndex { $0.key.isExactly(key) }
            switch (index, newValue) {
            case (let index?, let value?): entries[index].value = value
            case (let index?, nil): entries.remove(at: index)
            case (nil, let value?): entries.append((key, value))
            case (nil, nil): break
            }
        }
    }
}

extension WireMap: RandomAccessCollection {
    package var startIndex: Int { entries.startIndex }
    package var endIndex: Int { entries.endIndex }

    package subscript(position: Int) -> (key: String, value: Value) { entries[position] }
}

extension WireMap: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, Value)...) {
        entries = []
        for (key, value) in elements { self[key] = value }
    }
}
