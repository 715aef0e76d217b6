import Core
import Segments

/// A dictionary's value read as the set of texts that it is; see `RowReader` for the form.
struct ValueTexts {
    let bytes: UnsafeBufferPointer<UInt8>

    @inline(__always)
    func contains(where passes: (UnsafeBufferPointer<UInt8>) -> Bool) -> Bool {
        let raw = UnsafeRawBufferPointer(bytes)
        var at = 0
        while at < raw.count {
            let length = Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
            at += 4
            if passes(UnsafeBufferPointer(rebasing: bytes[at..<at + length])) { return true }
            at += length
        }
        return false
    }

    func containsString(where passes: (String) -> Bool) -> Bool {
        contains { passes(String(decoding: $0, as: UTF8.self)) }
    }
}

/// A test of sets of texts, as `SegmentEvaluator` does it, on bytes.
struct ValueTest {
    /// What it says of an endpoint without a value.
    let isTrueOfNone: Bool
    let passes: (ValueTexts) -> Bool

    init(_ test: AttributeTest) {
        switch test {
        case .inclusive(let listed): self.init(listed: listed, isExclusive: false)
        case .exclusive(let listed): self.init(listed: listed, isExclusive: true)
        case .contains(let listed):
            let parts = listed.map { Array($0.utf8) }
            self.init { texts in texts.contains { text in parts.contains { text.contains($0) } } }
        case .before(let bound): self.init(instant: { $0 < bound })
        case .after(let bound): self.init(instant: { $0 > bound })
        case .on(let day): self.init(instant: { $0.day == day })
        case .between(let first, let last): self.init(instant: { first <= $0 && $0 <= last })
        }
    }

    init(_ test: SetTest) {
        switch test {
        case .inclusive(let listed): self.init(listed: listed, isExclusive: false)
        case .exclusive(let listed): self.init(listed: listed, isExclusive: true)
        }
    }

    init(_ test: DateTest, today: Day) {
        if test.isAnniversary {
            let anniversaries = Set(test.anniversaries(from: today))
            self.init(day: { anniversaries.contains($0.anniversary) })
        } else {
            let days = test.days(from: today)
            self.init(day: { days.contains($0) })
        }
    }

    private init(listed: [String], isExclusive: Bool) {
        let listed = listed.map { Array($0.utf8) }
        isTrueOfNone = isExclusive
        passes = { texts in
            texts.contains { text in listed.contains { $0.isSame(as: text) } } != isExclusive
        }
    }

    private init(_ passes: @escaping (ValueTexts) -> Bool) {
        isTrueOfNone = false
        self.passes = passes
    }

    private init(instant passes: @escaping (Instant) -> Bool) {
        self.init { texts in texts.containsString { SegmentInstant.parse($0).map(passes) ?? false } }
    }

    private init(day passes: @escaping (Day) -> Bool) {
        self.init { texts in texts.containsString { SegmentInstant.parseDay($0).map(passes) ?? false } }
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether `part` stands somewhere in it. Both are short.
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        guard count >= part.count else { return false }
        return (0...count - part.count).contains { start in
            var index = 0
            while index < part.count, self[start + index] == part[index] { index += 1 }
            return index == part.count
        }
    }
}
