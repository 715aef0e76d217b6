import Core
import Postgres
import Queue

/// Recipients of one arm and channel that are sent to for events that came together.
///
/// An endpoint is in it once: a person whose two events came in one commit is in two chunks, so that (run, chunk, endpoint) names
/// one cause everywhere.
struct TriggerChunk: Sendable, Equatable {
    let arm: Int16
    let queue: JobQueue
    var keys: [Int64] = []
    var events: [EventID] = []

    /// `members`: the endpoints that are in the segment. In the order of the job's events.
    static func chunks(
        of job: TriggerJob, members: [Int64: TriggerMember], arms: [Int16], plan: RunPlan
    ) -> [TriggerChunk] {
        var chunks: [TriggerChunk] = []
        // Chunks of one arm and queue, by how many events of the same endpoint came before.
        var places: [Lane: [Int]] = [:]
        var seen: [Int64: Int] = [:]
        for (key, event) in zip(job.endpointKeys, job.events) {
            guard let member = members[key] else { continue }
            let (arm, turn) = (arms[member.cohort], seen[key, default: 0])
            let lane = Lane(arm: arm, queue: plan.queue(arm: arm, channelType: member.channelType))
            seen[key] = turn + 1
            if places[lane, default: []].count <= turn {
                places[lane, default: []].append(chunks.count)
                chunks.append(TriggerChunk(arm: arm, queue: lane.queue))
            }
            let index = places[lane, default: []][turn]
            chunks[index].keys.append(key)
            chunks[index].events.append(event)
        }
        return chunks
    }

    private struct Lane: Hashable {
        let arm: Int16
        let queue: JobQueue
    }

    func row(of cause: SendCause, app: AppID) -> SQL {
        """
        INSERT INTO run_chunks (app, run, chunk, treatment, first_key, last_key, size, digest, causes)
        SELECT \(app), \(cause.run), \(cause.chunk), \(cause.treatment), min(key), max(key), count(*),
               sha256(string_agg(int8send(key), ''::bytea ORDER BY place)), \(events)
          FROM unnest(\(keys)) WITH ORDINALITY AS k (key, place)
        """
    }

    /// Outcomes of the holdout, which is decided here and never again.
    var holdout: [SendOutcomeRow] {
        keys.enumerated().map { place, key in
            SendOutcomeRow(endpointKey: key, ordinal: Int32(place), state: .suppressed, reason: .holdout)
        }
    }
}
