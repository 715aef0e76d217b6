import Core
import HTTPClient
import Postgres
import TestKit
import Testing

@Suite(.database) struct EndpointTests {
    @Test func `a new endpoint answers with everything that was written, and its cohort`() async throws {
        try await RunningIngest.run { ingest in
            let answer = try await ingest.update(
                "e1",
                [
                    "ChannelType": "EMAIL", "Address": "Ann@example.com", "RequestId": "r-1",
                    "Attributes": ["tier": ["gold", "old"]], "Metrics": ["Spent": 12.5],
                    "Demographic": ["Timezone": "Europe/Vienna", "Make": "x"],
                    "Location": ["City": "Graz", "Latitude": 47.1],
                    "User": ["UserId": "u1", "UserAttributes": ["Name": ["Ann"]]],
                ])
            #expect(answer.status == 202)
            #expect(answer.message == "Accepted")
            #expect(answer.json["RequestID"]?.string == answer.response.header("x-amzn-RequestId"))
            let endpoint = try await ingest.endpoint("e1")
            #expect(endpoint["Id"] == "e1")
            #expect(endpoint["ApplicationId"]?.string == ingest.app.description)
            #expect(endpoint["Address"] == "Ann@example.com")
            #expect(endpoint["Attributes"]?["tier"] == ["gold", "old"])
            #expect(endpoint["Metrics"]?["Spent"] == 12.5)
            #expect(endpoint["Demographic"]?["Timezone"] == "Europe/Vienna")
            #expect(endpoint["Location"]?["City"] == "Graz")
            #expect(endpoint["User"]?["UserAttributes"]?["Name"] == ["Ann"])
            #expect(endpoint["OptOut"] == "NONE")
            #expect(endpoint["EndpointStatus"] == "ACTIVE")
            #expect(endpoint["RequestId"] == "r-1")
            #expect(endpoint["CreationDate"]?.string == RunningIngest.now.description)
            #expect(endpoint["EffectiveDate"]?.string == RunningIngest.now.description)
            let cohort = try #require(endpoint["CohortId"]?.string.flatMap(Int.init))
            #expect((0..<100).contains(cohort))
        }
    }

    struct Merge: Sendable, CustomTestStringConvertible {
        let name: String
        let write: JSON
        let member: String
        let expected: JSON
        var testDescription: String { name }
    }

    /// Each over an endpoint with the attributes a and b, the metric m, and the demographic Make.
    static let merges: [Merge] = [
        Merge(name: "an absent member stays", write: [:], member: "Attributes", expected: ["a": ["1"], "b": ["2"]]),
        Merge(
            name: "a list replaces the whole list", write: ["Attributes": ["a": ["3", "4"]]], member: "Attributes",
            expected: ["a": ["3", "4"], "b": ["2"]]),
        Merge(
            name: "an empty list removes the attribute", write: ["Attributes": ["a": []]], member: "Attributes",
            expected: ["b": ["2"]]),
        Merge(
            name: "a new attribute joins", write: ["Attributes": ["c": ["5"]]], member: "Attributes",
            expected: ["a": ["1"], "b": ["2"], "c": ["5"]]),
        Merge(
            name: "metrics merge", write: ["Metrics": ["n": 2]], member: "Metrics", expected: ["m": 1.0, "n": 2.0]),
        Merge(
            name: "demographic merges by member", write: ["Demographic": ["Model": "y"]], member: "Demographic",
            expected: ["Make": "x", "Model": "y"]),
        Merge(name: "a write revives", write: [:], member: "EndpointStatus", expected: "ACTIVE"),
        Merge(
            name: "a status that is given holds", write: ["EndpointStatus": "INACTIVE"], member: "EndpointStatus",
            expected: "INACTIVE"),
        Merge(name: "an opt-out that is not given stays", write: [:], member: "OptOut", expected: "ALL"),
        Merge(name: "an opt-out is the client's", write: ["OptOut": "NONE"], member: "OptOut", expected: "NONE"),
        Merge(
            name: "the client's date is kept", write: ["EffectiveDate": "1998-01-02T03:04:05Z"],
            member: "EffectiveDate",
            expected: "1998-01-02T03:04:05.000Z"),
    ]

