import Core
import EventLoop
import Model
import PinpointAPI
import Postgres
import Queue
import TestKit
import Testing

@testable import IngestAPI

/// Which events start campaigns, and that what is acknowledged is enqueued.
@Suite(.database) struct TriggerTests {
    private typealias Ingest = RunningIngest

    /// A campaign of the app that is on, under the version 3.
    private func add(
        _ number: UInt64, _ dimensions: JSON, to ingest: RunningIngest, filterType: String = "ENDPOINT",
        start: Instant = Ingest.now - .seconds(3600), end: Instant? = nil, status: String = "EXECUTING"
    ) async throws {
        let id = CampaignID(high: 9, low: number)
        let definition: JSON = [
            "Schedule": [
                "Frequency": "EVENT", "StartTime": .string(start.description),
                "EventFilter": ["FilterType": .string(filterType), "Dimensions": dimensions],
            ]
        ]
        try await ingest.test.database.execute(
            """
            INSERT INTO campaigns (app, id, version, status, created_at, frequency, events_from, ends_at)
            VALUES (\(ingest.app), \(id), 3, \(status), \(Ingest.now), 'EVENT', \(start), \(end))
            """)
        try await ingest.test.database.execute(
            """
            INSERT INTO campaign_versions (app, id, version, definition, created_at)
            VALUES (\(ingest.app), \(id), 3, \(SQLBind.jsonb(definition.serialized)), \(Ingest.now))
            """)
    }

    private static func type(_ types: String..., dimension: String = "INCLUSIVE") -> JSON {
        ["DimensionType": .string(dimension), "Values": .array(types.map { .string($0) })]
    }

    /// Campaign → how many events started it.
    private func started(_ ingest: RunningIngest) async throws -> [UInt64: Int] {
        var counts: [UInt64: Int] = [:]
        for row in try await ingest.test.database.query(
            "SELECT payload FROM jobs WHERE queue = \(JobQueue.triggers.name) AND priority = 0")
        {
            let payload: JSON = try row.get(0)
            let id = try #require(payload["campaign"]?.string.flatMap { CampaignID($0) })
            #expect(payload["version"] == 3)
            counts[id.low, default: 0] += payload["events"]?.array?.count ?? 0
        }
        return counts
    }

    private func put(_ ingest: RunningIngest, _ events: JSONObject, of endpoint: String = "e1") async throws {
        let answer = try await ingest.putEvents([endpoint: ["Endpoint": [:], "Events": .object(events)]])
        #expect(answer.status == 202)
    }

    @Test func `values of one attribute are alternatives, attributes and metrics must all hold`() async throws {
        try await RunningIngest.run { ingest in
            try await add(1, ["EventType": Self.type("purchase", "refund")], to: ingest)
            let tier: JSON = ["AttributeType": "INCLUSIVE", "Values": ["gold", "silver"]]
            let shop: JSON = ["AttributeType": "CONTAINS", "Values": ["lin"]]
            try await add(
                2,
                [
                    "EventType": Self.type("purchase"), "Attributes": ["tier": tier, "shop": shop],
                    "Metrics": ["price": ["ComparisonOperator": "GREATER_THAN", "Value": 10]],
                ], to: ingest)
            try await add(3, ["EventType": Self.type("purchase", "seen", dimension: "EXCLUSIVE")], to: ingest)
            try await add(4, ["Attributes": ["tier": tier]], to: ingest)
            func event(_ type: String, _ tier: String?, _ shop: String?, _ price: JSON?) -> JSON {
                var attributes: JSONObject = [:]
                attributes["tier"] = tier.map { .string($0) }
                attributes["shop"] = shop.map { .string($0) }
                var metrics: JSONObject = [:]
                metrics["price"] = price
                return Ingest.event(type, ["Attributes": .object(attributes), "Metrics": .object(metrics)])
            }
            try await put(
                ingest,
                [
                    "all": event("purchase", "gold", "berlin", 10.5),
                    "other value": event("purchase", "silver", "lin", 11),
                    "wrong tier": event("purchase", "lead", "berlin", 12),
                    "no shop": event("purchase", "gold", nil, 12),
                    "too cheap": event("purchase", "gold", "berlin", 10),
                    "no price": event("purchase", "gold", "berlin", nil),
                    "other type": event("refund", "gold", "berlin", 12), "unknown": event("sneeze", nil, nil, nil),
                    "seen": event("seen", "silver", nil, nil),
                ])
            // 1: six purchases and the refund; 3: neither purchase nor seen; 4: gold or silver, whatever the type.
            #expect(try await started(ingest) == [1: 7, 2: 2, 3: 2, 4: 7])
        }
    }

    @Test func `an event must lie between StartTime and EndTime, and be heard of between them`() async throws {
        try await RunningIngest.run { ingest in
            let purchase: JSON = ["EventType": Self.type("purchase")]
            let (past, future) = (Ingest.now - .seconds(600), Ingest.now + .seconds(600))
            try await add(1, purchase, to: ingest, start: past, end: future, status: "SCHEDULED")
            try await add(2, purchase, to: ingest, start: future)
            try await add(3, purchase, to: ingest, start: past - .seconds(9), end: past)
            try await put(
                ingest,
                [
                    "before": Ingest.event(at: past - .seconds(1)), "start": Ingest.event(at: past),
                    "now": Ingest.event(at: Ingest.now), "end": Ingest.event(at: future),
                    "last": Ingest.event(at: future - .seconds(1)),
                ])
            #expect(try await started(ingest) == [1: 3])
        }
    }

