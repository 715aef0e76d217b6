import Core
import EventLoop
import HTTPClient

/// An OAuth 2.0 access token (RFC 6749 §5.1) of one provider: fetched when a message needs it, shared by all, renewed in time.
///
/// One fetch at a time: who comes meanwhile waits for its result, so that a window of messages costs the token server one call.
final class AccessTokens: Sendable {
    private struct State {
        var token: String?
        /// Real time.
        var renewAt = Instant(seconds: 0)
        var isFetching = false
        var waiters: [CheckedContinuation<Result<String, Refusal>, Never>] = []
        /// Of the fetch that ended last.
        var last: Result<String, Refusal> = .failure(Refusal(.notSent(.connection, detail: "no access token yet")))
    }

    private enum Turn {
        case has(String)
        case waits
        case fetches
    }

    /// Tokens are renewed this long before they end, or at half their life.
    private static let margin = 300

    private let server: String
    private let request: @Sendable (_ now: Instant) throws(Refusal) -> ClientRequest
    private let state = Lock(State())

    /// `server`: for words. `request`: asks for a token; made anew for every fetch, because it may be signed and dated.
    init(_ server: String, request: @escaping @Sendable (_ now: Instant) throws(Refusal) -> ClientRequest) {
        self.server = server
        self.request = request
    }

    /// What was fetched last; empty before the first fetch.
    var current: String { state.withLock { $0.token ?? "" } }

    /// `refused`: a token that the provider does not take any more.
    func token(
        insteadOf refused: String? = nil, with client: OutboundClient, at now: Instant
    ) async throws(Refusal) -> String {
        let turn = state.withLock { state -> Turn in
            if let token = state.token, token != refused, now < state.renewAt { return .has(token) }
            if state.isFetching { return .waits }
            state.isFetching = true
            return .fetches
        }
        switch turn {
        case .has(let token): return token
        case .waits: return try await waited().get()
        case .fetches:
            let (result, life) = await fetch(with: client, at: now)
            let waiters = state.withLock { state in
                if case .success(let token) = result {
                    state.token = token
                    state.renewAt = now + .seconds(Int64(max(life - Self.margin, life / 2)))
                }
                state.last = result
                state.isFetching = false
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume(returning: result) }
            return try result.get()
        }
    }

    private func waited() async -> Result<String, Refusal> {
        await withCheckedContinuation { continuation in
            let done = state.withLock { state -> Result<String, Refusal>? in
                guard state.isFetching else { return state.last }
                state.waiters.append(continuation)
                return nil
            }
            if let done { continuation.resume(returning: done) }
        }
    }

    /// With the seconds that the token lives.
    private func fetch(with client: OutboundClient, at now: Instant) async -> (Result<String, Refusal>, Int) {
        do throws(Refusal) {
            let response = try await answer(to: request(now), with: client)
            let body = try? JSON.parse(response.body)
            if response.status == 200, let token = body?["access_token"]?.string, !token.isEmpty {
                return (.success(token), body?["expires_in"]?.int ?? 3600)
            }
            // RFC 6749 §5.2: one word of a list.
            let word = body?["error"]?.string.map { " \($0.prefix(64))" } ?? ""
            let detail = "\(server) gave no access token: \(response.status)\(word)"
            let isOurs = (400..<500).contains(response.status) && response.status != 429
            return (.failure(Refusal(.notSent(isOurs ? .authentication : .connection, detail: detail))), 0)
        } catch {
            return (.failure(error), 0)
        }
    }

    private func answer(
        to request: ClientRequest, with client: OutboundClient
    ) async throws(Refusal) -> ClientResponse {
        do throws(ClientFault) {
            return try await client.send(request)
        } catch {
            // No message was in it: whatever became of the call, none was sent.
            let reason: NotSentReason = error.reason == .cancelled || error.reason == .closed ? .cancelled : .connection
            throw Refusal(.notSent(reason, detail: "\(server) gave no access token: \(error.description)"))
        }
    }
}
