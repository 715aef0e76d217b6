import Core
import Model
import Postgres
import TestKit
import Testing

@testable import CampaignScheduler

@Suite(.database) struct WriteKeyTests {
    @Test func `a key is made, shown once, listed and revoked`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let path = "/v1/apps/\(try await service.createApp())/write-keys"
            let made = try await service.call(
                "POST", path,
                ["Name": "web shop", "AllowedOrigins": ["https://shop.example:443", "https://SHOP.example"]])
            #expect(made.status == 201)
            #expect(made.header("Cache-Control") == "no-store")
            let token = try #require(made.json["WriteKey"]?.string)
            #expect(APIKey(token)?.form == .write)
            let id = try #require(made.json["Id"]?.string)
            #expect(made.json["AllowedOrigins"] == ["https://shop.example"])
            let listed = try await service.call("GET", path).json["Item"]?.array ?? []
            #expect(listed.count == 1)
            #expect(listed.first?["Id"]?.string == id)
            #expect(listed.first?["Name"] == "web shop")
            #expect(listed.first?["WriteKey"] == nil)
            let stored = try await TestDatabase.current.database.query(
                "SELECT secret_hash, secret_sealed IS NULL FROM access_keys WHERE id = \(id)")[0]
            #expect(try stored.get(0) as [UInt8] == APIKey(token)?.hash)
            #expect(try stored.get(1) as Bool)
            let revoked = try await service.call("DELETE", "\(path)/\(id)")
            #expect(revoked.status == 200)
            #expect(revoked.json["RevocationDate"]?.string != nil)
            #expect(try await service.call("DELETE", "\(path)/\(id)").status == 404)
        }
    }

    @Test func `without a body a key has neither name nor origins`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let made = try await service.call("POST", "/v1/apps/\(try await service.createApp())/write-keys")
            #expect(made.status == 201)
            #expect(made.json["Name"] == nil)
            #expect(made.json["AllowedOrigins"] == [])
        }
    }

    @Test func `keys page, oldest first, and another app's are not among them`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let (app, other) = (try await service.createApp(), try await service.createApp())
            var made: [String] = []
            for _ in 0..<5 {
                let answer = try await service.call("POST", "/v1/apps/\(app)/write-keys")
                made.append(try #require(answer.json["Id"]?.string))
            }
            _ = try await service.call("POST", "/v1/apps/\(other)/write-keys")
            var (seen, token): ([String], String?) = ([], nil)
            repeat {
                let query = "page-size=2" + (token.map { "&token=\($0)" } ?? "")
                let page = try await service.call("GET", "/v1/apps/\(app)/write-keys?\(query)").json
                let items = page["Item"]?.array ?? []
                #expect(items.count <= 2)
                seen += items.compactMap { $0["Id"]?.string }
                token = page["NextToken"]?.string
            } while token != nil
            #expect(seen.sorted() == made.sorted())
            let foreign = try await service.call("DELETE", "/v1/apps/\(other)/write-keys/\(made[0])")
            #expect(foreign.status == 404)
        }
    }

    @Test func `an app has at most 100 live keys`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let app = try await service.createApp()
            let path = "/v1/apps/\(app)/write-keys"
            let first = try #require(try await service.call("POST", path).json["Id"]?.string)
            try await TestDatabase.current.database.execute(
                """
                INSERT INTO access_keys (id, account, kind, app, created_at)
                SELECT 'k' || n, \(ServiceUnderTest.account), 'WRITE', \(app)::uuid, '1998-07-01'
                  FROM generate_series(2, 100) n
                """)
            let refused = try await service.call("POST", path)
            #expect(refused.status == 400)
            #expect(refused.message.contains("100 write keys"))
            #expect(try await service.call("DELETE", "\(path)/\(first)").status == 200)
            #expect(try await service.call("POST", path).status == 201)
        }
    }

    @Test(
        arguments: [
            (["Name": ""], "Name must have 1 to 64 characters"),
            (["Name": 5], "Name must be a string"),
            (["AllowedOrigins": "https://a.example"], "AllowedOrigins must be a JSON array"),
            (["AllowedOrigins": [1]], "AllowedOrigins[0] must be a string"),
            (
                ["AllowedOrigins": ["https://a.example", "https://a.example/shop"]],
                "AllowedOrigins[1] must be an origin"
            ),
            (["AllowedOrigins": ["*"]], "AllowedOrigins[0] must be an origin"),
            (["AllowedOrigins": ["null"]], "AllowedOrigins[0] must be an origin"),
            (["AllowedOrigins": ["https://a.example:99999"]], "AllowedOrigins[0] must be an origin"),
            (["Origins": []], "Origins is not known"),
            ([], "must be a JSON object"),
        ] as [(JSON, String)])
    func `a bad request is a 400 that names the member`(body: JSON, message: String) async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let answer = try await service.call("POST", "/v1/apps/\(try await service.createApp())/write-keys", body)
            #expect(answer.status == 400)
            #expect(answer.message.contains(message), "\(answer.message)")
        }
    }

    @Test func `keys go with their app`() async throws {
        try await ServiceUnderTest.run(ControlRoutes.all) { service in
            let app = try await service.createApp()
            _ = try await service.call("POST", "/v1/apps/\(app)/write-keys")
            _ = try await service.call("DELETE", "/v1/apps/\(app)")
            #expect(try await service.call("GET", "/v1/apps/\(app)/write-keys").status == 404)
            let database = try TestDatabase.current.database
            try await AppPurge.purge(#require(AppID(app)), in: database)
            #expect(try await database.query("SELECT 1 FROM access_keys WHERE app IS NOT NULL").isEmpty)
        }
    }
}
