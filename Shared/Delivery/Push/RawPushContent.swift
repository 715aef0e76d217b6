import Core
import Jurisdictions

/// `RawContent`: the platform's own message as its author wrote it, in place of everything else. Pinpoint took more than one form, and
/// its clients send them all.
struct RawPushContent: Sendable {
    private var object: JSONObject

    /// Nil for what is no JSON object.
    init?(_ text: [UInt8], for service: PushService) {
        guard let object = (try? JSON.parse(text))?.object else { return nil }
        switch service {
        case .apns, .baidu, .web: self.object = object
        case .adm: self.object = Self.adm(object)
        case .fcm: self.object = Self.fcm(object)
        }
    }

    var bytes: [UInt8] { JSON.object(object).serialized }

    /// Nothing to show, only something to fetch.
    var isBackground: Bool {
        guard let aps = object["aps"]?.object, aps["content-available"]?.int == 1 else { return false }
        return !["alert", "sound", "badge"].contains { aps[$0] != nil }
    }

    // MARK: Forms

    /// `{"data": {…}, …}`, or the data alone. ADM takes strings only.
    private static func adm(_ object: JSONObject) -> JSONObject {
        guard let data = object["data"]?.object else { return ["data": .object(strings(object))] }
        var message = object
        message["data"] = .object(strings(data))
        return message
    }

    private static func strings(_ object: JSONObject) -> JSONObject {
        JSONObject(
            uniqueMembers: object.members.map { member in
                .init(key: member.key, value: .string(member.value.string ?? member.value.text))
            })
    }

    /// A message of FCM's v1 API (`{"fcmV1Message": {"message": {…}}}`, `{"message": {…}}`), or one of the legacy API, which Google
    /// switched off and whose fields have each a place in the new one
    /// (https://firebase.google.com/docs/cloud-messaging/migrate-v1).
    private static func fcm(_ object: JSONObject) -> JSONObject {
        let whole = object["fcmV1Message"]?.object ?? object
        if var message = whole["message"]?.object {
            // Whom it is for is the endpoint's matter.
            for name in ["token", "topic", "condition"] { message[name] = nil }
            return message
        }
        return legacy(object)
    }

    private static func legacy(_ object: JSONObject) -> JSONObject {
        var message: JSONObject = [:]
        var android: JSONObject = [:]
        if let data = object["data"]?.object { message["data"] = .object(strings(data)) }
        if let notification = object["notification"]?.object {
            var common: JSONObject = [:]
            var own: JSONObject = [:]
            for member in notification.members {
                switch member.key {
                case "title", "body", "image": common[member.key] = member.value
                case "android_channel_id": own["channel_id"] = member.value
                case "badge", "subtitle": break
                case let name: own[name] = member.value
                }
            }
            if !common.isEmpty { message["notification"] = .object(common) }
            if !own.isEmpty { android["notification"] = .object(own) }
        }
        if let priority = object["priority"]?.string { android["priority"] = .string(priority.uppercased()) }
        if let seconds = object["time_to_live"]?.int { android["ttl"] = .string("\(seconds)s") }
        for name in ["collapse_key", "restricted_package_name", "direct_boot_ok"] { android[name] = object[name] }
        if !android.isEmpty { message["android"] = .object(android) }
        for name in ["android", "apns", "webpush", "fcm_options"] {
            if let own = object[name] { message[name] = own }
        }
        return message
    }

    // MARK: The law

    /// Where the services' documentation puts what a person reads first; the first that is there gets the label.
    private static let places: [[String]] = [
        ["aps", "alert", "title"], ["aps", "alert", "body"], ["aps", "alert"], ["notification", "title"],
        ["notification", "body"], ["data", "pinpoint.notification.title"], ["data", "pinpoint.notification.body"],
        ["title"], ["description"],
    ]

    mutating func apply(_ label: AdvertisingLabel) {
        for place in Self.places {
            if let labelled = Self.labelled(object, place[...], label) {
                object = labelled
                return
            }
        }
    }

    private static func labelled(
        _ object: JSONObject, _ path: ArraySlice<String>, _ label: AdvertisingLabel
    ) -> JSONObject? {
        guard let name = path.first, let value = object[name] else { return nil }
        var changed = object
        if path.count == 1 {
            guard let text = value.string, !text.isEmpty else { return nil }
            changed[name] = .string(String(decoding: label.applied(to: Array(text.utf8)), as: UTF8.self))
            return changed
        }
        guard let inner = value.object, let rest = labelled(inner, path.dropFirst(), label) else { return nil }
        changed[name] = .object(rest)
        return changed
    }
}
