import Columns
import Core
import Hosting
import Model
import Postgres
import Runtime
import Segments
import TestKit
import Testing

@testable import SegmentService

@Suite(.database) struct IndexCheckTests {
    private func check(_ audience: RunningAudience) -> IndexCheck {
        IndexCheck(context: audience.context, shelf: audience.estimates.shelf, metrics: audience.estimates.metrics)
    }

    /// Loaded, and checked with `damage` done to it; true when it was found out.
    private func isFound(
        _ audience: RunningAudience, _ scope: IndexCheck.Scope,
        _ damage: (AudienceIndex) async throws -> Void
    ) async throws -> Bool {
        try await AudienceOperations(audience, seed: 31).seed()
        try await audience.waitForIndex()
        let index = try #require(audience.estimates.shelf.indexes.first)
        try await damage(index)
        try await check(audience).check(index, ResolvedSegment(expression: .everyone), scope)
        return audience.estimates.metrics.mismatches.value > 0
    }

    @Test(arguments: [IndexCheck.Scope.members, .tally])
    func `an index that is right passes`(_ scope: IndexCheck.Scope) async throws {
        try await RunningAudience.run { audience in
            let found = try await isFound(audience, scope) { _ in }
            #expect(!found)
            #expect(audience.estimates.shelf.indexes.count == 1)
        }
    }

    @Test(arguments: [IndexCheck.Scope.members, .tally])
    func `an index that lost endpoints is found out, dropped and loaded again`(_ scope: IndexCheck.Scope) async throws {
        try await RunningAudience.run { audience in
            let found = try await isFound(audience, scope) { index in
                try await index.columns.change { columns in
                    let keys = columns.keys(.everyone, now: RunningAudience.now) ?? []
                    columns.remove(keys)
                }
            }
            #expect(found)
            #expect(audience.log.events.contains("index.mismatch"))
            try await audience.waitForIndex()
            #expect(try await audience.agrees(.everyone))
        }
    }

    @Test func `an endpoint that was deleted and is still held is found out`() async throws {
        try await RunningAudience.run { audience in
            let found = try await isFound(audience, .members) { index in
                let key = EndpointIdentity(app: audience.app, id: "p1").key
                let rows = try await audience.test.database.query(ColumnFeed.rows(audience.app, [key]))
                try await audience.send("DELETE", "\(audience.path)/endpoints/p1")
                #expect(try await audience.agrees(.everyone))
                _ = try await index.columns.renew([key], with: rows)
            }
            #expect(found)
        }
    }
}
