package import Core
package import EventLoop
package import HTTPClient
package import Model
package import Postgres
package import Runtime

/// What providers are made with; one per process.
package struct ProviderTools: Sendable {
    /// To providers' own addresses and to those that users configured: within `OutboundRules`.
    package let client: OutboundClient
    package let database: Database
    package let environment: Environment
    package let metrics: Metrics
    package let publicURL: String
    /// The installation's own key for AWS; a provider's own comes first.
    package let aws: AWSAccess?
    package let isDevInboxOn: Bool
    /// Of the messages that inbound mail is about; nil where none is read.
    package let references: SendReferences?
    /// Of providers that speak something else than HTTP; nil where nothing is sent.
    package let loop: EventLoop?
    /// What checking signatures remembers.
    package let certificates = SNSCertificates()
    package let mailgunTokens = MailgunTokens()

    package init(
        client: OutboundClient, database: Database, environment: Environment, metrics: Metrics, publicURL: String,
        aws: AWSAccess? = nil, isDevInboxOn: Bool = false, references: SendReferences? = nil, loop: EventLoop? = nil
    ) {
        self.client = client
        self.database = database
        self.environment = environment
        self.metrics = metrics
        self.publicURL = publicURL
        self.aws = aws
        self.isDevInboxOn = isDevInboxOn
        self.references = references
        self.loop = loop
    }
}
