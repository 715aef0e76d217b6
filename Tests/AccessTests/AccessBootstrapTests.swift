import Access
import Core
import Crypto
import EventLoop
import Model
import Postgres
import Runtime
import TestKit
import Testing

@Suite(.database) struct AccessBootstrapTests {
    private let account = "000000000000"
    private let pair = KeyPair(id: "NTKAAAAAAAAAAAAAAAAA", secret: "0123456789abcdefghij")

    private func masterKey(_ byte: UInt8 = 7) throws -> MasterKey {
        try MasterKey(bytes: [UInt8](repeating: byte, count: 32))
    }

    @Test func `the first start makes a pair and an API key, the second nothing`() async throws {
        let test = try TestDatabase.current
        let key = try masterKey()
        let made = try await AccessBootstrap.ensure(
            account: account, masterKey: key, environment: test.environment, in: test.database)
        let created = try #require(made)
        let made2 = try await AccessBootstrap.ensure(
            account: account, masterKey: key, environment: test.environment, in: test.database)
        #expect(made2 == nil)
        let signing = try #require(created.pair)
        #expect(signing.id.utf8.count == 20)
        #expect(signing.secret.utf8.count == 40)
        #expect(KeyPair.list("\(signing.id):\(signing.secret)") == [signing])
        let stored = try #require(try await AccessKeyStore.find(signing.id, in: test.database))
        #expect(try stored.signingSecret(id: signing.id, masterKey: key) == signing.secret)
        let token = try #require(created.apiKey)
        let api = try #require(APIKey(token))
        #expect(try await AccessKeyStore.find(api.id, in: test.database)?.hash == api.hash)
    }

    @Test func `several starts at once make one pair`() async throws {
        let test = try TestDatabase.current
        let key = try masterKey()
        let made = try await withThrowingTaskGroup(of: Bool.self) { group in
            for seed in 0..<4 {
                group.addTask(executorPreference: test.loop) {
                    try await AccessBootstrap.ensure(
                        account: "000000000000", masterKey: key, environment: TestEnvironment.make(seed: UInt64(seed)),
                        in: test.database) != nil
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(made == 1)
        let count: Int = try await test.database.query("SELECT count(*) FROM access_keys")[0].get(0)
        #expect(count == 2)
    }

    @Test func `given pairs are added once and make no further one necessary`() async throws {
        let test = try TestDatabase.current
        let key = try masterKey()
        for _ in 0..<2 {
            try await AccessBootstrap.insertGiven(
                [pair], account: account, masterKey: key, environment: test.environment, in: test.database)
        }
        let made = try await AccessBootstrap.ensure(
            account: account, masterKey: key, environment: test.environment, in: test.database)
        #expect(made?.pair == nil)
        #expect(made?.apiKey != nil)
    }

    @Test func `a given id with another secret is an error that does not show either`() async throws {
        let test = try TestDatabase.current
        let key = try masterKey()
        try await AccessBootstrap.insertGiven(
            [pair], account: account, masterKey: key, environment: test.environment, in: test.database)
        let fault = await #expect(throws: Fault.self) {
            try await AccessBootstrap.insertGiven(
                [KeyPair(id: pair.id, secret: "another-secret-altogether")], account: account, masterKey: key,
                environment: test.environment, in: test.database)
        }
        #expect(fault?.code == .configuration)
        #expect(fault?.publicMessage.contains(pair.id) == true)
        #expect(fault.map { String(reflecting: $0).contains("another-secret") } == false)
    }

    @Test func `a secret that was moved to another row does not open`() async throws {
        let test = try TestDatabase.current
        let key = try masterKey()
        let other = KeyPair(id: "NTKABBBBBBBBBBBBBBBB", secret: "ABCDEFGHIJKLMNOPQRST")
        try await AccessBootstrap.insertGiven(
            [pair, other], account: account, masterKey: key, environment: test.environment, in: test.database)
        try await test.database.execute(
            """
            UPDATE access_keys
               SET secret_sealed = (SELECT secret_sealed FROM access_keys WHERE id = \(other.id))
             WHERE id = \(pair.id)
            """
        )
        let stored = try #require(try await AccessKeyStore.find(pair.id, in: test.database))
        let fault = #expect(throws: Fault.self) { try stored.signingSecret(id: pair.id, masterKey: key) }
        #expect(fault?.code == .integrity)
    }

    @Test func `no secret is stored in the clear`() async throws {
        let test = try TestDatabase.current
        let key = try masterKey()
        try await AccessBootstrap.insertGiven(
            [pair], account: account, masterKey: key, environment: test.environment, in: test.database)
        let created = try await AccessBootstrap.ensure(
            account: account, masterKey: key, environment: test.environment, in: test.database)
        let token = try #require(created?.apiKey)
        let api = try #require(APIKey(token))
        let rows = try await test.database.query(
            "SELECT encode(coalesce(secret_sealed, secret_hash), 'escape') || id FROM access_keys")
        for row in rows {
            let text: String = try row.get(0)
            #expect(!text.contains(pair.secret))
            #expect(!text.contains(api.secret))
        }
    }

    @Test(arguments: ["nt_0123456789abcdef", "", "nt__x_", "pk_0123456789abcdef_0_0", "nt_0123456789abcdeF_x_y"])
    func `what is no API key is told apart without the database`(text: String) {
        #expect(APIKey(text) == nil)
    }
}
