import Core
import HTTPClient
import Postgres
import TestKit
import Testing

/// Pinpoint's rules for endpoints and users, a row each: what a client that ran against Pinpoint relies on.
@Suite(.database) struct EndpointTableTests {
    /// Every member that a client can write.
    private static let whole: JSON = [
        "ChannelType": "EMAIL", "Address": "a@b.c", "OptOut": "ALL", "EndpointStatus": "INACTIVE", "RequestId": "r1",
        "EffectiveDate": "1998-01-02T03:04:05.678Z", "Attributes": ["a": ["1", "2"], "b": []],
        "Metrics": ["m": 1.5, "z": -0.0],
        "Demographic": [
            "AppVersion": "1", "Locale": "de_AT", "Make": "x", "Model": "y", "ModelVersion": "z", "Platform": "p",
            "PlatformVersion": "q", "Timezone": "Europe/Vienna",
        ],
        "Location": [
            "City": "Graz", "Country": "AT", "Latitude": 47.1, "Longitude": 15.4, "PostalCode": "8010", "Region": "6",
        ],
        "User": ["UserId": "u", "UserAttributes": ["Name": ["Ann"]]],
    ]

    struct Write: Sendable, CustomTestStringConvertible {
        let name: String
        let write: JSON
        /// Members that differ afterwards, apart from those that every write sets: EffectiveDate and EndpointStatus.
        var changes: JSONObject = [:]
        var testDescription: String { name }
    }

    @Test func `a demographic or a place is as long as an index takes`() async throws {
        try await RunningIngest.run { ingest in
            let fits = String(repeating: "é", count: 200)
            let body: JSON = ["ChannelType": "EMAIL", "Address": "a@b.c", "Demographic": ["Model": .string(fits)]]
            #expect(try await ingest.update("e", body).status == 202)
            let refused = try await ingest.update("e", ["Location": ["Country": .string(fits + "é")]])
            #expect(refused.status == 400)
            #expect(refused.message == "Location.Country must have at most 200 characters; got 201")
        }
    }

    static let writes: [Write] = [
        Write(name: "nothing", write: [:]),
        Write(name: "null is absent", write: ["Address": nil, "Attributes": nil, "User": nil, "OptOut": nil]),
        Write(name: "an empty address is absent", write: ["Address": ""]),
        Write(name: "an empty user id is absent", write: ["User": ["UserId": ""]]),
        Write(name: "empty maps", write: ["Attributes": [:], "Metrics": [:], "Demographic": [:], "Location": [:]]),
        Write(name: "channel", write: ["ChannelType": "CUSTOM"], changes: ["ChannelType": "CUSTOM"]),
        Write(name: "address", write: ["Address": "n@b.c"], changes: ["Address": "n@b.c"]),
        Write(name: "opt-out", write: ["OptOut": "NONE"], changes: ["OptOut": "NONE"]),
        Write(name: "request id", write: ["RequestId": "r2"], changes: ["RequestId": "r2"]),
        Write(
            name: "an attribute's list is replaced whole", write: ["Attributes": ["a": ["3"]]],
            changes: ["Attributes": ["a": ["3"]]]),
        Write(
            name: "an attribute joins", write: ["Attributes": ["c": [""]]],
            changes: ["Attributes": ["a": ["1", "2"], "c": [""]]]),
        Write(name: "an empty list removes", write: ["Attributes": ["a": []]], changes: ["Attributes": [:]]),
        Write(
            name: "a metric is replaced, the other stays", write: ["Metrics": ["m": 2]],
            changes: ["Metrics": ["m": 2, "z": 0]]),
        Write(
            name: "a member of the location", write: ["Location": ["City": "Wien"]],
            changes: [
                "Location": [
                    "City": "Wien", "Country": "AT", "Latitude": 47.1, "Longitude": 15.4, "PostalCode": "8010",
                    "Region": "6",
                ]
            ]),
        Write(
            name: "a member of the demographic", write: ["Demographic": ["Make": "n"]],
            changes: [
                "Demographic": [
                    "AppVersion": "1", "Locale": "de_AT", "Make": "n", "Model": "y", "ModelVersion": "z",
                    "Platform": "p", "PlatformVersion": "q", "Timezone": "Europe/Vienna",
                ]
            ]),
        Write(
            name: "a user attribute", write: ["User": ["UserId": "u", "UserAttributes": ["Plan": ["x"]]]],
            changes: ["User": ["UserId": "u", "UserAttributes": ["Name": ["Ann"], "Plan": ["x"]]]]),
        Write(
            name: "a user attribute without the id", write: ["User": ["UserAttributes": ["Name": ["Bea"]]]],
            changes: ["User": ["UserId": "u", "UserAttributes": ["Name": ["Bea"]]]]),
        Write(
            name: "another user", write: ["User": ["UserId": "v"]],
            changes: ["User": ["UserId": "v", "UserAttributes": [:]]]),
    ]

