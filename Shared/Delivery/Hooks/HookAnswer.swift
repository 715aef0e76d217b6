import Core

/// Reads what a hook answered: a map from endpoint id to endpoint, of which custom attributes and the two overrides count.
enum HookAnswer {
    /// Longest answer: 50 endpoints of Pinpoint's 15 KB, and as much again.
    static let limitBytes = 2 << 20
    /// As endpoints have them (pinpoint-api §3.1); values may be longer than stored ones, because they are text for a message.
    private static let attributes = 250
    private static let valuesPerAttribute = 50
    private static let nameCharacters = 100
    private static let limits = JSONLimits(depth: 32, bytes: limitBytes, membersPerObject: 10_000)

    /// By endpoint key. Who was asked about and is not in the map was left out; who is in the map and was not asked about
    /// is nobody. One wrong shape makes the whole answer unusable: `.malformed`.
    static func verdicts(
        _ body: [UInt8], about people: some Collection<Recipient>
    ) throws(HookFault) -> [Int64: HookVerdict] {
        guard let map = (try? JSON.parse(body, limits: limits))?.object else {
            throw .malformed("the answer is no JSON object within \(limitBytes >> 20) MB")
        }
        let members = Dictionary(map.members.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        var verdicts: [Int64: HookVerdict] = [:]
        for person in people {
            guard let answered = members[person.endpointID] else {
                verdicts[person.key] = .filtered
                continue
            }
            guard let endpoint = answered.object else { throw .malformed("an endpoint is no object") }
            verdicts[person.key] = .pass(try changes(endpoint, of: person))
        }
        return verdicts
    }

    private static func changes(_ endpoint: JSONObject, of person: Recipient) throws(HookFault) -> HookChanges {
        var changes = HookChanges(
            titleOverride: try text(endpoint["TitleOverride"], "TitleOverride"),
            bodyOverride: try text(endpoint["BodyOverride"], "BodyOverride"))
        guard let given = endpoint["Attributes"], !given.isNull else { return changes }
        guard let object = given.object, object.count <= attributes + 1 else {
            throw .malformed("Attributes must be an object of at most \(attributes) members")
        }
        let stored = person.attributeObject
        var answered = object
        // We put the cohort there; a person's own attribute of that name is still what is stored.
        answered[HookPayload.cohortAttribute] = stored[HookPayload.cohortAttribute]
        for member in answered.members { try check(member) }
        if answered != stored { changes.attributes = JSON.object(answered).serialized }
        return changes
    }

    private static func check(_ attribute: JSONObject.Member) throws(HookFault) {
        guard let values = attribute.value.array, values.count <= valuesPerAttribute,
            values.allSatisfy({ $0.string != nil }), attribute.key.count <= nameCharacters
        else { throw .malformed("an attribute must be a list of at most \(valuesPerAttribute) strings") }
    }

    private static func text(_ value: JSON?, _ name: String) throws(HookFault) -> String? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.string else { throw .malformed("\(name) must be a string") }
        return text
    }
}
