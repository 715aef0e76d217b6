import Core
package import Crypto
import EventLoop
import HTTPClient
package import Model
package import Postgres
package import Providers
package import Queue

/// Custom messages: the people of a campaign, up to 50 to a call, handed to the customer's own webhook or Lambda function.
///
/// A call carries a name of its content (`webhook-id`): the same people in the same order have the same on every attempt. Where the
/// receiver promises to take no name twice (`Idempotent`), a call carries one person: whatever the gate says of others in between,
/// a person's second call is the same as the first, so that neither a lost answer nor a crash needs a guess.
package struct CustomChannel: DeliveryChannel {
    /// Pinpoint: endpoints of one call.
    package static let peoplePerCall = 50
    /// Pinpoint: 15 seconds for a call.
    package static let timeout: Duration = .seconds(15)
    /// Of an answer nothing but its status is read.
    static let answerLimitBytes = 64 << 10
    /// Calls in flight for one window.
    static let callsAtOnce = 100

    package let queue = JobQueue.custom
    package let sharesRetries = true
    let tools: ProviderTools
    let lambda: LambdaFunctions
    let references: SendReferences
    let receivers: CustomReceivers
    /// Several calls are in flight at once, so that one broken connection is several failures. Short pauses: only this receiver's
    /// people wait for it, and jobs that find nobody are paced anyway.
    let breakers = CircuitBreakers(
        CircuitBreaker.Terms(opensAfter: 20, firstPause: .seconds(1), longestPause: .seconds(30)))
    let timeout: Duration

    package init(
        tools: ProviderTools, lambda: LambdaFunctions, masterKey: MasterKey, timeout: Duration = Self.timeout
    ) {
        self.timeout = timeout
        self.tools = tools
        self.lambda = lambda
        references = SendReferences(masterKey: masterKey)
        receivers = CustomReceivers(database: tools.database, masterKey: masterKey)
    }

    package func prepare(_ plan: RunPlan) throws -> any PreparedRun { CustomRun(channel: self, plan: plan) }

    /// Functions have no place for a key.
    package func honoursKeys(_ plan: RunPlan, _ cause: SendCause, in session: Session) async throws -> Bool {
        let index = Int(cause.treatment)
        guard plan.treatments.indices.contains(index), let content = plan.treatments[index].custom,
            case .webhook = CustomTarget(content.deliveryURI)
        else { return false }
        let settings = try await ProviderStore.settings(
            plan.app, channel: WebhookProvider.channelType, kind: WebhookProvider.name, in: session)
        return settings.map(WebhookProvider.isIdempotent) ?? false
    }
}

/// How an app's webhooks are signed and what they promise, as configured now: a change holds within a second.
package final class CustomReceivers: Sendable {
    struct Terms: Sendable {
        let signature: WebhookSignature
        let isIdempotent: Bool
    }

    private static let lifetime: Duration = .seconds(1)
    private static let apps = 4096

    private let database: Database
    private let masterKey: MasterKey
    private let known = ExpiringCache<AppID, Terms>(lifetime: lifetime, limit: apps)

    init(database: Database, masterKey: MasterKey) {
        self.database = database
        self.masterKey = masterKey
    }

    func terms(of app: AppID) async throws -> Terms {
        if let terms = known[app] { return terms }
        let readAt = known.now()
        let providers = try await database.withSession { session in
            try await ProviderStore.list(app, channel: WebhookProvider.channelType, key: masterKey, in: session)
        }
        let provider = WebhookProvider.chosen(of: providers)
        let terms = Terms(
            signature: WebhookProvider.signature(provider),
            isIdempotent: provider.map { WebhookProvider.isIdempotent($0.settings) } ?? false)
        known.store(terms, for: app, readAt: readAt)
        return terms
    }
}
