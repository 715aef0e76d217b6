import Core
import Model
import PinpointAPI
import Postgres
import Segments
import TestKit
import Testing

@Suite(.database) struct SegmentStoreTests {
    private let app = AppID(high: 1, low: 1)
    private let account = "123456789012"
    private let now = Instant(seconds: 899_251_200)

    private func id(_ number: UInt64) -> SegmentID { SegmentID(high: 7, low: number) }

    /// Matches endpoints whose attribute `a` is `value`.
    private func request(_ value: String, tags: [String: String]? = nil) -> WriteSegmentRequest {
        WriteSegmentRequest(
            dimensions: SegmentDimensions(attributes: ["a": AttributeDimension(values: [value])]),
            name: "named \(value)",
            tags: tags
        )
    }

    private func over(_ sources: SegmentReference...) -> WriteSegmentRequest {
        WriteSegmentRequest(segmentGroups: SegmentGroupList(groups: [SegmentGroup(sourceSegments: sources)]))
    }

    private func reference(_ number: UInt64, version: Int? = nil) -> SegmentReference {
        SegmentReference(id: id(number).description, version: version)
    }

    @discardableResult
    private func create(_ number: UInt64, _ request: WriteSegmentRequest, after: Duration = .zero) async throws
        -> StoredSegment
    {
        try await TestDatabase.current.database.transaction { session in
            try await SegmentStore.create(
                app,
                id: id(number),
                request,
                SegmentDefinition(request),
                account: account,
                now: now + after,
                in: session
            )
        }
    }

    @discardableResult
    private func update(_ number: UInt64, _ request: WriteSegmentRequest) async throws -> StoredSegment? {
        try await TestDatabase.current.database.transaction { session in
            try await SegmentStore.update(
                app,
                id: id(number),
                request,
                SegmentDefinition(request),
                account: account,
                now: now + .seconds(60),
                in: session
            )
        }
    }

    private func load(_ number: UInt64, version: Int? = nil, app: AppID? = nil) async throws -> StoredSegment? {
        try await TestDatabase.current.database.withSession { session in
            try await SegmentStore.load(
                app ?? self.app,
                id: id(number),
                version: version,
                account: account,
                in: session
            )
        }
    }

    private func resolve(_ number: UInt64, version: Int? = nil) async throws -> ResolvedSegment? {
        try await TestDatabase.current.database.withSession { session in
            try await SegmentResolver.resolve(app, id: id(number), version: version, in: session)
        }
    }

    @Test func `a created segment answers with every member that Pinpoint has`() async throws {
        let created = try await create(1, request("x", tags: ["team": "growth"])).response(
            region: "eu-west-1",
            account: account
        )
        let read = try #require(try await load(1)).response(region: "eu-west-1", account: account)
        #expect(read == created)
        let app = app.description
        let id = id(1).description
        let expected = SegmentResponse(
            applicationId: app,
            arn: "arn:aws:mobiletargeting:eu-west-1:123456789012:apps/\(app)/segments/\(id)",
            creationDate: "1998-07-01T00:00:00.000Z",
            dimensions: SegmentDimensions(attributes: ["a": AttributeDimension(values: ["x"])]),
            id: id,
            lastModifiedDate: "1998-07-01T00:00:00.000Z",
            name: "named x",
            segmentType: .dimensional,
            tags: ["team": "growth"],
            version: 1
        )
        #expect(read == expected)
    }

    @Test func `an update makes a new version and the old one stays readable`() async throws {
        try await create(1, request("x", tags: ["team": "growth"]))
        let updated = try #require(try await update(1, request("y")))
        #expect(updated.version == 2)
        #expect(updated.createdAt == now)
        #expect(updated.modifiedAt == now + .seconds(60))
        #expect(updated.tags == ["team": "growth"])
        #expect(try await load(1)?.request == request("y"))
        #expect(try await load(1, version: 1)?.request == request("x"))
        #expect(try await load(1, version: 3) == nil)
        let retagged = try #require(try await update(1, request("z", tags: [:])))
        #expect(retagged.tags == [:])
    }

    @Test func `what is not there, or in another app, is not found`() async throws {
        try await create(1, request("x"))
        #expect(try await load(2) == nil)
        #expect(try await update(2, request("x")) == nil)
        #expect(try await load(1, app: AppID(high: 1, low: 2)) == nil)
    }

