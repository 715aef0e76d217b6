/// What an advertisement must begin with: one row of `ops/data/labels.tsv`.
package struct AdvertisingLabel: Sendable, Equatable {
    package let id: String
    package let text: String
    /// What authors write instead, which the law does not accept.
    package let variants: [String]

    /// `subject` with the label at its very start, once, in place of whatever forms of it stand there.
    package func applied(to subject: [UInt8]) -> [UInt8] {
        let trimmed = Self.trimmed(subject[...])
        let label = Array(text.utf8)
        var rest = trimmed
        var forms = 0
        while let form = form(atStartOf: rest) {
            rest = Self.trimmed(rest.dropFirst(form.utf8.count))
            forms += 1
        }
        if forms == 1 && trimmed.starts(with: label) { return Array(trimmed) }
        return label + [0x20] + rest
    }

    /// The variant that `subject` begins with, for a warning to its author.
    package func variant(atStartOf subject: String) -> String? {
        let bytes = Self.trimmed(Array(subject.utf8)[...])
        return variants.first { bytes.starts(with: $0.utf8) }
    }

    private func form(atStartOf bytes: ArraySlice<UInt8>) -> String? {
        if bytes.starts(with: text.utf8) { return text }
        return variants.first { bytes.starts(with: $0.utf8) }
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        bytes.drop { $0 == 0x20 || (0x09...0x0D).contains($0) }
    }
}
