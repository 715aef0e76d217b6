import Core
import EventLoop
import Model
import Postgres
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct AppTests {
    @Test func `an app is created, read, listed and deleted with the same answer throughout`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let created = try await service.call("POST", "/v1/apps", ["Name": "shop", "tags": ["team": "growth"]])
            #expect(created.status == 201)
            let id = try #require(created.json["Id"]?.string)
            let expected: JSON = [
                "Arn": .string("arn:aws:mobiletargeting:eu-west-1:123456789012:apps/\(id)"), "Id": .string(id),
                "Name": "shop", "tags": ["team": "growth"], "CreationDate": "1998-07-01T00:00:00.000Z",
            ]
            #expect(created.json == expected)
            #expect(created.header("x-amzn-RequestId") != nil)

            #expect(try await service.call("GET", "/v1/apps/\(id)").json == expected)
            #expect(try await service.call("GET", "/v1/apps").json == ["Item": [expected]])

            let deleted = try await service.call("DELETE", "/v1/apps/\(id)")
            #expect(deleted.status == 200)
            #expect(deleted.json == expected)
            for (method, path) in [("GET", ""), ("DELETE", ""), ("GET", "/settings"), ("GET", "/channels")] {
                let gone = try await service.call(method, "/v1/apps/\(id)\(path)")
                #expect(gone.status == 404)
                #expect(gone.header("x-amzn-ErrorType") == "NotFoundException")
                #expect(gone.message == "Application not found")
            }
            #expect(try await service.call("GET", "/v1/apps").json == ["Item": []])
        }
    }

    @Test func `apps are listed in pages, and what is no page is refused`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            var made: [String] = []
            for number in 0..<5 { made.append(try await service.createApp("app \(number)")) }
            var seen: [String] = []
            var token: String?
            var pages = 0
            repeat {
                let next = token.map { "&token=\($0)" } ?? ""
                let page = try await service.call("GET", "/v1/apps?page-size=2\(next)").json
                seen += page["Item"]?.array?.compactMap { $0["Id"]?.string } ?? []
                token = page["NextToken"]?.string
                pages += 1
            } while token != nil && pages < 10
            #expect(pages == 3)
            #expect(seen.sorted() == made.sorted())
            for query in ["page-size=0", "page-size=two", "token=AAAA", "page-size=%ff", "token=%00"] {
                let refused = try await service.call("GET", "/v1/apps?\(query)")
                #expect(refused.status == 400, "\(query)")
                #expect(refused.header("x-amzn-ErrorType") == "BadRequestException")
            }
        }
    }

    @Test(arguments: [
        (#"{"Name":7}"#, "Name"), (#"{}"#, "Name"), (#"{"Name":""}"#, "Name"), (#"{"Name":null}"#, "Name"),
        (#"[]"#, "object"),
        (#"{"Name":"a""#, "Malformed JSON"), (#"{"Name":"a\u0000"}"#, "Malformed JSON"), ("", "empty"),
        (#"{"Name":"a","tags":{"aws:x":"1"}}"#, "tags.aws:x"), (#"{"Name":"a","tags":{"x":1}}"#, "tags.x"),
    ])
    func `a bad app is refused with a message that names the place, and nothing is stored`(
        body: String, named: String
    ) async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let refused = try await service.send("POST", "/v1/apps", Array(body.utf8))
            #expect(refused.status == 400)
            #expect(refused.header("x-amzn-ErrorType") == "BadRequestException")
            #expect(refused.message.contains(named), "\(refused.message)")
            let count: Int = try await TestDatabase.current.database.query("SELECT count(*) FROM apps")[0].get(0)
            #expect(count == 0)
        }
    }

    @Test func `limits, wrong verbs, wrong ids, strangers and what is not built`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let long = try await service.call("POST", "/v1/apps", ["Name": .string(String(repeating: "a", count: 257))])
            #expect(long.status == 400)
            #expect(long.message.contains("Name"))
            #expect(try await service.send("POST", "/v1/apps", [0x22, 0xFF, 0x22]).status == 400)
            let large = try await service.send("POST", "/v1/apps", [UInt8](repeating: 0x20, count: 8 << 20))
            #expect(large.status == 413)
            #expect(large.header("x-amzn-ErrorType") == "PayloadTooLargeException")
            #expect(try await service.call("PUT", "/v1/apps").status == 405)
            #expect(try await service.call("GET", "/v1/apps/ABC").message == "Application not found")
            #expect(try await service.call("GET", "/v1/apps", isSigned: false).status == 403)
            let id = try await service.createApp()
            let unbuilt = try await service.call("GET", "/v1/apps/\(id)/journeys")
            #expect(unbuilt.status == 501)
            #expect(unbuilt.header("x-amzn-ErrorType") == "NotImplementedException")
            #expect(try await service.call("POST", "/v1/recommenders", ["Name": "b"]).status == 501)
        }
    }

    @Test func `settings have their three objects from the start, and an update leaves what it does not name`()
        async throws
    {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let path = "/v1/apps/\(try await service.createApp())/settings"
            let empty = try await service.call("GET", path).json
            #expect(empty["CampaignHook"] == [:])
            #expect(empty["Limits"] == [:])
            #expect(empty["QuietTime"] == [:])
            #expect(empty["LastModifiedDate"] == "1998-07-01T00:00:00.000Z")
            #expect(try await service.call("PUT", path, [:]).json == empty)

            let first = try await service.call(
                "PUT", path, ["Limits": ["Daily": 3, "Total": 100], "CloudWatchMetricsEnabled": true])
            #expect(first.status == 200)
            #expect(first.json["Limits"] == ["Daily": 3, "Total": 100])
            #expect(first.json["CloudWatchMetricsEnabled"] == nil)
            let second = try await service.call("PUT", path, ["QuietTime": ["Start": "22:00", "End": "06:30"]]).json
            #expect(second["Limits"] == ["Daily": 3, "Total": 100])
            #expect(second["QuietTime"] == ["End": "06:30", "Start": "22:00"])
            #expect(try await service.call("GET", path).json == second)
        }
    }

    @Test func `bad settings are refused by name and change nothing`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let path = "/v1/apps/\(try await service.createApp())/settings"
            let before = try await service.call("GET", path).json
            let cases: [(JSON, String)] = [
                (["Limits": ["Daily": 101]], "Limits.Daily"), (["Limits": ["Total": -1]], "Limits.Total"),
                (["Limits": ["MaximumDuration": 59]], "Limits.MaximumDuration"),
                (["Limits": ["MessagesPerSecond": 20001]], "Limits.MessagesPerSecond"),
                (["Limits": ["Daily": "3"]], "Limits.Daily"),
                (["CampaignHook": ["Mode": "NEVER"]], "CampaignHook.Mode"),
                (["CampaignHook": ["WebUrl": "example.com"]], "CampaignHook.WebUrl must be a URL"),
                (["CampaignHook": ["WebUrl": "https://a", "LambdaFunctionName": "f"]], "CampaignHook must have"),
                (["QuietTime": ["Start": "24:00", "End": "06:00"]], "QuietTime.Start"),
                (["QuietTime": ["Start": "22:00"]], "QuietTime.End"),
                (["Needletail": ["Speed": 1]], "Needletail.Speed"),
            ]
            for (body, named) in cases {
                let refused = try await service.call("PUT", path, body)
                #expect(refused.status == 400, "\(body.text)")
                #expect(refused.message.contains(named), "\(refused.message)")
            }
            #expect(try await service.call("GET", path).json == before)
        }
    }

    @Test func `the e-mail channel is not there, then there, then gone, and its version goes on`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let app = try await service.createApp()
            let path = "/v1/apps/\(app)/channels/email"
            let inApp: JSON = ["Enabled": true, "IsArchived": false, "Version": 0]
            #expect(try await service.call("GET", path).message == "Resource not found")
            #expect(try await service.call("DELETE", path).status == 404)
            #expect(try await service.call("GET", "/v1/apps/\(app)/channels").json == ["Channels": ["IN_APP": inApp]])

            let identity = "arn:aws:ses:us-east-1:123456789012:identity/example.com"
            let request: JSON = ["FromAddress": "Shop <shop@example.com>", "Identity": .string(identity)]
            let first = try await service.call("PUT", path, request)
            #expect(first.status == 200)
            let expected: JSON = [
                "ApplicationId": .string(app), "CreationDate": "1998-07-01T00:00:00.000Z", "Enabled": true,
                "FromAddress": "Shop <shop@example.com>", "HasCredential": false, "Id": "email",
                "Identity": .string(identity), "IsArchived": false, "LastModifiedDate": "1998-07-01T00:00:00.000Z",
                "Platform": "EMAIL", "Version": 1,
            ]
            let members = try #require(first.json.object)
            #expect(Set(members.members) == Set(expected.object?.members ?? []))
            var off = try #require(request.object)
            off["Enabled"] = false
            let second = try await service.call("PUT", path, .object(off)).json
            #expect(second["Version"] == 2)
            #expect(second["Enabled"] == false)
            let listed = try await service.call("GET", "/v1/apps/\(app)/channels").json["Channels"]
            #expect(listed?["EMAIL"]?["Version"] == 2)
            #expect(listed?["IN_APP"] == inApp)

            #expect(try await service.call("DELETE", path).json["Version"] == 2)
            #expect(try await service.call("GET", path).status == 404)
            #expect(try await service.call("PUT", path, request).json["Version"] == 3)
            for (body, named) in [
                (["Identity": "x"] as JSON, "FromAddress"), (["FromAddress": "a@example.com"], "Identity"),
                (["FromAddress": "nobody", "Identity": "x"], "FromAddress"),
                (["FromAddress": "a@example.com", "Identity": ""], "Identity"),
                (["FromAddress": "a@example.com", "Identity": "x", "Enabled": "yes"], "Enabled"),
                (["FromAddress": "a@example.com\r\nBcc: b@example.com", "Identity": "x"], "FromAddress"),
            ] {
                let refused = try await service.call("PUT", path, body)
                #expect(refused.status == 400, "\(body.text)")
                #expect(refused.message.contains(named), "\(refused.message)")
            }
        }
    }

    @Test func `a deleted app's rows go, and no other app's`() async throws {
        let database = try TestDatabase.current.database
        let now = Instant(seconds: 899_251_200)
        let (app, other) = (AppID(high: 1, low: 1), AppID(high: 1, low: 2))
        let day = Day(year: 1998, month: 6, day: 29)
        let partitions = Partitions(database)
        try await partitions.ensure(.events, for: day)
        try await partitions.ensure(.sendOutcomes, for: day)
        for id in [app, other] {
            try await database.transaction { session in
                try await AppStore.create(
                    StoredApp(id: id, account: "123456789012", name: "a", tags: [:], createdAt: now), in: session)
                try await Self.fill(id, day: day, now: now, in: session)
            }
        }
        #expect(try await Self.count(app, in: database) == 6022)
        let deleted = try await database.transaction { session in
            try await AppStore.delete(app, account: "123456789012", now: now, in: session)
        }
        #expect(deleted?.id == app)
        let state: String = try await database.query("SELECT state FROM runs WHERE app = \(app)")[0].get(0)
        #expect(state == "CANCELLED")
        #expect(try await AppPurge.next(now: now, in: database) == nil, "the grace is not over")
        #expect(try await AppPurge.next(now: now + AppPurge.grace, in: database) == app)
        #expect(try await AppPurge.purge(app, in: database) == 6022)
        #expect(try await Self.count(app, in: database) == 0)
        #expect(try await Self.count(other, in: database) == 6022)
        #expect(try await AppPurge.next(now: now + .seconds(86_400), in: database) == nil)
    }

    /// More endpoints than a batch, and a row or some of everything else.
    private static func fill(_ app: AppID, day: Day, now: Instant, in session: Session) async throws {
        let id = SegmentID(high: 9, low: app.low)
        let hex = id.description
        let statements: [SQL] = [
            """
            INSERT INTO endpoints (app, endpoint_key, external_id, cohort, effective_at, created_at)
            SELECT \(app), n, n::text, 1, \(now), \(now) FROM generate_series(1, 6000) n
            """,
            "INSERT INTO users (app, user_id, modified_at) VALUES (\(app), 'u', \(now))",
            """
            INSERT INTO suppressions (app, channel, address_hash, reason, created_at)
            VALUES (\(app), 'EMAIL', 'x', 'COMPLAINT', \(now))
            """,
            """
            INSERT INTO events (week, endpoint_key, id, app, type, at, received_at)
            SELECT \(day), \(Int64(app.low)), md5(n::text)::uuid, \(app), 't', \(now), \(now) FROM generate_series(1, 3) n
            """,
            """
            INSERT INTO rollups (app, source, source_id, run, treatment, type, minute, n)
            VALUES (\(app), 'app', \(app), \(app), '0', 't', \(now), 1)
            """,
            """
            INSERT INTO engagements (app, run, endpoint_key, type, treatment, first_at)
            VALUES (\(app), \(app), 1, 't', '0', \(now))
            """,
            """
            INSERT INTO cap_reservations (app, endpoint_key, run, chunk, ordinal, campaign, at, is_kept)
            VALUES (\(app), 1, \(id), 0, 0, \(id), \(now), true)
            """,
            "INSERT INTO segments (app, id, version, created_at) VALUES (\(app), \(id), 1, \(now))",
            """
            INSERT INTO segment_versions (app, id, version, definition, created_at) VALUES (\(app), \(id), 1, '{}', \(now))
            """,
            "INSERT INTO tags (account, arn) VALUES ('123456789012', \("apps/\(app)/segments/\(hex)"))",
            "INSERT INTO campaigns (app, id, version, status, created_at) VALUES (\(app), \(id), 1, 'EXECUTING', \(now))",
            """
            INSERT INTO campaign_versions (app, id, version, definition, created_at) VALUES (\(app), \(id), 1, '{}', \(now))
            """,
            """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at, started_at)
            VALUES (\(app), \(id), \(id), 1, 'x', \(day), 'RUNNING', '{}', \(now), \(now))
            """,
            """
            INSERT INTO campaign_schedules (app, campaign, treatment, treatments, frequency)
            VALUES (\(app), \(id), 0, '{-1,0}', 'DAILY')
            """,
            "INSERT INTO run_zones (app, run, treatment, zone, slot) VALUES (\(app), \(id), 0, 'Asia/Tokyo', 1)",
            """
            INSERT INTO run_chunks (app, run, chunk, treatment, first_key, last_key, size, digest)
            VALUES (\(app), \(id), 0, 0, 1, 1, 1, 'x')
            """,
            "INSERT INTO jobs (queue, kind, due_at, app, run) VALUES ('q', 'k', \(now), \(app), \(id))",
            "INSERT INTO rate_buckets (app, name, next_at) VALUES (\(app), 'run:x', \(now))",
            """
            INSERT INTO send_outcomes (run_day, endpoint_key, app, run, chunk, ordinal, treatment, outcome, at)
            VALUES (\(day), 1, \(app), \(id), 0, 0, 0, 1, \(now))
            """,
            """
            INSERT INTO channels (app, type, configuration, enabled, created_at, modified_at)
            VALUES (\(app), 'EMAIL', '{}', true, \(now), \(now))
            """,
        ]
        for statement in statements { try await session.execute(statement) }
    }

    private static func count(_ app: AppID, in database: Database) async throws -> Int {
        let tables: [SQL] = [
            "endpoints", "users", "suppressions", "cap_reservations", "events", "rollups", "engagements", "segments",
            "segment_versions",
            "campaigns", "campaign_versions", "campaign_schedules", "runs", "run_chunks", "run_zones", "jobs",
            "send_outcomes", "channels", "rate_buckets",
        ]
        var count: Int = try await database.query("SELECT count(*) FROM apps WHERE id = \(app)")[0].get(0)
        let resources = "apps/\(app)/"
        count += try await database.query("SELECT count(*) FROM tags WHERE starts_with(arn, \(resources))")[0].get(0)
        for table in tables {
            count += try await database.query("SELECT count(*) FROM \(table) WHERE app = \(app)")[0].get(0)
        }
        return count
    }
}