    @Test(arguments: writes)
    func `a write changes what it names and nothing else`(_ row: Write) async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("e", Self.whole)
            let before = try await ingest.endpoint("e")
            #expect(before["EffectiveDate"] == "1998-01-02T03:04:05.678Z")
            let answer = try await ingest.update("e", row.write)
            #expect(answer.status == 202, "\(answer.message ?? "")")
            var expected = try #require(before.object)
            expected["EffectiveDate"] = .string(RunningIngest.now.description)
            expected["EndpointStatus"] = "ACTIVE"
            for member in row.changes.members { expected[member.key] = member.value }
            let after = try await ingest.endpoint("e")
            #expect(after.sorted == JSON.object(expected).sorted)
        }
    }

    /// Whether the 16th endpoint of a user may take the place of an older one when 14 are e-mail and one has the channel `other`.
    static let sixteenth: [(channel: String, other: String, isAccepted: Bool)] =
        ["SMS", "PUSH", "VOICE", "EMAIL", "CUSTOM", "IN_APP"].map { ($0, "GCM", false) }
        + ["ADM", "GCM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "BAIDU"].flatMap {
            [($0, "APNS", true), ($0, "PUSH", false), ($0, "SMS", false)]
        }

    @Test func `the 16th endpoint of a user takes a push endpoint's place or is refused, by channel`() async throws {
        try await RunningIngest.run { ingest in
            for (index, row) in Self.sixteenth.enumerated() {
                let user = "u\(index)"
                func item(_ number: Int, _ channel: String) -> JSON {
                    [
                        "Id": .string("\(user)-\(number)"), "ChannelType": .string(channel),
                        "Address": .string("\(user)-\(number)@b.c"), "User": ["UserId": .string(user)],
                    ]
                }
                let items = (1...14).map { item($0, "EMAIL") } + [item(15, row.other)]
                let answer = try await ingest.send("PUT", "\(ingest.path)/endpoints", ["Item": .array(items)])
                #expect(answer.status == 202)
                let last = try await ingest.send(
                    "PUT", "\(ingest.path)/endpoints", ["Item": [item(16, row.channel)]])
                #expect(last.status == (row.isAccepted ? 202 : 400), "\(row)")
                if !row.isAccepted {
                    #expect(last.message?.hasPrefix("Exceeded maximum endpoint per user count: 15") == true)
                }
                let evicted = try await ingest.endpoint("\(user)-15")
                #expect(evicted["EndpointStatus"]?.string == (row.isAccepted ? "INACTIVE" : "ACTIVE"), "\(row)")
                #expect((evicted["User"] == nil) == row.isAccepted, "\(row)")
            }
        }
    }

    static let ids = ["a/b", "a b", "a@b.c", "+4366412345", "é", "日本", "a%2Fb", "?x=1", "#", "a:b\\c", "%", "."]

    @Test(arguments: ids)
    func `user ids are any text, and find their endpoints`(_ id: String) async throws {
        try await RunningIngest.run { ingest in
            let encoded = id.utf8.map { "%" + Hex.lowercase([$0]).uppercased() }.joined()
            for name in ["1", "2"] {
                try await ingest.update(
                    name, ["ChannelType": "SMS", "Address": .string(name), "User": ["UserId": .string(id)]])
            }
            let found = try await ingest.send("GET", "\(ingest.path)/users/\(encoded)")
            #expect(found.status == 200)
            #expect(found.json.object?.keys == ["Item"])
            #expect(found.json["Item"]?.array?.map { $0["Id"] } == ["1", "2"])
            #expect(found.json["Item"]?.array?.allSatisfy { $0["User"]?["UserId"]?.string == id } == true)
            let deleted = try await ingest.send("DELETE", "\(ingest.path)/users/\(encoded)")
            #expect(deleted.status == 202)
            #expect(deleted.json == found.json, "the answer is what was deleted")
            let again = try await ingest.send("DELETE", "\(ingest.path)/users/\(encoded)")
            #expect(again.status == 404)
            #expect(again.message == "Resource not found")
        }
    }

    @Test func `a batch says which item it refuses, and stores none`() async throws {
        try await RunningIngest.run { ingest in
            func item(_ id: String, _ more: JSONObject = [:]) -> JSON {
                var item: JSONObject = ["Id": .string(id), "ChannelType": "EMAIL", "Address": .string("\(id)@b.c")]
                for member in more.members { item[member.key] = member.value }
                return .object(item)
            }
            let rows: [(JSON, String)] = [
                (["Id": "x"], "Missing Address; it concerns Item[1]"),
                (item("x", ["ChannelType": "FAX"]), "Item[1].ChannelType"),
                (item("x", ["Attributes": ["a": "no list"]]), "Item[1].Attributes.a"),
                (item("x", ["EffectiveDate": "soon"]), "Item[1].EffectiveDate"),
                (item("x", ["User": ["UserAttributes": ["a": ["b"]]]]), "User.UserId is required"),
                (["Address": "x"], "Item[1].Id is required"),
            ]
            for (bad, text) in rows {
                let batch: JSON = ["Item": [item("first"), bad, item("last")]]
                let answer = try await ingest.send("PUT", "\(ingest.path)/endpoints", batch)
                #expect(answer.status == 400)
                #expect(answer.message?.hasPrefix(text) == true, "\(answer.message ?? "")")
                #expect(answer.response.header("x-amzn-ErrorType") == "BadRequestException")
            }
            #expect(try await ingest.count("SELECT count(*) FROM endpoints") == 0)
            // The same id twice: both are written, the later over the earlier.
            let twice: JSON = [
                "Item": [item("t", ["Attributes": ["a": ["1"], "b": ["1"]]]), item("t", ["Attributes": ["a": ["2"]]])]
            ]
            #expect(try await ingest.send("PUT", "\(ingest.path)/endpoints", twice).status == 202)
            #expect(try await ingest.endpoint("t")["Attributes"]?.sorted == ["a": ["2"], "b": ["1"]])
        }
    }
}
