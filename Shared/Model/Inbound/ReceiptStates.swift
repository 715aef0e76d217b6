import Core
import Postgres

/// The table `send_receipts`: where each message is, by the highest rank that was heard of it. Roll-ups count messages by state.
enum ReceiptStates {
    private static let detailCharacters = 256

    private struct Send: Hashable, Comparable {
        let app: AppID
        let run: RunID
        let key: Int64
        let chunk: Int32
        let ordinal: Int32

        static func < (left: Self, right: Self) -> Bool {
            (left.app, left.run, left.key, left.chunk, left.ordinal)
                < (right.app, right.run, right.key, right.chunk, right.ordinal)
        }
    }

    /// Nothing for those that say nothing of the kind, or of sends that are not known. One statement; rows are locked in order.
    static func advance(
        _ receipts: [AppliedReceipt], _ log: inout ChangeLog, now: Instant, in session: Session
    ) async throws {
        var best: [Send: (rank: Int16, receipt: AppliedReceipt)] = [:]
        for receipt in receipts {
            guard let rank = receipt.receipt.kind.rank, let found = receipt.found, receipt.person != nil else {
                continue
            }
            let send = Send(
                app: receipt.event.app, run: found.send.run, key: found.send.endpointKey, chunk: found.send.chunk,
                ordinal: found.send.ordinal)
            if let known = best[send], known.rank >= rank { continue }
            best[send] = (rank, receipt)
        }
        guard !best.isEmpty else { return }
        let order = best.keys.sorted()
        let receipts = order.compactMap { best[$0] }
        let rows = try await session.query(
            """
            INSERT INTO send_receipts AS s (app, run, endpoint_key, chunk, ordinal, rank, state, detail, at)
            SELECT *
              FROM unnest(\(order.map(\.app)), \(order.map(\.run)), \(order.map(\.key)), \(order.map(\.chunk)),
                          \(order.map(\.ordinal)), \(receipts.map(\.rank)),
                          \(receipts.map(\.receipt.receipt.kind.rawValue)),
                          \(SQLBind.textArray(receipts.map { $0.receipt.receipt.detail.map { String($0.prefix(detailCharacters)) } })),
                          \(SQLBind.instantArray(receipts.map(\.receipt.at))))
            ON CONFLICT (app, run, endpoint_key, chunk, ordinal) DO UPDATE
               SET rank = excluded.rank, state = excluded.state, previous = s.state,
                   detail = coalesce(excluded.detail, s.detail), at = excluded.at
             WHERE excluded.rank > s.rank
            RETURNING app, run, endpoint_key, chunk, ordinal, previous
            """)
        for row in rows {
            let send = Send(
                app: try row.get(0), run: try row.get(1), key: try row.get(2), chunk: try row.get(3),
                ordinal: try row.get(4))
            guard let receipt = best[send]?.receipt, let found = receipt.found else { continue }
            // A late acceptance is booked now.
            let bookedAt = found.record.map { $0.isUnknown ? now : $0.at } ?? receipt.at
            let previous: String? = try row.get(5)
            for (state, n) in [(previous.flatMap { Receipt.Kind(rawValue: $0) }, -1), (receipt.receipt.kind, 1)] {
                guard let state else { continue }
                log.count(
                    send.app, receipt: state, campaign: found.campaign, run: send.run, treatment: found.send.treatment,
                    minute: bookedAt.seconds.flooredDivision(by: 60), n: n)
            }
        }
    }
}
