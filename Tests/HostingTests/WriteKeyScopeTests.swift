import Access
import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres
import Runtime
import TestKit
import Testing

/// What each kind of credential may do with each operation.
@Suite(.database) struct WriteKeyScopeTests {
    private static let app = AppID(high: 1, low: 2)
    private static let otherApp = AppID(high: 3, low: 4)
    private static let published: Set<String> = [
        "PutEvents", "UpdateEndpoint", "UpdateEndpointsBatch", "GetInAppMessages",
    ]

    private struct Fixture {
        let service: HostedService
        let pipeline: RequestPipeline
        let key: WriteKey
        let token: String

        init(origins: [String] = []) async throws {
            let service = try HostedService(TestDatabase.current)
            pipeline = try await service.pipeline([])
            let now = service.context.environment.now()
            for app in [WriteKeyScopeTests.app, WriteKeyScopeTests.otherApp] {
                try await service.context.database.execute(
                    """
                    INSERT INTO apps (id, account, name, settings_modified_at, created_at)
                    VALUES (\(app), \(HostedService.account), 'shop', \(now), \(now))
                    """)
            }
            let made = try await service.context.database.transaction { session in
                try await WriteKeyStore.create(
                    WriteKeyRequest(name: nil, origins: origins), app: WriteKeyScopeTests.app,
                    account: HostedService.account, environment: service.context.environment, in: session)
            }
            (key, token) = try #require(made)
            self.service = service
        }

        func answer(
            _ method: String, _ target: String, _ headers: HTTPHeaders, origin: String? = nil
        ) async -> HTTPResponse {
            var headers = headers
            headers.append("Host", "127.0.0.1")
            headers["Origin"] = origin
            return await pipeline.answer(HTTPRequest(method: method, target: target, headers: headers))
        }

        /// What the temporary credentials of this key sign.
        func signed(
            _ credentials: TemporaryCredentials, _ method: String, _ target: String, token: String? = nil
        ) throws -> HTTPRequest {
            let environment = service.context.environment
            let token =
                try token ?? credentials.sessionToken(service.context.masterKey, issuedAt: environment.realNow())
            let extra = [(name: "X-Amz-Security-Token", value: token)]
            var headers: HTTPHeaders = ["Host": "127.0.0.1"]
            let added = SigV4.sign(
                method: method, host: "127.0.0.1", target: target, headers: extra,
                key: KeyPair(id: credentials.accessKeyID, secret: credentials.secret), region: "eu-west-1",
                at: environment.realNow())
            for (name, value) in extra + added { headers.append(name, value) }
            return HTTPRequest(method: method, target: target, headers: headers)
        }