    @Test func `campaigns that are paused, done, deleted or of another app are not started`() async throws {
        try await RunningIngest.run { ingest in
            let purchase: JSON = ["EventType": Self.type("purchase")]
            for (number, status) in ["PAUSED", "COMPLETED", "INVALID", "EXECUTING", "EXECUTING"].enumerated() {
                try await add(UInt64(number), purchase, to: ingest, status: status)
            }
            try await ingest.test.database.execute(
                "UPDATE campaigns SET deleted_at = created_at WHERE id = \(CampaignID(high: 9, low: 3))")
            try await ingest.test.database.execute(
                "UPDATE campaigns SET app = \(AppID(high: 1, low: 1)) WHERE id = \(CampaignID(high: 9, low: 4))")
            try await put(ingest, ["1": Ingest.event()])
            #expect(try await started(ingest).isEmpty)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 1)
        }
    }

    @Test func `an event that is repeated starts its campaign once, whatever comes with it`() async throws {
        try await RunningIngest.run { ingest in
            try await add(1, ["EventType": Self.type("purchase")], to: ingest)
            try await put(ingest, ["a": Ingest.event()])
            try await put(ingest, ["a": Ingest.event(), "b": Ingest.event()])
            try await put(ingest, ["a": Ingest.event(), "b": Ingest.event()])
            try await put(ingest, ["a": Ingest.event()], of: "e2")
            #expect(try await started(ingest) == [1: 3])
            let events = try await ingest.test.database.query("SELECT endpoint_key, id FROM events").map {
                "\(try $0.get(0) as Int64) \(try $0.get(1) as EventID)"
            }
            var enqueued: [String] = []
            for row in try await ingest.test.database.query("SELECT payload FROM jobs") {
                let payload: JSON = try row.get(0)
                for (key, event) in zip(payload["keys"]?.array ?? [], payload["events"]?.array ?? []) {
                    enqueued.append("\(key.int ?? 0) \(event.string ?? "")")
                }
            }
            #expect(enqueued.sorted() == events.sorted())
        }
    }

    @Test func `a campaign that is written or paused holds a second later`() async throws {
        try await RunningIngest.run { ingest in
            try await put(ingest, ["0": Ingest.event()])
            try await add(1, ["EventType": Self.type("purchase")], to: ingest)
            let lock = Lock(0)
            func next() -> String {
                lock.withLock {
                    $0 += 1; return "n\($0)"
                }
            }
            try await eventually("the new campaign is started") {
                try await put(ingest, [next(): Ingest.event()])
                return try await started(ingest)[1] != nil
            }
            try await ingest.test.database.execute("UPDATE campaigns SET status = 'PAUSED'")
            try await eventually("the paused campaign is left alone") {
                try await ingest.test.database.execute("DELETE FROM jobs")
                try await put(ingest, [next(): Ingest.event()])
                return try await started(ingest).isEmpty
            }
        }
    }

    /// Looks at a message of a run whose messages were started by `trigger`.
    private func open(_ run: RunID, startedBy trigger: String?, _ ingest: RunningIngest) async throws {
        let frozen: JSON = trigger.map { ["trigger": .string($0)] } ?? [:]
        try await ingest.test.database.execute(
            """
            INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at, started_at)
            VALUES (\(ingest.app), \(run), \(CampaignID(high: 8, low: run.low)), 1, \(run.description), \(Ingest.now.day),
                    'RUNNING', \(SQLBind.jsonb(frozen.serialized)), \(Ingest.now), \(Ingest.now))
            """)
        let key = EndpointIdentity(app: ingest.app, id: EndpointID("e1")).key
        let link = TrackingLink(
            kind: .open, app: ingest.app, run: run, chunk: 0, ordinal: 0, endpointKey: key, treatment: 0)
        let token = try #require(ingest.tokens.mint(link))
        #expect(try await ingest.plain("GET", "/t/o/\(token).gif", [], []).status == 200)
    }

    @Test func `opens and clicks start campaigns of SYSTEM events, and events of clients do not`() async throws {
        try await RunningIngest.run { ingest in
            try await add(1, ["EventType": Self.type("_email.open")], to: ingest, filterType: "SYSTEM")
            try await add(2, ["EventType": Self.type("_email.open")], to: ingest)
            let first: JSON = [
                "AttributeType": "INCLUSIVE", "Values": [.string(CampaignID(high: 8, low: 1).description)],
            ]
            try await add(
                3, ["EventType": Self.type("_email.open"), "Attributes": ["campaign_id": first]], to: ingest,
                filterType: "SYSTEM")
            try await ingest.update("e1", ["ChannelType": "EMAIL", "Address": "a@b.c"])
            try await open(RunID(high: 4, low: 1), startedBy: nil, ingest)
            try await open(RunID(high: 4, low: 2), startedBy: "ENDPOINT", ingest)
            try await put(ingest, ["1": Ingest.event("_email.open")])
            #expect(try await started(ingest) == [1: 2, 2: 1, 3: 1])
        }
    }

    @Test func `a message that an event of ours started starts no other when it is opened`() async throws {
        try await RunningIngest.run { ingest in
            try await add(1, ["EventType": Self.type("_email.open")], to: ingest, filterType: "SYSTEM")
            try await ingest.update("e1", ["ChannelType": "EMAIL", "Address": "a@b.c"])
            try await open(RunID(high: 4, low: 1), startedBy: "SYSTEM", ingest)
            #expect(try await started(ingest).isEmpty)
        }
    }
}
