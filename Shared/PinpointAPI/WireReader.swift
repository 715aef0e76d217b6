package import Core

/// Reads the members of one structure, one generated line each.
package struct WireReader {
    package let object: JSONObject
    package let path: WirePath

    package init(_ json: JSON, at path: WirePath) throws(APIError) {
        guard case .object(let object) = json else { throw path.refusal("must be a JSON object") }
        self.object = object
        self.path = path
    }

    /// Nil when the member is absent or null.
    package func read<Value: WireValue>(_ name: String) throws(APIError) -> Value? {
        guard let json = object[name] else { return nil }
        if case .null = json { return nil }
        return try Value(json: json, at: path.member(name))
    }

    /// As `read`, but refuses an absence.
    package func require<Value: WireValue>(_ name: String) throws(APIError) -> Value? {
        guard let value: Value = try read(name) else { throw path.member(name).refusal("is required") }
        return value
    }

    /// A member outside the model that extends it. Its owner checks what is in it.
    package func readExtension(_ name: String) throws(APIError) -> JSON? {
        guard let json: JSON = try read(name) else { return nil }
        guard case .object = json else { throw path.member(name).refusal("must be a JSON object") }
        return json
    }
}

/// Collects the members of one structure; absent ones leave no trace.
package struct WireWriter {
    private var members: [JSONObject.Member] = []

    package init(capacity: Int) {
        members.reserveCapacity(capacity)
    }

    package mutating func write(_ name: String, _ value: (some WireValue)?) {
        guard let value else { return }
        members.append(JSONObject.Member(key: name, value: value.json))
    }

    package var json: JSON { .object(JSONObject(uniqueMembers: members)) }
}
