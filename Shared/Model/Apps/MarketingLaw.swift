package import Core
package import Jurisdictions
package import PinpointAPI
package import Postgres

/// How the laws on advertising apply to an app's marketing messages: from the extension of its settings, frozen into the plans
/// of its runs. An app that says nothing keeps the law; one that says OFF answers for it itself.
///
///     "Needletail": {"Jurisdictions": "ENFORCE", "DefaultCountry": "KR",
///                    "Sender": {"Name": …, "PostalAddress": …, "Contact": …}}
package struct MarketingLaw: Sendable, Equatable {
    /// Of people of whom nothing says where they are: ISO 3166-1, two or three letters.
    package var defaultCountry: String?
    package var sender: SenderIdentity

    package init(defaultCountry: String? = nil, sender: SenderIdentity = SenderIdentity()) {
        self.defaultCountry = defaultCountry
        self.sender = sender
    }

    /// Of what `AppSettings` keeps under `Needletail`. Nil when the app has switched it off.
    package init?(settings: JSON?) {
        guard settings?[Self.jurisdictions]?.string != Self.off else { return nil }
        let sender = settings?[Self.sender]
        self.init(
            defaultCountry: Self.text(settings?[Self.defaultCountry]),
            sender: SenderIdentity(
                name: Self.text(sender?["Name"]), postalAddress: Self.text(sender?["PostalAddress"]),
                contact: Self.text(sender?["Contact"])))
    }

    // MARK: Frozen form

    var json: JSON {
        var object: JSONObject = [:]
        for (name, value) in [
            ("country", defaultCountry), ("name", sender.name), ("address", sender.postalAddress),
            ("contact", sender.contact),
        ] {
            if let value { object[name] = .string(value) }
        }
        return .object(object)
    }

    /// Nil for a plan that was frozen without.
    init?(json: JSON?) {
        guard let json else { return nil }
        self.init(
            defaultCountry: json["country"]?.string,
            sender: SenderIdentity(
                name: json["name"]?.string, postalAddress: json["address"]?.string,
                contact: json["contact"]?.string))
    }

    // MARK: Settings

    private static let jurisdictions = "Jurisdictions"
    private static let defaultCountry = "DefaultCountry"
    private static let sender = "Sender"
    private static let enforce = "ENFORCE"
    private static let off = "OFF"
    /// Characters of each of the sender's texts.
    private static let senderLimit = 512

    /// Empty means unset, as Terraform writes it.
    package static func check(settings: JSON?, at path: WirePath) throws(APIError) {
        guard let settings else { return }
        try NeedletailMembers.only([jurisdictions, defaultCountry, sender], of: settings, at: path)
        if let mode = settings[jurisdictions], ![enforce, off].contains(mode.string ?? "") {
            throw path.member(jurisdictions).refusal("must be \(enforce) or \(off)")
        }
        if let country = settings[defaultCountry] {
            let text = country.string ?? "?"
            let isCode = text.utf8.allSatisfy { (0x41...0x5A).contains($0) } && [0, 2, 3].contains(text.utf8.count)
            guard isCode else {
                throw path.member(defaultCountry).refusal("must be a country of ISO 3166-1 in two or three capitals")
            }
        }
        guard let who = settings[sender] else { return }
        let place = path.member(sender)
        let names = ["Name", "PostalAddress", "Contact"]
        try NeedletailMembers.only(names, of: who, at: place)
        for name in names {
            guard let value = who[name] else { continue }
            try check(value, isMultiline: name == "PostalAddress", at: place.member(name))
        }
    }

    private static func check(_ value: JSON, isMultiline: Bool, at path: WirePath) throws(APIError) {
        guard let text = value.string else { throw path.refusal("must be a string") }
        let count = text.unicodeScalars.count
        guard count <= senderLimit else {
            throw path.refusal("must have at most \(senderLimit) characters; got \(count)")
        }
        let isClean = text.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0x0A: isMultiline
            case 0x00...0x1F, 0x7F...0x9F, 0x2028, 0x2029: false
            case _: true
            }
        }
        guard isClean else { throw path.refusal("must not have control characters") }
    }

    private static func text(_ json: JSON?) -> String? {
        json?.string.flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension MarketingLaw {
    /// Of a campaign of an app with these settings; nil for one that is not marketing.
    static func of(_ campaign: WriteCampaignRequest, _ settings: WriteApplicationSettingsRequest?) -> MarketingLaw? {
        guard CampaignExtensions.purpose(campaign.needletail) == .marketing else { return nil }
        return MarketingLaw(settings: settings?.needletail)
    }
}

extension CampaignDefinition {
    /// The law on its messages, as a run that started now would freeze it.
    package func law(of app: AppID, in session: Session) async throws -> MarketingLaw? {
        MarketingLaw.of(request, try await AppSettingsStore.load(app, in: session)?.settings)
    }
}
