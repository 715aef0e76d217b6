/// One outgoing HTTP request.
package struct ClientRequest: Sendable {
    package var method: String
    /// Absolute, `http` or `https`; already percent-encoded. Credentials belong in a header, never here.
    package var url: String
    /// Sent as given and in this order. A name or value with a control character makes the request fail unsent (F33).
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Connects to this Unix socket instead of the URL's host (calls between our own processes under `up`).
    package var unixSocketPath: String?
    /// PEM file of certificate authorities to trust instead of the system's; for private peers and tests.
    package var certificateAuthorityFile: String?
    /// Shown to a server that asks who we are. Connections are shared only by requests with the same one.
    package var identity: ClientIdentity?
    /// The other side may safely get it twice: libcurl may repeat it when a kept-alive connection turns out to be dead.
    /// Otherwise such a request fails as in doubt instead of being sent again behind our back.
    package var isRepeatable: Bool
    package var connectTimeout: Duration
    /// From start to last byte; an absolute deadline, not an inactivity limit.
    package var totalTimeout: Duration
    /// A longer response body fails the request.
    package var responseLimitBytes: Int
    /// Set by `OutboundClient`: each address is checked before a socket is opened to it.
    var guarding: Guarding?
    /// Used instead of resolving the host, when there are any: how tests play a DNS server that changes its answers.
    var pinnedAddresses: [String] = []

    struct Guarding: Sendable {
        let rules: OutboundRules
        let url: OutboundURL
    }

    package init(
        method: String = "GET",
        url: String,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = [],
        unixSocketPath: String? = nil,
        certificateAuthorityFile: String? = nil,
        identity: ClientIdentity? = nil,
        isRepeatable: Bool? = nil,
        connectTimeout: Duration = .seconds(5),
        totalTimeout: Duration = .seconds(30),
        responseLimitBytes: Int = 64 << 10
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.unixSocketPath = unixSocketPath
        self.certificateAuthorityFile = certificateAuthorityFile
        self.identity = identity
        self.isRepeatable = isRepeatable ?? ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"].contains(method)
        self.connectTimeout = connectTimeout
        self.totalTimeout = totalTimeout
        self.responseLimitBytes = responseLimitBytes
    }
}

/// A TLS client certificate and its key, both PEM; made once and shared by all requests that show it.
package final class ClientIdentity: Sendable {
    /// The leaf first.
    let certificates: [UInt8]
    let privateKey: [UInt8]

    package init(certificates: String, privateKey: String) {
        self.certificates = Array(certificates.utf8)
        self.privateKey = Array(privateKey.utf8)
    }
}

/// A complete answer, whatever its status.
package struct ClientResponse: Sendable {
    package var status: Int
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// `1.1`, `2`
    package var httpVersion: String

    package init(
        status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [], httpVersion: String = "1.1"
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.httpVersion = httpVersion
    }

    /// The first header of that name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.utf8.elementsEqual(name.utf8) || $0.name.lowercased() == name.lowercased() }?.value
    }
}
