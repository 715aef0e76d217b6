import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// `POST …/campaigns/{id}/runs/{run}/cancel` (extension): nothing of the run is handed over later than 2 s after the answer.
enum CancelRun {
    /// A step of the fan-out holds the run's row for a moment.
    private static let attempts = 5

    static func post(_ call: RequestContext) async throws -> HTTPResponse {
        let key = RunKey(
            app: try await call.app(), run: try call.id("run-id", of: Noun.Run.self),
            campaign: try call.id("campaign-id", of: Noun.Campaign.self))
        switch try await cancel(key, call.context) {
        case .unknown: throw APIError.resourceNotFound
        case .completed: throw APIError.conflict("The run has completed; there is nothing left to cancel")
        case .cancelled: break
        }
        let answer: JSON = ["RunId": .string(key.run.description), "State": "CANCELLED"]
        return .json(answer.serialized, status: 202)
    }

    private static func cancel(_ key: RunKey, _ context: ServiceContext) async throws -> RunCancel.Answer {
        let now = context.environment.now()
        var attempt = 1
        while true {
            do {
                return try await context.database.retryingTransaction {
                    try await RunCancel.cancel(key, now: now, in: $0)
                }
            } catch let fault as SQLFault where fault.isLockTimeout && attempt < attempts {
                attempt += 1
            }
        }
    }
}
