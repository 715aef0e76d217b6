import Core
import Hosting
import Model
import Postgres
import Runtime
import Segments
import TestKit
import Testing

@testable import SegmentService

@Suite(.database) struct IndexBoundsTests {
    @Test func `with 0 MB counts come from SQL`() async throws {
        try await RunningAudience.run(settings: ["NEEDLETAIL_INDEX_MB": "0"]) { audience in
            #expect(audience.estimates.workers.isEmpty)
            for _ in 0..<2 {
                let source = try await audience.source(.everyone)
                #expect(source == .sql)
            }
        }
    }

    @Test func `the app asked about least recently makes room for another`() async throws {
        try await RunningAudience.run { audience in
            let shelf = AudienceShelf(
                limitBytes: 1000, log: audience.context.environment.log, metrics: audience.estimates.metrics)
            var indexes: [AudienceIndex] = []
            for number in 1...3 {
                let index = AudienceIndex(
                    app: AppID(high: 9, low: UInt64(number)),
                    columns: OwnedIndex(eventsFrom: RunningAudience.now, thread: audience.estimates.thread),
                    eventsFrom: RunningAudience.now.day.weekStart,
                    position: try await audience.test.database.withSession { try await ChangeFeed.position(in: $0) },
                    askedAt: Int64(number))
                index.update { $0.footprint = .init(rows: 1, columnBytes: 300, behaviorBytes: 50) }
                indexes.append(index)
            }
            for index in indexes.prefix(2) { shelf.finish(index) }
            indexes[0].noteQuestion(ResolvedSegment(expression: .everyone))
            #expect(try await shelf.makeRoom(for: 350))
            #expect(shelf.indexes.map(\.app) == [indexes[0].app])
            #expect(indexes[1].now.isDropped)
            #expect(try await shelf.makeRoom(for: 1000))
            #expect(shelf.isEmpty)
            #expect(try await !shelf.makeRoom(for: 1001))
        }
    }

    @Test func `a deleted app's index goes`() async throws {
        try await RunningAudience.run { audience in
            try await AudienceOperations(audience, seed: 41).seed()
            try await audience.waitForIndex()
            try await audience.test.database.execute("UPDATE apps SET deleted_at = \(RunningAudience.now)")
            try await eventually { audience.estimates.shelf.isEmpty }
        }
    }

    @Test func `the answer says where it came from, and is else the same`() async throws {
        try await RunningAudience.run { audience in
            try await AudienceOperations(audience, seed: 42).seed()
            let body: JSON = ["Dimensions": ["Demographic": ["Channel": ["Values": ["EMAIL"]]]]]
            var answers: [String: JSONObject] = [:]
            try await eventually {
                let answer = try await audience.send(
                    "POST", "\(audience.path)/segments/estimate", body, to: .segments)
                var members = try #require(answer.json.object)
                let source = try #require(members["Source"]?.string)
                members["Source"] = nil
                members["Milliseconds"] = nil
                answers[source] = members
                return answers.count == 2
            }
            #expect(answers["INDEX"] == answers["SQL"])
            #expect(answers["INDEX"]?["Count"]?.int ?? 0 > 0)
        }
    }
}
