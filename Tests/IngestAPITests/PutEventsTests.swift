import Core
import HTTPClient
import Postgres
import TestKit
import Testing

@Suite(.database) struct PutEventsTests {
    private typealias Ingest = RunningIngest

    @Test func `events are stored with their own time, and so is the endpoint`() async throws {
        try await RunningIngest.run { ingest in
            let answer = try await ingest.putEvents([
                "e1": [
                    "Endpoint": ["ChannelType": "EMAIL", "Address": "a@b.c", "Metrics": ["Spent": 3]],
                    "Events": [
                        "1": Ingest.event(
                            "purchase", at: Instant(seconds: 898_000_000),
                            [
                                "Attributes": ["product": "x\u{1F600}", "note": "a \"quoted\" word"],
                                "Metrics": ["price": 1.25e2],
                                "Session": ["Id": "s", "StartTimestamp": "1998-06-01T00:00:00Z", "Duration": 7],
                                "AppTitle": "shop",
                            ])
                    ],
                ]
            ])
            #expect(answer.status == 202)
            let accepted: JSON = ["Message": "Accepted", "StatusCode": 202]
            #expect(
                answer.json == [
                    "Results": ["e1": ["EndpointItemResponse": accepted, "EventsItemResponse": ["1": accepted]]]
                ])
            let row = try await ingest.test.database.query(
                "SELECT type, at, week, attributes, metrics, context, received_at FROM events")[0]
            #expect(try row.get(0) as String == "purchase")
            #expect(try row.get(1) as Instant == Instant(seconds: 898_000_000))
            #expect(try row.get(2) as Day == Instant(seconds: 898_000_000).day.weekStart)
            #expect(try (row.get(3) as JSON).sorted == ["note": "a \"quoted\" word", "product": "x\u{1F600}"])
            #expect(try (row.get(4) as JSON)["price"]?.number == 125)
            #expect(try (row.get(5) as JSON)["Session"]?["Duration"] == 7)
            #expect(try (row.get(5) as JSON)["AppTitle"] == "shop")
            #expect(try row.get(6) as Instant == Ingest.now)
            #expect(try await ingest.endpoint("e1")["Metrics"]?["Spent"] == 3.0)
            #expect(try await ingest.logged("purchase") == 1)
        }
    }

    @Test func `an empty endpoint is left alone, and a new one needs no address`() async throws {
        try await RunningIngest.run { ingest in
            _ = try await ingest.putEvents(["e1": ["Endpoint": [:], "Events": ["1": Ingest.event()]]])
            #expect(try await ingest.count("SELECT count(*) FROM endpoints") == 0)
            let answer = try await ingest.putEvents(["e2": ["Endpoint": ["Demographic": ["Make": "x"]], "Events": [:]]])
            #expect(answer.json["Results"]?["e2"]?["EndpointItemResponse"]?["StatusCode"] == 202)
            #expect(try await ingest.endpoint("e2")["Address"] == nil)
        }
    }

    @Test func `one bad event among 100 is refused alone, and says why`() async throws {
        try await RunningIngest.run { ingest in
            var events = JSONObject()
            for number in 0..<99 { events["k\(number)"] = Ingest.event() }
            events["bad"] = ["EventType": "x", "Timestamp": "yesterday"]
            let answer = try await ingest.putEvents(["e": ["Endpoint": [:], "Events": .object(events)]])
            #expect(answer.status == 202)
            let results = try #require(answer.json["Results"]?["e"]?["EventsItemResponse"]?.object)
            #expect(results.count == 100)
            #expect(results["bad"]?["StatusCode"] == 400)
            #expect(results["bad"]?["Message"]?.string?.contains("Timestamp") == true)
            #expect(results.members.count { $0.value["StatusCode"] == 202 } == 99)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 99)
            #expect(try await ingest.logged("purchase") == 99)
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let event: JSON
        let message: String
        var testDescription: String { message }
    }

    private static func with(_ more: JSONObject) -> JSON { Ingest.event("x", more) }
    private static func keys(_ count: Int) -> JSON {
        .object(JSONObject(uniqueMembers: (0..<count).map { JSONObject.Member(key: "k\($0)", value: "v") }))
    }

    static let refusals: [Refusal] = [
        Refusal(event: 5, message: "must be a JSON object"),
        Refusal(event: ["Timestamp": "1998-07-01T00:00:00Z"], message: "EventType is required"),
        Refusal(event: ["EventType": "x"], message: "Timestamp is required"),
        Refusal(event: ["EventType": "", "Timestamp": "1998-07-01T00:00:00Z"], message: "EventType must be"),
        Refusal(event: ["EventType": 1, "Timestamp": "1998-07-01T00:00:00Z"], message: "EventType must be"),
        Refusal(event: ["EventType": "x", "Timestamp": 899_251_200], message: "Timestamp must be"),
        Refusal(event: Ingest.event(at: Ingest.now + .seconds(2 * 86_400)), message: "future"),
        Refusal(event: Ingest.event(at: Ingest.now - .seconds(41 * 366 * 86_400)), message: "40 years"),
        Refusal(event: with(["Attributes": ["a": 1]]), message: "Attributes.a must be a string"),
        Refusal(event: with(["Attributes": []]), message: "Attributes must be a JSON object"),
        Refusal(event: with(["Metrics": ["m": "1"]]), message: "Metrics.m must be a number"),
        Refusal(
            event: with(["Attributes": ["a": .string(String(repeating: "é", count: 201))]]), message: "200 characters"),
        Refusal(
            event: with(["Attributes": .object([String(repeating: "n", count: 51): "v"])]), message: "50 characters"),
        Refusal(event: with(["Attributes": keys(41)]), message: "40 attributes"),
        Refusal(event: with(["Session": ["Id": "s"]]), message: "Session.StartTimestamp is required"),
        Refusal(event: with(["AppTitle": 1]), message: "AppTitle must be a string"),
        Refusal(
            event: with(["SdkName": .string(String(repeating: "é", count: 201))]), message: "SdkName can have 200"),
        Refusal(
            event: with([
                "Session": [
                    "Id": .string(String(repeating: "s", count: 2048)), "StartTimestamp": "1998-06-01T00:00:00Z",
                ]
            ]), message: "Session can have 2048 bytes"),
    ]

    @Test func `every rule has its message, and its neighbours are stored`() async throws {
        try await RunningIngest.run { ingest in
            var events: JSONObject = ["good": Ingest.event()]
            for (number, refusal) in Self.refusals.enumerated() { events["k\(number)"] = refusal.event }
            let answer = try await ingest.putEvents(["e": ["Endpoint": [:], "Events": .object(events)]])
            let results = try #require(answer.json["Results"]?["e"]?["EventsItemResponse"])
            for (number, refusal) in Self.refusals.enumerated() {
                #expect(results["k\(number)"]?["StatusCode"] == 400)
                let message = results["k\(number)"]?["Message"]?.string ?? ""
                #expect(message.contains(refusal.message), "\(message)")
            }
            #expect(try await ingest.count("SELECT count(*) FROM events") == 1)
        }
    }

    @Test func `values at their limits are stored, and nulls count as absent`() async throws {
        try await RunningIngest.run { ingest in
            let event = Self.with([
                "Attributes": ["a": .string(String(repeating: "é", count: 200)), "gone": nil], "Metrics": ["m": nil],
                "Session": nil,
            ])
            let answer = try await ingest.putEvents(["e": ["Endpoint": [:], "Events": ["1": event]]])
            #expect(answer.json["Results"]?["e"]?["EventsItemResponse"]?["1"]?["StatusCode"] == 202)
            let row = try await ingest.test.database.query("SELECT attributes, metrics, context FROM events")[0]
            #expect(try (row.get(0) as JSON).object?.keys == ["a"])
            #expect(try row.get(1) as JSON? == nil)
            #expect(try row.get(2) as JSON? == nil)
        }
    }

    @Test func `a request that is wrong as a whole stores nothing`() async throws {
        try await RunningIngest.run { ingest in
            func refused(_ body: String, _ text: String, status: Int = 400) async throws {
                let answer = try await ingest.send("POST", "\(ingest.path)/events", Array(body.utf8))
                #expect(answer.status == status)
                #expect(answer.message?.contains(text) == true, "\(answer.message ?? "")")
            }
            let good = #""Endpoint":{},"Events":{"1":{"EventType":"x","Timestamp":"1998-07-01T00:00:00Z"}}"#
            try await refused(#"{"BatchItem":{"e":{"# + good + "}}", "Malformed JSON")
            try await refused(#"{"BatchItem":{"e":{"# + good + #"},"e":{"# + good + "}}}", "Malformed JSON")
            try await refused(#"{"BatchItem":{"e\u0000":{"# + good + "}}}", "Malformed JSON")
            try await refused("{}", "BatchItem is required")
            try await refused(#"{"BatchItem":{"":{"# + good + "}}}", "must not be empty")
            try await refused(#"{"BatchItem":{"e":{"Events":{}}}}"#, "BatchItem.e.Endpoint is required")
            try await refused(
                #"{"BatchItem":{"e":{"Endpoint":{},"Events":[]}}}"#, "BatchItem.e.Events must be a JSON object")
            var events = JSONObject()
            for number in 0..<101 { events["k\(number)"] = Ingest.event() }
            let many = try await ingest.putEvents(["e": ["Endpoint": [:], "Events": .object(events)]])
            #expect(many.status == 400)
            #expect(many.message == "A request can have 100 events")
            var endpoints = JSONObject()
            for number in 0..<101 { endpoints["e\(number)"] = ["Endpoint": [:], "Events": [:]] }
            let wide = try await ingest.putEvents(.object(endpoints))
            #expect(wide.status == 400)
            #expect(wide.message == "BatchItem can have 100 endpoints")
            let large = [UInt8](repeating: UInt8(ascii: " "), count: (4 << 20) + 1)
            #expect(try await ingest.send("POST", "\(ingest.path)/events", large).status == 413)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 0)
        }
    }

    @Test func `a bad endpoint is refused in its own result, and its events are stored`() async throws {
        try await RunningIngest.run { ingest in
            let answer = try await ingest.putEvents([
                "e": ["Endpoint": ["ChannelType": "FAX"], "Events": ["1": Ingest.event()]],
                "f": ["Endpoint": ["ChannelType": "EMAIL"], "Events": ["1": Ingest.event()]],
            ])
            #expect(answer.json["Results"]?["e"]?["EndpointItemResponse"]?["StatusCode"] == 400)
            #expect(answer.json["Results"]?["e"]?["EventsItemResponse"]?["1"]?["StatusCode"] == 202)
            #expect(answer.json["Results"]?["f"]?["EndpointItemResponse"]?["StatusCode"] == 202)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 2)
        }
    }

    @Test func `a retry is accepted, stores nothing twice and counts nothing twice`() async throws {
        try await RunningIngest.run { ingest in
            let batch: JSON = ["e": ["Endpoint": [:], "Events": ["1": Ingest.event(), "2": Ingest.event()]]]
            for _ in 1...3 { #expect(try await ingest.putEvents(batch).status == 202) }
            let more: JSON = ["e": ["Endpoint": [:], "Events": ["2": Ingest.event(), "3": Ingest.event()]]]
            #expect(try await ingest.putEvents(more).status == 202)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 3)
            #expect(try await ingest.logged("purchase") == 3)
            _ = try await ingest.putEvents(["f": ["Endpoint": [:], "Events": ["1": Ingest.event()]]])
            #expect(
                try await ingest.count("SELECT count(*) FROM events") == 4, "another endpoint's event of the same key")
        }
    }

    @Test func `Sunday's last and Monday's first millisecond are in different weeks`() async throws {
        try await RunningIngest.run { ingest in
            let monday = Day(year: 1998, month: 6, day: 15).start
            let answer = try await ingest.putEvents([
                "e": [
                    "Endpoint": [:],
                    "Events": ["1": Ingest.event(at: monday - .milliseconds(1)), "2": Ingest.event(at: monday)],
                ]
            ])
            #expect(answer.status == 202)
            let weeks = try await ingest.test.database.query("SELECT week, at FROM events ORDER BY at")
            #expect(try weeks.map { try $0.get(0) as Day } == [monday.day + -7, monday.day])
        }
    }

    @Test func `what was acknowledged under concurrency is there exactly once`() async throws {
        try await RunningIngest.run { ingest in
            // 8 clients; each sends 12 requests of 20 events, every third request twice at the same time.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in 0..<8 {
                    group.addTask {
                        for number in 0..<12 {
                            var events = JSONObject()
                            for event in 0..<20 {
                                events["\(client)-\(number)-\(event)"] = Ingest.event("e\(event % 3)")
                            }
                            let batch: JSON = [
                                "shared\(number % 4)": [
                                    "Endpoint": ["Metrics": .object(["c\(client)": .integer(Int64(number))])],
                                    "Events": .object(events),
                                ]
                            ]
                            async let again = number % 3 == 0 ? ingest.putEvents(batch).status : 202
                            let first = try await ingest.putEvents(batch).status
                            let second = try await again
                            #expect(first == 202)
                            #expect(second == 202)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await ingest.count("SELECT count(*) FROM events") == 8 * 12 * 20)
            #expect(try await ingest.count("SELECT count(*) FROM endpoints") == 4)
            let counted = try await ingest.logged("e0") + ingest.logged("e1") + ingest.logged("e2")
            #expect(counted == 8 * 12 * 20)
            #expect(
                try await ingest.count(
                    "SELECT count(*) FROM jsonb_object_keys((SELECT metrics FROM endpoints LIMIT 1))") == 8)
        }
    }

    @Test func `the path of the old beacon takes events too`() async throws {
        try await RunningIngest.run { ingest in
            let batch: JSON = ["BatchItem": ["e": ["Endpoint": [:], "Events": ["1": Ingest.event()]]]]
            let legacy = try await ingest.send("POST", "\(ingest.path)/events/legacy", batch)
            #expect(legacy.status == 202)
            #expect(try await ingest.send("POST", "\(ingest.path)/events", batch, isSigned: false).status == 403)
        }
    }
}
