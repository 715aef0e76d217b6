package import Core

/// Members of a channel's request that are stored sealed and never answered, by their path: of every channel, because no name means
/// something else in another.
package enum SealedMembers {
    private static let paths: [[String]] = [
        ["Certificate"], ["PrivateKey"], ["TokenKey"], ["ApiKey"], ["ServiceJson"], ["SecretKey"], ["ClientSecret"],
        ["Needletail", "TwoWay", "Secret"],
    ]

    /// `request` without them, and they alone at their places. One that is the empty string is in neither.
    package static func split(_ request: JSONObject) -> (open: JSONObject, sealed: JSONObject) {
        var (open, sealed) = (request, JSONObject())
        for path in paths {
            guard let text = value(at: path[...], of: request)?.string else { continue }
            set(nil, at: path[...], of: &open)
            if !text.isEmpty { set(.string(text), at: path[...], of: &sealed) }
        }
        return (open, sealed)
    }

    /// Those that `request` removes by the empty string.
    package static func removed(by request: JSONObject) -> [[String]] {
        paths.filter { value(at: $0[...], of: request)?.string == "" }
    }

    package static func remove(_ removed: [[String]], from sealed: inout JSONObject) {
        for path in removed { set(nil, at: path[...], of: &sealed) }
    }

    /// `base` with the members of `other` at their places.
    package static func merge(_ other: JSONObject, into base: JSONObject) -> JSONObject {
        var merged = base
        for member in other.members {
            if case .object(let inner) = member.value, let own = merged[member.key]?.object {
                merged[member.key] = .object(merge(inner, into: own))
            } else {
                merged[member.key] = member.value
            }
        }
        return merged
    }

    private static func value(at path: ArraySlice<String>, of object: JSONObject) -> JSON? {
        guard let name = path.first, let value = object[name] else { return nil }
        return path.count == 1 ? value : value.object.flatMap { self.value(at: path.dropFirst(), of: $0) }
    }

    private static func set(_ value: JSON?, at path: ArraySlice<String>, of object: inout JSONObject) {
        guard let name = path.first else { return }
        guard path.count > 1 else {
            object[name] = value
            return
        }
        var inner = object[name]?.object ?? [:]
        set(value, at: path.dropFirst(), of: &inner)
        object[name] = inner.isEmpty ? nil : .object(inner)
    }
}
