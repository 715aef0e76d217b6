import Core
import Glibc
import Segments

/// A test of sets of texts, as `SegmentEvaluator` does it, on bytes.
enum ValueTest {
    /// Some text equals a listed one; or, exclusive, none does.
    case listed([[UInt8]], isExclusive: Bool)
    case containing([[UInt8]])
    case instant((Instant) -> Bool)
    case day((Day) -> Bool)

    init(_ test: AttributeTest) {
        switch test {
        case .inclusive(let listed): self = .listed(listed.map { Array($0.utf8) }, isExclusive: false)
        case .exclusive(let listed): self = .listed(listed.map { Array($0.utf8) }, isExclusive: true)
        case .contains(let listed): self = .containing(listed.map { Array($0.utf8) })
        case .before(let bound): self = .instant { $0 < bound }
        case .after(let bound): self = .instant { $0 > bound }
        case .on(let day): self = .instant { $0.day == day }
        case .between(let first, let last): self = .instant { first <= $0 && $0 <= last }
        }
    }

    init(_ test: SetTest) {
        switch test {
        case .inclusive(let listed): self = .listed(listed.map { Array($0.utf8) }, isExclusive: false)
        case .exclusive(let listed): self = .listed(listed.map { Array($0.utf8) }, isExclusive: true)
        }
    }

    init(_ test: DateTest, today: Day) {
        if test.isAnniversary {
            let anniversaries = Set(test.anniversaries(from: today))
            self = .day { anniversaries.contains($0.anniversary) }
        } else {
            let days = test.days(from: today)
            self = .day { days.contains($0) }
        }
    }

    /// What it says of an endpoint without a value.
    var isTrueOfNone: Bool {
        if case .listed(_, let isExclusive) = self { isExclusive } else { false }
    }

    /// Each case has its own loop, because a dictionary can have tens of thousands of values.
    func selection(in dictionary: CodeDictionary) -> CodeSelection {
        switch self {
        case .listed(let listed, let isExclusive):
            if listed.count == 1 {
                return listed[0].withUnsafeBufferPointer { wanted in
                    dictionary.selection(isTrueOfNone: isExclusive) { value in
                        ValueTexts(bytes: value).contains { $0.isSame(as: wanted) } != isExclusive
                    }
                }
            }
            return dictionary.selection(isTrueOfNone: isExclusive) { value in
                ValueTexts(bytes: value).contains { text in listed.contains { $0.isSame(as: text) } } != isExclusive
            }
        case .containing(let parts):
            return dictionary.selection(isTrueOfNone: false) { value in
                ValueTexts(bytes: value).contains { text in parts.contains { text.contains($0) } }
            }
        case .instant(let passes):
            return dictionary.selection(isTrueOfNone: false) { value in
                ValueTexts(bytes: value).containsString { SegmentInstant.parse($0).map(passes) ?? false }
            }
        case .day(let passes):
            return dictionary.selection(isTrueOfNone: false) { value in
                ValueTexts(bytes: value).containsString { SegmentInstant.parseDay($0).map(passes) ?? false }
            }
        }
    }
}

/// The codes of one dictionary that pass a test, by code; the first stands for no value.
struct CodeSelection {
    var passes: [Bool]

    /// Rows that pass, of `rows` in all.
    func count(_ dictionary: CodeDictionary, of rows: Int) -> Int {
        var (held, passing) = (0, 0)
        for code in passes.indices.dropFirst() {
            let uses = dictionary.uses(of: code)
            held += uses
            passing += passes[code] ? uses : 0
        }
        return passes[0] ? passing + rows - held : passing
    }
}

extension CodeDictionary {
    @inline(__always)
    func selection(isTrueOfNone: Bool, where passes: (UnsafeBufferPointer<UInt8>) -> Bool) -> CodeSelection {
        var isIn = [Bool](repeating: isTrueOfNone, count: codeCount)
        isIn.withUnsafeMutableBufferPointer { isIn in
            forEachValue { code, uses, value in
                // A number without rows may be taken either way: as the one before it, so that runs stay whole.
                isIn[code] = uses == 0 ? isIn[code - 1] : passes(value)
            }
        }
        return CodeSelection(passes: isIn)
    }
}

extension UnsafeBufferPointer<UInt8> {
    @inline(__always)
    fileprivate func isSame(as other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard count == other.count else { return false }
        guard let left = baseAddress, let right = other.baseAddress else { return true }
        return memcmp(left, right, count) == 0
    }

    /// Whether `part` stands somewhere in it.
    fileprivate func contains(_ part: [UInt8]) -> Bool {
        guard let first = part.first else { return true }
        guard let text = baseAddress, count >= part.count else { return false }
        return part.withUnsafeBufferPointer { part in
            guard let wanted = part.baseAddress else { return true }
            return (0...count - part.count).contains { start in
                text[start] == first && memcmp(text + start, wanted, part.count) == 0
            }
        }
    }
}
