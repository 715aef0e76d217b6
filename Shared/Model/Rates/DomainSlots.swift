package import Core
package import Postgres

/// Times at which messages may go to one domain: taken in advance, so that a message which has to wait waits once.
///
/// All runs and workers of an app take from the same row, which lies as far ahead as there are messages waiting.
package struct DomainSlots: Sendable, Equatable {
    package var domain: String
    /// From the moment of asking: when the first of them may go.
    package var first: Duration
    /// Fewer than asked for when the others would come after the horizon.
    package var count: Int
    package var rate: Int

    /// When the message at `index` may go; nil when there is no slot for it.
    package func start(of index: Int) -> Duration? {
        index < count ? first + .microseconds(Int64(index) * 1_000_000 / Int64(rate)) : nil
    }

    package struct Request: Sendable, Equatable {
        package var domain: String
        package var count: Int
        package var rate: Int

        package init(domain: String, count: Int, rate: Int) {
            self.domain = domain
            self.count = count
            self.rate = rate
        }
    }

    /// Reserves slots for each of `requests`, whose domains differ, none later than `horizon` from now.
    package static func reserve(
        _ requests: [Request],
        of app: AppID,
        within horizon: Duration,
        in session: Session
    ) async throws -> [DomainSlots] {
        guard !requests.isEmpty else { return [] }
        // In one order everywhere, so that two windows never wait for each other.
        let sorted = requests.sorted { $0.domain < $1.domain }
        let costs = sorted.map { 1_000_000 / Double($0.rate) }
        let rows = try await session.query(
            """
            WITH clock AS MATERIALIZED (SELECT clock_timestamp() AS at),
                 wanted AS MATERIALIZED (
                    SELECT name, n, cost * interval '1 microsecond' AS cost
                      FROM unnest(\(sorted.map { name($0.domain) }), \(sorted.map { Int32($0.count) }),
                                  \(SQLBind.doubleArray(costs))) AS w (name, n, cost)),
                 limits AS (SELECT at + \(horizon.microseconds) * interval '1 microsecond' AS until FROM clock)
            INSERT INTO rate_buckets AS b (app, name, began_at, next_at)
            SELECT \(app), name, at, at + least(n::float8, \(Self.fitting("at"))) * cost
              FROM wanted, clock, limits
             ORDER BY name
            ON CONFLICT (app, name) DO UPDATE
               SET began_at = greatest(b.next_at, (SELECT at FROM clock)),
                   next_at = (SELECT greatest(b.next_at, at) + least(n::float8, \(Self.fitting("greatest(b.next_at, at)"))) * cost
                                FROM wanted, clock, limits WHERE wanted.name = b.name)
            RETURNING name, (extract(epoch FROM began_at - (SELECT at FROM clock)) * 1000000)::bigint,
                      (extract(epoch FROM next_at - began_at) * 1000000)::bigint
            """
        )
        var answers: [String: (first: Int64, length: Int64)] = [:]
        for row in rows { answers[try row.get(0)] = (try row.get(1), try row.get(2)) }
        return sorted.map { request in
            let answer = answers[Self.name(request.domain)] ?? (0, 0)
            let count = (Double(answer.length) * Double(request.rate) / 1_000_000).rounded()
            return DomainSlots(
                domain: request.domain, first: .microseconds(answer.first), count: min(request.count, Int(count)),
                rate: request.rate)
        }
    }

    /// How many slots there are from `start` to the horizon.
    private static func fitting(_ start: SQL) -> SQL {
        "greatest(0, floor(extract(epoch FROM until - \(start)) / extract(epoch FROM cost)) + 1)::float8"
    }

    static func name(_ domain: String) -> String { "domain:\(domain)" }

    // MARK: Giving back

    /// The payload of a job whose recipients have slots: asked no more, unless it comes too late.
    package struct Mark: Sendable, Hashable {
        /// A worker that comes later than this after the slot takes a new one: after an outage nothing comes in a burst.
        private static let patience: Duration = .seconds(30)

        package var domain: String
        package var slot: Instant

        package init(domain: String, slot: Instant) {
            self.domain = domain
            self.slot = slot
        }

        package init?(payload: JSON) {
            guard let mark = payload["domain_slot"], let domain = mark["domain"]?.string, let at = mark["at"]?.int
            else {
                return nil
            }
            self.init(domain: domain, slot: Instant(microseconds: Int64(at)))
        }

        package func holds(at now: Instant) -> Bool { now < slot + Self.patience }

        /// `payload` without a mark: for a message that has used its slot and goes again.
        package static func removed(from payload: JSON) -> JSON {
            guard var object = payload.object, object["domain_slot"] != nil else { return payload }
            object["domain_slot"] = nil
            return .object(object)
        }

        /// `payload` with the mark.
        package func added(to payload: JSON) -> JSON {
            var object = payload.object ?? [:]
            object["domain_slot"] = ["domain": .string(domain), "at": .integer(slot.microseconds)]
            return .object(object)
        }
    }

    /// After jobs of a run are gone, or a window's slots were not used: moves each domain of the app back to behind the last slot
    /// that a job still has.
    ///
    /// Windows that are open have their slots in no job yet; they may be given twice, which is a window too much at worst.
    package static func giveBack(of app: AppID, now: Instant) -> SQL {
        """
        WITH waiting AS MATERIALIZED (
            SELECT payload->'domain_slot'->>'domain' AS domain,
                   max(due_at) + interval '1 second' - \(now)::timestamptz AS ahead
              FROM jobs
             WHERE app = \(app) AND run IS NOT NULL AND payload ? 'domain_slot'
             GROUP BY 1),
        domains AS MATERIALIZED (
            SELECT app, name FROM rate_buckets
             WHERE app = \(app) AND starts_with(name, 'domain:')
             ORDER BY name
               FOR UPDATE)
        UPDATE rate_buckets b
           SET next_at = least(b.next_at, clock_timestamp() + greatest(
                   interval '0', coalesce((SELECT ahead FROM waiting w WHERE b.name = 'domain:' || w.domain), interval '0')))
          FROM domains d
         WHERE b.app = d.app AND b.name = d.name
        """
    }
}
