import Crypto

/// RFC 7617.
package enum BasicAuthorization {
    package static func header(_ user: String, _ password: String) -> String {
        "Basic \(Base64.encode(Array("\(user):\(password)".utf8)))"
    }

    /// Nil for anything but valid Basic credentials.
    package static func parse(_ header: String?) -> (user: String, password: String)? {
        guard let header, header.lowercased().hasPrefix("basic "), let bytes = Base64.decode(header.dropFirst(6)),
            let text = String(validating: bytes, as: UTF8.self), let colon = text.firstIndex(of: ":")
        else { return nil }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }
}
