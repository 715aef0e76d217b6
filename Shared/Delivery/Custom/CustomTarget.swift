import Core
import HTTPClient
import Providers

/// Who takes a campaign's custom messages, and what its answers mean for the people of one call (pinpoint-api §5).
enum CustomTarget: Sendable, Equatable {
    case webhook(url: String)
    /// A Lambda function's name or ARN.
    case function(String)

    /// Answers that ask for another try are followed that often; then Pinpoint's CUSTOM_DELIVERY_FAILURE stands. With the delivery
    /// worker's pauses (full jitter, doubling from 1 s) that is about eight minutes.
    static let tries = 10
    /// A function that throws gets two more tries, as Pinpoint's three.
    static let functionTries = 3
    /// Between tries of a receiver that is busy and does not say for how long.
    private static let busy: Duration = .seconds(5)

    init(_ uri: String) {
        self = uri.contains("://") ? .webhook(url: uri) : .function(uri)
    }

    /// What the circuit breaker counts by.
    var peer: String {
        switch self {
        case .webhook(let url): "webhook \(url)"
        case .function(let name): "lambda \(name)"
        }
    }

    /// `attempt` counts from 0.
    func outcome(of response: ClientResponse, id: String, attempt: Int16, at now: Instant) -> SendOutcome {
        switch self {
        case .webhook: Self.webhook(response, id, attempt, now)
        case .function: Self.function(response, attempt, now)
        }
    }

    /// As Standard Webhooks reads statuses: 2xx is success, everything else is not; 410 wants nothing more.
    private static func webhook(
        _ response: ClientResponse, _ id: String, _ attempt: Int16, _ now: Instant
    ) -> SendOutcome {
        let detail = "the webhook answered \(response.status)"
        switch response.status {
        case 200..<300: return .accepted(providerReference: id)
        case 401, 403: return .notSent(.authentication, detail: detail)
        case 410: return .rejected(.configuration, detail: detail, isAddressDead: false)
        case 429, 502, 504:
            return .retry(after: response.retryAfter(at: now) ?? busy, isThrottle: true, detail: detail)
        case 408, 425, 500...: return again(response, attempt, tries, now, detail)
        case _: return .rejected(.customDelivery, detail: detail, isAddressDead: false)
        }
    }

    private static func function(_ response: ClientResponse, _ attempt: Int16, _ now: Instant) -> SendOutcome {
        let detail = "Lambda answered \(response.status)"
        switch response.status {
        case 200..<300:
            // The function ran and threw, or ran out of its own time: HTTP calls that a success.
            if let error = response.header("X-Amz-Function-Error") {
                return again(response, attempt, functionTries, now, "the function failed: \(error.prefix(32))")
            }
            return .accepted(providerReference: String((response.header("x-amzn-RequestId") ?? "").prefix(255)))
        case 401, 403: return .notSent(.authentication, detail: detail)
        case 404: return .rejected(.configuration, detail: detail, isAddressDead: false)
        case 429: return .retry(after: response.retryAfter(at: now) ?? busy, isThrottle: true, detail: detail)
        case 409, 500...: return again(response, attempt, tries, now, detail)
        case _: return .rejected(.customDelivery, detail: detail, isAddressDead: false)
        }
    }

    private static func again(
        _ response: ClientResponse, _ attempt: Int16, _ tries: Int, _ now: Instant, _ detail: String
    ) -> SendOutcome {
        guard Int(attempt) + 1 < tries else {
            return .rejected(.customDelivery, detail: "\(detail), \(tries) times", isAddressDead: false)
        }
        return .retry(after: response.retryAfter(at: now) ?? .zero, isThrottle: false, detail: detail)
    }
}
