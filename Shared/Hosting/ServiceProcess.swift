import Access
package import Core
package import EventLoop
import Glibc
package import HTTPServer
import PinpointAPI
import Postgres
package import Runtime

/// The life of a service process: settings → listen → schema → work → drain → exit 0.
///
/// `/livez` answers from the first moment; everything else waits (503) until the database is there and migrated, so that
/// the order in which processes and Postgres start does not matter.
package enum ServiceProcess {
    /// All of a drain; then the process ends, finished or not (exit 1).
    static let drainLimit: Duration = .seconds(25)
    /// For requests in flight, within the drain.
    static let requestGrace: Duration = .seconds(10)
    /// sysexits' EX_CONFIG: a supervisor need not try again soon.
    static let configurationExit: Int32 = 78

    /// Does not return. SIGTERM and SIGINT drain; a second one ends the process at once.
    @concurrent
    package static func run(
        _ name: String,
        routes: @escaping @Sendable (ServiceContext) throws -> [Route],
        workers: @escaping @Sendable (ServiceContext) throws -> [BackgroundWorker] = { _ in [] }
    ) async -> Never {
        ProcessMemory.bound()
        let environment: Environment
        let configuration: Configuration
        let loop: EventLoop
        do {
            configuration = try Configuration.ofProcess()
            environment = SystemEnvironment.make(configuration: configuration, process: name)
            loop = try EventLoop(name: name)
        } catch {
            ProcessLog.logger(minimum: .info, process: name).error("process.refused", error)
            exit(configurationExit)
        }
        let shutdown = ShutdownSignal.install(on: loop)
        loop.start()
        // The one root task: everything the process does hangs below it and is awaited here.
        let code = await Task(executorPreference: loop) {
            await serve(
                name, configuration: configuration, environment: environment, loop: loop, shutdown: shutdown,
                routes: routes, workers: workers)
        }.value
        exit(code)
    }

    @concurrent
    private static func serve(
        _ name: String, configuration: Configuration, environment: Environment, loop: EventLoop,
        shutdown: ShutdownSignal,
        routes: @Sendable (ServiceContext) throws -> [Route],
        workers: @Sendable (ServiceContext) throws -> [BackgroundWorker]
    ) async -> Int32 {
        do {
            let service = try RunningService(
                name, configuration: configuration, environment: environment, loop: loop, routes: routes,
                workers: workers)
            let address = try await service.listen()
            environment.log.info("process.listening", ["address": .string(address.description)])
            await service.work(until: shutdown)
            environment.log.info("process.ended")
            return 0
        } catch {
            environment.log.error("process.refused", error)
            return configurationExit
        }
    }
}

