import Core
import EventLoop
import Model
import PinpointAPI
import Postgres
import Runtime

/// `needletail keys`: publishable write keys of an app, straight in the database; the API has the same under `write-keys`.
///
/// Exit status 0: done. 1: there is no such app or key. 64: wrong usage.
enum KeysCommand {
    private static let usage = """
        usage: needletail keys write  --app ID [--name NAME] [--origin https://shop.example]…
               needletail keys list   --app ID
               needletail keys revoke --app ID --key ID
        """

    static let command = Command("keys", "publishable write keys of an app: keys write|list|revoke --app ID") {
        arguments, configuration, loop in
        guard let wish = Wish(arguments) else {
            Console.complain(usage)
            return 64
        }
        let environment = SystemEnvironment.make(configuration: configuration, process: "keys")
        let database = Database(
            url: try configuration.databaseURL, loop: loop, environment: environment, metrics: Metrics(), poolSize: 1,
            applicationName: "needletail keys")
        let status = try await carryOut(wish, account: configuration.accountID, environment, database)
        await database.close()
        return status
    }

    private enum Verb: String {
        case write, list, revoke
    }

    private struct Wish {
        var verb: Verb
        var app: AppID
        var key: String?
        var name: String?
        var origins: [String] = []

        init?(_ arguments: [String]) {
            guard let verb = arguments.first.flatMap({ Verb(rawValue: $0) }) else { return nil }
            self.verb = verb
            var app: AppID?
            var rest = arguments.dropFirst()
            while let option = rest.popFirst() {
                guard let value = rest.popFirst() else { return nil }
                switch option {
                case "--app": app = AppID(value)
                case "--key" where verb == .revoke: key = value
                case "--name" where verb == .write: name = value
                case "--origin" where verb == .write: origins.append(value)
                case _: return nil
                }
            }
            guard let app, verb != .revoke || key != nil else { return nil }
            self.app = app
        }
    }

    private static func carryOut(
        _ wish: Wish, account: String, _ environment: Environment, _ database: Database
    ) async throws -> Int32 {
        guard try await AppStore.load(wish.app, account: account, in: database) != nil else {
            Console.complain("app \(wish.app) does not exist")
            return 1
        }
        switch wish.verb {
        case .write:
            let request: WriteKeyRequest
            do {
                request = try WriteKeyRequest(name: wish.name, origins: wish.origins)
            } catch {
                Console.complain(error.message)
                return 64
            }
            let made = try await database.transaction { session in
                try await WriteKeyStore.create(
                    request, app: wish.app, account: account, environment: environment, in: session)
            }
            guard let made else {
                Console.complain("an app can have \(WriteKey.keysPerApp) write keys; revoke one first")
                return 1
            }
            Console.say(made.token)
        case .list:
            let keys = try await database.withSession { session in
                try await WriteKeyStore.list(wish.app, limit: listed, in: session)
            }
            for key in keys { Console.say(line(key)) }
        case .revoke:
            let key = try await database.transaction { session in
                try await WriteKeyStore.revoke(wish.key ?? "", app: wish.app, now: environment.realNow(), in: session)
            }
            guard let key else {
                Console.complain("the app has no such live key")
                return 1
            }
            Console.say(line(key))
        }
        return 0
    }

    private static let listed = 10_000

    private static func line(_ key: WriteKey) -> String {
        let state = key.revokedAt.map { "revoked \($0)" } ?? "live"
        let origins = key.origins.isEmpty ? "any origin" : key.origins.joined(separator: " ")
        return "\(key.id)  \(key.createdAt)  \(state)  \(origins)  \(key.name ?? "")"
    }
}
