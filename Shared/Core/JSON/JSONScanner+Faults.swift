extension JSONScanner {
    /// Words and path for a refusal, from where the scanner stands.
    func fault(_ refusal: Refusal) -> JSONFault {
        JSONFault(reason: words(for: refusal), offset: refusal.offset, path: path)
    }

    /// Keys and indexes of the open containers, as `BatchItem.e1.Groups[2]`.
    private var path: String {
        guard depth > 0 else { return "" }
        var path = ""
        // The first frame stands for the text itself.
        for open in UnsafeBufferPointer(start: frames, count: depth).dropFirst() + [frame] {
            if !open.isObject {
                path += "[\(open.count)]"
            } else if (0..<written).contains(open.key) {
                path += path.isEmpty ? "" : "."
                path += JSONText.clipped(JSONText.string(base, entries[open.key]))
            }
        }
        return path
    }

    private func words(for refusal: Refusal) -> String {
        switch refusal.reason {
        case .endOfText: "the text ends too early"
        case .unexpectedByte: "expected a value, got \(shown(refusal.offset))"
        case .expectedKey: "expected a member name in quotes, got \(shown(refusal.offset))"
        case .expectedColon: "expected : after a member name, got \(shown(refusal.offset))"
        case .expectedCommaOrBrace: "expected , or }, got \(shown(refusal.offset))"
        case .expectedCommaOrBracket: "expected , or ], got \(shown(refusal.offset))"
        case .trailingText: "unexpected text after the value: \(shown(refusal.offset))"
        case .tooDeep: "nested deeper than \(limits.depth) levels"
        case .tooManyMembers: "an object has more than \(limits.membersPerObject) members"
        case .duplicateKey: "a member name appears twice"
        case .controlCharacter: "a control character in a string must be escaped"
        case .badEscape: "unknown escape in a string"
        case .badUnicodeEscape: "\\u must be followed by four hexadecimal digits"
        case .loneSurrogate: "half of a surrogate pair stands alone"
        case .nulCharacter: "the character U+0000 cannot be stored"
        case .invalidUTF8: "not valid UTF-8"
        case .unterminatedString: "a string is not closed"
        case .badLiteral: "expected true, false or null"
        case .badNumber: "not a number"
        case .leadingZero: "a number must not begin with 0"
        case .numberTooLong: "a number is longer than \(Self.numberBytes) characters"
        case .numberTooLarge: "a number is too large for a double"
        case .numberTooSmall: "a number is too small for a double"
        }
    }

    private func shown(_ offset: Int) -> String {
        guard offset < count else { return "the end of the text" }
        let byte = base[offset]
        guard (0x21...0x7E).contains(byte) else { return "byte 0x\(String(byte, radix: 16))" }
        return "'\(Character(Unicode.Scalar(byte)))'"
    }
}
