package import Core
import PinpointAPI
import Segments

/// The frozen form. Written and read by hand: it lives in the database longer than a release, so its names are chosen, not
/// derived from Swift's.
extension RunPlan {
    package var json: JSON {
        var object: JSONObject = [
            "account": .string(account),
            "app": .string(app.description),
            "campaign": .string(campaign.description),
            "campaign_version": .integer(Int64(campaignVersion)),
            "campaign_name": .string(campaignName),
            "run": .string(run.description),
            "run_day": .integer(Int64(runDay.daysSince1970)),
            "scheduled_at": .integer(scheduledAt.microseconds),
            "expires_at": .integer(expiresAt.microseconds),
            "delivery_policy": .string(deliveryPolicy.rawValue),
            "holdout_percent": .integer(Int64(holdoutPercent)),
            "treatments": .array(treatments.map(\.json)),
            "messages_per_second": .integer(Int64(messagesPerSecond)),
            "rules": rules.json,
        ]
        if let hook { object["hook"] = hook.json }
        if let local { object["local"] = local.json }
        if let ownArms { object["own_arms"] = .array(ownArms.map { .integer(Int64($0)) }) }
        if let trigger { object["trigger"] = .string(trigger.rawValue) }
        return .object(object)
    }

    /// Throws `.integrity` when the row was not written by this code.
    package init(json: JSON) throws(Fault) {
        guard let account = json["account"]?.string,
            let app = json["app"]?.string.flatMap({ AppID($0) }),
            let campaign = json["campaign"]?.string.flatMap({ CampaignID($0) }),
            let campaignVersion = json["campaign_version"]?.int,
            let campaignName = json["campaign_name"]?.string,
            let run = json["run"]?.string.flatMap({ RunID($0) }),
            let runDay = json["run_day"]?.int,
            let scheduledAt = json["scheduled_at"]?.int,
            let expiresAt = json["expires_at"]?.int,
            let policy = json["delivery_policy"]?.string.flatMap(DeliveryPolicy.init(rawValue:)),
            let holdoutPercent = json["holdout_percent"]?.int,
            let treatments = json["treatments"]?.array
        else { throw Fault(.integrity, "the frozen plan of a run is not readable") }
        self.init(
            account: account,
            app: app,
            campaign: campaign,
            campaignVersion: campaignVersion,
            campaignName: campaignName,
            run: run,
            runDay: Day(daysSince1970: Int32(runDay)),
            scheduledAt: Instant(microseconds: Int64(scheduledAt)),
            expiresAt: Instant(microseconds: Int64(expiresAt)),
            deliveryPolicy: policy,
            holdoutPercent: holdoutPercent,
            treatments: try treatments.map { (json) throws(Fault) in try Treatment(json: json) },
            messagesPerSecond: json["messages_per_second"]?.int ?? 0,
            rules: RunRules(json: json["rules"]),
            hook: RunHook(json: json["hook"]),
            local: LocalRun(json: json["local"]),
            ownArms: json["own_arms"]?.array?.compactMap { $0.int.map { Int16(truncatingIfNeeded: $0) } }
        )
        trigger = json["trigger"]?.string.flatMap(TriggerFilter.Source.init(rawValue:))
    }
}

extension RunPlan.Treatment {
    var json: JSON {
        var object: JSONObject = ["size_percent": .integer(Int64(sizePercent))]
        if let name { object["name"] = .string(name) }
        if let email { object["email"] = email.json }
        if let sms { object["sms"] = sms.json }
        if let voice { object["voice"] = voice.json }
        if let push { object["push"] = push.json }
        if let custom { object["custom"] = custom.json }
        if !otherChannels.isEmpty { object["other_channels"] = .array(otherChannels.sorted().map { .string($0) }) }
        return .object(object)
    }

    init(json: JSON) throws(Fault) {
        guard let sizePercent = json["size_percent"]?.int else {
            throw Fault(.integrity, "a treatment in the frozen plan of a run is not readable")
        }
        var email: RunPlan.EmailContent?
        if let content = json["email"] { email = try RunPlan.EmailContent(json: content) }
        self.init(
            name: json["name"]?.string, sizePercent: sizePercent, email: email,
            otherChannels: Set(json["other_channels"]?.array?.compactMap(\.string) ?? []))
        if let content = json["sms"] { sms = try RunPlan.SMSContent(json: content) }
        if let content = json["voice"] { voice = try RunPlan.VoiceContent(json: content) }
        if let content = json["push"] { push = try RunPlan.PushContent(json: content) }
        if let content = json["custom"] { custom = try RunPlan.CustomContent(json: content) }
    }
}

extension RunPlan.EmailContent {
    var json: JSON {
        var object: JSONObject = [
            "from": .string(from),
            "subject": .string(subject),
            "headers": .array(headers.map { ["name": .string($0.name), "value": .string($0.value)] }),
            "defaults": .object(defaultSubstitutions),
        ]
        if !replyTo.isEmpty { object["reply_to"] = .array(replyTo.map { .string($0) }) }
        if let html { object["html"] = .string(html) }
        if let text { object["text"] = .string(text) }
        if !locales.isEmpty { object["locales"] = locales.mapValues(\.json).json }
        if !snippets.isEmpty { object["snippets"] = snippets.json }
        object["bounces"] = bounceDomain.map { .string($0) }
        object["replies"] = replyDomain.map { .string($0) }
        return .object(object)
    }

    init(json: JSON) throws(Fault) {
        guard let from = json["from"]?.string, let subject = json["subject"]?.string,
            let headers = json["headers"]?.array, let defaults = json["defaults"]?.object
        else { throw Self.unreadable }
        self.init(
            from: from,
            replyTo: json["reply_to"]?.array?.compactMap(\.string) ?? [],
            subject: subject,
            html: json["html"]?.string,
            text: json["text"]?.string,
            headers: headers.compactMap { header in
                guard let name = header["name"]?.string, let value = header["value"]?.string else { return nil }
                return Header(name: name, value: value)
            },
            defaultSubstitutions: defaults,
            locales: try Self.map(json["locales"]) { (json) throws(Fault) in try Localized(json: json) },
            snippets: try Self.map(json["snippets"]) { (json) throws(Fault) in
                guard let text = json.string else { throw Self.unreadable }
                return text
            },
            bounceDomain: json["bounces"]?.string,
            replyDomain: json["replies"]?.string
        )
    }

    private static let unreadable = Fault(.integrity, "an e-mail in the frozen plan of a run is not readable")

    private static func map<Value>(
        _ json: JSON?, _ value: (JSON) throws(Fault) -> Value
    ) throws(Fault) -> [String: Value] {
        var map: [String: Value] = [:]
        for member in json?.object?.members ?? [] { map[member.key] = try value(member.value) }
        return map
    }
}

extension RunPlan.EmailContent.Localized {
    var json: JSON {
        var object: JSONObject = [:]
        if let subject { object["subject"] = .string(subject) }
        if let html { object["html"] = .string(html) }
        if let text { object["text"] = .string(text) }
        if let defaultSubstitutions { object["defaults"] = .object(defaultSubstitutions) }
        return .object(object)
    }

    init(json: JSON) throws(Fault) {
        guard json.object != nil else {
            throw Fault(.integrity, "a variant in the frozen plan of a run is not readable")
        }
        self.init(
            subject: json["subject"]?.string, html: json["html"]?.string, text: json["text"]?.string,
            defaultSubstitutions: json["defaults"]?.object)
    }
}
