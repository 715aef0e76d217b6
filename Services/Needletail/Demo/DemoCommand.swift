import Core
import Runtime

/// `needletail demo`: the product's main job on real data, through the public API only. Safe to repeat: ids and event keys
/// come from the data; every time a new campaign runs.
///
/// Exit status 0: everything was counted as it happened. 1: a figure is wrong. 64: wrong usage.
enum DemoCommand {
    static let command = Command(
        "demo", "run one real campaign over a purchase history (--url URL: on a running suite)"
    ) {
        arguments,
        configuration in
        switch arguments.count {
        case 0: return try run(on: DemoSuite.start(configuration))
        case 2 where arguments[0] == "--url":
            return try run(on: DemoSuite.running(at: arguments[1], configuration))
        case _:
            Console.complain("usage: needletail demo [--url URL]")
            return 64
        }
    }

    private static let dataFile = "/demo/CDNOW_master.txt"

    private static func run(on suite: DemoSuite) throws -> Int32 {
        let clock = StepClock()
        let history = try PurchaseHistory(file: Repository.operationsFolder() + dataFile)
        let result = try LoopRun.value { loop in
            var environment = SystemEnvironment.make(configuration: try Configuration(environment: [:]))
            environment.log = ProcessLog.logger(minimum: .warning)
            let client = try PinpointClient(
                url: suite.url,
                key: suite.key,
                region: suite.region,
                environment: environment,
                loop: loop
            )
            let inbox = suite.sendsElsewhere ? nil : try await DemoInbox.find(client)
            let result = try await DemoRun(client: client, history: history, inbox: inbox).run()
            client.close()
            return result
        }
        var failures = result.failures
        if try !prove(result.campaign, suite) { failures += 1 }
        describe(suite, failures: failures, clock)
        return failures == 0 ? 0 : 1
    }

    /// The ledger's own recount, from its raw rows.
    private static func prove(_ campaign: DemoCampaign, _ suite: DemoSuite) throws -> Bool {
        let arguments = ["--campaign", campaign.id, "--run", campaign.run]
        let line = "needletail prove \(arguments.joined(separator: " "))"
        guard let databaseURL = suite.databaseURL else {
            Console.say("6. To recount from the raw rows, where the database is reachable: \(line)")
            return true
        }
        Console.say("6. \(line)")
        let configuration = try Configuration(environment: [
            Settings.databaseURL.name: databaseURL, Settings.logLevel.name: "warning",
        ])
        return try ProveCommand.command.run(arguments, configuration) == 0
    }

    private static func describe(_ suite: DemoSuite, failures: Int, _ clock: StepClock) {
        Console.say("")
        Console.say(
            failures == 0
                ? "The demonstration took \(clock.text); every figure agrees."
                : "The demonstration took \(clock.text); \(failures) figures do not agree."
        )
        Console.say("  API         \(suite.url)")
        if !suite.sendsElsewhere {
            Console.say("  dev inbox   \(suite.url)/dev/inbox.html (JSON: \(suite.url)/dev/inbox)")
        }
        guard let home = suite.home else { return }
        Console.say("  settings    . \(home.envFile)")
        Console.say("  to stop     make down")
        Console.say("  to repeat   make demo: the same data, a new campaign, without those who unsubscribed")
    }
}
