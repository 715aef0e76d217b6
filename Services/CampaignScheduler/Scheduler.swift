import Core
import Delivery
import EventLoop
import HTTPClient
import Hosting
import Model
import PinpointAPI
import Postgres
import Queue
import Runtime
import Segments

/// Starts due campaigns, freezes what they send, fans them out and completes them.
///
/// Every step is one transaction that any scheduler may take over: a second process only shares the work, and a killed one
/// loses nothing. The segment's definition comes from segment-service, asked outside of any transaction. A run that cannot be
/// moved rests and lets the others pass.
struct Scheduler: Sendable {
    /// Runs looked at in one turn; bounds what a turn holds in memory.
    private static let runsPerTurn = 20
    private static let idlePause: Duration = .seconds(1)
    /// While runs wait for their last outcomes.
    private static let watchPause: Duration = .milliseconds(200)

    let context: ServiceContext
    let segments: ServicePeer
    let partitions: Partitions
    let hints: QueueNotifier
    let signal: SchedulerSignal
    let resting = RestingRuns()

    /// Runs until cancelled.
    func run() async throws {
        while !Task.isCancelled {
            let pause = try await turn()
            if pause > .zero { await signal.wait(for: pause, on: context.loop) }
        }
    }

    /// How long to wait for the next one.
    private func turn() async throws -> Duration {
        let outlook = try await context.database.withSession {
            try await RunProgress.outlook(now: context.environment.now(), in: $0)
        }
        var worked = false
        if outlook.hasDue {
            worked = try await startDue()
            worked = try await turnEventCampaigns() || worked
            let now = context.environment.now()
            worked = try await context.database.withSession { try await InAppCampaigns.turn(at: now, in: $0) } || worked
        }
        guard outlook.hasUnfinished || worked else { return Self.idlePause }
        worked = try await freezeStarted() || worked
        worked = try await fanOutRunning() || worked
        worked = try await completeFinished() || worked
        return worked ? .zero : Self.watchPause
    }

    private func startDue() async throws -> Bool {
        for started in 0..<Self.runsPerTurn {
            let (id, now): (RunID, Instant) = (context.environment.newID(), context.environment.now())
            let claimed = try await context.database.transaction { session in
                try await RunStart.claimDue(now: now, newRun: id, in: session)
            }
            guard claimed else { return started > 0 }
            Failpoint.hit("scheduler.claimed")
        }
        return true
    }

    private func turnEventCampaigns() async throws -> Bool {
        for turned in 0..<Self.runsPerTurn {
            let environment = context.environment
            let (ids, now): ((RunID, RunID), Instant) = ((environment.newID(), environment.newID()), environment.now())
            let worked = try await context.database.transaction {
                try await EventCampaigns.turn(at: now, newRuns: ids, in: $0)
            }
            guard worked else { return turned > 0 }
        }
        return true
    }

    // MARK: Freezing

    private func freezeStarted() async throws -> Bool {
        let runs = try await context.database.withSession {
            try await RunStart.initializing(excluding: resting.runs, limit: Self.runsPerTurn, in: $0)
        }
        var worked = false
        for run in runs {
            worked = try await moving(run.key) { try await freeze(run) } || worked
        }
        return worked
    }

    private func freeze(_ run: RunStart.Initializing) async throws -> Bool {
        guard let segment = try await resolvedSegment(of: run) else {
            throw Fault(.invalid, "the segment does not exist")
        }
        try await partitions.ensure(.sendOutcomes, for: run.runDay)
        try await context.database.transaction { session in
            let plan = try await RunPlanner.plan(run, in: session)
            try await RunStart.freeze(plan, segment: segment, in: session)
            Failpoint.hit("scheduler.freezing")
        }
        return true
    }

    private func resolvedSegment(of run: RunStart.Initializing) async throws -> JSON? {
        guard let segment = run.definition["SegmentId"]?.string else { return nil }
        let version = run.definition["SegmentVersion"]?.int.map { "?version=\($0)" } ?? ""
        return try await segments.get("/internal/apps/\(run.app)/segments/\(segment)/resolved\(version)")
    }

