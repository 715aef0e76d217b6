package import Access
package import Core
package import HTTPServer
package import Model
package import PinpointAPI

/// One request on its way through a handler: what was sent, who sent it, and what the process has.
package struct RequestContext: Sendable {
    package let request: HTTPRequest
    /// Decoded, by the names in the route's template.
    package let parameters: PathParameters
    /// Nil on open routes.
    package let caller: Caller?
    /// In `x-amzn-RequestId`, in error bodies and in the log.
    package let requestID: String
    package let context: ServiceContext

    package init(
        request: HTTPRequest, parameters: PathParameters, caller: Caller?, requestID: String, context: ServiceContext
    ) {
        self.request = request
        self.parameters = parameters
        self.caller = caller
        self.requestID = requestID
        self.context = context
    }

    /// The caller's account, else the installation's.
    package var account: String { caller?.account ?? context.account }
    /// For ARNs: the region of the caller's signature, else the installation's.
    package var region: String { caller?.region ?? context.region }

    /// A decoded path parameter. Throws 404 when the route has none of that name.
    package func parameter(_ name: String) throws(APIError) -> String {
        guard let value = parameters[name] else { throw .resourceNotFound }
        return value
    }

    /// The app in the path, guarded: it exists, is not deleted, and belongs to the caller's account. Everything else is the
    /// same 404, so that nobody can find out which apps exist. The only way for a handler to get an `AppID`.
    package func app() async throws -> AppID {
        try await appHead().id
    }

    /// As `app`, with its name.
    package func appHead() async throws -> AppHead {
        guard let text = parameters["application-id"] ?? parameters["app"], let id = AppID(text),
            let app = try await context.apps.load(id, account: account)
        else { throw APIError.applicationNotFound }
        return app
    }

    /// An id of ours in the path: 404 unless it is 32 lower-case hex digits.
    package func id<Noun>(_ name: String, of _: Noun.Type = Noun.self) throws(APIError) -> HexID<Noun> {
        guard let id = HexID<Noun>(try parameter(name)) else { throw .resourceNotFound }
        return id
    }

    /// A version number in the path, from 1 and in its shortest form: everything else is a 404.
    package func version() throws(APIError) -> Int {
        let text = try parameter("version")
        guard let number = Int32(text), number > 0, String(number) == text else { throw .resourceNotFound }
        return Int(number)
    }

    /// The body as JSON. Throws 400 with the parser's message.
    package func json() throws(APIError) -> JSON {
        try requireBody()
        do {
            return try JSON.parse(request.body)
        } catch {
            throw .malformed(error)
        }
    }

    /// The body as a shape of the service model. Throws 400 with a message that names the member.
    package func body<Shape: WireShape>(_: Shape.Type = Shape.self) throws(APIError) -> Shape {
        try requireBody()
        return try Shape(body: request.body)
    }

    private func requireBody() throws(APIError) {
        guard !request.body.isEmpty else { throw .badRequest("The request body is empty; it must be a JSON object") }
    }

    /// A query parameter, decoded; the first when it is repeated. Throws 400 for a query that is no valid encoding.
    package func query(_ name: String) throws(APIError) -> String? {
        try queries(name).first
    }

    package func queries(_ name: String) throws(APIError) -> [String] {
        guard let items = request.queryItems else { throw .badRequest("The query is not valid percent-encoded UTF-8") }
        return items.filter { $0.name == name }.map(\.value)
    }

    /// An answer with a shape of the service model as its body.
    package func answer(_ shape: some WireShape, status: Int = 200) -> HTTPResponse {
        .json(shape.json.serialized, status: status)
    }
}
