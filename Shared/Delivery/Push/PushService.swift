/// The kinds of push services, by what they take.
enum PushService: Sendable {
    case adm
    case apns(isVoip: Bool)
    case baidu
    case fcm
    case web

    /// Nil for a channel type that is not push.
    init?(channelType: String) {
        switch channelType {
        case "ADM": self = .adm
        case "APNS", "APNS_SANDBOX": self = .apns(isVoip: false)
        case "APNS_VOIP", "APNS_VOIP_SANDBOX": self = .apns(isVoip: true)
        case "BAIDU": self = .baidu
        case "GCM": self = .fcm
        case "PUSH": self = .web
        case _: return nil
        }
    }

    /// Longest payload, as the services document it. Of Web Push: what is left of a 4096-byte body beside the encryption's own.
    var limitBytes: Int {
        switch self {
        case .adm: 6144
        case .apns(let isVoip): isVoip ? 5120 : 4096
        case .baidu, .fcm: 4096
        case .web: 3993
        }
    }
}
