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
    /// Keys that the person is asked to press; nil: the call ends when all is said.
    package var gather: Gather?
    package var token: String

    /// One question to the keypad.
    package struct Gather: Sendable, Equatable {
        /// After so many keys the answer is complete.
        package var digits: Int
        package var timeoutSeconds: Int
        /// Plain text, said after the body.
        package var prompt: String?
        /// This key alone takes the number off the list.
        package var optOutDigit: String?

        package init(digits: Int, timeoutSeconds: Int, prompt: String? = nil, optOutDigit: String? = nil) {
            self.digits = digits
            self.timeoutSeconds = timeoutSeconds
            self.prompt = prompt
            self.optOutDigit = optOutDigit
        }
    }

    package init(
        to: String, from: String?, body: String, isSSML: Bool = false, languageCode: String? = nil,
        voiceID: String? = nil, gather: Gather? = nil, token: String
    ) {
        self.to = to
        self.from = from
        self.body = body
        self.isSSML = isSSML
        self.languageCode = languageCode
        self.voiceID = voiceID
        self.gather = gather
        self.token = token
    }
}
