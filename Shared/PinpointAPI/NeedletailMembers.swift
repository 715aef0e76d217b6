package import Core

/// Checks the extension member `Needletail`: unlike Pinpoint's own members, an unknown name in it is refused, because
/// nobody else's client sends it and a typing error should not pass in silence.
package enum NeedletailMembers {
    package static func only(_ known: [String], of json: JSON, at path: WirePath) throws(APIError) {
        guard case .object(let object) = json else { throw path.refusal("must be a JSON object") }
        for member in object.members where !known.contains(member.key) {
            throw path.member(member.key).refusal(complaint(member.key, known))
        }
    }

    private static func complaint(_ name: String, _ known: [String]) -> String {
        let names = known.sorted()
        // A name of any length may come in: what is longer than all that is known is compared by its beginning.
        guard let nearest = EditDistance.nearest(to: String(name.prefix(64)), among: names) else {
            return "is not known; nothing is known here"
        }
        return "is not known; did you mean \(nearest)? Known here: \(names.joined(separator: ", "))"
    }
}
