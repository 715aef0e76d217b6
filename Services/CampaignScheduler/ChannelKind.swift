import Core
import Model
import PinpointAPI

/// One channel of Pinpoint's API: its operations, how its request is read, and what it answers. All are stored and served alike.
struct ChannelKind: Sendable {
    /// As endpoints name it: `APNS_SANDBOX`. Its path is this in lower case.
    let type: String
    let get: PinpointAPI.Operation
    let update: PinpointAPI.Operation
    let delete: PinpointAPI.Operation
    /// Reads and checks a body; throws 400 with the member that is wrong.
    let request: @Sendable (_ body: JSON) throws(APIError) -> JSON
    /// Members of the answer beside those that all channels have.
    let answer: @Sendable (StoredChannel) -> JSONObject

    static let all: [ChannelKind] = [
        ChannelKind(
            type: "EMAIL", get: .getEmailChannel, update: .updateEmailChannel, delete: .deleteEmailChannel,
            request: { (body) throws(APIError) in
                let request = try EmailChannelRequest(json: body, at: .root)
                try ChannelCalls.check(request)
                return request.json
            },
            answer: {
                $0.configuration.only([
                    "FromAddress", "Identity", "ConfigurationSet", "RoleArn", "OrchestrationSendingRoleArn",
                    "Needletail",
                ])
            }),
        ChannelKind(
            type: "SMS", get: .getSmsChannel, update: .updateSmsChannel, delete: .deleteSmsChannel,
            request: { (body) throws(APIError) in
                let request = try SMSChannelRequest(json: body, at: .root)
                if let needletail = request.needletail {
                    try SMSChannelExtension.check(needletail, at: .root.member("Needletail"))
                }
                return request.json
            },
            answer: { $0.configuration.only(["SenderId", "ShortCode", "Needletail"]) }),
        ChannelKind(
            type: "VOICE", get: .getVoiceChannel, update: .updateVoiceChannel, delete: .deleteVoiceChannel,
            request: { (body) throws(APIError) in try VoiceChannelRequest(json: body, at: .root).json },
            answer: { _ in [:] }),
        apple("APNS", .getApnsChannel, .updateApnsChannel, .deleteApnsChannel) { (body) throws(APIError) in
            try APNSChannelRequest(json: body, at: .root).json
        },
        apple("APNS_SANDBOX", .getApnsSandboxChannel, .updateApnsSandboxChannel, .deleteApnsSandboxChannel) {
            (body) throws(APIError) in try APNSSandboxChannelRequest(json: body, at: .root).json
        },
        apple("APNS_VOIP", .getApnsVoipChannel, .updateApnsVoipChannel, .deleteApnsVoipChannel) {
            (body) throws(APIError) in try APNSVoipChannelRequest(json: body, at: .root).json
        },
        apple(
            "APNS_VOIP_SANDBOX", .getApnsVoipSandboxChannel, .updateApnsVoipSandboxChannel,
            .deleteApnsVoipSandboxChannel
        ) { (body) throws(APIError) in try APNSVoipSandboxChannelRequest(json: body, at: .root).json },
        ChannelKind(
            type: "GCM", get: .getGcmChannel, update: .updateGcmChannel, delete: .deleteGcmChannel,
            request: { (body) throws(APIError) in
                let request = try GCMChannelRequest(json: body, at: .root)
                try checkMethod(request.defaultAuthenticationMethod, ["KEY", "TOKEN"])
                if let text = request.serviceJson, !text.isEmpty, (try? JSON.parse(Array(text.utf8)))?.object == nil {
                    throw WirePath.root.member("ServiceJson").refusal("must be the JSON of a service account's key")
                }
                return request.json
            },
            answer: { channel in
                var members = channel.configuration.only(["DefaultAuthenticationMethod"])
                members["HasFcmServiceCredentials"] = .bool(channel.secrets["ServiceJson"] != nil)
                members["Credential"] = channel.secrets["ApiKey"].map(masked)
                return members
            }),
        ChannelKind(
            type: "BAIDU", get: .getBaiduChannel, update: .updateBaiduChannel, delete: .deleteBaiduChannel,
            request: { (body) throws(APIError) in try BaiduChannelRequest(json: body, at: .root).json },
            answer: { ["Credential": masked($0.secrets["ApiKey"] ?? "")] }),
        ChannelKind(
            type: "ADM", get: .getAdmChannel, update: .updateAdmChannel, delete: .deleteAdmChannel,
            request: { (body) throws(APIError) in try ADMChannelRequest(json: body, at: .root).json },
            answer: { _ in [:] }),
    ]

    private static func apple(
        _ type: String, _ get: PinpointAPI.Operation, _ update: PinpointAPI.Operation,
        _ delete: PinpointAPI.Operation, _ read: @escaping @Sendable (JSON) throws(APIError) -> JSON
    ) -> ChannelKind {
        ChannelKind(
            type: type, get: get, update: update, delete: delete,
            request: { (body) throws(APIError) in
                let request = try read(body)
                // Pinpoint's documentation says both.
                try checkMethod(
                    request["DefaultAuthenticationMethod"]?.string, ["CERTIFICATE", "TOKEN", "certificate", "key"])
                return request
            },
            answer: { channel in
                var members = channel.configuration.only(["DefaultAuthenticationMethod"])
                members["HasTokenKey"] = .bool(channel.secrets["TokenKey"] != nil)
                return members
            })
    }

    private static func checkMethod(_ method: String?, _ allowed: [String]) throws(APIError) {
        guard let method, !allowed.contains(method) else { return }
        throw WirePath.root.member("DefaultAuthenticationMethod").refusal(
            "must be one of \(allowed.joined(separator: ", ")); got \"\(method.prefix(32))\"")
    }

    /// Enough to tell keys apart.
    private static func masked(_ secret: JSON) -> JSON {
        let text = secret.string ?? ""
        return .string(text.count > 12 ? "****\(text.suffix(4))" : text.isEmpty ? "" : "****")
    }
}

extension JSONObject {
    fileprivate func only(_ names: [String]) -> JSONObject {
        var kept: JSONObject = [:]
        for name in names { kept[name] = self[name] }
        return kept
    }
}
