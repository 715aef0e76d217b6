/// The limits of `ops/codegen/constraints.txt`, one call of generated code each. An absent value passes.
extension WireReader {
    /// `zeroIsUnset`: Pinpoint's limits use 0 for "no limit".
    package func check(range: ClosedRange<Int>, zeroIsUnset: Bool = false, _ value: Int?, _ name: String)
        throws(APIError)
    {
        guard let value, !range.contains(value), !(zeroIsUnset && value == 0) else { return }
        let zero = zeroIsUnset ? ", or 0 for no limit" : ""
        throw path.member(name).refusal("must be \(WireCheck.words(range))\(zero); got \(value)")
    }

    /// In characters (Unicode scalars).
    package func check(length: ClosedRange<Int>, _ value: String?, _ name: String) throws(APIError) {
        guard let value else { return }
        try WireCheck.check(length: length, value, path.member(name))
    }

    package func check(count: ClosedRange<Int>, _ value: [some WireValue]?, _ name: String) throws(APIError) {
        guard let value, !count.contains(value.count) else { return }
        throw path.member(name).refusal("must have \(WireCheck.words(count, "item")); got \(value.count)")
    }

    package func check(count: ClosedRange<Int>, _ value: [String: some WireValue]?, _ name: String) throws(APIError) {
        try check(entries: count, value?.count, name)
    }

    package func check(count: ClosedRange<Int>, _ value: WireMap<some WireValue>?, _ name: String) throws(APIError) {
        try check(entries: count, value?.count, name)
    }

    private func check(entries: ClosedRange<Int>, _ count: Int?, _ name: String) throws(APIError) {
        guard let count, !entries.contains(count) else { return }
        throw path.member(name).refusal("must have \(WireCheck.words(entries, "entry", "entries")); got \(count)")
    }

    /// Characters of each key of a map.
    package func check(keyLength: ClosedRange<Int>, _ value: [String: some WireValue]?, _ name: String) throws(APIError)
    {
        guard let value else { return }
        for key in value.keys { try check(key, keyLength, name) }
    }

    package func check(keyLength: ClosedRange<Int>, _ value: WireMap<some WireValue>?, _ name: String) throws(APIError)
    {
        guard let value else { return }
        for (key, _) in value { try check(key, keyLength, name) }
    }

    private func check(_ key: String, _ length: ClosedRange<Int>, _ name: String) throws(APIError) {
        guard !WireCheck.has(key, length: length) else { return }
        let words = WireCheck.words(length, "character")
        throw path.member(name).member(key).refusal(
            "is not a valid name: it must have \(words); it has \(key.unicodeScalars.count)")
    }

    /// Characters of each value of a map.
    package func check(valueLength: ClosedRange<Int>, _ value: [String: String]?, _ name: String) throws(APIError) {
        guard let value else { return }
        for (key, text) in value {
            try WireCheck.check(length: valueLength, text, path.member(name).member(key))
        }
    }

    /// Characters of each value in the lists of a map.
    package func check(valueLength: ClosedRange<Int>, _ value: WireMap<[String]>?, _ name: String) throws(APIError) {
        guard let value else { return }
        for (key, texts) in value {
            for (index, text) in texts.enumerated() {
                try WireCheck.check(length: valueLength, text, path.member(name).member(key).element(index))
            }
        }
    }

    /// Length of each list of a map.
    package func check(valueCount: ClosedRange<Int>, _ value: WireMap<[String]>?, _ name: String) throws(APIError) {
        guard let value else { return }
        for (key, texts) in value where !valueCount.contains(texts.count) {
            let words = WireCheck.words(valueCount, "value")
            throw path.member(name).member(key).refusal("must have \(words); got \(texts.count)")
        }
    }

    /// Words that the model leaves as free strings.
    package func check(allowed: [String], _ value: String?, _ name: String) throws(APIError) {
        guard let value, !allowed.contains(value) else { return }
        throw path.member(name).refusal(WireCheck.complaint(allowed: allowed, got: value))
    }
}

package enum WireCheck {
    static func check(length: ClosedRange<Int>, _ value: String, _ path: WirePath) throws(APIError) {
        guard !has(value, length: length) else { return }
        throw path.refusal("must have \(words(length, "character")); got \(value.unicodeScalars.count)")
    }

    /// A text of n bytes has between n/4 and n scalars: most answers need no counting.
    static func has(_ text: String, length: ClosedRange<Int>) -> Bool {
        let bytes = text.utf8.count
        if bytes <= length.upperBound, length.lowerBound <= bytes / 4 || length.lowerBound <= min(1, bytes) {
            return true
        }
        return length.contains(text.unicodeScalars.count)
    }

    /// Lists what is allowed when it fits a line.
    package static func complaint(allowed: [String], got: String) -> String {
        let shown = got.utf8.count <= 64 ? got : got.prefix(64) + "…"
        guard allowed.count <= 12 || allowed.joined().utf8.count <= 120 else {
            return "has an unknown value; got \"\(shown)\""
        }
        return "must be one of \(allowed.joined(separator: ", ")); got \"\(shown)\""
    }

    static func words(_ range: ClosedRange<Int>) -> String {
        if range.upperBound == .max { return "at least \(range.lowerBound)" }
        if range.lowerBound == .min { return "at most \(range.upperBound)" }
        return "between \(range.lowerBound) and \(range.upperBound)"
    }

    static func words(_ range: ClosedRange<Int>, _ unit: String, _ units: String? = nil) -> String {
        let plural = units ?? unit + "s"
        if range.upperBound == .max { return "at least \(range.lowerBound) \(range.lowerBound == 1 ? unit : plural)" }
        if range.lowerBound == 0 { return "at most \(range.upperBound) \(range.upperBound == 1 ? unit : plural)" }
        return "\(range.lowerBound) to \(range.upperBound) \(plural)"
    }
}
