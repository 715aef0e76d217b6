import Core

/// What Amazon SNS posts to an HTTP endpoint (https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html).
package struct SNSEnvelope: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case notification = "Notification"
        case subscriptionConfirmation = "SubscriptionConfirmation"
        case unsubscribeConfirmation = "UnsubscribeConfirmation"
    }

    package let kind: Kind
    package let messageID: String
    package let topic: String
    package let subject: String?
    package let message: String
    let timestamp: String
    let token: String?
    let subscribeURL: String?
    let signatureVersion: String
    let signature: String
    let certificateURL: String

    /// SNS's largest message is 256 KB; escaped, it may be several times that.
    private static let limits = JSONLimits(depth: 4, bytes: 2 << 20, membersPerObject: 50)

    package init(_ body: [UInt8]) throws(InboundRefusal) {
        let json: JSON
        do throws(JSONFault) {
            json = try JSON.parse(body, limits: Self.limits)
        } catch {
            throw .unreadable("not an SNS message: \(error)")
        }
        func text(_ name: String) throws(InboundRefusal) -> String {
            guard let text = json[name]?.string else { throw .unreadable("the SNS message has no \(name)") }
            return text
        }
        guard let kind = Kind(rawValue: try text("Type")) else {
            throw .unreadable("the SNS message is of no known Type")
        }
        self.kind = kind
        messageID = try text("MessageId")
        topic = try text("TopicArn")
        subject = json["Subject"]?.string
        message = try text("Message")
        timestamp = try text("Timestamp")
        token = json["Token"]?.string
        subscribeURL = json["SubscribeURL"]?.string
        signatureVersion = try text("SignatureVersion")
        signature = try text("Signature")
        certificateURL = try text("SigningCertURL")
    }

    /// Names and values, one a line, in the order of the alphabet; what is absent is left out.
    var stringToSign: String {
        let confirms = kind != .notification
        let lines: [(String, String?)] = [
            ("Message", message), ("MessageId", messageID), ("Subject", confirms ? nil : subject),
            ("SubscribeURL", confirms ? subscribeURL : nil), ("Timestamp", timestamp),
            ("Token", confirms ? token : nil), ("TopicArn", topic), ("Type", kind.rawValue),
        ]
        return lines.compactMap { name, value in value.map { "\(name)\n\($0)\n" } }.joined()
    }

    /// `arn:aws:sns:REGION:ACCOUNT:NAME`
    var region: String? {
        let parts = topic.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[2] == "sns", AWSAccess.isRegion(parts[3]) else { return nil }
        return String(parts[3])
    }
}
