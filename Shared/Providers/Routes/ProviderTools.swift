package import Core
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

    package init(
        client: OutboundClient, database: Database, environment: Environment, metrics: Metrics, publicURL: String,
        aws: AWSAccess? = nil, isDevInboxOn: Bool = false, references: SendReferences? = nil
    ) {
        self.client = client
        self.database = database
        self.environment = environment
        self.metrics = metrics
        self.publicURL = publicURL
        self.aws = aws
        self.isDevInboxOn = isDevInboxOn
        self.references = references
    }
}
