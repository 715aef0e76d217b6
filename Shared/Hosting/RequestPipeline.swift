import Access
import Core
import EventLoop
package import HTTPServer
import PinpointAPI
import Runtime

/// From request to answer: request id → preflight → route → caller → policy → body → handler → errors → headers → metrics.
package final class RequestPipeline: Sendable {
    private let context: ServiceContext
    private let router: Router<Bound>
    private let readiness: Readiness
    private let unmatched: RouteMetrics

    private struct Bound: Sendable {
        let route: Route
        let metrics: RouteMetrics
    }

    /// Routes of the model that are missing answer 501. `readiness` decides about 503 before the schema is there.
    package init(context: ServiceContext, routes: [Route], readiness: Readiness) {
        self.context = context
        self.readiness = readiness
        unmatched = RouteMetrics(context.metrics, route: "unmatched")
        var router = Router<Bound>()
        let all = routes + HealthRoutes.all(readiness)
        for route in all + Route.unbuilt(beside: all) {
            let metrics = RouteMetrics(context.metrics, route: "\(route.method) \(route.template)")
            router.add(route.method, route.template, Bound(route: route, metrics: metrics))
        }
        self.router = router
    }

    /// For the server, before it reads a body.
    package func bodyLimit(_ request: HTTPRequest) -> Int {
        guard case .found(let bound, _) = router.match(request.method, request.rawPath) else {
            return Limits.requestBodyBytes
        }
        return bound.route.bodyLimitBytes
    }

    package func answer(_ request: HTTPRequest) async -> HTTPResponse {
        let start = MonotonicClock.now()
        let requestID = context.environment.newRequestID()
        if request.method == "OPTIONS", isSigned(CrossOrigin.requestedMethod(request), request) {
            var response = CrossOrigin.preflight(request)
            response.headers["x-amzn-RequestId"] = requestID
            return response
        }
        var metrics = unmatched
        var response: HTTPResponse
        do {
            let (bound, parameters) = try match(request)
            metrics = bound.metrics
            response = try await run(bound.route, request, parameters, requestID)
        } catch {
            response = render(error, request, metrics.route, requestID)
        }
        metrics.observe(status: response.status, microseconds: MonotonicClock.now() - start)
        return response
    }

    /// Other origins may call what a signature protects; routes that are open (the development inbox) stay the page's own.
    private func isSigned(_ method: String, _ request: HTTPRequest) -> Bool {
        guard case .found(let bound, _) = router.match(method, request.rawPath), case .signed = bound.route.access
        else {
            return false
        }
        return true
    }

    private func match(_ request: HTTPRequest) throws(APIError) -> (Bound, PathParameters) {
        switch router.match(request.method, request.rawPath) {
        case .found(let bound, let parameters): return (bound, parameters)
        case .methodNotAllowed: throw .methodNotAllowed
        case .badParameter(let name): throw .badRequest("\(name) in the path is not valid percent-encoded UTF-8")
        case .notFound: throw .resourceNotFound
        }
    }

    private func run(
        _ route: Route, _ request: HTTPRequest, _ parameters: PathParameters, _ requestID: String
    ) async throws -> HTTPResponse {
        var request = request
        let caller: Caller?
        switch route.access {
        case .signed(let action, let takesBeacons):
            try requireSchema()
            let known = try await context.authenticator.authenticate(request, takesBeacons: takesBeacons)
            let app = parameters["application-id"] ?? parameters["app"]
            try AccessPolicy.check(known, action: action, app: app)
            caller = known
            // After the signature, which is over the bytes as they were sent.
            try await ContentDecoding.apply(to: &request, limitBytes: route.bodyLimitBytes, loop: context.loop)
        case .internalService:
            caller = try context.authenticator.authenticateService(request)
            try requireSchema()
        case .open:
            caller = nil
        }
        var response = try await route.handler(
            RequestContext(
                request: request, parameters: parameters, caller: caller, requestID: requestID, context: context))
        response.headers["x-amzn-RequestId"] = requestID
        if case .signed = route.access { CrossOrigin.mark(&response) }
        return response
    }

    private func requireSchema() throws(APIError) {
        guard readiness.isMigrated else { throw .unavailable("The service is starting; try again") }
    }

    private func render(
        _ error: any Error, _ request: HTTPRequest, _ route: String, _ requestID: String
    ) -> HTTPResponse {
        let (answer, isLogged) = ErrorRendering.render(error)
        if isLogged {
            context.environment.log.error(
                "http.failed", error,
                ["request": .string(requestID), "route": .string(route), "status": .integer(Int64(answer.status))])
        }
        var response = answer.response(requestID: requestID)
        if case .methodNotAllowed(let methods) = router.match(request.method, request.rawPath) {
            response.headers["Allow"] = methods.joined(separator: ", ")
        }
        if answer.status == 503 || answer.status == 429 { response.headers["Retry-After"] = "1" }
        if answer.status == 415 { response.headers["Accept-Encoding"] = ContentDecoding.accepted }
        CrossOrigin.mark(&response)
        return response
    }
}

/// The series of one route template, looked up once per status.
private final class RouteMetrics: Sendable {
    let route: String
    private let metrics: Metrics
    private let seconds: Histogram
    private let counters = Lock<[Int: Counter]>([:])

    init(_ metrics: Metrics, route: String) {
        self.route = route
        self.metrics = metrics
        seconds = metrics.histogram(.httpRequestSeconds, route)
    }

    func observe(status: Int, microseconds: Int64) {
        seconds.observe(Double(microseconds) / 1_000_000)
        let counter = counters.withLock { counters in
            if let known = counters[status] { return known }
            let made = metrics.counter(.httpRequests, route, "\(status)")
            counters[status] = made
            return made
        }
        counter.increment()
    }
}
