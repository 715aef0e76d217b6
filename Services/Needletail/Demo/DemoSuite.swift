import Core
import Runtime

/// The suite that the demonstration talks to.
struct DemoSuite: Sendable {
    let url: String
    let key: KeyPair
    let region: String
    /// For `prove`; nil when only the API is reachable.
    let databaseURL: String?
    /// Mail goes to a server of one's own, whose messages we cannot read.
    let sendsElsewhere: Bool
    /// What stops it; nil when somebody else started it.
    let home: SuiteHome?

    /// The day after the data ends.
    private static let businessStart = "1998-07-01T00:00:00Z"

    /// Starts the suite of `NEEDLETAIL_HOME` where it does not run, with business time in 1998.
    static func start(_ configuration: Configuration) throws -> DemoSuite {
        let home = try SuiteHome(configuration.home)
        var environment = ProcessEnvironment.all()
        environment[Settings.clock.name] = try clock(of: home, given: configuration[Settings.clock])
        let configuration = try Configuration(environment: environment)
        try UpCommand.start(configuration, environment: environment)
        guard let keys = SuiteKeys.read(home.keysFile) else {
            throw Fault(.configuration, "\(home.keysFile) does not hold the suite's keys; run make down, then again")
        }
        return DemoSuite(
            url: "http://127.0.0.1:\(configuration.port)",
            key: keys.pair,
            region: configuration.region,
            databaseURL: home.databaseURL,
            sendsElsewhere: configuration.isGiven(Settings.smtpURL),
            home: home
        )
    }

    /// One that runs already, perhaps in containers; keys are where every AWS client looks for them.
    static func running(at url: String, _ configuration: Configuration) throws -> DemoSuite {
        let environment = ProcessEnvironment.all()
        guard let id = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"] else {
            throw Fault(
                .configuration, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set for a suite given by --url")
        }
        return DemoSuite(
            url: url,
            key: KeyPair(id: id, secret: secret),
            region: environment["AWS_DEFAULT_REGION"] ?? configuration.region,
            databaseURL: configuration[Settings.databaseURL],
            sendsElsewhere: configuration.isGiven(Settings.smtpURL),
            home: nil
        )
    }

    private static func clock(of home: SuiteHome, given: String?) throws(Fault) -> String {
        let isFixed = Files.exists(home.clockFile)
        let kept = isFixed ? Files.firstLine(home.clockFile) ?? "" : given
        let clock = kept ?? "\(businessStart)@\(SystemEnvironment.realNow())"
        guard clock.hasPrefix("\(businessStart)@") else {
            let owner = isFixed ? "the suite under \(home.path)" : Settings.clock.name
            throw Fault(
                .conflict,
                "\(owner) has another clock (\(clock.isEmpty ? "real time" : clock)); the demo's data ends in June 1998, so that "
                    + "its business time starts at \(businessStart): choose another NEEDLETAIL_HOME and NEEDLETAIL_PORT"
            )
        }
        return clock
    }
}
