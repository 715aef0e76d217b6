package import Core

/// Checks the extension member `Needletail`: unlike Pinpoint's own members, an unknown name in it is refused, because
/// nobody else's client sends it and a typing error should not pass in silence.
package enum NeedletailMembers {
    package static func only(_ known: [String], of json: JSON, at path: WirePath) throws(APIError) {
        guard case .object(let object) = json else { throw path.refusal("must be a JSON object") }
        for member in object.members where !known.contains(member.key) {
            let names = known.isEmpty ? "nothing" : known.sorted().joined(separator: ", ")
            throw path.member(member.key).refusal("is not known; known here: \(names)")
        }
    }
}
