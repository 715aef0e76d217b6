/// One voice message ready to be handed to a provider.
package struct OutgoingCall: OutgoingMessage {
    /// E.164 with `+`.
    package var to: String
    package var from: String?
    /// Plain text, or an SSML document.
    package var body: String
    package var isSSML: Bool
    /// `en-US`
    package var languageCode: String?
    /// Amazon Polly's name: `Joanna`.
    package var voiceID: String?
    package var token: String

    package init(
        to: String, from: String?, body: String, isSSML: Bool = false, languageCode: String? = nil,
        voiceID: String? = nil, token: String
    ) {
        self.to = to
        self.from = from
        self.body = body
        self.isSSML = isSSML
        self.languageCode = languageCode
        self.voiceID = voiceID
        self.token = token
    }
}
