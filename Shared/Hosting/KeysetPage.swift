package import Core
package import PinpointAPI

/// A list operation by keyset: reads one row more than the page, and makes the token of the last one shown.
///
/// ```swift
/// let page = try KeysetPage.byCreation(call, list: "GetSegments", of: Noun.Segment.self)
/// let rows = try await … SegmentStore.list(app, after: page.start, limit: page.limit, …)
/// let (shown, next) = page.cut(rows) { ($0.createdAt, $0.id) }
/// ```
package struct KeysetPage<Position: Sendable>: Sendable {
    /// Nil for the first page.
    package let start: Position?
    private let list: String
    private let size: Int
    private let write: @Sendable (Position) -> JSONObject

    /// For an order that none of the ready-made ones has. `read` throws 400 for a token of another list.
    package init(
        _ call: RequestContext,
        list: String,
        read: (PageToken) throws(APIError) -> Position,
        write: @escaping @Sendable (Position) -> JSONObject
    ) throws(APIError) {
        let page = try PageRequest(QueryParameters(call.request))
        if let token = try page.cursor(of: list) { start = try read(token) } else { start = nil }
        size = page.size
        self.list = list
        self.write = write
    }

    /// How many rows to read.
    package var limit: Int { size + 1 }

    /// What the answer shows of `rows`, and its `NextToken`.
    package func cut<Row>(_ rows: [Row], at position: (Row) -> Position) -> (shown: ArraySlice<Row>, next: String?) {
        let shown = rows.prefix(size)
        guard rows.count > size, let last = shown.last else { return (shown, nil) }
        return (shown, PageToken(list: list, position: write(position(last))).text)
    }
}

/// Where a list in order of creation stands.
package struct CreationPosition<Noun>: Sendable {
    package let createdAt: Instant
    package let id: HexID<Noun>

    package init(createdAt: Instant, id: HexID<Noun>) {
        self.createdAt = createdAt
        self.id = id
    }
}

extension KeysetPage {
    /// Oldest first, ids breaking ties.
    package static func byCreation<Noun>(
        _ call: RequestContext,
        list: String,
        of _: Noun.Type
    ) throws(APIError) -> KeysetPage where Position == CreationPosition<Noun> {
        try KeysetPage(
            call,
            list: list,
            read: { token throws(APIError) in
                guard let id = HexID<Noun>(try token.string("Id")) else { throw PageToken.invalid }
                return CreationPosition(createdAt: try token.instant("CreatedAt"), id: id)
            },
            write: { position in
                [
                    "CreatedAt": .integer(position.createdAt.microseconds),
                    "Id": .string(position.id.description),
                ]
            }
        )
    }
}

extension KeysetPage<Int> {
    /// Versions, newest first.
    package static func byVersion(_ call: RequestContext, list: String) throws(APIError) -> KeysetPage {
        try KeysetPage(
            call,
            list: list,
            read: { token throws(APIError) in Int(try token.integer("Version")) },
            write: { ["Version": .integer(Int64($0))] }
        )
    }
}

extension KeysetPage<String> {
    /// In the order of names, each of which is there once.
    package static func byName(_ call: RequestContext, list: String) throws(APIError) -> KeysetPage {
        try KeysetPage(
            call,
            list: list,
            read: { token throws(APIError) in try token.string("Name") },
            write: { ["Name": .string($0)] }
        )
    }
}
