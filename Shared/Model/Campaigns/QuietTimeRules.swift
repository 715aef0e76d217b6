package import PinpointAPI

/// What the wire types cannot say about a QuietTime.
package enum QuietTimeRules {
    /// Both or neither; empty means unset, as Terraform writes it.
    package static func check(_ quietTime: QuietTime?, at path: WirePath) throws(APIError) {
        guard let quietTime else { return }
        let members = [("Start", quietTime.start ?? ""), ("End", quietTime.end ?? "")]
        if members.allSatisfy({ $0.1.isEmpty }) { return }
        for (name, value) in members where minutes(value) == nil {
            throw path.member(name).refusal(
                "must be a time of day, HH:MM, from 00:00 to 23:59; got \"\(value.prefix(32))\"")
        }
    }

    /// Nil when it is unset.
    static func window(_ quietTime: QuietTime?) -> QuietWindow? {
        guard let start = minutes(quietTime?.start ?? ""), let end = minutes(quietTime?.end ?? "") else { return nil }
        return QuietWindow(start: start, end: end)
    }

    /// After midnight.
    private static func minutes(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else { return nil }
        return hour * 60 + minute
    }
}
