import Core
import Hosting
import Model
import Postgres
import Segments

/// Estimates from the column index, where there is one that can tell.
struct IndexedEstimate: Sendable {
    let context: ServiceContext
    let shelf: AudienceShelf

    /// Nil when SQL has to answer: no index yet, or it does not hold what the segment asks for, or too much has just changed.
    ///
    /// What was committed before the call is counted: the index first reads the log up to now.
    func estimate(_ segment: ResolvedSegment, app: AppID, now: Instant) async throws -> SegmentEstimate? {
        guard let index = shelf.index(of: app) else { return nil }
        index.noteQuestion(segment)
        guard !index.now.isBusy else { return nil }
        do {
            return try await context.database.transaction(isolation: .repeatableRead) { session in
                let counted = try await index.turn.pass {
                    guard !index.now.isDropped,
                        case .current = try await index.follow(.question, now: now, in: session)
                    else { return nil as SegmentCount? }
                    return try await index.columns.estimate(segment.expression, now: now)
                }
                guard let counted else { return nil }
                return try await SegmentEstimator.estimate(counted, of: segment, app: app, now: now, in: session)
            }
        } catch let fault as SQLFault where !fault.isConnectionLost {
            // The follower meets it too, and decides what becomes of the index.
            context.environment.log.warning(
                "index.failed", ["app": .string(app.description), "error": .string(fault.detail)])
            return nil
        }
    }
}
