package import Core
import PinpointAPI

// Messages of the channels besides e-mail, before rendering: Handlebars sources, from the template version or the campaign's own.
extension RunPlan {
    /// A text message.
    package struct SMSContent: Sendable, Equatable {
        package var body: String
        /// `TRANSACTIONAL` or `PROMOTIONAL`
        package var messageType: String
        package var originationNumber: String?
        package var senderID: String?
        package var entityID: String?
        package var templateID: String?
        package var mediaURLs: [String]
        package var defaultSubstitutions: JSONObject
        /// What differs for people of a locale, by `LocaleKey`: their body.
        package var locales: [String: String]
        package var snippets: [String: String]
        /// What goes out where the provider is WhatsApp; nil: the body, which WhatsApp takes within 24 hours of a person's message only.
        package var whatsApp: WhatsAppContent?

        package init(
            body: String, messageType: String = "PROMOTIONAL", originationNumber: String? = nil,
            senderID: String? = nil,
            entityID: String? = nil, templateID: String? = nil, mediaURLs: [String] = [],
            defaultSubstitutions: JSONObject = [:], locales: [String: String] = [:], snippets: [String: String] = [:],
            whatsApp: WhatsAppContent? = nil
        ) {
            self.body = body
            self.messageType = messageType
            self.originationNumber = originationNumber
            self.senderID = senderID
            self.entityID = entityID
            self.templateID = templateID
            self.mediaURLs = mediaURLs
            self.defaultSubstitutions = defaultSubstitutions
            self.locales = locales
            self.snippets = snippets
            self.whatsApp = whatsApp
        }
    }

    /// A call.
    package struct VoiceContent: Sendable, Equatable {
        /// Plain text, or SSML when it is a `<speak>` document.
        package var body: String
        package var languageCode: String?
        package var voiceID: String?
        package var originationNumber: String?
        package var gather: GatherContent?
        package var defaultSubstitutions: JSONObject
        package var snippets: [String: String]

        package init(
            body: String, languageCode: String? = nil, voiceID: String? = nil, originationNumber: String? = nil,
            gather: GatherContent? = nil, defaultSubstitutions: JSONObject = [:], snippets: [String: String] = [:]
        ) {
            self.body = body
            self.languageCode = languageCode
            self.voiceID = voiceID
            self.originationNumber = originationNumber
            self.gather = gather
            self.defaultSubstitutions = defaultSubstitutions
            self.snippets = snippets
        }
    }

    /// Notifications, by channel type: members as Pinpoint's `Message` and template shapes name them.
    package struct PushContent: Sendable, Equatable {
        /// `GCM`, `APNS` … → `Action`, `Body`, `Title`, `Url`, `ImageUrl`, `RawContent`, `SilentPush` …
        package var messages: [String: JSONObject]
        package var defaultSubstitutions: JSONObject
        package var snippets: [String: String]

        package init(
            messages: [String: JSONObject], defaultSubstitutions: JSONObject = [:], snippets: [String: String] = [:]
        ) {
            self.messages = messages
            self.defaultSubstitutions = defaultSubstitutions
            self.snippets = snippets
        }

        package var channels: Set<String> { Set(messages.keys) }
    }

    /// What is handed to the customer's own webhook or function.
    package struct CustomContent: Sendable, Equatable {
        /// `CustomMessage.Data`, as written: the receiver makes of it what it likes.
        package var data: String
        /// A URL, or a Lambda function's name or ARN.
        package var deliveryURI: String
        package var endpointTypes: Set<String>

        package init(data: String, deliveryURI: String, endpointTypes: Set<String>) {
            self.data = data
            self.deliveryURI = deliveryURI
            self.endpointTypes = endpointTypes
        }
    }
}

// MARK: The frozen form

extension RunPlan.SMSContent {
    var json: JSON {
        var object: JSONObject = ["body": .string(body), "type": .string(messageType)]
        object["from"] = originationNumber.map { .string($0) }
        object["sender"] = senderID.map { .string($0) }
        object["entity"] = entityID.map { .string($0) }
        object["template"] = templateID.map { .string($0) }
        if !mediaURLs.isEmpty { object["media"] = .array(mediaURLs.map { .string($0) }) }
        if !defaultSubstitutions.isEmpty { object["defaults"] = .object(defaultSubstitutions) }
        if !locales.isEmpty { object["locales"] = locales.json }
        if !snippets.isEmpty { object["snippets"] = snippets.json }
        object["whatsapp"] = whatsApp?.json
        return .object(object)
    }

    init(json: JSON) throws(Fault) {
        guard let body = json["body"]?.string, let type = json["type"]?.string else { throw Unreadable.text }
        self.init(
            body: body, messageType: type, originationNumber: json["from"]?.string, senderID: json["sender"]?.string,
            entityID: json["entity"]?.string, templateID: json["template"]?.string,
            mediaURLs: json["media"]?.array?.compactMap(\.string) ?? [],
            defaultSubstitutions: json["defaults"]?.object ?? [:], locales: json["locales"].texts,
            snippets: json["snippets"].texts, whatsApp: json["whatsapp"].flatMap { RunPlan.WhatsAppContent(json: $0) })
    }
}

extension RunPlan.VoiceContent {
    var json: JSON {
        var object: JSONObject = ["body": .string(body)]
        object["language"] = languageCode.map { .string($0) }
        object["voice"] = voiceID.map { .string($0) }
        object["from"] = originationNumber.map { .string($0) }
        object["gather"] = gather?.json
        if !defaultSubstitutions.isEmpty { object["defaults"] = .object(defaultSubstitutions) }
        if !snippets.isEmpty { object["snippets"] = snippets.json }
        return .object(object)
    }

    init(json: JSON) throws(Fault) {
        guard let body = json["body"]?.string else { throw Unreadable.text }
        self.init(
            body: body, languageCode: json["language"]?.string, voiceID: json["voice"]?.string,
            originationNumber: json["from"]?.string,
            gather: json["gather"].flatMap { RunPlan.GatherContent(json: $0) },
            defaultSubstitutions: json["defaults"]?.object ?? [:], snippets: json["snippets"].texts)
    }
}

extension RunPlan.PushContent {
    var json: JSON {
        var object: JSONObject = ["messages": messages.mapValues { JSON.object($0) }.json]
        if !defaultSubstitutions.isEmpty { object["defaults"] = .object(defaultSubstitutions) }
        if !snippets.isEmpty { object["snippets"] = snippets.json }
        return .object(object)
    }

    init(json: JSON) throws(Fault) {
        guard let stored = json["messages"]?.object else { throw Unreadable.text }
        var messages: [String: JSONObject] = [:]
        for member in stored.members { messages[member.key] = member.value.object }
        self.init(
            messages: messages, defaultSubstitutions: json["defaults"]?.object ?? [:], snippets: json["snippets"].texts)
    }
}

extension RunPlan.CustomContent {
    var json: JSON {
        [
            "data": .string(data), "uri": .string(deliveryURI),
            "types": .array(endpointTypes.sorted().map { .string($0) }),
        ]
    }

    init(json: JSON) throws(Fault) {
        guard let data = json["data"]?.string, let uri = json["uri"]?.string else { throw Unreadable.text }
        self.init(data: data, deliveryURI: uri, endpointTypes: Set(json["types"]?.array?.compactMap(\.string) ?? []))
    }
}

private enum Unreadable {
    static let text = Fault(.integrity, "a message in the frozen plan of a run is not readable")
}

extension JSON? {
    fileprivate var texts: [String: String] {
        var texts: [String: String] = [:]
        for member in self?.object?.members ?? [] { texts[member.key] = member.value.string }
        return texts
    }
}
