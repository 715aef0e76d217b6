import Core
import Crypto
import EventLoop
import Model
import PinpointAPI
import Postgres
import Runtime

/// `needletail privacy`: what a person may ask for, a copy of everything or that it goes.
///
/// Exit status 0: done. 1: an erase goes on in ingest-api. 64: wrong usage.
enum PrivacyCommand {
    private static let usage = """
        usage: needletail privacy erase  --app A (--user U | --endpoint E | --address X --channel C)
               needletail privacy export --app A (--user U | --endpoint E | --address X --channel C) [--out FILE]
        """

    static let command = Command("privacy", "erase or export a person: erase | export, --app A --user U") {
        arguments, configuration, loop in
        do {
            switch arguments.first {
            case "erase": return try await erase(arguments.dropFirst(), configuration, loop)
            case "export": return try await export(arguments.dropFirst(), configuration, loop)
            case _: throw Fault(.invalid, "say what to do")
            }
        } catch let fault as Fault where fault.code == .invalid {
            Console.complain("\(fault)\n\(usage)")
            return 64
        }
    }

    private static let subjectOptions = ["app", "user", "endpoint", "address", "channel"]

    /// The master key is needed for an address only: it is looked for by its keyed hash.
    private static func subject(_ options: CommandOptions, _ configuration: Configuration) throws -> PersonSubject {
        guard ["user", "endpoint", "address"].count(where: { options[$0] != nil }) == 1 else {
            throw Fault(.invalid, "give one of --user, --endpoint and --address")
        }
        if let user = options["user"] { return .user(UserID(user)) }
        if let endpoint = options["endpoint"] { return .endpoint(EndpointID(endpoint)) }
        let (address, word) = (try options.required("address"), try options.required("channel"))
        guard let channel = ChannelType(rawValue: word.uppercased())?.rawValue else {
            let known = ChannelType.allCases.map(\.rawValue).joined(separator: ", ")
            throw Fault(.invalid, "--channel must be one of \(known); got \"\(word)\"")
        }
        let key = try MasterKey(file: try configuration.masterKeyFile)
        let hash = SuppressionHasher(masterKey: key).hash(address, channel: channel, app: try options.app())
        return .address(channel: channel, hash: hash)
    }

    // MARK: Erase

    /// How long the command waits for the end of what it began.
    private static let patience: Duration = .seconds(120)
    private static let pause: Duration = .milliseconds(200)

    private static func erase(
        _ arguments: ArraySlice<String>, _ configuration: Configuration, _ loop: EventLoop
    ) async throws -> Int32 {
        let options = try CommandOptions(arguments, allowed: subjectOptions)
        let (app, subject) = (try options.app(), try subject(options, configuration))
        return try await AppDatabase.run(app, command: "privacy", configuration, loop) { database, environment in
            let now = environment.now()
            let report = try await database.retryingTransaction { session in
                try await PersonErase.begin(subject, of: app, at: now, in: session)
            }
            Console.say(
                "\(report.endpoints) endpoints are gone, \(report.suppressions) addresses are suppressed as ERASED")
            let worker = EraseWorker(
                database: database, environment: environment, leaseDuration: configuration.leaseTTL)
            let deadline = MonotonicClock.now() + patience.microseconds
            while try await Erasure.isPending(of: app, in: database) {
                guard MonotonicClock.now() < deadline else {
                    Console.complain("their events and sends are still being erased; ingest-api goes on with it")
                    return 1
                }
                if try await !worker.runDue() { try await loop.sleep(for: pause) }
            }
            Console.say(
                "events, engagements and the names in the ledger are erased; ingest-api looks once more in a minute")
            return 0
        }
    }

    // MARK: Export

    private static func export(
        _ arguments: ArraySlice<String>, _ configuration: Configuration, _ loop: EventLoop
    ) async throws -> Int32 {
        let options = try CommandOptions(arguments, allowed: subjectOptions + ["out"])
        let (app, subject) = (try options.app(), try subject(options, configuration))
        return try await AppDatabase.run(app, command: "privacy", configuration, loop) { database, environment in
            let file = try options["out"].map { try NewFile($0) } ?? .standardOutput
            do {
                let export = PersonExport(subject, of: app, in: database, to: file.write)
                let count = try await export.write(at: environment.now())
                try file.close()
                if let path = options["out"] {
                    Console.say("\(count) endpoints, everything held on them is in \(path)")
                }
            } catch {
                file.discard()
                throw error
            }
            return 0
        }
    }
}
