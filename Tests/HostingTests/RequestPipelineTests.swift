import Access
import Core
import EventLoop
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Runtime
import TestKit
import Testing

@Suite(.database) struct RequestPipelineTests {
    private static let app = "0123456789abcdef0123456789abcdef"

    private func addApp(_ service: HostedService, account: String = HostedService.account, deleted: Bool = false)
        async throws
    {
        let now = service.context.environment.now()
        let id = try #require(AppID(Self.app))
        let deletedAt: Instant? = deleted ? now : nil
        try await service.context.database.execute(
            """
            INSERT INTO apps (id, account, name, settings_modified_at, created_at, deleted_at)
            VALUES (\(id), \(account), 'shop', \(now), \(now), \(deletedAt))
            """
        )
    }

    private let getApp = Route(.getApp) { request in
        let app = try await request.appHead()
        return .json(JSON.object(["Id": .string(app.id.description), "Region": .string(request.region)]).serialized)
    }

    @Test func `a signed request reaches its handler and gets the headers that every answer bears`() async throws {
        let service = try HostedService(TestDatabase.current)
        try await addApp(service)
        let response = try await service.pipeline([getApp]).answer(service.signed("GET", "/v1/apps/\(Self.app)"))
        #expect(response.status == 200)
        #expect(try HostedService.json(response) == ["Id": .string(Self.app), "Region": "eu-west-1"])
        #expect(response.headers["Access-Control-Allow-Origin"] == "*")
        #expect(response.headers["x-amzn-RequestId"]?.utf8.count == 36)
        let metrics = String(decoding: service.context.metrics.exposition(), as: UTF8.self)
        #expect(
            metrics.contains("needletail_http_requests_total{route=\"GET /v1/apps/{application-id}\",status=\"200\"} 1")
        )
    }

    @Test func `an error is Pinpoint's: status, code, message and one request id everywhere`() async throws {
        let service = try HostedService(TestDatabase.current)
        let response = try await service.pipeline([getApp]).answer(service.signed("GET", "/v1/apps/\(Self.app)"))
        #expect(response.status == 404)
        #expect(response.headers["x-amzn-ErrorType"] == "NotFoundException")
        let body = try HostedService.json(response)
        #expect(body["Message"] == "Application not found")
        #expect(body["RequestID"]?.string == response.headers["x-amzn-RequestId"])
        #expect(response.headers["Access-Control-Allow-Origin"] == "*")
    }

    @Test(arguments: ["0123456789ABCDEF0123456789ABCDEF", "x", "0123456789abcdef0123456789abcde", "..", "%00", "%FF"])
    func `an app id that is none is a missing app or a bad request, never a failure`(id: String) async throws {
        let service = try HostedService(TestDatabase.current)
        let response = try await service.pipeline([getApp]).answer(service.signed("GET", "/v1/apps/\(id)"))
        #expect(response.status == (id.hasPrefix("%") ? 400 : 404))
    }

    @Test func `an app of another account, and a deleted one, are not there`() async throws {
        let service = try HostedService(TestDatabase.current)
        try await addApp(service, account: "999999999999")
        let pipeline = try await service.pipeline([getApp])
        #expect(await pipeline.answer(service.signed("GET", "/v1/apps/\(Self.app)")).status == 404)
        try await service.context.database.execute("DELETE FROM apps")
        try await addApp(service, deleted: true)
        #expect(await pipeline.answer(service.signed("GET", "/v1/apps/\(Self.app)")).status == 404)
    }

    @Test func `nobody gets in without a signature, not even to an operation that is missing`() async throws {
        let service = try HostedService(TestDatabase.current)
        let pipeline = try await service.pipeline([getApp])
        let journeys = "/v1/apps/\(Self.app)/journeys"
        let bare = await pipeline.answer(HTTPRequest(method: "GET", target: journeys, headers: ["Host": "127.0.0.1"]))
        #expect(bare.status == 403)
        #expect(bare.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException")
        let signed = await pipeline.answer(service.signed("GET", journeys))
        #expect(signed.status == 501)
        #expect(try HostedService.json(signed)["Message"] == "ListJourneys is not implemented")
    }

    @Test func `every operation of the model answers something else than 404 for a missing route`() async throws {
        let service = try HostedService(TestDatabase.current)
        let pipeline = try await service.pipeline([getApp])
        for operation in Operation.all where operation != .getApp {
            let path = operation.path.split(separator: "/").map { $0.hasPrefix("{") ? "x" : String($0) }.joined(
                separator: "/")
            let response = await pipeline.answer(service.signed(operation.method, "/\(path)"))
            #expect(response.status == 501, "\(operation.name)")
        }
    }

    @Test func `the wrong verb is a 405 that lists the right ones, an unknown path a 404`() async throws {
        let service = try HostedService(TestDatabase.current)
        let pipeline = try await service.pipeline([getApp])
        let wrongVerb = await pipeline.answer(service.signed("PATCH", "/v1/apps/\(Self.app)"))
        #expect(wrongVerb.status == 405)
        #expect(wrongVerb.headers["x-amzn-ErrorType"] == "MethodNotAllowedException")
        #expect(wrongVerb.headers["Allow"] == "DELETE, GET, HEAD")
        let unknown = await pipeline.answer(service.signed("GET", "/v2/apps"))
        #expect(unknown.status == 404)
    }

    @Test func `a browser's preflight is answered without a signature, for what a signature protects`() async throws {
        let service = try HostedService(TestDatabase.current)
        let pipeline = try await service.pipeline([
            Route(.putEvents) { _ in .empty(status: 202) },
            Route("DELETE", "/dev/inbox", access: .open) { _ in .empty(status: 204) },
        ])
        func preflight(_ method: String, _ target: String) async -> HTTPResponse {
            await pipeline.answer(
                HTTPRequest(
                    method: "OPTIONS", target: target,
                    headers: [
                        "Host": "h", "Origin": "https://shop.example", "Access-Control-Request-Method": method,
                        "Access-Control-Request-Headers": "authorization,x-amz-date",
                    ]))
        }
        let response = await preflight("POST", "/v1/apps/\(Self.app)/events")
        #expect(response.status == 204)
        #expect(response.headers["Access-Control-Allow-Origin"] == "*")
        #expect(response.headers["Access-Control-Allow-Headers"] == "authorization,x-amz-date")
        #expect(response.headers["Access-Control-Allow-Methods"]?.contains("PUT") == true)
        // An open route is not for other origins' pages to call: a preflight that fails keeps browsers away.
        #expect(await preflight("DELETE", "/dev/inbox").status == 405)
        #expect(await preflight("GET", "/nothing").status == 404)
    }

    @Test func `an error tells a browser which of its fields may be read`() async throws {
        let service = try HostedService(TestDatabase.current)
        let request = HTTPRequest(method: "GET", target: "/v2", headers: ["Host": "h"])
        let refused = try await service.pipeline([]).answer(request)
        #expect(refused.headers["Access-Control-Expose-Headers"]?.contains("x-amzn-ErrorType") == true)
    }

    private struct Unexpected: Error {}

    @Test func `an error that nobody expected is a bare 500, with the reason in the log only`() async throws {
        let service = try HostedService(TestDatabase.current)
        let broken = Route("GET", "/broken", access: .open) { _ in throw Unexpected() }
        let response = try await service.pipeline([broken]).answer(HTTPRequest(method: "GET", target: "/broken"))
        #expect(response.status == 500)
        #expect(try HostedService.json(response)["Message"] == "An internal error occurred")
        let fields = try #require(service.log.fields(of: "http.failed"))
        #expect(fields.contains { $0.0 == "request" && $0.1.string == response.headers["x-amzn-RequestId"] })
        #expect(fields.contains { $0.0 == "error" && $0.1.string?.contains("Unexpected") == true })
    }

    @Test func `malformed JSON is a 400 that says where`() async throws {
        let service = try HostedService(TestDatabase.current)
        let create = Route(.createApp) { request in
            .json(try request.json().serialized, status: 201)
        }
        let pipeline = try await service.pipeline([create])
        for (body, expected) in [
            ("{\"Name\":", "Malformed JSON"), ("", "The request body is empty"),
            ("{\"a\":1,\"a\":2}", "Malformed JSON"),
        ] {
            let response = await pipeline.answer(
                service.signed("POST", "/v1/apps", body: body, contentType: "application/json"))
            #expect(response.status == 400)
            #expect(try HostedService.json(response)["Message"]?.string?.hasPrefix(expected) == true)
        }
    }

    @Test func `routes between processes take the token and nothing else`() async throws {
        let service = try HostedService(TestDatabase.current)
        let internalRoute = Route("GET", "/internal/ping", access: .internalService) { _ in .text("pong") }
        let pipeline = try await service.pipeline([internalRoute])
        #expect(await pipeline.answer(service.signed("GET", "/internal/ping")).status == 403)
        let request = HTTPRequest(
            method: "GET", target: "/internal/ping",
            headers: ["Host": "h", "X-Needletail-Service": HostedService.serviceToken])
        let response = await pipeline.answer(request)
        #expect(response.status == 200)
        #expect(response.headers["Access-Control-Allow-Origin"] == nil)
    }

    @Test func `the body limit is the route's`() async throws {
        let service = try HostedService(TestDatabase.current)
        let events = Route(.putEvents, bodyLimitBytes: Limits.eventsBodyBytes) { _ in .empty() }
        let pipeline = try await service.pipeline([events])
        #expect(pipeline.bodyLimit(HTTPRequest(method: "POST", target: "/v1/apps/\(Self.app)/events")) == 4 << 20)
        #expect(pipeline.bodyLimit(HTTPRequest(method: "POST", target: "/v1/apps")) == 7 << 20)
    }

    @Test func `health: alive at once, ready with the schema, not while draining`() async throws {
        let service = try HostedService(TestDatabase.current)
        let pipeline = RequestPipeline(context: service.context, routes: [getApp], readiness: service.readiness)
        func status(_ path: String) async -> Int {
            await pipeline.answer(HTTPRequest(method: "GET", target: path)).status
        }
        #expect(await status("/livez") == 200)
        #expect(await status("/readyz") == 503)
        let early = await pipeline.answer(service.signed("GET", "/v1/apps/\(Self.app)"))
        #expect(early.status == 503)
        #expect(early.headers["Retry-After"] == "1")
        service.readiness.markMigrated()
        #expect(await status("/readyz") == 200)
        #expect(await status("/metrics") == 200)
        service.readiness.markDraining()
        #expect(await status("/readyz") == 503)
        #expect(await status("/livez") == 200)
    }

    @Test func `with the database gone, alive but not ready, and requests are told to come again`() async throws {
        let service = try HostedService(TestDatabase.current)
        let pipeline = try await service.pipeline([getApp])
        await service.context.database.close()
        #expect(await pipeline.answer(HTTPRequest(method: "GET", target: "/livez")).status == 200)
        #expect(await pipeline.answer(HTTPRequest(method: "GET", target: "/readyz")).status == 503)
        #expect(await pipeline.answer(service.signed("GET", "/v1/apps/\(Self.app)")).status >= 500)
    }
}
