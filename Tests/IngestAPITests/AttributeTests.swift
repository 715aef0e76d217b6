import Core
import Postgres
import TestKit
import Testing

@Suite(.database) struct AttributeTests {
    private func write(_ attributes: JSON = [:], metrics: JSON = [:], user: JSON = [:]) -> JSON {
        [
            "ChannelType": "EMAIL", "Address": "a@b.c", "Attributes": attributes, "Metrics": metrics,
            "User": ["UserId": "u", "UserAttributes": user],
        ]
    }

    private func names(_ prefix: String, _ range: Range<Int>, _ value: JSON = ["x"]) -> JSON {
        var object = JSONObject()
        for number in range { object["\(prefix)\(number)"] = value }
        return .object(object)
    }

    private func remove(_ ingest: RunningIngest, _ kind: String, _ patterns: JSON) async throws -> RunningIngest.Answer
    {
        try await ingest.send("PUT", "\(ingest.path)/attributes/\(kind)", ["Blacklist": patterns])
    }

    @Test func `names that were removed are no longer captured, and what is stored stays`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update(
                "e", write(["tier": ["1"], "tmp_a": ["1"]], metrics: ["m": 1], user: ["Name": ["x"]]))
            let answer = try await remove(ingest, "endpoint-custom-attributes", ["tmp_*", "tier", "tier"])
            #expect(answer.status == 200)
            #expect(answer.json["ApplicationId"]?.string == ingest.app.description)
            #expect(answer.json["AttributeType"] == "endpoint-custom-attributes")
            #expect(answer.json["Attributes"] == ["tmp_*", "tier"])
            #expect(try await remove(ingest, "endpoint-metric-attributes", ["m"]).status == 200)
            #expect(try await remove(ingest, "endpoint-user-attributes", ["N?me"]).status == 200)
            try await ingest.update(
                "e",
                write(
                    ["tier": ["2"], "tmp_b": ["2"], "kept": ["2"]], metrics: ["m": 2, "n": 2],
                    user: ["Name": ["y"], "Plan": ["z"]]))
            let endpoint = try await ingest.endpoint("e")
            #expect(endpoint["Attributes"]?.sorted == ["kept": ["2"], "tier": ["1"], "tmp_a": ["1"]])
            #expect(endpoint["Metrics"]?.sorted == ["m": 1.0, "n": 2.0])
            #expect(endpoint["User"]?["UserAttributes"]?.sorted == ["Name": ["x"], "Plan": ["z"]])
            // A removal captures nothing.
            try await ingest.update("e", write(["tier": []]))
            #expect(try await ingest.endpoint("e")["Attributes"]?["tier"] == nil)
        }
    }

    @Test func `it holds for the endpoint part of PutEvents and not for attributes of events`() async throws {
        try await RunningIngest.run { ingest in
            _ = try await remove(ingest, "endpoint-custom-attributes", ["tier"])
            let event = RunningIngest.event("buy", ["Attributes": ["tier": "gold"]])
            let answer = try await ingest.putEvents([
                "e": ["Endpoint": ["Attributes": ["tier": ["1"], "b": ["1"]]], "Events": ["1": event]]
            ])
            #expect(answer.json["Results"]?["e"]?["EndpointItemResponse"]?["StatusCode"] == 202)
            #expect(try await ingest.endpoint("e")["Attributes"] == ["b": ["1"]])
            #expect(try await ingest.count("SELECT count(*) FROM events WHERE attributes->>'tier' = 'gold'") == 1)
        }
    }

    @Test func `a second list replaces the first, and an empty one captures everything again`() async throws {
        try await RunningIngest.run { ingest in
            _ = try await remove(ingest, "endpoint-custom-attributes", ["a", "b"])
            _ = try await remove(ingest, "endpoint-custom-attributes", ["b"])
            try await ingest.update("e", write(["a": ["1"], "b": ["1"]]))
            #expect(try await ingest.endpoint("e")["Attributes"] == ["a": ["1"]])
            #expect(try await remove(ingest, "endpoint-custom-attributes", []).json["Attributes"] == [])
            try await ingest.update("e", write(["b": ["1"]]))
            #expect(try await ingest.endpoint("e")["Attributes"]?["b"] == ["1"])
        }
    }

    @Test func `a list that another process set is obeyed within two seconds`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("e", write(["a": ["0"]]))
            try await ingest.test.database.execute(
                """
                INSERT INTO attribute_blacklists (app, kind, patterns, modified_at)
                VALUES (\(ingest.app), 'endpoint-custom-attributes', ARRAY['a'], \(RunningIngest.now))
                """)
            var last = 0
            try await eventually(within: .seconds(2), "the list is obeyed") {
                last += 1
                try await ingest.update("e", write(["a": [.string(String(last))]]))
                return try await ingest.endpoint("e")["Attributes"]?["a"]?.array?.first?.string != String(last)
            }
        }
    }

    @Test func `bad lists are refused by name`() async throws {
        try await RunningIngest.run { ingest in
            let kind = try await remove(ingest, "endpoint-attributes", ["a"])
            #expect(kind.status == 400)
            #expect(kind.message?.contains("attribute-type must be one of endpoint-custom-attributes") == true)
            let long = try await remove(
                ingest, "endpoint-custom-attributes", ["a", .string(String(repeating: "x", count: 51))])
            #expect(long.message == "Blacklist[1] must have 1 to 50 characters; got 51")
            let missing = try await ingest.send("PUT", "\(ingest.path)/attributes/endpoint-custom-attributes", [:])
            #expect(missing.status == 400)
            #expect(missing.message?.contains("Blacklist is required") == true)
            let gone = try await ingest.send(
                "PUT", "/v1/apps/\(AppID(high: 1, low: 2))/attributes/endpoint-custom-attributes", ["Blacklist": []])
            #expect(gone.message == "Application not found")
        }
    }

    @Test func `an app has 250 names over the three kinds`() async throws {
        try await RunningIngest.run { ingest in
            #expect(try await ingest.update("e1", write(names("a", 0..<100))).status == 202)
            #expect(try await ingest.update("e2", write(metrics: names("m", 0..<100, 1))).status == 202)
            #expect(try await ingest.update("e3", write(user: names("u", 0..<49))).status == 202)
            let two = try await ingest.update("e4", write(["new1": ["x"], "new2": ["x"]]))
            #expect(two.status == 400)
            #expect(two.message?.hasPrefix("Too many custom attributes") == true)
            #expect(try await ingest.send("GET", "\(ingest.path)/endpoints/e4").status == 404, "nothing is stored")
            #expect(try await ingest.update("e4", write(["new1": ["x"]])).status == 202, "the 250th")
            #expect(
                try await ingest.update("e5", write(["a7": ["x"]], metrics: ["m3": 4])).status == 202, "known names")
            #expect(try await ingest.update("e5", write(["never": []])).status == 202, "a removal names nothing")
            let events = try await ingest.putEvents([
                "e6": ["Endpoint": ["Attributes": ["new3": ["x"]]], "Events": ["1": RunningIngest.event()]]
            ])
            let result = try #require(events.json["Results"]?["e6"])
            #expect(result["EndpointItemResponse"]?["StatusCode"] == 400)
            #expect(result["EventsItemResponse"]?["1"]?["StatusCode"] == 202)
            let batch: JSON = [
                "Item": [
                    ["Id": "b0", "ChannelType": "EMAIL", "Address": "b@b.c"],
                    ["Id": "b1", "ChannelType": "EMAIL", "Address": "c@b.c", "Metrics": ["new4": 1]],
                ]
            ]
            let refused = try await ingest.send("PUT", "\(ingest.path)/endpoints", batch)
            #expect(refused.message?.hasPrefix("Too many custom attributes") == true)
            #expect(refused.message?.contains("Item[1]") == true)
            #expect(try await ingest.send("GET", "\(ingest.path)/endpoints/b0").status == 404)
            // Removing names makes room.
            _ = try await remove(ingest, "endpoint-metric-attributes", ["m9*"])
            #expect(try await ingest.update("e4", write(names("r", 0..<11))).status == 202)
            #expect(try await ingest.update("e4", write(["r11": ["x"]])).status == 400)
        }
    }

    @Test func `the limit holds for writes that come at once`() async throws {
        try await RunningIngest.run { ingest in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        let body: JSON = [
                            "ChannelType": "CUSTOM", "Address": "x", "Attributes": names("n\(number)_", 0..<10),
                        ]
                        return try await ingest.update("e\(number)", body).status
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 202 } == 25)
            #expect(statuses.count { $0 == 400 } == 15)
            #expect(try await ingest.count("SELECT count(*) FROM attribute_names") == 250)
        }
    }

    @Test func `the names are listed by kind`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("e", write(["b": ["1"], "a": ["1"]], metrics: ["m": 1], user: ["Name": ["x"]]))
            _ = try await remove(ingest, "endpoint-custom-attributes", ["b"])
            let list = try await ingest.send("GET", "\(ingest.path)/attributes").json
            #expect(list["Limit"] == 250)
            #expect(
                list["Item"] == [
                    ["AttributeType": "endpoint-custom-attributes", "Attributes": ["a"], "Blacklist": ["b"]],
                    ["AttributeType": "endpoint-metric-attributes", "Attributes": ["m"], "Blacklist": []],
                    ["AttributeType": "endpoint-user-attributes", "Attributes": ["Name"], "Blacklist": []],
                ])
        }
    }
}