    @Test func `a deleted segment is gone, with its versions and tags`() async throws {
        try await create(1, request("x", tags: ["team": "growth"]))
        try await create(2, over(reference(1)))
        let database = try TestDatabase.current.database
        let deleted = try await database.transaction { session in
            try await SegmentStore.delete(app, id: id(1), account: account, now: now, in: session)
        }
        #expect(deleted?.request == request("x"))
        #expect(try await load(1) == nil)
        #expect(try await load(1, version: 1) == nil)
        #expect(try await update(1, request("y")) == nil)
        #expect(try await database.query("SELECT 1 FROM tags").isEmpty)
        let again = try await database.transaction { session in
            try await SegmentStore.delete(app, id: id(1), account: account, now: now, in: session)
        }
        #expect(again == nil)
        let message = "SegmentGroups: source segment \(id(1)) does not exist"
        await #expect(performing: { try await resolve(2) }, throws: { ($0 as? Fault)?.publicMessage == message })
    }

    @Test func `a list goes through all pages once, also where creation dates are equal`() async throws {
        for number in 1...7 as ClosedRange<UInt64> {
            try await create(number, request("x"), after: .seconds(Int64(number / 3)))
        }
        let database = try TestDatabase.current.database
        var after: (createdAt: Instant, id: SegmentID)?
        var seen: [SegmentID] = []
        for _ in 0..<4 {
            let page = try await database.withSession { session in
                try await SegmentStore.list(app, after: after, limit: 2, account: account, in: session)
            }
            seen += page.map(\.id)
            after = page.last.map { ($0.createdAt, $0.id) }
        }
        #expect(seen == (1...7).map { id($0) })
    }

    @Test func `versions come newest first, page by page`() async throws {
        try await create(1, request("1"))
        for value in 2...5 { try await update(1, request("\(value)")) }
        let database = try TestDatabase.current.database
        let pages = try await database.withSession { session in
            let first = try await SegmentStore.versions(
                app,
                id: id(1),
                before: nil,
                limit: 3,
                account: account,
                in: session
            )
            let second = try await SegmentStore.versions(
                app,
                id: id(1),
                before: 3,
                limit: 3,
                account: account,
                in: session
            )
            return [first, second]
        }
        #expect(pages.map { $0.map(\.version) } == [[5, 4, 3], [2, 1]])
        #expect(pages[1].last?.request.name == "named 1")
    }

    @Test func `a reference without a version follows the source, a pinned one does not`() async throws {
        try await create(1, request("x"))
        try await create(2, over(reference(1)))
        try await create(3, over(reference(1, version: 1)))
        try await update(1, request("y"))
        func values(_ number: UInt64) async throws -> SegmentExpression? { try await resolve(number)?.expression }
        #expect(try await values(2) == .condition(.attribute(.endpoint, name: "a", .inclusive(["y"]))))
        #expect(try await values(3) == .condition(.attribute(.endpoint, name: "a", .inclusive(["x"]))))
        #expect(try await resolve(1, version: 1)?.version == 1)
        #expect(try await resolve(1, version: 9) == nil)
    }

    @Test func `an update that closes a cycle is refused and stores nothing`() async throws {
        try await create(1, request("x"))
        try await create(2, over(reference(1)))
        let message = "SegmentGroups: source segments form a cycle: \(id(1)) → \(id(2)) → \(id(1))"
        await #expect(
            performing: { try await update(1, over(reference(2))) },
            throws: { ($0 as? Fault)?.publicMessage == message }
        )
        #expect(try await load(1)?.version == 1)
        let itself = "SegmentGroups: source segments form a cycle: \(id(1)) → \(id(1))"
        await #expect(
            performing: { try await update(1, over(reference(1))) },
            throws: { ($0 as? Fault)?.publicMessage == itself }
        )
    }

    @Test func `of two updates that close a cycle together, one is refused`() async throws {
        try await create(1, request("x"))
        try await create(2, request("x"))
        async let first: Bool = succeeds { try await update(1, over(reference(2))) }
        async let second: Bool = succeeds { try await update(2, over(reference(1))) }
        let outcomes = await [first, second]
        #expect(outcomes.filter { $0 }.count == 1)
    }

    private func succeeds(_ body: () async throws -> StoredSegment?) async -> Bool {
        do {
            return try await body() != nil
        } catch {
            return false
        }
    }

    @Test func `sources nest eight levels deep and no deeper`() async throws {
        try await create(1, request("x"))
        for number in 2...8 as ClosedRange<UInt64> { try await create(number, over(reference(number - 1))) }
        #expect(try await resolve(8)?.expression == .condition(.attribute(.endpoint, name: "a", .inclusive(["x"]))))
        let message = "SegmentGroups: source segments are nested more than 8 levels deep"
        await #expect(
            performing: { try await create(9, over(reference(8))) },
            throws: { ($0 as? Fault)?.publicMessage == message }
        )
        #expect(try await load(9) == nil)
    }
}
