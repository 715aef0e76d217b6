package import Core

/// What can stand in a request or response body.
package protocol WireValue: Sendable {
    /// Refuses with a message that names `path`. Never called with a null: null means absent.
    init(json: JSON, at path: WirePath) throws(APIError)
    var json: JSON { get }
}

/// A structure of the service model. All members are optional here, because absent and empty differ on the wire;
/// reading refuses an absence that the model forbids.
package protocol WireShape: WireValue, Equatable {
    init(json: JSON, at path: WirePath) throws(APIError)
}

extension WireShape {
    /// From a request body: parse, then check.
    package init(body: [UInt8], limits: JSONLimits = .request) throws(APIError) {
        let json: JSON
        do {
            json = try JSON.parse(body, limits: limits)
        } catch {
            throw .malformed(error)
        }
        try self.init(json: json, at: .root)
    }

    /// Equal when they say the same on the wire.
    package static func == (left: Self, right: Self) -> Bool { left.json == right.json }

    package var serialized: [UInt8] { json.serialized }
}

/// A closed set of words of the service model.
package protocol WireEnum: WireValue, RawRepresentable, CaseIterable, Hashable where RawValue == String {}

extension WireEnum {
    package init(json: JSON, at path: WirePath) throws(APIError) {
        let text = try String(json: json, at: path)
        guard let value = Self(rawValue: text) else {
            throw path.refusal(WireCheck.complaint(allowed: Self.allCases.map(\.rawValue), got: text))
        }
        self = value
    }

    package var json: JSON { .string(rawValue) }
}

extension String: WireValue {
    package init(json: JSON, at path: WirePath) throws(APIError) {
        guard case .string(let value) = json else { throw path.refusal("must be a string") }
        self = value
    }

    package var json: JSON { .string(self) }
}

extension Bool: WireValue {
    package init(json: JSON, at path: WirePath) throws(APIError) {
        guard case .bool(let value) = json else { throw path.refusal("must be true or false") }
        self = value
    }

    package var json: JSON { .bool(self) }
}

extension Int: WireValue {
    /// The model's integers have 32 bits.
    package init(json: JSON, at path: WirePath) throws(APIError) {
        guard case .integer(let value) = json else { throw path.refusal("must be an integer") }
        guard let small = Int32(exactly: value) else {
            throw path.refusal("must be an integer between \(Int32.min) and \(Int32.max); got \(value)")
        }
        self = Int(small)
    }

    package var json: JSON { .integer(Int64(self)) }
}

extension Double: WireValue {
    package init(json: JSON, at path: WirePath) throws(APIError) {
        guard let value = json.number else { throw path.refusal("must be a number") }
        self = value
    }

    package var json: JSON { .double(self) }
}

/// The model's few real timestamps; most dates on the wire are plain strings.
extension Instant: WireValue {
    package init(json: JSON, at path: WirePath) throws(APIError) {
        guard case .string(let text) = json, let value = ISO8601.parse(text) else {
            throw path.refusal("must be an ISO 8601 timestamp")
        }
        self = value
    }

    package var json: JSON { .string(description) }
}

extension JSON: WireValue {
    package init(json: JSON, at path: WirePath) throws(APIError) { self = json }
    package var json: JSON { self }
}

extension Array: WireValue where Element: WireValue {
    package init(json: JSON, at path: WirePath) throws(APIError) {
        guard case .array(let elements) = json else { throw path.refusal("must be an array") }
        self = []
        reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            let place = path.element(index)
            if case .null = element { throw place.refusal("must not be null") }
            append(try Element(json: element, at: place))
        }
    }

    package var json: JSON { .array(map(\.json)) }
}

extension Dictionary: WireValue where Key == String, Value: WireValue {
    /// A null value is as if its key were absent.
    package init(json: JSON, at path: WirePath) throws(APIError) {
        guard case .object(let object) = json else { throw path.refusal("must be an object") }
        self = [:]
        reserveCapacity(object.count)
        for member in object.members {
            if case .null = member.value { continue }
            self[member.key] = try Value(json: member.value, at: path.member(member.key))
        }
    }

    /// Keys sorted, so that equal maps have equal bytes.
    package var json: JSON {
        let sorted = self.sorted { $0.key < $1.key }
        return .object(JSONObject(uniqueMembers: sorted.map { JSONObject.Member(key: $0.key, value: $0.value.json) }))
    }
}
