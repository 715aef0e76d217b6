package import Core
package import HTTPClient

extension ClientResponse {
    /// `Retry-After` (RFC 9110 §10.2.3): seconds, or a date of which `now` (real time) is taken off. Bounded by a day, so that one
    /// odd answer does not put a message off for ever.
    package func retryAfter(at now: Instant) -> Duration? {
        guard let text = header("Retry-After")?.split(separator: " ", omittingEmptySubsequences: true), !text.isEmpty
        else {
            return nil
        }
        if text.count == 1, let seconds = Int(text[0]), seconds >= 0 { return .seconds(min(seconds, 86_400)) }
        guard let date = HTTPDate.parse(text.map(String.init)) else { return nil }
        let wait = date.seconds - now.seconds
        return .seconds(min(max(wait, 0), 86_400))
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, the one form that senders may write (RFC 9110 §5.6.7).
enum HTTPDate {
    static func parse(_ words: [String]) -> Instant? {
        guard words.count == 6, words[5] == "GMT", words[0].hasSuffix(","), words[1].utf8.count == 2,
            let month = months.firstIndex(of: words[2])
        else { return nil }
        let number = month + 1 < 10 ? "0\(month + 1)" : "\(month + 1)"
        return ISO8601.parse("\(words[3])-\(number)-\(words[1])T\(words[4])Z")
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