/// One service on one loop; apart from the process around it, so that tests can run several.
package final class RunningService: Sendable {
    package let context: ServiceContext
    package let readiness = Readiness()
    private let server: HTTPServer
    private let workers: [BackgroundWorker]

    package init(
        _ name: String, configuration: Configuration, environment: Environment, loop: EventLoop,
        routes: (ServiceContext) throws -> [Route], workers: (ServiceContext) throws -> [BackgroundWorker] = { _ in [] }
    ) throws {
        let metrics = Metrics()
        metrics.gauge(.buildInfo, name).set(1)
        context = try ServiceContext(
            name: name, configuration: configuration, environment: environment, loop: loop, metrics: metrics)
        let pipeline = RequestPipeline(context: context, routes: try routes(context), readiness: readiness)
        self.workers = try workers(context)
        let serverConfiguration = HTTPServerConfiguration(
            bodyLimit: { pipeline.bodyLimit($0) },
            errorBody: { status, reason in
                var response = Self.refusal(status, reason).response(requestID: environment.newRequestID())
                CrossOrigin.mark(&response)
                return response
            })
        server = HTTPServer(
            loop: loop, configuration: serverConfiguration, environment: environment, metrics: metrics,
            handler: { await pipeline.answer($0) })
    }

    /// Listens where the configuration says; returns where that is (a port of 0 is filled in).
    package func listen() async throws -> ListenAddress {
        guard let address = ListenAddress(context.configuration.listen) else {
            throw Fault(.configuration, "NEEDLETAIL_LISTEN must be \(Settings.listen.form.expectation)")
        }
        return try await server.listen(address)
    }

    /// Brings the schema up, runs the workers, and drains when asked to. Returns when all is closed.
    package func work(until shutdown: ShutdownSignal) async {
        await work { await shutdown.wait() }
    }

    /// As above; `stop` returns when the drain shall begin.
    package func work(until stop: @escaping @Sendable () async -> Void) async {
        let work = Task(executorPreference: context.loop) { await self.prepareAndWork() }
        await stop()
        readiness.markDraining()
        context.environment.log.info("process.draining")
        let watchdog = armWatchdog()
        await server.drain(grace: ServiceProcess.requestGrace)
        work.cancel()
        await work.value
        await context.database.close()
        context.loop.submit { watchdog.cancel() }
    }

    private func armWatchdog() -> DrainWatchdog {
        let watchdog = DrainWatchdog(log: context.environment.log)
        context.loop.submit { watchdog.arm(on: self.context.loop) }
        return watchdog
    }

    private func prepareAndWork() async {
        guard await prepare() else { return }
        await withDiscardingTaskGroup { group in
            for worker in workers {
                group.addTask(executorPreference: context.loop) { [context] in
                    await worker.supervise(
                        environment: context.environment, loop: context.loop, metrics: context.metrics)
                }
            }
        }
    }

    /// Waits for the database and migrates it. False when cancelled; ends the process when the database is one that this
    /// program must not touch (an edited or unknown breaking migration), because waiting would not help.
    private func prepare() async -> Bool {
        let backoff = Backoff(base: .milliseconds(200), cap: .seconds(3))
        var attempt = 0
        while !Task.isCancelled {
            do {
                try await Migrator.migrate(context.database)
                try await AccessBootstrap.insertGiven(
                    context.configuration.bootstrapKeys, account: context.account, masterKey: context.masterKey,
                    environment: context.environment, in: context.database)
                readiness.markMigrated()
                context.environment.log.info("process.ready")
                return true
            } catch let fault as Fault where fault.code == .configuration || fault.code == .integrity {
                context.environment.log.error("process.refused", fault)
                exit(ServiceProcess.configurationExit)
            } catch {
                if Task.isCancelled { return false }
                context.environment.log.warning(
                    "process.waiting_for_database",
                    ["attempt": .integer(Int64(attempt)), "error": .string(String(reflecting: error))])
            }
            attempt += 1
            do {
                try await context.loop.sleep(
                    for: max(
                        .milliseconds(50), backoff.delay(attempt: attempt, random: context.environment.randomWord())))
            } catch {
                return false
            }
        }
        return false
    }

    /// Pinpoint's codes for what the server refuses by itself.
    private static func refusal(_ status: Int, _ reason: String) -> APIError {
        switch status {
        case 413: .payloadTooLarge(reason)
        case 405: .methodNotAllowed
        case 501: APIError(status: 501, code: "NotImplementedException", message: reason)
        case 503: .unavailable(reason)
        case 500: .internalError
        default: APIError(status: status, code: "BadRequestException", message: reason)
        }
    }
}

/// Ends a process whose drain takes too long.
private final class DrainWatchdog: @unchecked Sendable {
    // SAFETY: `timer` is touched on the loop only.
    private var timer: LoopTimer?
    private let log: Logger

    init(log: Logger) {
        self.log = log
    }

    func arm(on loop: EventLoop) {
        let log = log
        timer = loop.schedule(after: ServiceProcess.drainLimit) {
            log.error("process.drain_timed_out", ["seconds": .integer(ServiceProcess.drainLimit.components.seconds)])
            exit(1)
        }
    }

    func cancel() {
        timer?.cancel()
    }
}
