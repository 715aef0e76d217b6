package import Core
import Postgres

/// What a commit adds to `change_log`: per app what it touched and what roll-ups must add up.
///
/// Whoever changes rows of `endpoints`, `events`, `suppressions` or import memberships says so here, in the transaction that
/// does it: the column index of segment-service reads again what is named, and nothing else.
package struct ChangeLog {
    package struct Bucket: Hashable {
        package var source: String
        package var sourceID: String
        package var run: String
        package var treatment: String
        package var type: String
        /// Since 1970.
        package var minute: Int64
    }

    private struct Entry {
        var keys: Set<Int64> = []
        var weeks: Set<Day> = []
        var hashes: Set<[UInt8]> = []
        var counts: [Bucket: (n: Int, unique: Int)] = [:]
    }

    /// A run's place in buckets that belong to no run.
    package static let noRun = RunID(high: 0, low: 0)
    private var entries: [AppID: Entry] = [:]

    package init() {}

    /// Endpoints whose row or import membership changed, or that are gone.
    package mutating func touch(_ app: AppID, _ keys: some Sequence<Int64>) {
        entries[app, default: Entry()].keys.formUnion(keys)
    }

    /// Endpoints of which events were added or removed; `weeks` are the Mondays of those events' weeks.
    package mutating func touch(_ app: AppID, _ keys: some Sequence<Int64>, eventsIn weeks: some Sequence<Day>) {
        entries[app, default: Entry()].keys.formUnion(keys)
        entries[app, default: Entry()].weeks.formUnion(weeks)
    }

    /// Addresses whose suppression was made or removed.
    package mutating func touch(_ app: AppID, addresses hashes: some Sequence<[UInt8]>) {
        entries[app, default: Entry()].hashes.formUnion(hashes)
    }

    /// Events of an app, whatever they belong to besides.
    package mutating func count(_ app: AppID, type: String, minute: Int64, n: Int) {
        let bucket = Bucket(
            source: "app", sourceID: app.description, run: Self.noRun.description, treatment: "", type: type,
            minute: minute)
        add(app, bucket, n: n, unique: 0)
    }

    /// `isFirst`: the person has not done this in this run before.
    package mutating func count(_ engagement: Engagement, n: Int, isFirst: Bool) {
        let bucket = Bucket(
            source: "campaign", sourceID: engagement.campaign.description, run: engagement.run.description,
            treatment: engagement.treatment, type: engagement.kind.rawValue, minute: engagement.minute)
        add(engagement.app, bucket, n: n, unique: isFirst ? 1 : 0)
    }

    /// A message of a run came to, or left (`n` below zero), a state that its provider reports. `minute` is the message's own, so that
    /// figures of a day are of the messages of that day.
    package mutating func count(
        _ app: AppID, receipt state: Receipt.Kind, campaign: CampaignID, run: RunID, treatment: Int16, minute: Int64,
        n: Int
    ) {
        let bucket = Bucket(
            source: "campaign", sourceID: campaign.description, run: run.description, treatment: String(treatment),
            type: state.rollupType, minute: minute)
        add(app, bucket, n: n, unique: 0)
    }

    private mutating func add(_ app: AppID, _ bucket: Bucket, n: Int, unique: Int) {
        let sum = entries[app]?.counts[bucket] ?? (0, 0)
        entries[app, default: Entry()].counts[bucket] = (sum.n + n, sum.unique + unique)
    }

    /// One row per app.
    package func statements(at now: Instant) -> [SQL] {
        entries.sorted { $0.key < $1.key }.map { app, entry in
            """
            INSERT INTO change_log (app, at, endpoint_keys, weeks, address_hashes, deltas)
            VALUES (\(app), \(now), \(entry.keys.sorted()), \(SQLBind.dayArray(entry.weeks.sorted())),
                    \(SQLBind.bytesArray(Array(entry.hashes))), \(SQLBind.jsonb(Self.deltas(entry.counts))))
            """
        }
    }

    /// For a statement that finds out itself what it changes: the last part of `WITH changed AS (… RETURNING app,
    /// endpoint_key)`. For endpoints' rows and memberships; events need their weeks.
    package static func rowsOfChangedKeys(at now: Instant) -> SQL {
        """
        INSERT INTO change_log (app, at, endpoint_keys, weeks)
        SELECT app, \(now), array_agg(endpoint_key), '{}'
          FROM changed
         GROUP BY app
        """
    }

    /// As `rowsOfChangedKeys`, after `WITH changed AS (… RETURNING app, address_hash)` over suppressions.
    package static func rowsOfChangedAddresses(at now: Instant) -> SQL {
        """
        INSERT INTO change_log (app, at, weeks, address_hashes)
        SELECT app, \(now), '{}', array_agg(address_hash)
          FROM changed
         GROUP BY app
        """
    }

    private static func deltas(_ counts: [Bucket: (n: Int, unique: Int)]) -> [UInt8] {
        var writer = JSONWriter(capacity: 16 + counts.count * 192)
        writer.beginArray()
        for (bucket, sum) in counts {
            writer.beginObject()
            for (name, value) in [
                ("source", bucket.source), ("id", bucket.sourceID), ("run", bucket.run),
                ("treatment", bucket.treatment),
                ("type", bucket.type),
            ] {
                writer.key(name)
                writer.string(value)
            }
            writer.key("minute")
            writer.int(bucket.minute)
            writer.key("n")
            writer.int(sum.n)
            writer.key("unique")
            writer.int(sum.unique)
            writer.endObject()
        }
        writer.endArray()
        return writer.bytes
    }
}
