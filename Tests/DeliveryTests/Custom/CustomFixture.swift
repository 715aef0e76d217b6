import Core
import Crypto
import HTTPClient
import Model
import Postgres
import Providers
import Queue
import Runtime
import TestKit
import Testing

@testable import Delivery

/// A run of custom messages on a real database, to a real receiver.
struct CustomFixture {
    let delivery: DeliveryFixture
    let peer: WebhookPeer
    let masterKey: MasterKey
    private let hooks: HookPeer?

    init(lambda: Bool = false) async throws {
        delivery = try DeliveryFixture()
        peer = try await WebhookPeer.start()
        hooks = lambda ? try await HookPeer.start() : nil
        masterKey = try MasterKey(bytes: [UInt8](repeating: 7, count: 32))
    }

    func channel(timeout: Duration = CustomChannel.timeout) throws -> CustomChannel {
        // Receivers refuse signatures that are more than five minutes old.
        var environment = delivery.environment
        environment.realNow = SystemEnvironment.realNow
        let metrics = Metrics()
        let rules = OutboundRules(
            allow: try #require(OutboundAllowList("127.0.0.1/32")),
            certificateAuthorityFile: peer.certificateAuthorityFile)
        var tools = ProviderTools(
            client: OutboundClient(rules: rules, environment: environment, metrics: metrics),
            database: delivery.database, environment: environment, metrics: metrics, publicURL: "https://n.example.com")
        if let hooks {
            let key = KeyPair(id: HookPeer.key.id, secret: HookPeer.key.secret)
            tools = ProviderTools(
                client: tools.client, database: tools.database, environment: environment, metrics: metrics,
                publicURL: tools.publicURL,
                aws: AWSAccess(
                    region: "eu-north-1", key: key, sessionToken: HookPeer.sessionToken,
                    lambdaURL: "http://127.0.0.1:\(hooks.plainPort)"))
        }
        let lambda = LambdaFunctions(
            client: HTTPClient(environment: environment, metrics: metrics), access: tools.aws, environment: environment)
        return CustomChannel(tools: tools, lambda: lambda, masterKey: masterKey, timeout: timeout)
    }

    func functionCalls() throws -> [JSON] { try hooks?.calls() ?? [] }

    func plan(_ uri: String, _ policy: DeliveryPolicy = .atMostOnce, data: String = "d") -> RunPlan {
        var plan = delivery.plan(policy)
        var treatment = RunPlan.Treatment(name: nil, sizePercent: 100, email: nil, otherChannels: [])
        treatment.custom = RunPlan.CustomContent(data: data, deliveryURI: uri, endpointTypes: ["EMAIL"])
        plan.treatments = [treatment]
        return plan
    }

    func configure(_ settings: JSONObject, secrets: JSONObject = [:]) async throws {
        let provider = StoredProvider(
            id: ProviderID(high: 4, low: 4), name: "mine", kind: "webhook", settings: settings, secrets: secrets)
        let now = delivery.environment.now()
        try await delivery.database.transaction { session in
            try await session.execute(
                """
                INSERT INTO apps (id, account, name, settings_modified_at, created_at)
                VALUES (\(delivery.app), '000000000000', 'shop', \(now), \(now)) ON CONFLICT DO NOTHING
                """)
            try await ProviderStore.replace(
                delivery.app, channel: "CUSTOM", with: [provider], key: masterKey, now: now, in: session)
        }
    }

    /// By state and reason.
    func outcomes() async throws -> [String: Int64] {
        let rows = try await delivery.database.query(
            "SELECT outcome::int, coalesce(reason, ''), flags::int, count(*) FROM send_outcomes GROUP BY 1, 2, 3")
        var found: [String: Int64] = [:]
        for row in rows {
            let (outcome, reason): (Int32, String) = (try row.get(0), try row.get(1))
            let flags: Int32 = try row.get(2)
            let state = TerminalState(rawValue: Int16(outcome))?.name ?? "?"
            let words = [state, reason, flags == 0 ? "" : "flags \(flags)"].filter { !$0.isEmpty }
            found[words.joined(separator: " ")] = try row.get(3)
        }
        return found
    }
}
