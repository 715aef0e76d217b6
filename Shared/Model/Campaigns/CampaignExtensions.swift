import Core
import PinpointAPI

/// The member `Needletail` of a campaign: `DeliveryPolicy`, and `Purpose`, which says whether a message is marketing.
enum CampaignExtensions {
    static let deliveryPolicy = "DeliveryPolicy"
    static let purpose = "Purpose"

    static func check(_ extensions: JSON?, at path: WirePath) throws(APIError) {
        guard let extensions else { return }
        try NeedletailMembers.only([deliveryPolicy, purpose], of: extensions, at: path)
        try check(DeliveryPolicy.self, extensions[deliveryPolicy], at: path.member(deliveryPolicy))
        try check(MessagePurpose.self, extensions[purpose], at: path.member(purpose))
    }

    static func policy(_ extensions: JSON?) -> DeliveryPolicy { word(extensions?[deliveryPolicy]) ?? .atMostOnce }

    static func purpose(_ extensions: JSON?) -> MessagePurpose { word(extensions?[purpose]) ?? .marketing }

    private static func word<Word: RawRepresentable<String>>(_ json: JSON?) -> Word? {
        json?.string.flatMap(Word.init(rawValue:))
    }

    private static func check<Word: RawRepresentable<String> & CaseIterable>(
        _: Word.Type, _ json: JSON?, at path: WirePath
    ) throws(APIError) {
        guard let json else { return }
        let found: Word? = word(json)
        guard found == nil else { return }
        throw path.refusal("must be \(Word.allCases.map(\.rawValue).sorted().joined(separator: " or "))")
    }
}
