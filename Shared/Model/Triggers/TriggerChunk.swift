import Core
import Postgres
import Queue

/// Recipients of one arm that are sent to for events that came together.
///
/// An endpoint is in it once: a person whose two events came in one commit is in two chunks, so that (run, chunk, endpoint) names
/// one cause everywhere.
struct TriggerChunk: Sendable, Equatable {
    let arm: Int16
    var keys: [Int64] = []
    var events: [EventID] = []

    /// `members`: cohort of each endpoint that is in the segment. In the order of the job's events.
    static func chunks(of job: TriggerJob, members: [Int64: Int], arms: [Int16]) -> [TriggerChunk] {
        var chunks: [TriggerChunk] = []
        // Chunks of one arm, by how many events of the same endpoint came before.
        var places: [Int16: [Int]] = [:]
        var seen: [Int64: Int] = [:]
        for (key, event) in zip(job.endpointKeys, job.events) {
            guard let cohort = members[key] else { continue }
            let (arm, turn) = (arms[cohort], seen[key, default: 0])
            seen[key] = turn + 1
            if places[arm, default: []].count <= turn {
                places[arm, default: []].append(chunks.count)
                chunks.append(TriggerChunk(arm: arm))
            }
            let index = places[arm, default: []][turn]
            chunks[index].keys.append(key)
            chunks[index].events.append(event)
        }
        return chunks
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
