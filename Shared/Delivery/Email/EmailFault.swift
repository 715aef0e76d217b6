/// A message that cannot be composed: the content's or the configuration's fault, or, with the field `To`, the address's.
package struct EmailFault: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Reason: String, Sendable, CaseIterable {
        /// CR, LF, NUL or another control character in something that becomes a header (F33).
        case controlCharacter = "control_character"
        case invalidHeaderName = "invalid_header_name"
        /// A header that the composer writes itself, or one that would change the message's structure.
        case reservedHeader = "reserved_header"
        case tooManyHeaders = "too_many_headers"
        case tooLong = "too_long"
        case emptyBody = "empty_body"
        case invalidDomain = "invalid_domain"
        case invalidURL = "invalid_url"
        /// `From`, `Reply-To` or `To` is no address; with `To` it is the recipient's.
        case invalidAddress = "invalid_address"
    }

    package let reason: Reason
    /// The field: `Subject`, `FromName`, a header's name.
    package let field: String

    package var description: String { "\(field): \(reason.rawValue)" }
}
