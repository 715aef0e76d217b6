import Access
import Core
import Crypto
import HTTPClient
import Model
import Runtime

/// AWS End User Messaging, API version 2 (`pinpoint-sms-voice-v2`): what its texts, pictures and calls have in common.
struct AWSEndUserMessaging: Sendable {
    static let settings: [ProviderKind.Field] = [
        .init("Region", check: { AWSAccess.isRegion($0) ? nil : "must be a region such as eu-central-1" }),
        .init("OriginationIdentity"), .init("ConfigurationSetName"), .init("ProtectConfigurationId"),
        .init("MaxPrice", check: { Double($0).map { $0 > 0 } == true ? nil : "must be a price in USD such as 0.05" }),
        .init(
            "TimeToLive",
            check: { Int($0).map { (5...259_200).contains($0) } == true ? nil : "must be seconds from 5 to 259200" }),
    ]
    /// All of one key, or none: then the installation's own (`NEEDLETAIL_AWS_ACCESS_KEY_ID`) signs.
    static let secrets: [ProviderKind.Field] = [
        .init("AccessKeyId"), .init("SecretAccessKey"), .init("SessionToken"),
    ]

    private let access: AWSAccess
    private let url: String
    private let host: String
    private let target: String
    /// What every request says.
    private let standing: JSONObject
    /// A number, a sender id, a pool, or the ARN of one.
    let identity: String?

    init(_ setup: ProviderSetup, _ tools: ProviderTools, price: String) throws(Fault) {
        access = try Self.access(setup, tools)
        let region = access.region
        url = setup.url(or: "https://sms-voice.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")")
        let rest = url.split(separator: "://", maxSplits: 1).last ?? ""
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        host = String(rest[..<slash])
        target = "\(rest[slash...])/"
        identity = setup.text("OriginationIdentity")
        var standing: JSONObject = [:]
        standing["ConfigurationSetName"] = setup.text("ConfigurationSetName").map { .string($0) }
        standing["ProtectConfigurationId"] = setup.text("ProtectConfigurationId").map { .string($0) }
        standing[price] = setup.text("MaxPrice").map { .string($0) }
        standing["TimeToLive"] = setup.text("TimeToLive").flatMap { Int64($0) }.map { .integer($0) }
        self.standing = standing
    }

    private static func access(_ setup: ProviderSetup, _ tools: ProviderTools) throws(Fault) -> AWSAccess {
        let (id, secret) = (setup.text("AccessKeyId"), setup.text("SecretAccessKey"))
        if id == nil, secret == nil {
            guard let own = tools.aws else {
                throw Fault(
                    .configuration,
                    "provider \(setup.provider.name) has no AccessKeyId and SecretAccessKey, and neither has the installation"
                )
            }
            guard let region = setup.text("Region") else { return own }
            return AWSAccess(region: region, key: own.key, sessionToken: own.sessionToken)
        }
        return AWSAccess(
            region: try setup.required("Region"),
            key: KeyPair(id: try setup.required("AccessKeyId"), secret: try setup.required("SecretAccessKey")),
            sessionToken: setup.text("SessionToken"))
    }

    /// `context` comes back with every event of the message.
    func request(_ operation: String, _ own: JSONObject, token: String, at now: Instant) -> ClientRequest {
        var members = standing
        for member in own.members { members[member.key] = member.value }
        members["Context"] = ["mid": .string(token)]
        let body = JSON.object(members).serialized
        var headers: [(name: String, value: String)] = [
            ("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", "PinpointSMSVoiceV2.\(operation)"),
        ]
        if let token = access.sessionToken { headers.append(("X-Amz-Security-Token", token)) }
        headers += SigV4.sign(
            method: "POST", host: host, target: target, headers: headers, body: body, key: access.key,
            region: access.region, at: now, service: "sms-voice")
        return ClientRequest(method: "POST", url: "\(url)/", headers: headers, body: body)
    }

    func outcome(of response: ClientResponse, at now: Instant) -> SendOutcome {
        let body = try? JSON.parse(response.body)
        if response.status == 200 {
            // An answer without a name is not the service's.
            guard let id = body?["MessageId"]?.string else { return .unknown(detail: "200 without a MessageId") }
            return .accepted(providerReference: id)
        }
        let type = Self.type(response, body)
        let reason = body?["Reason"]?.string
        let fields = (body?["Fields"]?.array ?? []).prefix(8).compactMap { $0["Name"]?.string }
        let message = body?["Message"]?.string ?? body?["message"]?.string ?? ""
        let detail = ["\(response.status) \(type)", reason, fields.joined(separator: ","), message]
            .compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " ")
        let retryAfter = response.retryAfter(at: now)
        for code in fields.map({ "\(type)/\($0)" }) + [reason.map { "\(type)/\($0)" } ?? "", type] {
            guard let verdict = SMSReplyTable.standard.verdict("aws", code) else { continue }
            return SendOutcome(verdict, retryAfter: retryAfter, detail: detail)
        }
        return SendOutcome(status: response.status, retryAfter: retryAfter, detail: detail)
    }

    /// `com.amazonaws…#ConflictException`, or the header `x-amzn-ErrorType: ConflictException:http://…`.
    private static func type(_ response: ClientResponse, _ body: JSON?) -> String {
        let text = body?["__type"]?.string ?? response.header("x-amzn-ErrorType") ?? ""
        let name = text.split(separator: "#").last ?? ""
        return String(name.prefix { $0 != ":" })
    }
}
