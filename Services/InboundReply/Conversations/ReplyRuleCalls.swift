import Core
import EventLoop
import HTTPClient
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Providers
import Queue

/// `/v1/apps/{app}/reply-rules`: what is done with messages that are no command. Secrets are taken and never shown.
struct ReplyRuleCalls: Sendable {
    let desk: ReplyDesk

    /// All of them: an app has at most 200.
    func list(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let rules = try await desk.database.withSession { session in
            try await ReplyRuleStore.list(app, key: desk.context.masterKey, in: session)
        }
        return ReplyAnswers.page(rules.map { .object(Self.members(of: $0)) }, nil)
    }

    func create(_ call: RequestContext) async throws -> HTTPResponse {
        try await put(call, try await call.app(), desk.environment.newID(), old: nil, status: 201)
    }

    func get(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, stored) = try await find(call)
        let now = desk.environment.now()
        let tokens = try await desk.database.withSession { session in
            try await ReplyRuleStore.tokens(app, stored.id, now: now, in: session)
        }
        var members = Self.members(of: stored)
        members["TokensThisMonth"] = .integer(Int64(tokens))
        return ReplyAnswers.ok(members)
    }

    /// As a whole; a secret that is left out stays when its action is in the same place.
    func update(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, stored) = try await find(call)
        return try await put(call, app, stored.id, old: stored, status: 200)
    }

    func delete(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, stored) = try await find(call)
        let isDeleted = try await desk.database.transaction { session in
            try await ReplyRuleStore.delete(app, stored.id, in: session)
        }
        guard isDeleted else { throw APIError.resourceNotFound }
        return ReplyAnswers.ok(Self.members(of: stored))
    }

    private func put(
        _ call: RequestContext, _ app: AppID, _ id: HexID<Noun.ReplyRule>, old: StoredReplyRule?, status: Int
    ) async throws -> HTTPResponse {
        let json = try call.json()
        var secrets: JSONObject = [:]
        let rule = try ReplyRule(json, secrets: &secrets)
        try await check(rule, secrets, app)
        for (place, action) in rule.actions.enumerated() where secrets[String(place)] == nil {
            guard let old, old.rule.actions.indices.contains(place), action.keepsSecret(of: old.rule.actions[place])
            else { continue }
            secrets[String(place)] = old.secrets[String(place)]
        }
        let now = desk.environment.now()
        let key = desk.context.masterKey
        let stored = try await desk.database.transaction { [secrets] session in
            try await ReplyRuleStore.put(app, id, rule, secrets: secrets, key: key, now: now, in: session)
            return try await ReplyRuleStore.find(app, id, key: key, in: session)
        }
        guard let stored else { throw APIError.resourceNotFound }
        return ReplyAnswers.ok(Self.members(of: stored), status: status)
    }

    /// What the shapes cannot say.
    private func check(_ rule: ReplyRule, _ secrets: JSONObject, _ app: AppID) async throws {
        for (place, action) in rule.actions.enumerated() {
            let path = WirePath.root.member("Then").element(place)
            switch action {
            case .answer(let body, let subject):
                try await desk.context.loop.offload {
                    try ReplyAnswers.check(body, at: path.member("Answer").member("Body"))
                    if let subject { try ReplyAnswers.check(subject, at: path.member("Answer").member("Subject")) }
                }
            case .webhook(let url):
                try Self.check(url, at: path.member("Webhook").member("Url"))
                if let secret = secrets[String(place)]?.string, let complaint = WebhookSignature.complaint(secret) {
                    throw path.member("Webhook").member("Secret").refusal(complaint)
                }
            case .chat(let terms): try Self.check(terms.url, at: path.member("Chat").member("Url"))
            case .survey(let id):
                let found = try await desk.database.withSession { session in
                    try await SurveyStore.find(app, id, in: session)
                }
                if found == nil { throw path.member("Survey").member("Id").refusal("is no survey of the app") }
            case .attributes, .event, .handOver: continue
            }
        }
    }

    private static func check(_ url: String, at path: WirePath) throws(APIError) {
        do throws(OutboundURL.Refusal) {
            _ = try OutboundURL(url)
        } catch {
            throw path.refusal(error.description)
        }
    }

    private func find(_ call: RequestContext) async throws -> (AppID, StoredReplyRule) {
        let app = try await call.app()
        let id = try call.id("rule-id", of: Noun.ReplyRule.self)
        let found = try await desk.database.withSession { session in
            try await ReplyRuleStore.find(app, id, key: desk.context.masterKey, in: session)
        }
        guard let found else { throw APIError.resourceNotFound }
        return (app, found)
    }

    private static func members(of stored: StoredReplyRule) -> JSONObject {
        var members: JSONObject = ["Id": .string(stored.id.description)]
        for member in stored.rule.definition.members { members[member.key] = member.value }
        members["Position"] = .integer(Int64(stored.rule.position))
        members["Enabled"] = .bool(stored.rule.isEnabled)
        members["SecretsOfActions"] = .array(stored.secrets.keys.sorted().compactMap { Int64($0).map { .integer($0) } })
        members["CreationDate"] = .string(stored.createdAt.description)
        members["LastModifiedDate"] = .string(stored.modifiedAt.description)
        return members
    }
}

extension ReplyAction {
    /// A secret is never handed to another address than the one it was given for.
    fileprivate func keepsSecret(of other: ReplyAction) -> Bool {
        switch (self, other) {
        case (.webhook(let url), .webhook(let old)): url == old
        case (.chat(let terms), .chat(let old)): terms.url == old.url
        case _: false
        }
    }
}
