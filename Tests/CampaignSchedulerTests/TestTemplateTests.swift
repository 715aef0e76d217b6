import Core
import Crypto
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct TestTemplateTests {
    private static let email: JSON = ["Subject": "Hi {{Id}}", "TextPart": "T"]
    private static let path = "/v1/templates/hello/email/test"

    /// An app with an e-mail channel, a template, and endpoints `e 0` to `e 11`.
    private func prepare(_ service: ServiceUnderTest) async throws -> String {
        let app = try await service.createApp()
        let channel: JSON = ["FromAddress": "shop@example.com", "Identity": "example.com"]
        #expect(try await service.call("PUT", "/v1/apps/\(app)/channels/email", channel).status == 200)
        #expect(try await service.call("POST", "/v1/templates/hello/email", Self.email).status == 201)
        let (id, test) = (try #require(AppID(app)), try TestDatabase.current)
        let now = test.environment.now()
        for number in 0...11 {
            let name = "e \(number)"
            try await test.database.execute(
                """
                INSERT INTO endpoints (app, endpoint_key, external_id, channel_type, address, cohort, effective_at, created_at)
                VALUES (\(id), \(EndpointIdentity(app: id, id: name).key), \(name), 'EMAIL', 'a@example.com', 1, \(now), \(now))
                """
            )
        }
        return app
    }

    private func body(_ app: String, _ endpoints: [String], _ changes: JSONObject = [:]) -> JSON {
        var object: JSONObject = ["ApplicationId": .string(app), "EndpointIds": endpoints.json]
        for member in changes.members { object[member.key] = member.value }
        return .object(object)
    }

    @Test func `a test send is a run of its own, with its recipients planned and a job before all others`() async throws
    {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let app = try await prepare(service)
            let sent = try await service.call("POST", Self.path, body(app, ["e 2", "e 0", "e 1"]))
            #expect(sent.status == 202, "\(sent.text)")
            let run = try #require(sent.json["RunId"]?.string.flatMap { RunID($0) })
            #expect(
                sent.json == [
                    "ApplicationId": .string(app), "CampaignId": "00000000000000000000000000000000",
                    "EndpointIds": ["e 2", "e 0", "e 1"], "RunId": .string(run.description), "TemplateName": "hello",
                    "TemplateType": "EMAIL", "Version": "1",
                ])
            let (id, database) = (try #require(AppID(app)), try TestDatabase.current.database)
            let plan = try #require(try await database.withSession { try await RunStore.plan(id, run: run, in: $0) })
            #expect(plan.treatments.map(\.email?.subject) == ["Hi {{Id}}"])
            #expect(plan.rules == RunRules())
            let jobs = try await database.query("SELECT priority, recipients, run FROM jobs")
            #expect(jobs.count == 1)
            let keys: [Int64] = try jobs[0].get(1)
            #expect(try jobs[0].get(0) as Int16 == 0)
            #expect(keys == ["e 0", "e 1", "e 2"].map { EndpointIdentity(app: id, id: $0).key }.sorted())
            #expect(try jobs[0].get(2) as RunID == run)
            let digest = SHA256.hash(
                keys.flatMap { key in (0..<8).map { UInt8(truncatingIfNeeded: key >> (56 - 8 * $0)) } })
            let chunk: [UInt8] = try await database.query("SELECT digest FROM run_chunks")[0].get(0)
            #expect(chunk == digest)
            let sheet = try #require(try await database.withSession { try await Ledger.balance(id, run: run, in: $0) })
            #expect((sheet.plannedTotal, sheet.open, sheet.balances) == (3, 3, true))
        }
    }

    @Test func `unsaved text is sent without a template, other types name their channel`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let app = try await prepare(service)
            let unsaved: JSONObject = ["Content": ["Subject": "New", "TextPart": "{{Address}}"]]
            let sent = try await service.call("POST", "/v1/templates/new/EMAIL/test", body(app, ["e 0"], unsaved))
            #expect(sent.status == 202, "\(sent.text)")
            #expect(sent.json["Version"] == nil)
            let channels: [(String, JSON, Set<String>)] = [
                ("sms", ["Body": "x"], ["SMS"]), ("voice", ["Body": "x"], ["VOICE"]),
                ("push", ["GCM": ["Body": "x"]], ["GCM"]), ("inapp", ["Layout": "CAROUSEL"], ["IN_APP"]),
            ]
            let (id, database) = (try #require(AppID(app)), try TestDatabase.current.database)
            for (type, content, expected) in channels {
                let sent = try await service.call(
                    "POST", "/v1/templates/new/\(type)/test", body(app, ["e 0"], ["Content": content]))
                let run = try #require(sent.json["RunId"]?.string.flatMap { RunID($0) }, "\(sent.text)")
                let plan = try await database.withSession { try await RunStore.plan(id, run: run, in: $0) }
                #expect(plan?.treatments.first?.channels == expected)
                #expect(plan?.treatments.first?.email == nil)
            }
        }
    }

    @Test func `what cannot be sent is refused by name, and nothing is stored`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let app = try await prepare(service)
            let other = try await service.createApp("other")
            let bad: [(JSON, Int, String)] = [
                (body(app, []), 400, "EndpointIds must have 1 to 10 endpoints; got 0"),
                (body(app, (0...10).map { "e \($0)" }), 400, "EndpointIds must have 1 to 10 endpoints; got 11"),
                (body(app, ["e 0", "e 0"]), 400, "EndpointIds[1] is there twice"),
                (body(app, ["e 0", "e 12"]), 400, "EndpointIds[1] is no endpoint of the app"),
                (body(app, ["e 0"], ["Version": "x"]), 400, "Version must be latest or the number"),
                (body(app, ["e 0"], ["Version": "2"]), 404, "Resource not found"),
                (body(app, ["e 0"], ["Version": "1", "Content": ["Subject": "x"]]), 400, "Version and Content cannot"),
                (body(app, ["e 0"], ["Content": ["Subject": "{{", "TextPart": "x"]]), 400, "Subject is not a valid"),
                (body(app, ["e 0"], ["Content": ["Subject": "x"]]), 400, "HtmlBody or Body is required"),
                (body(app, ["e 0"], ["Endpoints": []]), 400, "Endpoints is not known"),
                (["ApplicationId": .string(app)], 400, "EndpointIds is required"),
                (["EndpointIds": ["e 0"]], 400, "ApplicationId is required"),
                (body("x", ["e 0"]), 404, "Application not found"),
                (body(other, ["e 0"]), 400, "The app has no e-mail channel"),
            ]
            for (request, status, message) in bad {
                let refused = try await service.call("POST", Self.path, request)
                #expect(refused.status == status, "\(message)")
                #expect(refused.message.contains(message), "\(refused.message)")
            }
            #expect(try await service.call("POST", "/v1/templates/none/email/test", body(app, ["e 0"])).status == 404)
            #expect(try await service.call("POST", "/v1/templates/hello/fax/test", body(app, ["e 0"])).status == 400)
            let stored = try await TestDatabase.current.database.query("SELECT FROM runs UNION ALL SELECT FROM jobs")
            #expect(stored.isEmpty)
        }
    }
}
