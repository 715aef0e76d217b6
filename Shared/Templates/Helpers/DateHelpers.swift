import Core

/// `dateFormat` and `now`.
enum DateHelpers {
    /// `dateFormat date [format] inputFormat= outputFormat= tz=`. A date without a zone is UTC. A missing date prints
    /// nothing; one that does not fit is a fault.
    static func dateFormat(
        _ arguments: HelperArguments, _ environment: TemplateEnvironment
    ) throws(HelperFault) -> String {
        guard !arguments.value(0).isMissing, !arguments.text(0).isEmpty else { return "" }
        let input = arguments.named("inputFormat")?.text
        let instant: Instant
        if let input {
            guard let parsed = try DatePattern(named: input).parse(arguments.text(0), environment) else {
                throw HelperFault("the date does not have the form \(input)")
            }
            instant = parsed
        } else {
            guard let parsed = parse(arguments.text(0)) else {
                throw HelperFault("the date is not ISO 8601; say its form with inputFormat=")
            }
            instant = parsed
        }
        return try format(instant, arguments, environment)
    }

    static func now(_ arguments: HelperArguments, _ environment: TemplateEnvironment) throws(HelperFault) -> String {
        let positional = arguments.values.isEmpty ? nil : arguments.text(0)
        return try format(environment.now(), arguments, environment, pattern: positional)
    }

    private static func format(
        _ instant: Instant, _ arguments: HelperArguments, _ environment: TemplateEnvironment, pattern: String? = nil
    ) throws(HelperFault) -> String {
        let named = arguments.named("outputFormat") ?? arguments.named("format")
        let positional = arguments.values.count > 1 ? arguments.text(1) : pattern
        let pattern = try DatePattern(named: named?.text ?? positional ?? "medium")
        let zone = arguments.namedText("tz", default: "UTC")
        guard let offset = offset(of: zone, at: instant, environment) else {
            throw HelperFault("the time zone \(zone) is not known")
        }
        return try pattern.format(instant, offset: offset, zone: zone)
    }

    /// ISO 8601 with or without time and zone, or milliseconds since 1970.
    private static func parse(_ text: String) -> Instant? {
        if let instant = ISO8601.parse(text) ?? ISO8601.parse(text + "Z") ?? ISO8601.parse(text + "T00:00Z") {
            return instant
        }
        guard let milliseconds = Int64(text), abs(milliseconds) < DatePattern.maximumMilliseconds else { return nil }
        return Instant(milliseconds: milliseconds)
    }

    /// Seconds east of UTC: `UTC`, `GMT`, `Z`, `+02:00`, `GMT+2`, or an IANA name that the environment knows.
    static func offset(of zone: String, at instant: Instant, _ environment: TemplateEnvironment) -> Int? {
        var rest = zone[...]
        for prefix in ["UTC", "GMT"] where rest.hasPrefix(prefix) { rest = rest.dropFirst(3) }
        if rest.isEmpty || rest == "Z" { return zone.isEmpty ? nil : 0 }
        guard let sign = rest.first, sign == "+" || sign == "-" else {
            return environment.timeZoneOffset(zone, instant)
        }
        let parts = rest.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        var digits = parts.joined()
        if parts.count == 1, digits.count <= 2 { digits += "00" }
        guard parts.count <= 2, let number = Int(digits), digits.count <= 4, number >= 0 else { return nil }
        let (hours, minutes) = (number / 100, number % 100)
        guard hours <= 18, minutes < 60 else { return nil }
        return (sign == "-" ? -1 : 1) * (hours * 3600 + minutes * 60)
    }
}
