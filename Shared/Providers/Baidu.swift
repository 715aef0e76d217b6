import Core
import Crypto
import HTTPClient
import Model

/// Baidu Cloud Push, REST 3.0 (https://push.baidu.com/doc/restapi/restapi): a form per message, signed with the app's secret key.
///
/// Built from the documented interface; Baidu gives no test service, and the signature is checked against the documented rule only.
struct Baidu: HTTPProvider {
    static let kind = ProviderKind(
        "baidu", channels: ["BAIDU"],
        settings: [.init("DeviceType", check: { ["3", "4"].contains($0) ? nil : "must be 3 (Android) or 4 (iOS)" })],
        secrets: [.init("ApiKey"), .init("SecretKey")],
        push: { setup, tools in
            .http(try Baidu(setup), client: tools.client, environment: tools.environment, timeout: setup.timeout)
        })

    /// A week, the longest that Baidu keeps a message.
    private static let longestLife = 604_800

    let name: String
    private let url: String
    private let key: String
    private let secret: String
    private let deviceType: String

    init(_ setup: ProviderSetup) throws {
        name = setup.provider.name
        url = "\(setup.url(or: "https://api.tuisong.baidu.com"))/rest/3.0/push/single_device"
        key = try setup.required("ApiKey")
        secret = try setup.required("SecretKey")
        deviceType = setup.text("DeviceType") ?? "3"
    }

    func request(for message: OutgoingPush, at now: Instant) throws(Refusal) -> ClientRequest {
        var fields: [(name: String, value: String)] = [
            ("apikey", key), ("channel_id", message.address), ("device_type", deviceType),
            ("msg", String(decoding: message.payload, as: UTF8.self)),
            // Silent ones pass through to the app.
            ("msg_type", message.pushType == "background" ? "0" : "1"), ("timestamp", String(now.seconds)),
        ]
        if let seconds = message.timeToLive {
            fields.append(("msg_expires", String(min(max(0, seconds), Self.longestLife))))
        }
        fields.append(("sign", Self.signature(of: fields, url: url, secret: secret)))
        return ClientRequest(
            method: "POST", url: url,
            headers: [
                (FormFields.contentType.name, "\(FormFields.contentType.value);charset=utf-8"),
                ("User-Agent", "BCCS_SDK/3.0 (needletail)"),
            ], body: FormFields(fields).body)
    }

    /// MD5 over the percent-encoded `POST` + URL + `name=value` in the order of the names + secret key.
    static func signature(of fields: [(name: String, value: String)], url: String, secret: String) -> String {
        let pairs = fields.sorted { $0.name < $1.name }.map { "\($0.name)=\($0.value)" }.joined()
        return Hex.lowercase(MD5.hash(encoded("POST\(url)\(pairs)\(secret)")))
    }

    /// As HTML 2.0 forms do it (RFC 1866 §8.2.1): `+` for a space, `%XX` for all but letters, digits, `-`, `_` and `.`.
    private static func encoded(_ text: String) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: bytes.append(byte)
            case 0x20: bytes.append(0x2B)
            case _: bytes += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return bytes
    }

    func outcome(of response: ClientResponse, to message: OutgoingPush, at now: Instant) -> SendOutcome {
        let body = try? JSON.parse(response.body)
        let retryAfter = response.retryAfter(at: now)
        guard let code = body?["error_code"]?.int else {
            guard response.status == 200 else {
                return SendOutcome(status: response.status, retryAfter: retryAfter, detail: "")
            }
            let id = body?["response_params"]?["msg_id"]
            return .accepted(providerReference: String((id?.string ?? id?.text ?? "").prefix(255)))
        }
        let detail = "\(response.status) \(code)"
        switch code {
        case 30600: return .retry(after: retryAfter ?? .zero, isThrottle: false, detail: detail)
        case 30603: return .notSent(.authentication, detail: detail)
        case 30608: return .rejected(.address, detail: detail, isAddressDead: true)
        case 30609, 30618: return .retry(after: retryAfter ?? .seconds(60), isThrottle: true, detail: detail)
        case _ where response.status >= 500: return .retry(after: .zero, isThrottle: false, detail: detail)
        case _: return .rejected(.content, detail: detail, isAddressDead: false)
        }
    }
}
