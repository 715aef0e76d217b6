import Core
import HTTPServer
import Runtime
import Testing

/// Requests that botocore signed (`Tests/peers/sign_requests.py` writes the file).
enum SignedRequests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let request: HTTPRequest
        var testDescription: String { name }
    }

    static let key = KeyPair(id: text(root["keyID"]), secret: text(root["secret"]))
    static let signedAt = ISO8601.parse(text(root["signedAt"])) ?? Instant(seconds: 0)
    static let all: [Case] = (root["requests"]?.array ?? []).map(read)

    private static let root: JSON = {
        let folder = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        let path = "/\(folder)/Golden/sigv4/requests.json"
        guard let bytes = SmallFile.read(path, limitBytes: 1 << 20), let json = try? JSON.parse(bytes) else {
            Issue.record("cannot read \(path)")
            return .null
        }
        return json
    }()

    private static func read(_ json: JSON) -> Case {
        var headers = HTTPHeaders()
        for field in json["headers"]?.array ?? [] {
            headers.append(text(field.array?.first), text(field.array?.last))
        }
        let request = HTTPRequest(
            method: text(json["method"]), target: text(json["target"]), headers: headers,
            body: Array(text(json["body"]).utf8))
        return Case(name: text(json["name"]), request: request)
    }

    private static func text(_ json: JSON?) -> String { json?.string ?? "" }
}
