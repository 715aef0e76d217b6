import Core
import TestKit
import Testing

/// Names and ids that look the same and are not: one scalar "é", and "e" with a combining accent.
@Suite(.database) struct ExactNameTests {
    static let one = "caf\u{E9}"
    static let two = "cafe\u{301}"

    /// As the bytes are: Swift's own comparison takes both names for one.
    private func attributes(_ endpoint: JSON, _ member: String = "Attributes") -> [[UInt8]] {
        endpoint[member]?.object?.members.map { Array($0.key.utf8) + $0.value.serialized } ?? []
    }

    private func entry(_ name: String, _ value: String) -> [UInt8] { Array("\(name)[\"\(value)\"]".utf8) }

    @Test func `attribute names that differ only in normalisation are two names`() async throws {
        try await RunningIngest.run { ingest in
            let body = """
                {"ChannelType":"EMAIL","Address":"a@b.c","Attributes":{"\(Self.one)":["1"],"\(Self.two)":["2"]},
                 "Metrics":{"\(Self.one)":1,"\(Self.two)":2}}
                """
            let answer = try await ingest.send("PUT", "\(ingest.path)/endpoints/e", Array(body.utf8))
            #expect(answer.status == 202)
            let stored = try await ingest.endpoint("e")
            #expect(Set(attributes(stored)) == [entry(Self.one, "1"), entry(Self.two, "2")])
            #expect(stored["Metrics"]?.object?.count == 2)
            try await ingest.update("e", ["Attributes": .object([Self.two: ["3"]])])
            #expect(try await Set(attributes(ingest.endpoint("e"))) == [entry(Self.one, "1"), entry(Self.two, "3")])
            try await ingest.update("e", ["Attributes": .object([Self.one: []])])
            #expect(try await attributes(ingest.endpoint("e")) == [entry(Self.two, "3")])
        }
    }

    @Test func `users whose ids differ only in normalisation keep their own attributes`() async throws {
        try await RunningIngest.run { ingest in
            func item(_ id: String, _ user: String, _ plan: String) -> JSON {
                [
                    "Id": .string(id), "ChannelType": "EMAIL", "Address": .string("\(id)@b.c"),
                    "User": ["UserId": .string(user), "UserAttributes": ["Plan": [.string(plan)]]],
                ]
            }
            // In one commit, where both are looked up in one table.
            let batch: JSON = ["Item": [item("e1", Self.one, "first"), item("e2", Self.two, "second")]]
            #expect(try await ingest.send("PUT", "\(ingest.path)/endpoints", batch).status == 202)
            for (id, plan) in [("e1", "first"), ("e2", "second")] {
                let user = try #require(try await ingest.endpoint(id)["User"])
                #expect(attributes(user, "UserAttributes") == [entry("Plan", plan)])
            }
            #expect(try await ingest.count("SELECT count(*) FROM users") == 2)
            // And one endpoint that changes hands between them.
            try await ingest.update("e1", ["User": ["UserId": .string(Self.two)]])
            let user = try #require(try await ingest.endpoint("e1")["User"])
            #expect(attributes(user, "UserAttributes") == [entry("Plan", "second")])
            #expect(user["UserId"]?.string.map { Array($0.utf8) } == Array(Self.two.utf8))
        }
    }

    @Test func `an address in another normalisation is another address`() async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("e", ["ChannelType": "EMAIL", "Address": .string("\(Self.one)@b.c")])
            try await ingest.update("e", ["Address": .string("\(Self.two)@b.c")])
            let stored = try await ingest.endpoint("e")["Address"]?.string
            #expect(stored.map { Array($0.utf8) } == Array("\(Self.two)@b.c".utf8))
        }
    }
}
