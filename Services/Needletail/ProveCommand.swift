import Core
import EventLoop
import Model
import Postgres
import Runtime

/// `needletail prove`: recounts a campaign's runs from the ledger's raw rows and says whether every promise holds.
///
/// Exit status 0: all holds and nothing is open. 1: a violation, or recipients still open. 64: wrong usage.
enum ProveCommand {
    static let command = Command("prove", "recount a campaign's ledger: --campaign ID [--run ID] [--running]") {
        arguments, configuration, loop in
        guard let question = Question(arguments) else {
            Console.complain("usage: needletail prove --campaign ID [--run ID] [--running]")
            return 64
        }
        let environment = SystemEnvironment.make(configuration: configuration, process: "prove")
        let database = Database(
            url: try configuration.databaseURL,
            loop: loop,
            environment: environment,
            metrics: Metrics(),
            poolSize: 1,
            applicationName: "needletail prove"
        )
        let holds = try await prove(question, database)
        await database.close()
        return holds ? 0 : 1
    }

    private struct Question {
        var campaign: CampaignID
        var run: RunID?
        /// Recipients that are still in jobs are no failure.
        var allowsOpen = false

        init?(_ arguments: [String]) {
            var campaign: CampaignID?
            var rest = arguments[...]
            while let name = rest.popFirst() {
                switch name {
                case "--running": allowsOpen = true
                case "--campaign":
                    guard let id = rest.popFirst().flatMap({ CampaignID($0) }) else { return nil }
                    campaign = id
                case "--run":
                    guard let id = rest.popFirst().flatMap({ RunID($0) }) else { return nil }
                    run = id
                case _: return nil
                }
            }
            guard let campaign else { return nil }
            self.campaign = campaign
        }
    }

    private static func prove(_ question: Question, _ database: Database) async throws -> Bool {
        let runs = try await database.query(
            """
            SELECT app, id FROM runs
             WHERE campaign = \(question.campaign) AND (\(question.run)::uuid IS NULL OR id = \(question.run))
             ORDER BY started_at
            """
        )
        guard !runs.isEmpty else {
            Console.complain("campaign \(question.campaign) has no such run")
            return false
        }
        var holds = true
        for row in runs {
            let app: AppID = try row.get(0)
            let run: RunID = try row.get(1)
            // Repeatable read: all questions about a run see one moment of it.
            let (sheet, violations) = try await database.transaction { session in
                try await session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                guard let sheet = try await Ledger.balance(app, run: run, in: session) else {
                    throw Fault(.notFound, "run \(run) does not exist")
                }
                var found = try await LedgerProof.violations(sheet, app: app, in: session)
                if try await RollupStore.isCurrent(in: session) {
                    found += try await LedgerProof.rollupViolations(
                        sheet,
                        app: app,
                        campaign: question.campaign,
                        in: session
                    )
                }
                return (sheet, found)
            }
            BalanceTable.show(sheet)
            for violation in violations { Console.complain("VIOLATION \(violation)") }
            let isOpen = sheet.open > 0 && !question.allowsOpen
            if isOpen { Console.complain("\(sheet.open) recipients are still open") }
            if violations.isEmpty && !isOpen { Console.say("run \(run): every promise holds") }
            holds = holds && violations.isEmpty && !isOpen
        }
        return holds
    }
}
