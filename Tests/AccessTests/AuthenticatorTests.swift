import Access
import Core
import Crypto
import EventLoop
import HTTPServer
import Model
import PinpointAPI
import Postgres
import Runtime
import TestKit
import Testing

@Suite(.database) struct AuthenticatorTests {
    private static let account = "000000000000"
    private static let token = "a-token-between-processes"

    /// A clock for the cache that tests move.
    private final class Clock: Sendable {
        let microseconds = Lock<Int64>(0)
    }

    private struct Fixture {
        let database: Database
        let masterKey: MasterKey
        let environment: Environment
        let clock = Clock()
        let authenticator: Authenticator

        init(_ test: TestDatabase) throws {
            database = test.database
            masterKey = try MasterKey(bytes: [UInt8](repeating: 7, count: 32))
            environment = TestEnvironment.make(realNow: SignedRequests.signedAt)
            authenticator = Authenticator(
                keys: AccessKeyCache(
                    database: database, masterKey: masterKey, clock: { [clock] in clock.microseconds.withLock { $0 } }),
                environment: environment, account: account, region: "us-east-1", serviceToken: token)
        }

        func addBotocoreKey() async throws {
            try await AccessBootstrap.insertGiven(
                [SignedRequests.key], account: account, masterKey: masterKey, environment: environment, in: database)
        }

        func code(of request: HTTPRequest) async -> String? {
            do {
                _ = try await authenticator.authenticate(request)
                return nil
            } catch {
                return error.code
            }
        }
    }

    private func bearer(_ text: String) -> HTTPRequest {
        HTTPRequest(method: "GET", target: "/v1/apps", headers: ["Host": "h", "Authorization": text])
    }

