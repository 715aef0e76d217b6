import Core
import Delivery
import Hosting
import Model
import PinpointAPI
import Postgres

/// For whom a preview is, and of what.
struct PreviewRequest: Sendable {
    enum Person: Sendable {
        case stored(AppID, EndpointID)
        /// As the request describes it.
        case inline(Recipient)
    }

    let person: Person
    let template: WantedTemplate

    /// `{"ApplicationId", "EndpointId"}` or `{"Endpoint": {…}}`, and optionally `Version` or `Content`.
    init(_ call: RequestContext, type: TemplateType) async throws {
        let json = try call.json()
        let members = ["ApplicationId", "Endpoint", "EndpointId"] + WantedTemplate.members
        try NeedletailMembers.only(members, of: json, at: .root)
        let reader = try WireReader(json, at: .root)
        template = try WantedTemplate(json, type: type)
        let endpoint: JSON? = try reader.readExtension("Endpoint")
        let app: String? = try reader.read("ApplicationId")
        let id: String? = try reader.read("EndpointId")
        if let endpoint {
            guard app == nil, id == nil else {
                throw WirePath.root.member("Endpoint").refusal(
                    "and ApplicationId with EndpointId cannot be given together")
            }
            person = .inline(try Self.recipient(endpoint, now: call.context.environment.now()))
            return
        }
        guard let app, let id else {
            throw WirePath.root.refusal("must have ApplicationId and EndpointId, or Endpoint")
        }
        guard let appID = AppID(app), try await call.context.apps.load(appID, account: call.account) != nil else {
            throw APIError.applicationNotFound
        }
        person = .stored(appID, EndpointID(id))
    }

    /// Throws 404 when there is no such endpoint.
    func recipient(in session: Session) async throws -> Recipient {
        switch person {
        case .inline(let recipient): return recipient
        case .stored(let app, let id):
            let key = EndpointIdentity(app: app, id: id).key
            let rows = try await session.query(Recipient.load([key], of: app))
            guard let row = rows.first else { throw APIError.resourceNotFound }
            let recipient = try Recipient(row)
            guard recipient.endpointID == id.rawValue else { throw APIError.resourceNotFound }
            return recipient
        }
    }

    /// The members of an EndpointRequest, and `Id`.
    private static func recipient(_ json: JSON, now: Instant) throws(APIError) -> Recipient {
        let path = WirePath.root.member("Endpoint")
        let request = try EndpointRequest(json: json, at: path)
        let id: String? = try WireReader(json, at: path).read("Id")
        var recipient = Recipient(
            key: 0, endpointID: id ?? "preview", channelType: request.channelType?.rawValue, address: request.address,
            optOut: request.optOut ?? "NONE", status: request.endpointStatus ?? "ACTIVE", cohort: 0,
            userID: request.user?.userId, effectiveAt: request.effectiveDate.flatMap(ISO8601.parse) ?? now,
            createdAt: now)
        recipient.requestID = request.requestId
        recipient.attributes = request.attributes?.json.serialized ?? recipient.attributes
        recipient.metrics = request.metrics?.json.serialized ?? recipient.metrics
        recipient.userAttributes = request.user?.userAttributes?.json.serialized ?? recipient.userAttributes
        recipient.demographic = request.demographic?.json.serialized ?? recipient.demographic
        recipient.location = request.location?.json.serialized ?? recipient.location
        return recipient
    }
}
