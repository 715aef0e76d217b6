import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// CreateCampaign, UpdateCampaign, DeleteCampaign. Each commits before it answers; a refused write stores nothing.
///
/// Everything that would stop the run is asked here already, so that an author learns it from the answer and not from a
/// campaign that became INVALID at its hour.
struct CampaignsWriting: Sendable {
    let signal: SchedulerSignal

    func create(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let request: WriteCampaignRequest = try call.body()
        try TagRules.check(request.tags)
        let (definition, warnings) = try await checked(CampaignDefinition(request), app: app, isNew: true, call)
        try await HookHandshake.check(definition.request, call)
        let environment = call.context.environment
        let id: CampaignID = environment.newID()
        let campaign = try await call.context.database.transaction { session in
            try await CampaignStore.create(
                app,
                id: id,
                definition,
                tags: request.tags,
                account: call.account,
                now: environment.now(),
                in: session
            )
        }
        signal.wake()
        return answer(campaign, warnings, call, status: 201)
    }

    func update(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.id("campaign-id", of: Noun.Campaign.self)
        let request: WriteCampaignRequest = try call.body()
        try TagRules.check(request.tags)
        let (definition, warnings) = try await checked(CampaignDefinition(request), app: app, isNew: false, call)
        try await HookHandshake.check(definition.request, ofExisting: id, app, call)
        let now = call.context.environment.now()
        let campaign = try await call.context.database.retryingTransaction { session in
            try await CampaignStore.update(
                app,
                id: id,
                definition,
                // Pinpoint ignores those of an update; TagResource changes them.
                tags: nil,
                account: call.account,
                now: now,
                in: session
            )
        }
        guard let campaign else { throw APIError.resourceNotFound }
        signal.wake()
        return answer(campaign, warnings, call, status: 200)
    }

    func delete(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let id = try call.id("campaign-id", of: Noun.Campaign.self)
        let now = call.context.environment.now()
        let campaign = try await call.context.database.retryingTransaction { session in
            try await CampaignStore.delete(app, id: id, account: call.account, now: now, in: session)
        }
        guard let campaign else { throw APIError.resourceNotFound }
        return call.answer(campaign.response(region: call.region, account: call.account))
    }

    private func answer(
        _ campaign: StoredCampaign, _ warnings: [String], _ call: RequestContext, status: Int
    ) -> HTTPResponse {
        var response = call.answer(campaign.response(region: call.region, account: call.account), status: status)
        if !warnings.isEmpty { response.headers[LawWarnings.header] = warnings.joined(separator: ", ") }
        return response
    }

    /// The definition with its references looked up and its messages compiled, and what the law has to say of these.
    private func checked(
        _ definition: CampaignDefinition,
        app: AppID,
        isNew: Bool,
        _ call: RequestContext
    ) async throws -> (CampaignDefinition, warnings: [String]) {
        let account = call.account
        let (filled, treatments, snippets, law) = try await call.context.database.withSession {
            session -> (CampaignDefinition, [RunPlan.Treatment], [String: String], MarketingLaw?) in
            var filled = try await CampaignReferences.fillSegment(definition, app: app, account: account, in: session)
            if filled.isEvent { try await EventCampaigns.checkSegment(filled.request, app: app, in: session) }
            if isNew { filled = try await CampaignReferences.fillDefaults(filled, of: app, in: session) }
            if filled.isInApp {
                try await InAppContent.check(filled.request, account: account, in: session)
                return (filled, [], [:], nil)
            }
            let treatments = try await RunPlanner.treatments(
                of: filled.request, app: app, account: account, in: session)
            let sources = CampaignTexts.parts(of: filled.request).map(\.source)
            let snippets = try await SnippetStore.called(by: sources, account: account, in: session)
            return (filled, treatments, snippets, try await filled.law(of: app, in: session))
        }
        try CampaignsContent.check(treatments)
        try CampaignsContent.check(CampaignTexts.parts(of: filled.request), snippets: snippets)
        return (filled, LawWarnings.codes(of: treatments, law: law, at: call.context.environment.now()))
    }
}
