import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// What following a link in a message becomes: an event of the endpoint, and an engagement of the run.
enum TrackingEvent {
    private static let userAgentCharacters = 512
    private static let addressCharacters = 64

    /// The link behind the token of the path. Everything that we did not sign is a 404.
    static func link(_ call: RequestContext, _ ingest: Ingest, suffix: String = "") throws(APIError) -> TrackingLink {
        let token = try call.parameter("token")
        guard token.hasSuffix(suffix), let link = ingest.tokens.verify(token.dropLast(suffix.count)) else {
            throw .resourceNotFound
        }
        return link
    }

    /// Stores it, durably. When the run is gone there is nothing to count it for; the event alone is kept. When the app is
    /// gone nothing is, nor when the endpoint is: whoever was deleted is not followed by the messages they still have.
    static func record(
        _ kind: Engagement.Kind, _ link: TrackingLink, _ call: RequestContext, _ ingest: Ingest
    ) async throws {
        let environment = call.context.environment
        let now = environment.now()
        let isKnown = try await call.context.database.withSession { session in
            try await EndpointStore.exists(link.app, key: link.endpointKey, in: session)
        }
        guard isKnown else { return }
        let origin = try await ingest.campaigns.origin(of: link.run, app: link.app)
        let campaign = origin?.campaign
        let isFollowUp = origin?.isStartedByService ?? true
        var request = IngestRequest(app: link.app)
        request.engagement = campaign.map {
            Engagement(
                kind: kind, app: link.app, campaign: $0, run: link.run, treatment: String(link.treatment),
                endpointKey: link.endpointKey, at: now)
        }
        if kind == .unsubscribe {
            request.unsubscribe = Unsubscribe(
                app: link.app, endpointKey: link.endpointKey, run: link.run, campaign: campaign, at: now)
        }
        var events = EventRows(
            app: link.app, receivedAt: now,
            triggers: isFollowUp ? .none : try await ingest.triggers.triggers(of: link.app).system)
        let attributes = self.attributes(kind, link, campaign).serialized
        let context = self.context(call.request).serialized
        Array(call.requestID.utf8).withUnsafeBytes { key in
            Array(kind.rawValue.utf8).withUnsafeBytes { type in
                attributes.withUnsafeBytes { attributes in
                    context.withUnsafeBytes { context in
                        events.append(
                            endpointKey: link.endpointKey, eventKey: key, type: type, at: now, attributes: attributes,
                            metrics: nil, context: context)
                    }
                }
            }
        }
        request.events = events
        do {
            _ = try await ingest.store(request)
        } catch let error as APIError where error.status == APIError.applicationNotFound.status {
            // Nobody is left to tell; whoever followed the link gets there all the same.
        }
    }

    private static func attributes(_ kind: Engagement.Kind, _ link: TrackingLink, _ campaign: CampaignID?) -> JSON {
        var attributes: JSONObject = [
            "feedback": .string(kind.feedback), "campaign_activity_id": .string(link.run.description),
            "treatment_id": .string(String(link.treatment)),
        ]
        attributes["campaign_id"] = campaign.map { .string($0.description) }
        if case .click(let target) = link.kind { attributes["url"] = .string(target) }
        return .object(attributes)
    }

    /// For telling people from machines later.
    private static func context(_ request: HTTPRequest) -> JSON {
        var context: JSONObject = ["ip": .string(address(request))]
        context["user_agent"] = request.headers["user-agent"].map { .string(String($0.prefix(userAgentCharacters))) }
        return .object(context)
    }

    /// The gateway appends the peer it saw, so that the last entry is the one that was not made up.
    private static func address(_ request: HTTPRequest) -> String {
        let forwarded = request.headers.values(for: "x-forwarded-for").last?.split(separator: ",").last
        let address = forwarded.map { $0.drop { $0 == " " } } ?? request.remoteAddress[...]
        return String(address.prefix(addressCharacters))
    }
}