    @Test(arguments: merges)
    func `a write merges with what is stored`(_ merge: Merge) async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update(
                "e1",
                [
                    "ChannelType": "EMAIL", "Address": "a@b.c", "OptOut": "ALL", "EndpointStatus": "INACTIVE",
                    "Attributes": ["a": ["1"], "b": ["2"]], "Metrics": ["m": 1], "Demographic": ["Make": "x"],
                ])
            #expect(try await ingest.update("e1", merge.write).status == 202)
            let stored = try await ingest.endpoint("e1")[merge.member]
            #expect(stored?.sorted == merge.expected.sorted)
        }
    }

    static let naughty = ["a/b c@d", "+4915", "ü☃", "a%b", "..", "x#y?z", "𝒳", " "]

    @Test(arguments: naughty)
    func `an id is any text`(_ id: String) async throws {
        try await RunningIngest.run { ingest in
            let encoded = id.utf8.map { "%" + Hex.lowercase([$0]).uppercased() }.joined()
            #expect(try await ingest.update(encoded, ["ChannelType": "SMS", "Address": "+491512345"]).status == 202)
            #expect(try await ingest.endpoint(encoded)["Id"]?.string == id)
            let events = try await ingest.putEvents([id: ["Endpoint": [:], "Events": ["1": RunningIngest.event()]]])
            #expect(events.json["Results"]?[id]?["EventsItemResponse"]?["1"]?["StatusCode"] == 202)
            #expect(try await ingest.send("DELETE", "\(ingest.path)/endpoints/\(encoded)").status == 202)
            #expect(try await ingest.send("GET", "\(ingest.path)/endpoints/\(encoded)").status == 404)
        }
    }

    @Test func `bad writes are refused, name what is wrong, and store nothing`() async throws {
        try await RunningIngest.run { ingest in
            func refused(_ id: String, _ json: JSON, _ text: String) async throws {
                let answer = try await ingest.update(id, json)
                #expect(answer.status == 400)
                #expect(answer.message?.contains(text) == true, "\(answer.message ?? "")")
            }
            try await refused("new", ["ChannelType": "EMAIL"], "Missing Address")
            try await refused("new", ["ChannelType": "FAX", "Address": "x"], "ChannelType")
            try await refused("new", ["Address": 5], "Address must be a string")
            try await refused("new", ["Address": "x", "EffectiveDate": "yesterday"], "EffectiveDate")
            try await refused("new", ["Address": "x", "OptOut": "SOME"], "OptOut")
            try await refused(
                "new", ["Address": "x", "User": ["UserAttributes": ["a": ["b"]]]], "User.UserId is required")
            try await refused(
                "new", ["Address": "x", "Attributes": ["a": [.string(String(repeating: "v", count: 101))]]],
                "Attributes.a[0]")
            try await refused(
                "new", ["Address": .string(String(repeating: "x", count: 16_000))], "Address must have at most 15360")
            try await refused("new", ["Address": "x", "Needletail": ["Shape": 1]], "Needletail.Shape is not known")
            try await refused("a%00b", ["Address": "x"], "not valid percent-encoded UTF-8")
            let broken = try await ingest.send(
                "PUT", "\(ingest.path)/endpoints/new", Array("{\"Address\":\"\\u0000\"}".utf8))
            #expect(broken.status == 400)
            let missing = try await ingest.send(
                "PUT", "/v1/apps/\(AppID(high: 1, low: 2))/endpoints/new", ["Address": "x"])
            #expect(missing.status == 404)
            #expect(missing.message == "Application not found")
            #expect(try await ingest.count("SELECT count(*) FROM endpoints") == 0)
        }
    }

    static let controls = ["\r\nBcc: x@y.z", "\n", "\r", "\t", "\u{1}", "\u{7F}", "\u{85}"]

    @Test(arguments: controls)
    func `an address with control characters is refused by name`(_ control: String) async throws {
        try await RunningIngest.run { ingest in
            func named(_ message: String?, _ path: String) {
                #expect(message?.hasPrefix("\(path) must not have control characters; got U+00") == true)
            }
            let address = JSON.string("a@b.c\(control)")
            let one = try await ingest.update("e", ["ChannelType": "EMAIL", "Address": address])
            #expect(one.status == 400)
            named(one.message, "Address")
            let batch = try await ingest.send(
                "PUT", "\(ingest.path)/endpoints",
                ["Item": [["Id": "a", "Address": "a@b.c"], ["Id": "b", "Address": address]]])
            #expect(batch.status == 400)
            named(batch.message, "Item[1].Address")
            let events = try await ingest.putEvents([
                "bad": ["Endpoint": ["Address": address], "Events": ["1": RunningIngest.event()]],
                "good": ["Endpoint": ["Address": "ä b/@"], "Events": [:]],
            ])
            #expect(events.status == 202)
            let bad = try #require(events.json["Results"]?["bad"])
            #expect(bad["EndpointItemResponse"]?["StatusCode"] == 400)
            named(bad["EndpointItemResponse"]?["Message"]?.string, "BatchItem.bad.Endpoint.Address")
            #expect(bad["EventsItemResponse"]?["1"]?["StatusCode"] == 202)
            #expect(try await ingest.count("SELECT count(*) FROM endpoints") == 1, "the good one")
            #expect(
                try await ingest.endpoint("good")["Address"] == "ä b/@", "what is no address is the channel's to say")
        }
    }

    @Test func `an endpoint grows to its limits and no further`() async throws {
        try await RunningIngest.run { ingest in
            func attributes(_ range: Range<Int>, bytes: Int = 1) -> JSON {
                var object = JSONObject()
                for number in range { object["n\(number)"] = [.string(String(repeating: "v", count: bytes))] }
                return ["ChannelType": "EMAIL", "Address": "a@b.c", "Attributes": .object(object)]
            }
            #expect(try await ingest.update("many", attributes(0..<200)).status == 202)
            #expect(try await ingest.update("many", attributes(150..<250)).status == 202)
            let many = try await ingest.update("many", attributes(250..<251))
            #expect(many.status == 400)
            #expect(many.message?.hasPrefix("Too many custom attributes") == true)
            #expect(try await ingest.update("large", attributes(0..<100, bytes: 100)).status == 202)
            let large = try await ingest.update("large", attributes(100..<160, bytes: 100))
            #expect(large.message?.contains("too large") == true)
            #expect(try await ingest.endpoint("large")["Attributes"]?.object?.count == 100)
        }
    }

    @Test func `the last endpoint written with an address holds it alone`() async throws {
        try await RunningIngest.run { ingest in
            for (id, address) in [("old", "Ann@Example.com"), ("other", "bob@example.com")] {
                try await ingest.update(id, ["ChannelType": "EMAIL", "Address": .string(address)])
            }
            try await ingest.update("sms", ["ChannelType": "CUSTOM", "Address": "ann@example.com"])
            try await ingest.update("new", ["ChannelType": "EMAIL", "Address": "ann@example.com"])
            #expect(try await ingest.endpoint("old")["EndpointStatus"] == "INACTIVE")
            #expect(try await ingest.endpoint("new")["EndpointStatus"] == "ACTIVE")
            #expect(try await ingest.endpoint("other")["EndpointStatus"] == "ACTIVE")
            #expect(try await ingest.endpoint("sms")["EndpointStatus"] == "ACTIVE", "another channel's address")
            let batch: JSON = [
                "Item": [
                    ["Id": "b1", "ChannelType": "EMAIL", "Address": "c@d.e"],
                    ["Id": "b2", "ChannelType": "EMAIL", "Address": "C@d.e"],
                ]
            ]
            #expect(try await ingest.send("PUT", "\(ingest.path)/endpoints", batch).status == 202)
            #expect(try await ingest.endpoint("b1")["EndpointStatus"] == "INACTIVE")
            #expect(try await ingest.endpoint("b2")["EndpointStatus"] == "ACTIVE")
        }
    }

    @Test func `a batch is stored whole or not at all`() async throws {
        try await RunningIngest.run { ingest in
            let bad: JSON = [
                "Item": [["Id": "a", "ChannelType": "EMAIL", "Address": "a@b.c"], ["Id": "b", "OptOut": "ALL"]]
            ]
            let refused = try await ingest.send("PUT", "\(ingest.path)/endpoints", bad)
            #expect(refused.status == 400)
            #expect(refused.message == "Missing Address; it concerns Item[1], whose Id is \"b\"")
            let nameless: JSON = ["Item": [["ChannelType": "EMAIL", "Address": "a@b.c"]]]
            #expect(
                try await ingest.send("PUT", "\(ingest.path)/endpoints", nameless).message?.contains("Item[0].Id")
                    == true)
            let many: JSON = ["Item": .array((0..<101).map { ["Id": .string("e\($0)"), "Address": "x"] })]
            #expect(try await ingest.send("PUT", "\(ingest.path)/endpoints", many).status == 400)
            #expect(try await ingest.count("SELECT count(*) FROM endpoints") == 0)
            let good: JSON = [
                "Item": .array(
                    (0..<100).map {
                        ["Id": .string("e\($0)"), "ChannelType": "EMAIL", "Address": .string("a\($0)@b.c")]
                    })
            ]
            #expect(try await ingest.send("PUT", "\(ingest.path)/endpoints", good).status == 202)
            #expect(try await ingest.count("SELECT count(*) FROM endpoints WHERE endpoint_status = 'ACTIVE'") == 100)
        }
    }

    @Test func `while an address is suppressed the endpoint says so, whatever the client writes`() async throws {
        try await RunningIngest.run { ingest in
            let write: JSON = ["ChannelType": "EMAIL", "Address": "a@b.c", "OptOut": "NONE"]
            try await ingest.update("e", write)
            for (reason, member, shown) in [
                ("UNSUBSCRIBE", "OptOut", "ALL"), ("HARD_BOUNCE", "EndpointStatus", "INACTIVE"),
                ("DEAD_TOKEN", "EndpointStatus", "INACTIVE"),
            ] {
                try await ingest.test.database.execute(
                    """
                    INSERT INTO suppressions (app, channel, address_hash, reason, created_at)
                    SELECT app, channel_type, address_hash, \(reason), created_at FROM endpoints
                    """)
                try await ingest.update("e", write)
                #expect(try await ingest.endpoint("e")[member]?.string == shown)
                try await ingest.test.database.execute("DELETE FROM suppressions")
            }
            let endpoint = try await ingest.endpoint("e")
            #expect(endpoint["OptOut"] == "NONE")
            #expect(endpoint["EndpointStatus"] == "ACTIVE")
        }
    }
}

extension JSON {
    /// Members by name, all the way down: `jsonb` keeps no order.
    var sorted: JSON {
        switch self {
        case .object(let object):
            .object(
                JSONObject(
                    uniqueMembers: object.members.sorted { $0.key < $1.key }.map {
                        JSONObject.Member(key: $0.key, value: $0.value.sorted)
                    }))
        case .array(let elements): .array(elements.map(\.sorted))
        case .integer(let value): .double(Double(value))
        case .null, .bool, .double, .string: self
        }
    }
}