    /// Nothing listens on port 1: what a lookup meets while Postgres starts anew.
    @Test func `a key that cannot be looked up is asked to come again`() async throws {
        let test = try TestDatabase.current
        let nowhere = Database(
            url: "postgresql://needletail@127.0.0.1:1/x", loop: test.loop, environment: test.environment,
            metrics: test.metrics, poolSize: 1)
        let authenticator = Authenticator(
            keys: AccessKeyCache(database: nowhere, masterKey: try MasterKey(bytes: [UInt8](repeating: 7, count: 32))),
            environment: TestEnvironment.make(realNow: SignedRequests.signedAt), account: Self.account,
            region: "us-east-1", serviceToken: Self.token)
        let key = APIKey.generate(random: test.environment.random)
        let error = await #expect(throws: APIError.self) {
            try await authenticator.authenticate(bearer("Bearer \(key.token)"))
        }
        #expect(error?.status == 503 && error?.code == "ServiceUnavailableException")
        await nowhere.close()
    }

    @Test func `a signed request tells account, key and region`() async throws {
        let fixture = try Fixture(TestDatabase.current)
        try await fixture.addBotocoreKey()
        let signed = try #require(SignedRequests.all.first { $0.name == "another region" })
        let caller = try await fixture.authenticator.authenticate(signed.request)
        #expect(caller.account == Self.account)
        #expect(caller.keyID == SignedRequests.key.id)
        #expect(caller.region == "eu-central-1")
        #expect(caller.kind == .signature)
    }

    @Test func `a key that does not exist, and one that was signed with another secret, get AWS's codes`() async throws
    {
        let fixture = try Fixture(TestDatabase.current)
        let request = try #require(SignedRequests.all.first).request
        #expect(await fixture.code(of: request) == "UnrecognizedClientException")
        let other = KeyPair(id: SignedRequests.key.id, secret: "another secret altogether!")
        try await fixture.database.transaction { session in
            _ = try await AccessKeyStore.insert(
                other, account: Self.account, masterKey: fixture.masterKey, now: fixture.environment.realNow(),
                in: session)
        }
        fixture.clock.microseconds.withLock { $0 += 2_000_000 }
        #expect(await fixture.code(of: request) == "InvalidSignatureException")
    }

    @Test func `a signature under the empty secret of an unknown key is still nobody's`() async throws {
        let fixture = try Fixture(TestDatabase.current)
        let added = SigV4.sign(
            method: "GET", host: "h", target: "/v1/apps", key: KeyPair(id: "NTKANOBODYNOBODYNOBO", secret: ""),
            region: "us-east-1",
            at: SignedRequests.signedAt)
        var headers: HTTPHeaders = ["Host": "h"]
        for (name, value) in added { headers.append(name, value) }
        let request = HTTPRequest(method: "GET", target: "/v1/apps", headers: headers)
        #expect(await fixture.code(of: request) == "UnrecognizedClientException")
    }

    @Test func `a revoked key is refused within five seconds`() async throws {
        let fixture = try Fixture(TestDatabase.current)
        try await fixture.addBotocoreKey()
        let request = try #require(SignedRequests.all.first).request
        #expect(await fixture.code(of: request) == nil)
        let revoked = try await fixture.database.transaction { session in
            try await AccessKeyStore.revoke(
                SignedRequests.key.id, account: Self.account, now: fixture.environment.realNow(), in: session)
        }
        #expect(revoked)
        fixture.clock.microseconds.withLock { $0 += 5_000_000 }
        #expect(await fixture.code(of: request) == "UnrecognizedClientException")
    }

    @Test func `an API key works as bearer token until a digit of it changes`() async throws {
        let fixture = try Fixture(TestDatabase.current)
        let key = APIKey.generate(random: fixture.environment.random)
        try await fixture.database.transaction { session in
            try await AccessKeyStore.insert(key, account: Self.account, now: fixture.environment.realNow(), in: session)
        }
        let caller = try await fixture.authenticator.authenticate(bearer("Bearer \(key.token)"))
        #expect(caller.kind == .apiKey)
        #expect(caller.account == Self.account)
        var token = Array(key.token.utf8)
        token[30] = token[30] == 0x30 ? 0x31 : 0x30
        #expect(
            await fixture.code(of: bearer("Bearer \(String(decoding: token, as: UTF8.self))"))
                == "UnrecognizedClientException")
        let stranger = APIKey.generate(random: { SecureRandom.bytes($0) })
        #expect(await fixture.code(of: bearer("Bearer \(stranger.token)")) == "UnrecognizedClientException")
    }

    @Test func `an API key's id with another secret is refused`() async throws {
        let fixture = try Fixture(TestDatabase.current)
        let key = APIKey.generate(random: fixture.environment.random)
        try await fixture.database.transaction { session in
            try await AccessKeyStore.insert(key, account: Self.account, now: fixture.environment.realNow(), in: session)
        }
        let secret = String(repeating: "0", count: 64)
        let crc = CRC32.checksum("\(key.id)_\(secret)".utf8)
        let text = String(crc, radix: 16)
        let padded = String(repeating: "0", count: 8 - text.count) + text
        let forged = try #require(APIKey("nt_\(key.id)_\(secret)_\(padded)"))
        #expect(await fixture.code(of: bearer("Bearer \(forged.token)")) == "UnrecognizedClientException")
    }

    @Test(arguments: ["", "Basic dXNlcjpwYXNz", "Bearer", "Bearer a b"])
    func `other credentials are refused`(text: String) async throws {
        let fixture = try Fixture(TestDatabase.current)
        #expect(await fixture.code(of: bearer(text)) == "IncompleteSignatureException")
        let bare = HTTPRequest(method: "GET", target: "/v1/apps", headers: ["Host": "h"])
        #expect(await fixture.code(of: bare) == "MissingAuthenticationTokenException")
    }

    @Test func `calls between processes need the token, and there must be one`() async throws {
        let fixture = try Fixture(TestDatabase.current)
        func request(_ token: String?) -> HTTPRequest {
            var headers: HTTPHeaders = ["Host": "h"]
            headers[Authenticator.serviceHeader] = token
            return HTTPRequest(method: "GET", target: "/internal/x", headers: headers)
        }
        #expect(try fixture.authenticator.authenticateService(request(Self.token)).kind == .service)
        #expect(throws: APIError.self) { try fixture.authenticator.authenticateService(request(Self.token + "x")) }
        #expect(throws: APIError.self) { try fixture.authenticator.authenticateService(request(nil)) }
        let unset = Authenticator(
            keys: AccessKeyCache(database: fixture.database, masterKey: fixture.masterKey),
            environment: fixture.environment,
            account: Self.account, region: "us-east-1", serviceToken: nil)
        #expect(throws: APIError.self) { try unset.authenticateService(request("")) }
    }
}
