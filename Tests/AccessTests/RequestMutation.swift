import HTTPServer

/// Ways to change one byte of the signed part of a request.
struct RequestMutation {
    let name: String
    let count: Int
    let apply: (_ position: Int, _ flip: UInt8) -> ChangedRequest?

    static func all(of request: HTTPRequest) -> [RequestMutation] {
        var all = [
            RequestMutation(name: "method", count: request.method.utf8.count) { position, flip in
                change(request.method, position, flip).map { method in
                    var changed = request
                    changed.method = method
                    return ChangedRequest(request: changed)
                }
            },
            RequestMutation(name: "target", count: request.target.utf8.count) { position, flip in
                change(request.target, position, flip).map { target in
                    ChangedRequest(
                        request: HTTPRequest(
                            method: request.method, target: target, headers: request.headers, body: request.body))
                }
            },
            RequestMutation(name: "body", count: request.body.count) { position, flip in
                var changed = request
                changed.body[position] ^= flip
                return ChangedRequest(request: changed)
            },
        ]
        for (name, value) in request.headers.all {
            all.append(
                RequestMutation(name: name, count: value.utf8.count) { position, flip in
                    change(value, position, flip).map { value in
                        var changed = request
                        changed.headers[name] = value
                        return ChangedRequest(request: changed)
                    }
                })
        }
        return all
    }

    /// Nil when the result is no text: the server's parser would not let it through.
    private static func change(_ text: String, _ position: Int, _ flip: UInt8) -> String? {
        var bytes = Array(text.utf8)
        bytes[position] ^= flip
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}

struct ChangedRequest {
    let request: HTTPRequest

    /// Whether the change is one of spelling only: `%2f` for `%2F` or one kind of white space for another.
    func means(_ other: HTTPRequest) -> Bool {
        guard request.method == other.method, request.rawPath == other.rawPath, request.body == other.body,
            let mine = request.queryItems, let theirs = other.queryItems
        else { return false }
        let sameQuery = mine.map { "\($0.name)=\($0.value)" } == theirs.map { "\($0.name)=\($0.value)" }
        return sameQuery && words(request.headers) == words(other.headers)
    }

    private func words(_ headers: HTTPHeaders) -> [String] {
        headers.all.map { field in "\(field.name): " + field.value.split(separator: " ").joined(separator: " ") }
    }
}
