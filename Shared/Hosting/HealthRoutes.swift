import Core
import EventLoop
import HTTPServer
import PinpointAPI
import Postgres
import Runtime
import Synchronization

/// Whether a process may be given work.
package final class Readiness: Sendable {
    private let migrated = Atomic<Bool>(false)
    private let draining = Atomic<Bool>(false)

    package init() {}

    /// The schema is the one this program was built for.
    package var isMigrated: Bool { migrated.load(ordering: .relaxed) }
    package var isDraining: Bool { draining.load(ordering: .relaxed) }

    package func markMigrated() { migrated.store(true, ordering: .relaxed) }
    package func markDraining() { draining.store(true, ordering: .relaxed) }
}

/// `/livez`, `/readyz`, `/metrics`: open on the listening socket; the gateway does not publish them.
enum HealthRoutes {
    static func all(_ readiness: Readiness) -> [Route] {
        [
            Route("GET", "/livez", access: .open, bodyLimitBytes: 0) { _ in .text("ok\n") },
            Route("GET", "/readyz", access: .open, bodyLimitBytes: 0) { try await ready($0, readiness) },
            Route("GET", "/metrics", access: .open, bodyLimitBytes: 0) { request in
                HTTPResponse(
                    status: 200, headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"],
                    body: .bytes(request.context.metrics.exposition()))
            },
        ]
    }

    /// 200 when the schema is current, the database answers and no drain has begun; else 503 and the reason in one line.
    private static func ready(_ request: RequestContext, _ readiness: Readiness) async throws -> HTTPResponse {
        if readiness.isDraining { return .text("draining\n", status: 503) }
        guard readiness.isMigrated else { return .text("waiting for the database schema\n", status: 503) }
        do {
            _ = try await request.context.database.query("SELECT 1")
            return .text("ok\n")
        } catch {
            request.context.environment.log.warning(
                "health.database_unreachable", ["error": .string(String(reflecting: error))])
            return .text("the database does not answer\n", status: 503)
        }
    }
}
