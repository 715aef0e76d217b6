import Core

/// What devices get, with the keys of Pinpoint's own payloads (pinpoint-api §3.7), so that apps built with its SDKs need no change.
/// Pure: the same values give the same bytes.
enum PushPayload {
    static func make(_ message: PushMessage, _ texts: PushTexts, from origin: PushOrigin) -> [UInt8] {
        var writer = JSONWriter(capacity: 640)
        writer.beginObject()
        switch message.service {
        case .apns: appendAPNs(message, texts, origin, to: &writer)
        case .fcm: appendFCM(message, texts, origin, to: &writer)
        case .adm: appendADM(message, texts, origin, to: &writer)
        case .baidu: appendBaidu(message, texts, origin, to: &writer)
        case .web: appendWeb(message, texts, origin, to: &writer)
        }
        writer.endObject()
        return writer.bytes
    }

    // MARK: Apple

    private static func appendAPNs(
        _ message: PushMessage, _ texts: PushTexts, _ origin: PushOrigin, to writer: inout JSONWriter
    ) {
        writer.key("aps")
        writer.beginObject()
        if message.isSilent {
            writer.key("content-available")
            writer.int(1)
        } else {
            writer.key("alert")
            writer.beginObject()
            writer.member("title", texts.title)
            writer.member("body", texts.body)
            writer.endObject()
            writer.member("sound", message.sound)
            writer.member("category", message.category)
            writer.member("thread-id", message.threadID)
            if texts.mediaURL != nil {
                // The app's extension fetches the picture before the notification is shown.
                writer.key("mutable-content")
                writer.int(1)
            }
        }
        if let badge = message.badge {
            writer.key("badge")
            writer.int(badge)
        }
        writer.endObject()
        writer.key("data")
        writer.beginObject()
        writer.member("media-url", texts.mediaURL)
        if let body = texts.jsonBody {
            writer.key("jsonBody")
            writer.raw(body)
        }
        writer.key("pinpoint")
        writer.beginObject()
        switch message.action {
        case .openApp: break
        case .deepLink: writer.member("deeplink", texts.url)
        case .url: writer.member("url", texts.url)
        }
        appendCampaign(origin, to: &writer)
        writer.endObject()
        writer.endObject()
    }

    private static func appendCampaign(_ origin: PushOrigin, to writer: inout JSONWriter) {
        writer.key("campaign")
        writer.beginObject()
        for (name, value) in origin.members { writer.member(name, value) }
        writer.endObject()
    }

    // MARK: Android and its kin

    /// The flat keys of Pinpoint's Android SDK, which shows the notification itself: values are strings.
    private static func appendKeys(
        _ message: PushMessage, _ texts: PushTexts, _ origin: PushOrigin, to writer: inout JSONWriter
    ) {
        for (name, value) in origin.members { writer.member("pinpoint.campaign.\(name)", value) }
        writer.member("pinpoint.notification.silentPush", message.isSilent ? "1" : "0")
        writer.member("pinpoint.jsonBody", texts.jsonBody)
        if message.isSilent { return }
        writer.member("pinpoint.notification.title", texts.title)
        writer.member("pinpoint.notification.body", texts.body)
        writer.member("pinpoint.notification.icon", message.icon)
        writer.member("pinpoint.notification.sound", message.sound)
        writer.member("pinpoint.notification.imageUrl", texts.imageURL)
        writer.member("pinpoint.notification.imageIconUrl", texts.iconURL)
        writer.member("pinpoint.notification.imageSmallIconUrl", texts.smallIconURL)
        switch (message.action, texts.url) {
        case (.deepLink, let url?): writer.member("pinpoint.deeplink", url)
        case (.url, let url?): writer.member("pinpoint.url", url)
        case (.openApp, _), (.deepLink, nil), (.url, nil): writer.member("pinpoint.openApp", "true")
        }
    }

    /// A message of the v1 API without its token. Data only: a `notification` would be shown by Android, past the SDK.
    private static func appendFCM(
        _ message: PushMessage, _ texts: PushTexts, _ origin: PushOrigin, to writer: inout JSONWriter
    ) {
        writer.key("data")
        writer.beginObject()
        appendKeys(message, texts, origin, to: &writer)
        writer.endObject()
        let android: [(String, String?)] = [
            ("priority", message.priority?.uppercased()), ("ttl", message.timeToLive.map { "\(max(0, $0))s" }),
            ("collapse_key", message.collapseKey), ("restricted_package_name", message.packageName),
        ]
        guard android.contains(where: { $0.1 != nil }) else { return }
        writer.key("android")
        writer.beginObject()
        for (name, value) in android { writer.member(name, value) }
        writer.endObject()
    }

    private static func appendADM(
        _ message: PushMessage, _ texts: PushTexts, _ origin: PushOrigin, to writer: inout JSONWriter
    ) {
        writer.key("data")
        writer.beginObject()
        appendKeys(message, texts, origin, to: &writer)
        writer.endObject()
        writer.member("consolidationKey", message.collapseKey)
        if let seconds = message.timeToLive {
            writer.key("expiresAfter")
            // A minute to 31 days.
            writer.int(min(max(seconds, 60), 2_678_400))
        }
    }

    private static func appendBaidu(
        _ message: PushMessage, _ texts: PushTexts, _ origin: PushOrigin, to writer: inout JSONWriter
    ) {
        if !message.isSilent {
            writer.member("title", texts.title)
            writer.member("description", texts.body)
            if message.action == .url, let url = texts.url {
                writer.key("open_type")
                writer.int(1)
                writer.member("url", url)
            }
        }
        writer.key("custom_content")
        writer.beginObject()
        appendKeys(message, texts, origin, to: &writer)
        writer.endObject()
    }

    // MARK: Browsers

    /// The notification as the Push API's declarative form has it (https://www.w3.org/TR/push-api/#declarative-push-message), which
    /// Safari shows by itself; service workers of other browsers read `event.data.json().notification`.
    private static func appendWeb(
        _ message: PushMessage, _ texts: PushTexts, _ origin: PushOrigin, to writer: inout JSONWriter
    ) {
        let isSilent = message.isSilent
        if !isSilent {
            if texts.url != nil, texts.title != nil {
                writer.key("web_push")
                writer.int(8030)
            }
            writer.key("notification")
            writer.beginObject()
            writer.member("title", texts.title)
            writer.member("body", texts.body)
            writer.member("navigate", texts.url)
            writer.member("icon", texts.iconURL)
            writer.member("image", texts.imageURL)
            writer.member("tag", message.collapseKey)
            writer.key("data")
            writer.beginObject()
        } else {
            writer.key("data")
            writer.beginObject()
        }
        if let body = texts.jsonBody {
            writer.key("jsonBody")
            writer.raw(body)
        }
        writer.key("pinpoint")
        writer.beginObject()
        appendCampaign(origin, to: &writer)
        writer.endObject()
        writer.endObject()
        if !isSilent { writer.endObject() }
    }
}

extension JSONWriter {
    /// Nothing for what is not there.
    fileprivate mutating func member(_ name: String, _ value: [UInt8]?) {
        guard let value else { return }
        key(name)
        string(utf8: value)
    }

    fileprivate mutating func member(_ name: String, _ value: String?) {
        guard let value else { return }
        key(name)
        string(value)
    }
}
