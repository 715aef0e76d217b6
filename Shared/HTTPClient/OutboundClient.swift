package import Core
package import Runtime

/// HTTP calls to URLs that users gave, within `OutboundRules`.
///
/// Connections of its own, so that none is ever reused that was not made under the rules. No redirects, no proxies, no
/// credentials in URLs, certificates always checked. One per process.
package final class OutboundClient: Sendable {
    private let client: HTTPClient
    /// What holds for other protocols to users' addresses too.
    package let rules: OutboundRules

    package init(rules: OutboundRules, environment: Environment, metrics: Metrics, connectionsPerHost: Int = 16) {
        client = HTTPClient(environment: environment, metrics: metrics, connectionsPerHost: connectionsPerHost)
        self.rules = rules
    }

    /// As `HTTPClient.send`; `.forbidden` for an address outside the rules, with nothing sent.
    package func send(_ request: ClientRequest) async throws(ClientFault) -> ClientResponse {
        let url: OutboundURL
        do throws(OutboundURL.Refusal) {
            url = try OutboundURL(request.url)
        } catch {
            throw .unsent(.invalidRequest, "the URL \(error.description)")
        }
        guard request.unixSocketPath == nil else { throw .unsent(.forbidden, "a socket is not a public address") }
        var request = request
        request.guarding = ClientRequest.Guarding(rules: rules, url: url)
        request.certificateAuthorityFile = rules.certificateAuthorityFile
        return try await client.send(request)
    }

    package func close() {
        client.close()
    }
}
