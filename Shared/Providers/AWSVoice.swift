package import Core
package import HTTPClient

/// Calls through AWS End User Messaging
/// (https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendVoiceMessage.html). Busy lines and calls that nobody
/// answers come as events; the service itself tries no more, and neither do we.
package struct AWSVoice: HTTPProvider {
    static let kind = ProviderKind(
        "aws-voice",
        channels: ["VOICE"],
        settings: AWSEndUserMessaging.settings + AWSMessagingInbound.settings,
        secrets: AWSEndUserMessaging.secrets,
        voice: { setup, tools in
            .http(
                try AWSVoice(setup, tools), client: tools.client, environment: tools.environment, timeout: setup.timeout
            )
        },
        inbound: { setup, tools in try AWSMessagingInbound(setup, tools) })

    private static let bodyCharacters = 6000

    package let name = "aws-voice"
    private let api: AWSEndUserMessaging

    package init(_ setup: ProviderSetup, _ tools: ProviderTools) throws(Fault) {
        api = try AWSEndUserMessaging(setup, tools, price: "MaxPricePerMinute")
    }

    package func request(for call: OutgoingCall, at now: Instant) throws(Refusal) -> ClientRequest {
        guard call.gather == nil else {
            throw Refusal(.configuration, "aws: calls cannot ask for keys; use a provider of kind twilio-calls")
        }
        guard let identity = call.from ?? api.identity else {
            throw Refusal(.configuration, "aws: a call needs an OriginationIdentity")
        }
        guard (1...Self.bodyCharacters).contains(call.body.unicodeScalars.count) else {
            throw Refusal(.content, "aws: a call's text has 1 to \(Self.bodyCharacters) characters")
        }
        var members: JSONObject = [
            "DestinationPhoneNumber": .string(call.to), "OriginationIdentity": .string(identity),
            "MessageBody": .string(call.body), "MessageBodyTextType": call.isSSML ? "SSML" : "TEXT",
        ]
        members["VoiceId"] = (call.voiceID?.uppercased() ?? Self.voice(of: call.languageCode)).map { .string($0) }
        return api.request("SendVoiceMessage", members, token: call.token, at: now)
    }

    package func outcome(of response: ClientResponse, to call: OutgoingCall, at now: Instant) -> SendOutcome {
        api.outcome(of: response, at: now)
    }

    /// The service is told a voice, not a language; its own choice for everything is an American. Amazon Polly's standard voices
    /// (https://docs.aws.amazon.com/polly/latest/dg/available-voices.html): `de-AT` has the voice of `de`.
    private static func voice(of language: String?) -> String? {
        guard let language else { return nil }
        let key = language.lowercased().split { $0 == "_" || $0 == "-" }.joined(separator: "-")
        return voices[key] ?? voices[String(key.prefix { $0 != "-" })]
    }

    private static let voices: [String: String] = [
        "ar": "ZEINA", "cy": "GWYNETH", "da": "NAJA", "de": "VICKI", "en": "JOANNA", "en-au": "NICOLE", "en-gb": "AMY",
        "en-in": "RAVEENA", "es": "CONCHITA", "es-mx": "MIA", "es-us": "LUPE", "fr": "LEA", "fr-ca": "CHANTAL",
        "is": "DORA", "it": "BIANCA", "ja": "MIZUKI", "ko": "SEOYEON", "nb": "LIV", "nl": "LOTTE", "no": "LIV",
        "pl": "EWA", "pt": "INES", "pt-br": "CAMILA", "ro": "CARMEN", "ru": "TATYANA", "sv": "ASTRID", "tr": "FILIZ",
        "zh": "ZHIYU",
    ]
}
