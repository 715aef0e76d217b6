package import Core
package import PinpointAPI
package import Replies

/// What is done with messages that are no command: a trigger and its actions. Stored as it is written, without its secrets.
package struct ReplyRule: Sendable, Equatable {
    package static let perApp = 200
    package static let actionsPerRule = 10
    package static let channels = ["SMS", "EMAIL"]

    package var name: String
    /// Lower is asked first.
    package var position: Int
    package var isEnabled: Bool
    /// Empty: all.
    package var channels: [String]
    package var trigger: ReplyTrigger
    package var actions: [ReplyAction]
    /// The rule as it was written, for showing it.
    package var definition: JSONObject

    package static let members = ["Name", "Position", "Enabled", "Channels", "When", "Then"]

    /// Secrets of its actions go to `secrets`, by the action's number.
    package init(_ json: JSON, secrets: inout JSONObject) throws(APIError) {
        try NeedletailMembers.only(Self.members, of: json, at: .root)
        let reader = try WireReader(json, at: .root)
        let name: String? = try reader.require("Name")
        try reader.check(length: 1...100, name, "Name")
        let position: Int? = try reader.read("Position")
        try reader.check(range: 0...100_000, position, "Position")
        let channels: [String]? = try reader.read("Channels")
        for (place, channel) in (channels ?? []).enumerated() where !Self.channels.contains(channel) {
            throw WirePath.root.member("Channels").element(place).refusal("must be SMS or EMAIL")
        }
        let when: JSON? = try reader.require("When")
        let then: [JSON]? = try reader.require("Then")
        try reader.check(count: 1...Self.actionsPerRule, then, "Then")
        self.name = name ?? ""
        self.position = position ?? 100
        isEnabled = try reader.read("Enabled") ?? true
        self.channels = channels ?? []
        trigger = try Self.trigger(when ?? .null, at: WirePath.root.member("When"))
        var actions: [ReplyAction] = []
        var shown: [JSON] = []
        for (place, action) in (then ?? []).enumerated() {
            var secret: String?
            let (read, clean) = try ReplyAction.read(
                action, at: WirePath.root.member("Then").element(place), secret: &secret)
            if let secret { secrets[String(place)] = .string(secret) }
            actions.append(read)
            shown.append(clean)
        }
        self.actions = actions
        definition = json.object ?? [:]
        definition["Then"] = .array(shown)
    }

    private static func trigger(_ json: JSON, at path: WirePath) throws(APIError) -> ReplyTrigger {
        let known = ["Keyword", "Exact", "Pattern", "Any"]
        try NeedletailMembers.only(known, of: json, at: path)
        let reader = try WireReader(json, at: path)
        guard reader.object.count == 1 else { throw path.refusal("must have one of \(known.joined(separator: ", "))") }
        if let word: String = try reader.read("Keyword") {
            return .keyword(try folded(word, 30, path.member("Keyword")))
        }
        if let text: String = try reader.read("Exact") { return .exact(try folded(text, 200, path.member("Exact"))) }
        if let source: String = try reader.read("Pattern") {
            do throws(ReplyPattern.Fault) {
                return .pattern(try ReplyPattern(source))
            } catch {
                throw path.member("Pattern").refusal("\(error)")
            }
        }
        let isAny: Bool? = try reader.read("Any")
        guard isAny == true else { throw path.member("Any").refusal("must be true") }
        return .any
    }

    private static func folded(_ text: String, _ limit: Int, _ path: WirePath) throws(APIError) -> FoldedText {
        let folded = FoldedText(text)
        guard !folded.scalars.isEmpty, text.unicodeScalars.count <= limit else {
            throw path.refusal("must have 1 to \(limit) characters, a letter or digit among them")
        }
        return folded
    }
}
