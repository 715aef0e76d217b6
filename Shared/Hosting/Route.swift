import Core
package import HTTPServer
package import PinpointAPI

/// Who may call a route.
package enum RouteAccess: Sendable {
    /// A caller with a credential that may do `action`, the IAM name, such as `mobiletargeting:GetApp` (`AccessPolicy`).
    /// `takesBeacons`: a POST may carry its SigV4 signature in the query, because `navigator.sendBeacon` sets no header.
    case signed(action: String, takesBeacons: Bool = false)
    /// Another process of this installation, by its token.
    case internalService
    /// Anyone: health, tracking links. Such a handler checks what it is given by itself.
    case open
}

/// One line of a service's route table.
package struct Route: Sendable {
    package typealias Handler = @Sendable (RequestContext) async throws -> HTTPResponse

    package let method: String
    /// As the service model writes it: `/v1/apps/{application-id}`.
    package let template: String
    package let access: RouteAccess
    package let bodyLimitBytes: Int
    package let handler: Handler

    package init(
        _ method: String,
        _ template: String,
        access: RouteAccess,
        bodyLimitBytes: Int = Limits.requestBodyBytes,
        handler: @escaping Handler
    ) {
        self.method = method
        self.template = template
        self.access = access
        self.bodyLimitBytes = bodyLimitBytes
        self.handler = handler
    }

    /// An operation of the Pinpoint API: method, path and action are the model's.
    package init(
        _ operation: Operation, bodyLimitBytes: Int = Limits.requestBodyBytes, handler: @escaping Handler
    ) {
        self.init(
            operation.method, operation.path, access: .signed(action: operation.action), bodyLimitBytes: bodyLimitBytes,
            handler: handler)
    }

    /// The same, with the last segment of its path in any case.
    package func endingInAnyCase() -> Route {
        var segments = template.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if let last = segments.indices.last { segments[last] = "~" + segments[last] }
        return Route(
            method, segments.joined(separator: "/"), access: access, bodyLimitBytes: bodyLimitBytes, handler: handler)
    }

    /// The shape of the path without its parameters' names; two routes of one shape and method are the same route.
    var shape: String {
        let segments = template.split(separator: "/", omittingEmptySubsequences: false)
        let shapes = segments.map { segment in
            segment.hasPrefix("{") ? "{}" : String(segment.hasPrefix("~") ? segment.dropFirst() : segment)
        }
        return "\(method) " + shapes.joined(separator: "/")
    }

    /// For every operation of the model that `routes` lacks: 501, after the signature was checked, so that a client
    /// learns what is missing and a stranger nothing.
    static func unbuilt(beside routes: [Route]) -> [Route] {
        let built = Set(routes.map(\.shape))
        return Operation.all.compactMap { operation in
            let route = Route(operation) { _ in throw APIError.notImplemented(operation.name) }
            return built.contains(route.shape) ? nil : route
        }
    }
}
