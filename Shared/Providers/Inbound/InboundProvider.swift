package import Core
package import HTTPServer
package import Model

/// How one provider's posts to `/inbound/{provider}/{what}` are believed and read.
package protocol InboundProvider: Sendable {
    /// Whether the provider sent this, over the raw body. Throws `InboundRefusal`; nothing of a refused call is stored.
    func verify(_ call: InboundCall) async throws(InboundRefusal)
    /// The answer once the call is stored. 200 without a body unless the provider wants words (TwiML, `hub.challenge`).
    func answer(to call: InboundCall) -> HTTPResponse
    /// What the stored call says. Throws when it cannot be read: it is kept and reported, never retried by the provider.
    func events(in call: InboundCall) throws(InboundRefusal) -> [InboundEvent]
}

extension InboundProvider {
    package func answer(to call: InboundCall) -> HTTPResponse { .empty(status: 200) }
}

/// One call of a provider, as it came in.
package struct InboundCall: Sendable {
    package var method: String
    /// What stands behind the provider's id in the path: `receipts`, `messages`, `sns`.
    package var what: String
    /// As the provider called it: public URL with path and raw query, whatever the proxy in front made of it.
    package var url: String
    /// Without `?`, still encoded.
    package var query: String
    /// Names in lower case.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    /// Real time.
    package var receivedAt: Instant

    package init(
        method: String = "POST", what: String, url: String, query: String = "",
        headers: [(name: String, value: String)] = [], body: [UInt8], receivedAt: Instant
    ) {
        self.method = method
        self.what = what
        self.url = url
        self.query = query
        self.headers = headers
        self.body = body
        self.receivedAt = receivedAt
    }

    /// The first header of that name, given in lower case.
    package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Why a call is not taken.
package enum InboundRefusal: Error, Equatable {
    /// 403: no signature, a wrong one, or one that is too old. The words are for our log, never for the caller.
    case untrusted(String)
    /// 400 when it is noticed at once.
    case unreadable(String)
    /// 503: what it takes to check (a certificate) cannot be had now; the provider tries again.
    case unavailable(String)
}
