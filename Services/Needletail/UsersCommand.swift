import Core
import EventLoop
import Model
import Postgres
import Runtime

/// `needletail users`: which endpoints came to a user, and the way back.
///
/// Exit status 0: done, or undone before. 1: a merge could not be undone. 64: wrong usage.
enum UsersCommand {
    private static let usage = """
        usage: needletail users merges --app A --user U
               needletail users unmerge --app A (--merge ID | --user U [--endpoint E])
        """

    static let command = Command("users", "list and undo merges: merges | unmerge, --app A --user U") {
        arguments, configuration, loop in
        do {
            switch arguments.first {
            case "merges": return try await merges(arguments.dropFirst(), configuration, loop)
            case "unmerge": return try await unmerge(arguments.dropFirst(), configuration, loop)
            case _: throw Fault(.invalid, "say what to do")
            }
        } catch let fault as Fault where fault.code == .invalid {
            Console.complain("\(fault)\n\(usage)")
            return 64
        }
    }

    private static func merges(
        _ arguments: ArraySlice<String>, _ configuration: Configuration, _ loop: EventLoop
    ) async throws -> Int32 {
        let options = try CommandOptions(arguments, allowed: ["app", "user"])
        let (app, user) = (try options.app(), UserID(try options.required("user")))
        let found = try await AppDatabase.run(app, command: "users", configuration, loop) { database, _ in
            try await database.withSession { try await UserMergeStore.list(app, user: user, in: $0) }
        }
        for merge in found { Console.say(line(merge)) }
        Console.say("\(found.count) merges into or out of user \(user)")
        return 0
    }

    private static func line(_ merge: UserMerge) -> String {
        let state = merge.undoneAt.map { "  undone \($0)" } ?? ""
        let from = merge.from?.rawValue ?? "(nobody)"
        return "\(merge.id)  \(merge.at)  endpoint \(merge.endpoint): \(from) -> \(merge.to)\(state)"
    }

    private static func unmerge(
        _ arguments: ArraySlice<String>, _ configuration: Configuration, _ loop: EventLoop
    ) async throws -> Int32 {
        let options = try CommandOptions(arguments, allowed: ["app", "merge", "user", "endpoint"])
        let app = try options.app()
        return try await AppDatabase.run(app, command: "users", configuration, loop) { database, environment in
            let chosen = try await chosen(options, app, database)
            var refused = 0
            for merge in chosen {
                do {
                    let now = environment.now()
                    let isUndone = try await database.retryingTransaction { session in
                        try await UserMergeStore.undo(merge, of: app, at: now, in: session)
                    }
                    Console.say("\(isUndone ? "undone" : "undone before"): \(line(merge))")
                } catch let refusal as UnmergeRefusal {
                    Console.complain("merge \(merge.id): \(refusal)")
                    refused += 1
                }
            }
            return refused == 0 ? 0 : 1
        }
    }

    /// Newest first, so that one that stands on another comes before it.
    private static func chosen(
        _ options: CommandOptions, _ app: AppID, _ database: Database
    ) async throws -> [UserMerge] {
        if let text = options["merge"] {
            guard options["user"] == nil, options["endpoint"] == nil else {
                throw Fault(.invalid, "--merge names one merge; leave --user and --endpoint out")
            }
            guard let id = Int64(text) else { throw Fault(.invalid, "--merge must be a number; got \(text)") }
            let merge = try await database.withSession { try await UserMergeStore.find(app, id: id, in: $0) }
            guard let merge else { throw Fault(.notFound, "there is no merge \(id)") }
            return [merge]
        }
        let user = UserID(try options.required("user"))
        let found = try await database.withSession { try await UserMergeStore.list(app, user: user, in: $0) }
        let chosen = found.filter { merge in
            merge.to == user && merge.undoneAt == nil
                && (options["endpoint"].map { $0 == merge.endpoint.rawValue } ?? true)
        }
        if chosen.isEmpty { Console.say("nothing to undo") }
        return chosen
    }
}
