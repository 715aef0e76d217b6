package import Core
import Postgres

/// What a commit adds to `change_log`: per app the endpoints it touched and what roll-ups must add up.
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
        var counts: [Bucket: (n: Int, unique: Int)] = [:]
    }

    /// A run's place in buckets that belong to no run.
    package static let noRun = RunID(high: 0, low: 0)
    private var entries: [AppID: Entry] = [:]

    package init() {}

    package mutating func touch(_ app: AppID, _ keys: some Sequence<Int64>) {
        entries[app, default: Entry()].keys.formUnion(keys)
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

    private mutating func add(_ app: AppID, _ bucket: Bucket, n: Int, unique: Int) {
        let sum = entries[app]?.counts[bucket] ?? (0, 0)
        entries[app, default: Entry()].counts[bucket] = (sum.n + n, sum.unique + unique)
    }

    /// One row per app.
    package func statements(at now: Instant) -> [SQL] {
        entries.sorted { $0.key < $1.key }.map { app, entry in
            """
            INSERT INTO change_log (app, at, endpoint_keys, deltas)
            VALUES (\(app), \(now), \(entry.keys.sorted()), \(SQLBind.jsonb(Self.deltas(entry.counts))))
            """
        }
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
