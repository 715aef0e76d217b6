package import Core
import EventLoop
package import HTTPClient

/// A provider that takes one message per HTTP request. What differs between providers is pure: a message becomes a request, an
/// answer becomes an outcome. `Provider.http` does the rest, the same for all.
package protocol HTTPProvider<Message>: Sendable {
    associatedtype Message: OutgoingMessage

    var name: String { get }
    /// Whether the same token sent again is the same message to the provider, so that a request without an answer may be repeated.
    var honoursKeys: Bool { get }
    /// Fetches what requests need, such as an access token. Called before each window; what it throws is the outcome of all of it.
    func prepare(with client: OutboundClient, at now: Instant) async throws(Refusal)
    /// Throws what becomes of a message that the provider's API cannot say. `now`: real time.
    func request(for message: Message, at now: Instant) throws(Refusal) -> ClientRequest
    func outcome(of response: ClientResponse, to message: Message, at now: Instant) -> SendOutcome
    /// What to send at once in place of `request`, which was refused for something that is easily mended, such as an access token that
    /// has ended; nil: the answer stands. Asked once per message.
    func again(
        _ request: ClientRequest, after response: ClientResponse, for message: Message, with client: OutboundClient,
        at now: Instant
    ) async throws(Refusal) -> ClientRequest?
}

extension HTTPProvider {
    package var honoursKeys: Bool { false }
    package func prepare(with client: OutboundClient, at now: Instant) async throws(Refusal) {}
    package func again(
        _ request: ClientRequest, after response: ClientResponse, for message: Message, with client: OutboundClient,
        at now: Instant
    ) async throws(Refusal) -> ClientRequest? { nil }
}

/// Why a message is not handed over; such a message never reaches the provider.
package struct Refusal: Error, Equatable {
    package let outcome: SendOutcome

    package init(_ outcome: SendOutcome) {
        self.outcome = outcome
    }

    package init(_ reason: RejectionClass, _ detail: String, isAddressDead: Bool = false) {
        outcome = .rejected(reason, detail: detail, isAddressDead: isAddressDead)
    }
}

extension Provider {
    /// Messages of one window are in flight together, at most `concurrency` at once; libcurl multiplexes them over HTTP/2 where the
    /// provider speaks it. `timeout`: of one whole request, instead of the one it was made with.
    package static func http<P: HTTPProvider<Message>>(
        _ provider: P, client: OutboundClient, environment: Environment, concurrency: Int = 100,
        timeout: Duration? = nil
    ) -> Provider {
        let window = HTTPWindow(provider: provider, client: client, environment: environment, timeout: timeout)
        return Provider(name: provider.name) { messages, startBefore in
            do throws(Refusal) {
                try await provider.prepare(with: client, at: environment.realNow())
            } catch {
                return messages.map { _ in error.outcome }
            }
            return await withTaskGroup(of: (Int, SendOutcome).self) { group in
                var outcomes = [SendOutcome](
                    repeating: .notSent(.cancelled, detail: "stopped before its turn"), count: messages.count)
                for (place, message) in messages.enumerated() {
                    if place >= concurrency, let (done, outcome) = await group.next() { outcomes[done] = outcome }
                    group.addTask { (place, await window.send(message, startBefore: startBefore)) }
                }
                for await (place, outcome) in group { outcomes[place] = outcome }
                return outcomes
            }
        }
    }
}

/// One message over HTTP.
private struct HTTPWindow<P: HTTPProvider>: Sendable {
    let provider: P
    let client: OutboundClient
    let environment: Environment
    let timeout: Duration?

    func send(_ message: P.Message, startBefore: Int64?) async -> SendOutcome {
        if Task.isCancelled { return .notSent(.cancelled, detail: "stopped before its turn") }
        if let startBefore, MonotonicClock.now() >= startBefore {
            return .notSent(.deadline, detail: "not begun in time")
        }
        do throws(Refusal) {
            let request = try provider.request(for: message, at: environment.realNow())
            var response = try await answer(to: request)
            if response.status >= 300,
                let again = try await provider.again(
                    request, after: response, for: message, with: client, at: environment.realNow())
            {
                response = try await answer(to: again)
            }
            return provider.outcome(of: response, to: message, at: environment.realNow())
        } catch {
            return error.outcome
        }
    }

    private func answer(to request: ClientRequest) async throws(Refusal) -> ClientResponse {
        var request = request
        if let timeout { request.totalTimeout = timeout }
        do throws(ClientFault) {
            return try await client.send(request)
        } catch {
            throw Refusal(SendOutcome(error, honoursKeys: provider.honoursKeys))
        }
    }
}

extension SendOutcome {
    /// What a call without an answer means for its message (providers.md §0.1).
    package init(_ fault: ClientFault, honoursKeys: Bool = false) {
        switch fault.reason {
        case .invalidRequest: self = .rejected(.content, detail: fault.detail, isAddressDead: false)
        case .forbidden: self = .rejected(.configuration, detail: fault.detail, isAddressDead: false)
        case .cancelled where fault.isProvenNotSent, .closed where fault.isProvenNotSent:
            self = .notSent(.cancelled, detail: fault.description)
        case _ where fault.isProvenNotSent: self = .notSent(.connection, detail: fault.description)
        case _ where honoursKeys: self = .retry(after: .zero, isThrottle: false, detail: fault.description)
        case _: self = .unknown(detail: fault.description)
        }
    }

    /// What every HTTP provider means by a status that its own documentation says nothing else about.
    package init(status: Int, retryAfter: Duration?, detail: String) {
        let detail = String(decoding: "\(status) \(detail)".utf8.prefix(Self.detailLimitBytes), as: UTF8.self)
        switch status {
        case 200..<300: self = .accepted(providerReference: "")
        case 401, 403: self = .notSent(.authentication, detail: detail)
        case 429: self = .retry(after: retryAfter ?? .seconds(1), isThrottle: true, detail: detail)
        case 500...: self = .retry(after: retryAfter ?? .zero, isThrottle: false, detail: detail)
        case _: self = .rejected(.content, detail: detail, isAddressDead: false)
        }
    }
}
