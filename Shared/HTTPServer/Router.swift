/// Maps a method and a raw path to a value, by segments: literal segments beat parameters, and a parameter is
/// percent-decoded only after splitting, so that `a%2Fb` is one endpoint id and never two segments.
///
/// A literal is matched to the letter; `~email` stands for `email` in any case, after those to the letter.
package struct Router<Value: Sendable>: Sendable {
    package enum Match: Sendable {
        case found(Value, PathParameters)
        /// The path exists under these methods (sorted; `HEAD` goes with `GET`): a 405 with `Allow`.
        case methodNotAllowed([String])
        /// The named parameter is not valid percent-encoded UTF-8, or contains NUL.
        case badParameter(String)
        case notFound
    }

    private struct Route: Sendable {
        let value: Value
        let parameterNames: [String]
    }

    private struct Node: Sendable {
        var literals: [Substring: Int] = [:]
        /// In lower case.
        var foldedLiterals: [String: Int] = [:]
        var parameter: Int?
        var routes: [String: Route] = [:]
    }

    private var nodes = [Node()]

    package init() {}

    /// `template` is `/v1/apps/{application-id}/endpoints/{endpoint-id}`: each segment a literal, `~literal` or one parameter.
    /// Adding the same method and path twice is a programmer's error and traps.
    package mutating func add(_ method: String, _ template: String, _ value: Value) {
        precondition(template.utf8.first == 0x2F, "a route's template starts with a slash: \(template)")
        var node = 0
        var names: [String] = []
        for segment in template.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            if segment.hasPrefix("{"), segment.hasSuffix("}") {
                names.append(String(segment.dropFirst().dropLast()))
                node = nodes[node].parameter ?? addNode { $0[node].parameter = $1 }
            } else if segment.hasPrefix("~") {
                let literal = segment.dropFirst().lowercased()
                node = nodes[node].foldedLiterals[literal] ?? addNode { $0[node].foldedLiterals[literal] = $1 }
            } else {
                node = nodes[node].literals[segment] ?? addNode { $0[node].literals[segment] = $1 }
            }
        }
        precondition(nodes[node].routes[method] == nil, "two routes for \(method) \(template)")
        nodes[node].routes[method] = Route(value: value, parameterNames: names)
    }

    private mutating func addNode(_ link: (inout [Node], Int) -> Void) -> Int {
        nodes.append(Node())
        link(&nodes, nodes.count - 1)
        return nodes.count - 1
    }

    /// `HEAD` falls back to `GET`. An empty segment matches no parameter.
    package func match(_ method: String, _ rawPath: String) -> Match {
        guard rawPath.utf8.first == 0x2F else { return .notFound }
        let segments = rawPath.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        var search = Search(method: method, segments: segments)
        guard let route = search.find(in: nodes) else {
            if search.allowed.isEmpty { return .notFound }
            if search.allowed.contains("GET") { search.allowed.insert("HEAD") }
            return .methodNotAllowed(search.allowed.sorted())
        }
        var parameters = PathParameters()
        for (name, raw) in zip(route.parameterNames, search.captured) {
            guard let value = PercentEncoding.decode(raw) else { return .badParameter(name) }
            parameters.append(name, value)
        }
        return .found(route.value, parameters)
    }

    private struct Search {
        let method: String
        let segments: [Substring]
        var captured: [Substring] = []
        var allowed: Set<String> = []

        /// Literal first, then the parameter; both are tried, so that `/a/b/d` reaches `/a/{x}/d` beside `/a/b/c`.
        /// Recursion is as deep as the deepest template.
        mutating func find(in nodes: [Node], node: Int = 0, depth: Int = 0) -> Route? {
            guard depth < segments.count else {
                let routes = nodes[node].routes
                if let route = routes[method] ?? (method == "HEAD" ? routes["GET"] : nil) { return route }
                allowed.formUnion(routes.keys)
                return nil
            }
            let segment = segments[depth]
            if let next = nodes[node].literals[segment], let route = find(in: nodes, node: next, depth: depth + 1) {
                return route
            }
            if !nodes[node].foldedLiterals.isEmpty, let next = nodes[node].foldedLiterals[segment.lowercased()],
                let route = find(in: nodes, node: next, depth: depth + 1)
            {
                return route
            }
            guard let next = nodes[node].parameter, !segment.isEmpty else { return nil }
            captured.append(segment)
            if let route = find(in: nodes, node: next, depth: depth + 1) { return route }
            captured.removeLast()
            return nil
        }
    }
}

/// The decoded parameters of a matched path, in path order.
package struct PathParameters: Sendable {
    private var values: [(name: String, value: String)] = []

    package init() {}

    mutating func append(_ name: String, _ value: String) {
        values.append((name: name, value: value))
    }

    package subscript(name: String) -> String? {
        values.first { $0.name == name }?.value
    }

    package var all: [(name: String, value: String)] { values }
}
