import Core
import HTTPServer
import Hosting
import Model
import PinpointAPI
import Postgres

/// `/v1/apps/{app}/opt-outs`: who wants nothing from which of our numbers. `Default` is the app's own list. Numbers are kept as keyed
/// hashes: one can be asked for, none can be read.
struct OptOutCalls: Sendable {
    let desk: ReplyDesk

    func lists(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let page = try KeysetPage.byName(call, list: "GetOptOutLists")
        let lists = try await desk.database.withSession { session in
            try await OptOutStore.lists(app, after: page.start, limit: page.limit, in: session)
        }
        let (shown, next) = page.cut(lists, at: \.name)
        var items: [JSON] = shown.map { list in
            ["OptOutListName": .string(list.name), "CreatedTimestamp": .string(list.createdAt.description)]
        }
        if page.start == nil { items.insert(["OptOutListName": .string(OptOutStore.defaultList)], at: 0) }
        return ReplyAnswers.page(items, next)
    }

    func create(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let name = try call.parameter("list")
        let isName =
            (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
                case _: false
                }
            }
        guard isName, name != OptOutStore.defaultList else {
            throw WirePath.root.member("list").refusal(
                "must have 1 to 64 letters, digits, hyphens and underscores, and not be \(OptOutStore.defaultList)")
        }
        let now = desk.environment.now()
        let isNew = try await desk.database.transaction { session in
            try await OptOutStore.createList(app, name, now: now, in: session)
        }
        return ReplyAnswers.ok(["OptOutListName": .string(name)], status: isNew ? 201 : 200)
    }

    func delete(_ call: RequestContext) async throws -> HTTPResponse {
        let app = try await call.app()
        let name = try call.parameter("list")
        let isDeleted = try await desk.database.transaction { session in
            try await OptOutStore.deleteList(app, name, in: session)
        }
        guard isDeleted else { throw APIError.resourceNotFound }
        return ReplyAnswers.ok(["OptOutListName": .string(name)])
    }

    // MARK: Numbers

    func numbers(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, list) = try await list(call)
        let page = try KeysetPage<[UInt8]>(
            call, list: "GetOptedOutNumbers",
            read: { token throws(APIError) in
                guard let hash = Hex.decode(try token.string("Hash")) else { throw PageToken.invalid }
                return hash
            },
            write: { ["Hash": .string(Hex.lowercase($0))] })
        let entries = try await desk.database.withSession { session in
            try await OptOutStore.entries(app, list: list, after: page.start, limit: page.limit, in: session)
        }
        let (shown, next) = page.cut(entries, at: \.hash)
        return ReplyAnswers.page(
            shown.map { entry in
                var members = Self.members(of: entry)
                members["NumberHash"] = .string(Hex.lowercase(entry.hash))
                return .object(members)
            }, next)
    }

    func number(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, list) = try await list(call)
        let number = try ReplyAnswers.number(call, isPerson: true)
        let hash = desk.hasher.hash(number, channel: "SMS", app: app)
        let entry = try await desk.database.withSession { session in
            try await OptOutStore.entry(app, list: list, hash: hash, in: session)
        }
        guard let entry else { throw APIError.resourceNotFound }
        return ReplyAnswers.ok(Self.members(of: entry, number))
    }

    func put(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, list) = try await list(call)
        let number = try ReplyAnswers.number(call, isPerson: true)
        let hash = desk.hasher.hash(number, channel: "SMS", app: app)
        let now = desk.environment.now()
        let isNew = try await desk.database.transaction { session in
            try await OptOutStore.add(
                app, list: list, hash: hash, isByPerson: false, source: ["from": "api"], now: now, in: session)
        }
        return ReplyAnswers.ok(
            Self.members(of: .init(hash: hash, at: now, isByPerson: false), number), status: isNew ? 201 : 200)
    }

    func remove(_ call: RequestContext) async throws -> HTTPResponse {
        let (app, list) = try await list(call)
        let number = try ReplyAnswers.number(call, isPerson: true)
        let hash = desk.hasher.hash(number, channel: "SMS", app: app)
        let now = desk.environment.now()
        let isRemoved = try await desk.database.transaction { session in
            try await OptOutStore.remove(app, list: list, hash: hash, now: now, in: session)
        }
        guard isRemoved else { throw APIError.resourceNotFound }
        return ReplyAnswers.ok(["OptedOutNumber": .string(number)])
    }

    private func list(_ call: RequestContext) async throws -> (AppID, String) {
        let app = try await call.app()
        let name = try call.parameter("list")
        let isThere = try await desk.database.withSession { session in
            try await OptOutStore.hasList(app, name, in: session)
        }
        guard isThere else { throw APIError.resourceNotFound }
        return (app, name)
    }

    private static func members(of entry: OptOutStore.Entry, _ number: String? = nil) -> JSONObject {
        var members: JSONObject = [
            "OptedOutTimestamp": .string(entry.at.description), "EndUserOptedOut": .bool(entry.isByPerson),
        ]
        if let number { members["OptedOutNumber"] = .string(number) }
        return members
    }
}