        func credentials(seconds: Int = 3600, app: AppID = WriteKeyScopeTests.app) throws -> TemporaryCredentials {
            let caller = Caller(
                account: HostedService.account, keyID: key.id, region: "us-east-1", kind: .writeKey,
                scope: .publishing(app))
            return try #require(
                TemporaryCredentials.issue(to: caller, seconds: seconds, environment: service.context.environment))
        }
    }

    private func path(_ operation: Operation, app: AppID = Self.app) -> String {
        operation.path.split(separator: "/").map { segment in
            segment == "{application-id}" ? app.description : segment.hasPrefix("{") ? "x" : String(segment)
        }.reduce("") { "\($0)/\($1)" }
    }

    private func code(_ response: HTTPResponse) -> String? { response.headers["x-amzn-ErrorType"] }

    /// Nothing is built here, so that what is let through answers 501.
    @Test func `of all operations a write key has four, and so have the credentials it is swapped for`() async throws {
        let fixture = try await Fixture()
        let credentials = try fixture.credentials()
        for operation in Operation.all {
            let isPublished = Self.published.contains(operation.name)
            let target = path(operation)
            let bare = await fixture.answer(operation.method, target, ["X-Needletail-Write-Key": fixture.token])
            #expect(bare.status == (isPublished ? 501 : 403), "\(operation.name)")
            if !isPublished { #expect(code(bare) == "AccessDeniedException", "\(operation.name)") }
            let temporary = await fixture.pipeline.answer(try fixture.signed(credentials, operation.method, target))
            #expect(temporary.status == bare.status, "\(operation.name) by temporary credentials")
            let whole = await fixture.pipeline.answer(fixture.service.signed(operation.method, target))
            #expect(whole.status == 501, "\(operation.name) by a key of the account")
        }
    }

    @Test func `a key is for its own app only`() async throws {
        let fixture = try await Fixture()
        let other = path(.putEvents, app: Self.otherApp)
        let bare = await fixture.answer("POST", other, ["X-Needletail-Write-Key": fixture.token])
        #expect(bare.status == 403 && code(bare) == "AccessDeniedException")
        let temporary = await fixture.pipeline.answer(try fixture.signed(fixture.credentials(), "POST", other))
        #expect(temporary.status == 403 && code(temporary) == "AccessDeniedException")
        // Sealed for an app that the key is not of: nobody could have made it, and still it is refused.
        let forged = try fixture.signed(fixture.credentials(app: Self.otherApp), "POST", other)
        #expect(code(await fixture.pipeline.answer(forged)) == "UnrecognizedClientException")
    }

    @Test func `a key is taken from the header, as bearer, or from the query`() async throws {
        let fixture = try await Fixture()
        let target = path(.putEvents)
        #expect(await fixture.answer("POST", target, ["X-Needletail-Write-Key": fixture.token]).status == 501)
        #expect(await fixture.answer("POST", target, ["Authorization": "Bearer \(fixture.token)"]).status == 501)
        #expect(await fixture.answer("POST", "\(target)?write-key=\(fixture.token)", [:]).status == 501)
        #expect(code(await fixture.answer("POST", target, [:])) == "MissingAuthenticationTokenException")
        for wrong in ["", "wk_x", fixture.token + "0", "nt" + fixture.token.dropFirst(2)] {
            let response = await fixture.answer("POST", target, ["X-Needletail-Write-Key": wrong])
            #expect(code(response) == "UnrecognizedClientException", "\(wrong)")
        }
    }

    @Test func `an API key is a secret, and not taken where a write key may stand`() async throws {
        let fixture = try await Fixture()
        let context = fixture.service.context
        let api = APIKey.generate(random: context.environment.random)
        try await context.database.transaction { session in
            try await AccessKeyStore.insert(
                api, account: HostedService.account, now: context.environment.realNow(), in: session)
        }
        let target = path(.putEvents)
        #expect(await fixture.answer("POST", target, ["Authorization": "Bearer \(api.token)"]).status == 501)
        #expect(await fixture.answer("POST", "\(target)?write-key=\(api.token)", [:]).status == 403)
        #expect(await fixture.answer("POST", target, ["X-Needletail-Write-Key": api.token]).status == 403)
    }

    @Test func `with origins given, other pages are refused`() async throws {
        let fixture = try await Fixture(origins: ["https://Shop.example:443", "http://localhost:3000"])
        #expect(fixture.key.origins == ["https://shop.example", "http://localhost:3000"])
        let target = path(.putEvents)
        let key: HTTPHeaders = ["X-Needletail-Write-Key": fixture.token]
        for origin in ["https://shop.example", "http://localhost:3000"] {
            #expect(await fixture.answer("POST", target, key, origin: origin).status == 501)
        }
        for origin in ["https://evil.example", "http://shop.example", "https://shop.example.evil", "null", "", nil] {
            #expect(await fixture.answer("POST", target, key, origin: origin).status == 403, "\(origin ?? "none")")
        }
        // A browser leaves it out of a GET to the page's own origin.
        let messages = path(.getInAppMessages)
        #expect(await fixture.answer("GET", messages, key).status == 501)
        #expect(await fixture.answer("GET", messages, key, origin: "https://evil.example").status == 403)
        let temporary = await fixture.pipeline.answer(try fixture.signed(fixture.credentials(), "POST", target))
        #expect(code(temporary) == "AccessDeniedException")
    }

    @Test func `temporary credentials end at their time, with the code that SDKs renew at`() async throws {
        let fixture = try await Fixture()
        let ended = try fixture.signed(fixture.credentials(seconds: 0), "POST", path(.putEvents))
        let response = await fixture.pipeline.answer(ended)
        #expect(response.status == 403)
        #expect(code(response) == "ExpiredTokenException")
        #expect(response.headers["Access-Control-Allow-Origin"] == "*")
    }

    @Test func `a token that was changed, is missing, or is another's opens nothing`() async throws {
        let fixture = try await Fixture()
        let (mine, others) = (try fixture.credentials(), try fixture.credentials())
        let masterKey = fixture.service.context.masterKey
        let now = fixture.service.context.environment.realNow()
        let token = try mine.sessionToken(masterKey, issuedAt: now)
        #expect(TemporaryCredentials.open(token, masterKey) == mine)
        for place in stride(from: 0, to: token.utf8.count, by: 7) {
            var bytes = Array(token.utf8)
            bytes[place] = bytes[place] == 0x41 ? 0x42 : 0x41
            let changed = String(decoding: bytes, as: UTF8.self)
            #expect(TemporaryCredentials.open(changed, masterKey) == nil)
        }
        for wrong in ["", "x", String(token.dropLast()), try others.sessionToken(masterKey, issuedAt: now)] {
            let request = try fixture.signed(mine, "POST", path(.putEvents), token: wrong)
            #expect(code(await fixture.pipeline.answer(request)) == "UnrecognizedClientException")
        }
    }

    @Test func `a revoked key takes its credentials with it`() async throws {
        let fixture = try await Fixture()
        let context = fixture.service.context
        let revoked = try await context.database.transaction { session in
            try await WriteKeyStore.revoke(
                fixture.key.id, app: Self.app, now: context.environment.realNow(), in: session)
        }
        #expect(revoked?.revokedAt != nil)
        let target = path(.putEvents)
        let bare = await fixture.answer("POST", target, ["X-Needletail-Write-Key": fixture.token])
        #expect(code(bare) == "UnrecognizedClientException")
        let temporary = await fixture.pipeline.answer(try fixture.signed(fixture.credentials(), "POST", target))
        #expect(code(temporary) == "UnrecognizedClientException")
    }
}
