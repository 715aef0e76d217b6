import Core
import EventLoop
import HTTPClient
import Postgres
import Providers
import Runtime
import TestKit
import Testing

/// What providers are made with when their services are on loopback.
enum PushTools {
    /// No test of a provider asks the database.
    static func make(_ peer: PushPeer, _ loop: EventLoop, now: Instant) throws -> ProviderTools {
        let environment = TestEnvironment.make(now: now)
        let allow = try #require(OutboundAllowList("127.0.0.1/32,::1/128"))
        let client = OutboundClient(
            rules: OutboundRules(allow: allow, certificateAuthorityFile: peer.certificateAuthorityFile),
            environment: environment, metrics: Metrics())
        let database = Database(
            url: "postgresql://127.0.0.1:1/none", loop: loop, environment: environment, metrics: Metrics())
        return ProviderTools(
            client: client, database: database, environment: environment, metrics: Metrics(),
            publicURL: "https://n.example")
    }
}