    // MARK: Fan-out

    private func fanOutRunning() async throws -> Bool {
        let runs = try await context.database.withSession {
            try await RunProgress.toFanOut(excluding: resting.runs, limit: Self.runsPerTurn, in: $0)
        }
        var worked = false
        for run in runs {
            worked = try await moving(run.key) { try await fanOutStep(run) } || worked
        }
        return worked
    }

    private func fanOutStep(_ running: RunProgress.Running) async throws -> Bool {
        let plan = try RunPlan(json: running.frozen)
        guard let segment = running.frozen["segment"] else { throw Fault(.integrity, "a run has no frozen segment") }
        let predicate = SegmentCompiler.predicate(
            try ResolvedSegment(json: segment),
            app: plan.app,
            now: running.startedAt
        )
        let fanOut = FanOut(
            plan: plan, predicate: predicate, kind: ChunkDelivery.kind,
            slots: try await slots(of: plan, running))
        let progress = try await context.database.transaction { session in
            let progress = try await fanOut.step(now: context.environment.now(), in: session)
            Failpoint.hit("scheduler.fanning_out")
            return progress
        }
        guard let progress else { return false }
        Failpoint.hit("scheduler.fanned_out")
        for queue in plan.queues { hints.notify(queue) }
        if progress.isComplete {
            context.environment.log.info(
                "scheduler.fanned_out",
                ["run": .string(plan.run.description), "planned": .integer(progress.planned)]
            )
        }
        return true
    }

    /// Reads the files of all zones once per process, and does some 600 sums in each step.
    private func slots(of plan: RunPlan, _ running: RunProgress.Running) async throws -> LocalSlots? {
        guard let local = plan.local else { return nil }
        let startedAt = running.startedAt
        let slots = try await context.loop.offload { LocalSlots(local, startedAt: startedAt) }
        // Nobody would have a zone: the run waits instead.
        guard !slots.zones.isEmpty else {
            throw Fault(.unavailable, "this machine has no zone data; install tzdata and restart")
        }
        return slots
    }

    // MARK: Completion

    private func completeFinished() async throws -> Bool {
        let runs = try await context.database.withSession {
            try await RunProgress.finished(limit: Self.runsPerTurn, now: context.environment.now(), in: $0)
        }
        var worked = false
        for run in runs {
            worked =
                try await moving(run) {
                    let now = context.environment.now()
                    return try await context.database.retryingTransaction { session in
                        let isComplete = try await RunProgress.complete(run, now: now, in: session)
                        Failpoint.hit("scheduler.completing")
                        return isComplete
                    }
                } || worked
        }
        return worked
    }

    // MARK: Trouble

    /// Takes one step of a run, and keeps its trouble from the other runs: what may pass is tried again later, what cannot
    /// ends the run.
    private func moving(_ key: RunKey, _ step: () async throws -> Bool) async throws -> Bool {
        do {
            let worked = try await step()
            resting.forget(key.run)
            return worked
        } catch  where Task.isCancelled {
            throw error
        } catch {
            let (campaign, run) = (JSON.string(key.campaign.description), JSON.string(key.run.description))
            guard Self.isFinal(error) else {
                context.environment.log.warning(
                    "scheduler.run_waits",
                    ["campaign": campaign, "run": run, "reason": .string(String(reflecting: error))]
                )
                resting.rest(key.run, random: context.environment.randomWord())
                return false
            }
            context.environment.log.error("scheduler.run_refused", error, ["campaign": campaign, "run": run])
            let now = context.environment.now()
            try await context.database.retryingTransaction { try await RunStart.refuse(key, now: now, in: $0) }
            return true
        }
    }

    /// Whether the same step would fail the same way for ever: the definition is wrong, not the world.
    private static func isFinal(_ error: any Error) -> Bool {
        switch error {
        case let fault as Fault: !fault.isRetryable && (fault.code == .invalid || fault.code == .integrity)
        case is APIError: true
        default: false
        }
    }
}
