import Core
import Delivery
import EventLoop
import HTTPClient
import Hosting
import Model
import Postgres
import Queue
import Runtime
import Segments

/// Starts due campaigns, freezes what they send, fans them out and completes them.
///
/// Every step is one transaction that any scheduler may take over: a second process only shares the work, and a killed one
/// loses nothing. The segment's definition comes from segment-service, asked outside of any transaction.
struct Scheduler: Sendable {
    /// Runs looked at in one turn; bounds what a turn holds in memory.
    private static let runsPerTurn = 20
    private static let idlePause: Duration = .milliseconds(500)

    let context: ServiceContext
    let segments: ServicePeer
    let partitions: Partitions
    let hints: QueueNotifier
    let signal: SchedulerSignal

    /// Runs until cancelled.
    func run() async throws {
        while !Task.isCancelled {
            let worked = try await turn()
            if !worked { await signal.wait(for: Self.idlePause, on: context.loop) }
        }
    }

    /// Whether there was anything to do.
    private func turn() async throws -> Bool {
        let now = context.environment.now()
        var worked = false
        for _ in 0..<Self.runsPerTurn {
            let id: RunID = context.environment.newID()
            let claimed = try await context.database.transaction { session in
                try await RunStart.claimDue(now: now, newRun: id, in: session)
            }
            guard claimed else { break }
            worked = true
        }
        for run in try await context.database.withSession({
            try await RunStart.initializing(limit: Self.runsPerTurn, in: $0)
        }) {
            worked = try await freeze(run) || worked
        }
        for running in try await context.database.withSession({
            try await RunProgress.toFanOut(limit: Self.runsPerTurn, in: $0)
        }) {
            worked = try await fanOutStep(running) || worked
        }
        let completed = try await context.database.transaction {
            try await RunProgress.completeFinished(now: context.environment.now(), in: $0)
        }
        return worked || completed > 0
    }

    // MARK: Freezing

    /// False when it has to wait, because segment-service does not answer.
    private func freeze(_ run: RunStart.Initializing) async throws -> Bool {
        do {
            guard let segment = try await resolvedSegment(of: run) else {
                throw Fault(.invalid, "the segment does not exist")
            }
            try await partitions.ensure(.sendOutcomes, for: run.runDay)
            try await context.database.transaction { session in
                let plan = try await RunPlanner.plan(run, account: context.account, in: session)
                try await RunStart.freeze(plan, segment: segment, in: session)
            }
            return true
        } catch let fault as Fault where fault.isRetryable {
            context.environment.log.warning(
                "scheduler.segment_unavailable",
                ["run": .string(run.run.description), "reason": .string(fault.publicMessage)]
            )
            return false
        } catch let fault as Fault where fault.code == .invalid {
            context.environment.log.error(
                "scheduler.run_refused",
                fault,
                ["campaign": .string(run.campaign.description), "run": .string(run.run.description)]
            )
            try await context.database.transaction {
                try await RunStart.refuse(run, now: context.environment.now(), in: $0)
            }
            return true
        }
    }

    private func resolvedSegment(of run: RunStart.Initializing) async throws -> JSON? {
        guard let segment = run.definition["SegmentId"]?.string else { return nil }
        let version = run.definition["SegmentVersion"]?.int.map { "?version=\($0)" } ?? ""
        return try await segments.get("/internal/apps/\(run.app)/segments/\(segment)/resolved\(version)")
    }

    // MARK: Fan-out

    private func fanOutStep(_ running: RunProgress.Running) async throws -> Bool {
        let plan = running.plan
        let predicate = SegmentCompiler.predicate(
            try ResolvedSegment(json: running.segment),
            app: plan.app,
            now: running.startedAt
        )
        let fanOut = FanOut(plan: plan, predicate: predicate, queue: .email, kind: ChunkDelivery.kind)
        let progress = try await context.database.transaction { session in
            try await fanOut.step(now: context.environment.now(), in: session)
        }
        guard let progress else { return false }
        hints.notify(.email)
        if progress.isComplete {
            context.environment.log.info(
                "scheduler.fanned_out",
                ["run": .string(plan.run.description), "planned": .integer(progress.planned)]
            )
        }
        return true
    }
}
