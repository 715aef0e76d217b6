import Core
import Model
import Runtime

/// `env` in the home: a shell file that points any Pinpoint client, and the command line, at the running suite.
enum SuiteEnvironmentFile {
    static func write(_ plan: SuitePlan, _ configuration: Configuration) throws {
        let keys = try SuiteKeys.ensure(plan.home, configuration)
        var values = [
            ("AWS_ENDPOINT_URL_PINPOINT", plan.url),
            ("AWS_ACCESS_KEY_ID", keys.pair.id),
            ("AWS_SECRET_ACCESS_KEY", keys.pair.secret),
            ("AWS_DEFAULT_REGION", configuration.region),
            ("NEEDLETAIL_URL", plan.url),
            ("NEEDLETAIL_API_KEY", keys.apiKey.token),
            ("NEEDLETAIL_DATABASE_URL", plan.home.databaseURL),
        ]
        if SuitePlan.hasDevInbox(configuration) { values.append(("NEEDLETAIL_DEV_INBOX_URL", plan.url + "/dev/inbox")) }
        let lines = values.map { "export \($0.0)=\(quoted($0.1))\n" }
        try Files.write("# . \(plan.home.envFile)\n" + lines.joined(), to: plan.home.envFile)
    }

    /// What to do next, for the person at the terminal.
    static func describe(_ plan: SuitePlan, _ configuration: Configuration) {
        Console.say("Needletail is up at \(plan.url)")
        if SuitePlan.hasDevInbox(configuration) { Console.say("  dev inbox   \(plan.url)/dev/inbox") }
        Console.say("  settings    . \(plan.home.envFile)")
        Console.say("  logs        \(plan.home.logFolder)")
        Console.say("  to stop     make down")
    }

    private static func quoted(_ value: String) -> String {
        "'" + value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
