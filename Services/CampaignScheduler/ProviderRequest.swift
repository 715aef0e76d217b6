import Core
import Model
import PinpointAPI
import Providers

/// `{"Providers": [{"Name", "Kind", "Rank", "Weight", "Enabled", "Settings": {…}, "Secrets": {…}}]}`, checked against what each kind takes.
struct ProviderRequest {
    private struct Wanted {
        let provider: StoredProvider
        let kind: ProviderKind
        let path: WirePath
    }

    private static let limit = 10
    private let wanted: [Wanted]

    /// Throws 400 with the member that is wrong.
    init(_ json: JSON, channel: String) throws(APIError) {
        try NeedletailMembers.only(["Providers"], of: json, at: .root)
        let path = WirePath.root.member("Providers")
        guard let list = json["Providers"]?.array, list.count <= Self.limit else {
            throw path.refusal("is required: a list of at most \(Self.limit) providers")
        }
        var wanted: [Wanted] = []
        for (index, item) in list.enumerated() {
            let one = try Self.wanted(item, channel: channel, at: path.element(index))
            guard !wanted.contains(where: { $0.provider.name == one.provider.name }) else {
                throw one.path.member("Name").refusal("names a provider twice")
            }
            wanted.append(one)
        }
        self.wanted = wanted
    }

    private static func wanted(_ json: JSON, channel: String, at path: WirePath) throws(APIError) -> Wanted {
        try NeedletailMembers.only(
            ["Name", "Kind", "Rank", "Weight", "Enabled", "Settings", "Secrets", "Id", "InboundUrl"], of: json, at: path
        )
        guard let name = json["Name"]?.string, (1...64).contains(name.utf8.count), name.utf8.allSatisfy(isNameByte)
        else {
            throw path.member("Name").refusal("is required: 1 to 64 letters, digits, - and _")
        }
        let known = ProviderKinds.all.filter { $0.channels.contains(channel) }
        guard let kind = known.first(where: { $0.name == json["Kind"]?.string }) else {
            throw path.member("Kind").refusal(
                "must be one of \(known.map(\.name).sorted().joined(separator: ", ")) for channel \(channel)")
        }
        let rank = try number(json["Rank"], in: 1...100, or: 1, at: path.member("Rank"))
        let weight = try number(json["Weight"], in: 0...1000, or: 100, at: path.member("Weight"))
        if let enabled = json["Enabled"], enabled.bool == nil {
            throw path.member("Enabled").refusal("must be true or false")
        }
        let settings = try fields(json["Settings"], kind.settings, at: path.member("Settings"))
        let secrets = try fields(json["Secrets"], kind.secrets, at: path.member("Secrets"))
        let provider = StoredProvider(
            id: ProviderID(high: 0, low: 0), name: name, kind: kind.name, rank: rank, weight: weight,
            isEnabled: json["Enabled"]?.bool ?? true, settings: settings, secrets: secrets)
        return Wanted(provider: provider, kind: kind, path: path)
    }

    private static func fields(
        _ json: JSON?, _ known: [ProviderKind.Field], at path: WirePath
    ) throws(APIError) -> JSONObject {
        // What an answer lists of secrets, their names, may be sent back as it is: it changes nothing.
        guard let json, json.array == nil else { return [:] }
        try NeedletailMembers.only(known.map(\.name), of: json, at: path)
        for member in json.object?.members ?? [] {
            let place = path.member(member.key)
            switch member.value {
            case .string(let text): try TextLimit.check(secret: text, at: place)
            case .bool, .integer, .double: break
            case .array(let items):
                guard items.count <= 100, items.allSatisfy({ $0.string.map { $0.utf8.count <= 2048 } ?? false }) else {
                    throw place.refusal("must be a list of at most 100 strings")
                }
            case .null, .object: throw place.refusal("must be a string, a number, true or false, or a list of strings")
            }
            let check = known.first { $0.name == member.key }?.check
            if let text = member.value.string, let complaint = check?(text) { throw place.refusal(complaint) }
        }
        return json.object ?? [:]
    }

    private static func number(
        _ json: JSON?, in range: ClosedRange<Int>, or standard: Int, at path: WirePath
    ) throws(APIError) -> Int {
        guard let json else { return standard }
        guard let number = json.int, range.contains(number) else {
            throw path.refusal("must be an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
        case _: false
        }
    }

    // MARK: With what is stored

    /// Throws 400 when a required field is neither given nor stored.
    func providers(before: [StoredProvider], newID: () -> ProviderID) throws(APIError) -> [StoredProvider] {
        var providers: [StoredProvider] = []
        for one in wanted {
            let known = before.first { $0.name == one.provider.name }
            var provider = one.provider
            provider.id = known?.id ?? newID()
            if let known, known.kind == provider.kind {
                for member in known.secrets.members where provider.secrets[member.key] == nil {
                    provider.secrets[member.key] = member.value
                }
            }
            for member in provider.secrets.members where member.value.string == "" {
                provider.secrets[member.key] = nil
            }
            try Self.require(one.kind.settings, of: provider.settings, at: one.path.member("Settings"))
            try Self.require(one.kind.secrets, of: provider.secrets, at: one.path.member("Secrets"))
            providers.append(provider)
        }
        return providers
    }

    private static func require(
        _ fields: [ProviderKind.Field], of given: JSONObject, at path: WirePath
    ) throws(APIError) {
        for field in fields where field.isRequired && given[field.name] == nil {
            throw path.member(field.name).refusal("is required")
        }
    }
}
