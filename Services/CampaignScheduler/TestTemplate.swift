import Core
import Delivery
import EventLoop
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Queue

/// `POST /v1/templates/{template-name}/{template-type}/test` (extension): sends a template to up to ten endpoints, by ledger and
/// gate, as a run of its own.
enum TestTemplate {
    /// `{"ApplicationId", "EndpointIds"}`, and optionally `Version` or `Content`.
    static func run(_ call: RequestContext) async throws -> HTTPResponse {
        let (name, type) = try call.template()
        let json = try call.json()
        try NeedletailMembers.only(["ApplicationId", "EndpointIds"] + WantedTemplate.members, of: json, at: .root)
        let template = try WantedTemplate(json, type: type)
        let ids = try endpoints(json)
        let app: String? = try WireReader(json, at: .root).require("ApplicationId")
        guard let app = app.flatMap({ AppID($0) }),
            try await call.context.apps.load(app, account: call.account) != nil
        else { throw APIError.applicationNotFound }

        let found = try await call.context.database.withSession { session in
            try await template.find(name, account: call.account, in: session)
        }
        try await call.context.loop.offload { try template.check(found) }
        let environment = call.context.environment
        let request = TestRun.Request(
            account: call.account, app: app, run: environment.newID(), templateName: name, content: found.content,
            now: environment.now())
        try await Partitions(call.context.database).ensure(.sendOutcomes, for: request.now.day)
        let queues = try await call.context.database.transaction { session in
            let plan = try await TestRun.plan(request, in: session)
            try CampaignsContent.check(plan.treatments)
            let targets = try await TestRun.targets(of: ids, app: app, in: session)
            if let missing = targets.firstIndex(where: { $0 == nil }) {
                throw WirePath.root.member("EndpointIds").element(missing).refusal("is no endpoint of the app")
            }
            return try await TestRun.start(
                plan, to: targets.compactMap { $0 }, kind: ChunkDelivery.kind, in: session)
        }
        do {
            for queue in queues { try await QueueNotifier.hint(queue, on: call.context.database) }
        } catch {
            // What is committed is sent all the same, after a poll.
            environment.log.warning("test_send.no_hint", ["error": .string("\(error)")])
        }
        return answer(request, ids, found.version)
    }

    private static func endpoints(_ json: JSON) throws(APIError) -> [EndpointID] {
        let path = WirePath.root.member("EndpointIds")
        let ids: [String]? = try WireReader(json, at: .root).require("EndpointIds")
        guard let ids, (1...TestRun.endpointsPerRun).contains(ids.count) else {
            throw path.refusal("must have 1 to \(TestRun.endpointsPerRun) endpoints; got \(ids?.count ?? 0)")
        }
        var seen: Set<[UInt8]> = []
        for (index, id) in ids.enumerated() {
            guard seen.insert(Array(id.utf8)).inserted else { throw path.element(index).refusal("is there twice") }
        }
        return ids.map { EndpointID($0) }
    }

    /// Under which ids the balance sheet shows what came of it.
    private static func answer(_ request: TestRun.Request, _ ids: [EndpointID], _ version: Int?) -> HTTPResponse {
        var members: JSONObject = [
            "ApplicationId": .string(request.app.description), "CampaignId": .string(TestRun.campaign.description),
            "EndpointIds": ids.map(\.rawValue).json, "RunId": .string(request.run.description),
            "TemplateName": .string(request.templateName), "TemplateType": .string(request.content.type.rawValue),
        ]
        if let version { members["Version"] = .string(String(version)) }
        return .json(JSON.object(members).serialized, status: 202)
    }
}
