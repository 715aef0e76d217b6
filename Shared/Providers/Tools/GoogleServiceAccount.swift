import Core
import Crypto
import HTTPClient

/// The JSON key of a Google service account, and the access tokens it gets
/// (https://developers.google.com/identity/protocols/oauth2/service-account#httprest).
struct GoogleServiceAccount: Sendable {
    let project: String
    private let email: String
    private let keyID: String
    private let key: PrivateKey
    private let tokenURL: String

    /// Whatever `token_uri` says, as Google's own libraries do.
    private static let audience = "https://oauth2.googleapis.com/token"

    /// Throws `configuration` naming what is missing; never repeats the key.
    init(_ text: String) throws(Fault) {
        guard let json = try? JSON.parse(text), json.object != nil else {
            throw Fault(.configuration, "ServiceJson is not a JSON object")
        }
        func field(_ name: String) throws(Fault) -> String {
            guard let text = json[name]?.string, !text.isEmpty, text.utf8.count <= 8192 else {
                throw Fault(.configuration, "ServiceJson has no \(name)")
            }
            return text
        }
        project = try field("project_id")
        guard project.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x3F && $0 != 0x23 }) else {
            throw Fault(.configuration, "ServiceJson has a project_id that is none")
        }
        email = try field("client_email")
        keyID = try field("private_key_id")
        tokenURL = json["token_uri"]?.string ?? Self.audience
        do {
            key = try PrivateKey(pem: field("private_key"))
        } catch {
            throw Fault(.configuration, "ServiceJson: private_key: \(error.publicMessage)")
        }
        guard key.kind == .rsa else { throw Fault(.configuration, "ServiceJson: private_key must be an RSA key") }
    }

    func tokens(for scope: String) -> AccessTokens {
        AccessTokens("Google") { [self] (now) throws(Refusal) in
            let assertion: String
            do throws(Fault) {
                assertion = try self.assertion(for: scope, at: now)
            } catch {
                throw Refusal(.notSent(.authentication, detail: "the assertion cannot be signed"))
            }
            let form = FormFields([
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion),
            ])
            return ClientRequest(
                method: "POST", url: tokenURL, headers: [FormFields.contentType], body: form.body, isRepeatable: true)
        }
    }

    /// An hour, the longest that Google takes.
    func assertion(for scope: String, at now: Instant) throws(Fault) -> String {
        let claims: JSONObject = [
            "iss": .string(email), "scope": .string(scope), "aud": .string(Self.audience),
            "iat": .integer(now.seconds), "exp": .integer(now.seconds + 3600),
        ]
        return try JSONWebToken.sign(claims, header: ["typ": "JWT", "kid": .string(keyID)], with: key)
    }
}
