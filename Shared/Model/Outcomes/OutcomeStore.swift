package import Core
package import Postgres
package import Queue

/// Appends to the ledger, in the transaction that moves the job: one COPY and one change-log row per window.
package enum OutcomeStore {
    /// `rows` belong to one cause. The caller has locked the job's row under its lease token in this transaction.
    package static func append(
        _ rows: [SendOutcomeRow],
        of cause: SendCause,
        plan: RunPlan,
        at now: Instant,
        superseding: [Int32: OutcomeReason] = [:],
        in session: Session
    ) async throws {
        guard !rows.isEmpty else { return }
        var copy = CopyWriter(columns: 13)
        for row in rows {
            copy.beginRow()
            copy.write(cause.runDay)
            copy.write(row.endpointKey)
            copy.write(plan.app)
            copy.write(cause.run)
            copy.write(cause.chunk)
            copy.write(row.ordinal)
            copy.write(cause.treatment)
            copy.write(row.state.rawValue)
            copy.write(row.reason?.name)
            copy.write(row.flags)
            copy.write(row.attempt)
            copy.write(row.providerReference)
            copy.write(now)
        }
        try await session.copyIn(
            """
            COPY send_outcomes (run_day, endpoint_key, app, run, chunk, ordinal, treatment, outcome, reason, flags,
                                attempt, provider_ref, at) FROM STDIN (FORMAT binary)
            """,
            copy
        )
        try await session.execute(changeLog(rows, of: cause, plan: plan, at: now, superseding: superseding))
    }

    /// Adds acceptances that were learned after the outcome was booked as unknown: by a holder whose lease was gone, or from a
    /// provider's receipt. One that is in the ledger already is not added again: the holder may have lost only the answer to its
    /// commit. The lock makes the two see each other.
    package static func appendLate(
        _ rows: [SendOutcomeRow],
        of cause: SendCause,
        plan: RunPlan,
        at now: Instant,
        in session: Session
    ) async throws {
        _ = try await session.query(AppLock.take([AppLock.key(plan.app, "late/\(cause.run)/\(cause.chunk)")]))
        let known = try await session.query(
            """
            SELECT ordinal, endpoint_key, outcome, reason FROM send_outcomes
             WHERE run_day = \(cause.runDay) AND app = \(plan.app) AND run = \(cause.run) AND chunk = \(cause.chunk)
               AND ordinal = ANY (\(rows.map(\.ordinal)))
            """
        )
        var accepted: Set<Int32> = []
        // A recipient who was erased since has another key in the ledger.
        var keys: [Int32: Int64] = [:]
        var superseded: [Int32: OutcomeReason] = [:]
        for row in known {
            let ordinal: Int32 = try row.get(0)
            keys[ordinal] = try row.get(1)
            let state: Int16 = try row.get(2)
            let reason: String? = try row.get(3)
            switch TerminalState(rawValue: state) {
            case .accepted: accepted.insert(ordinal)
            case .unknown: superseded[ordinal] = reason.map { OutcomeReason($0) }
            case .rejected, .suppressed, .expired, nil: break
            }
        }
        let unknown = rows.filter { !accepted.contains($0.ordinal) }.map { row in
            var row = row
            row.endpointKey = keys[row.ordinal] ?? row.endpointKey
            return row
        }
        try await append(unknown, of: cause, plan: plan, at: now, superseding: superseded, in: session)
    }

    /// The roll-up deltas of a window. A late acceptance supersedes the `unknown` that was booked under AT_MOST_ONCE (`superseding`
    /// says why, by ordinal; by the reaper when it does not); under
    /// AT_LEAST_ONCE the recipient was sent again instead, and the first copy is counted apart.
    static func changeLog(
        _ rows: [SendOutcomeRow],
        of cause: SendCause,
        plan: RunPlan,
        at now: Instant,
        superseding: [Int32: OutcomeReason] = [:]
    ) -> SQL {
        var counts: [String: Int64] = [:]
        for row in rows {
            guard row.flags & SendOutcomeRow.late != 0 else {
                counts[OutcomeEvent.type(row), default: 0] += 1
                continue
            }
            switch plan.deliveryPolicy {
            case .atMostOnce:
                counts[OutcomeEvent.type(row), default: 0] += 1
                let reason = superseding[row.ordinal] ?? .crashed
                counts[OutcomeEvent.type(state: .unknown, reason: reason), default: 0] -= 1
            case .atLeastOnce:
                counts[OutcomeEvent.lateCopy, default: 0] += 1
            }
        }
        let minute = now.seconds.flooredDivision(by: 60)
        let deltas: [JSON] = counts.sorted { $0.key < $1.key }.map { type, count in
            [
                "source": "campaign", "id": .string(plan.campaign.description), "run": .string(cause.run.description),
                "treatment": .string(String(cause.treatment)), "type": .string(type), "minute": .integer(minute),
                "n": .integer(count),
            ]
        }
        return """
            INSERT INTO change_log (app, at, deltas)
            VALUES (\(plan.app), \(now), \(SQLBind.jsonb(JSON.array(deltas).serialized)))
            """
    }
}

/// Names of outcomes as roll-up types: `_outcome.accepted`, `_outcome.suppressed.OPT_OUT`.
package enum OutcomeEvent {
    package static let prefix = "_outcome."
    /// A first copy whose acceptance was learned after the second was on its way.
    package static let lateCopy = "_late_copy"

    package static func type(_ row: SendOutcomeRow) -> String { type(state: row.state, reason: row.reason) }

    package static func type(state: TerminalState, reason: OutcomeReason?) -> String {
        prefix + state.name + (reason.map { "." + $0.name } ?? "")
    }
}
