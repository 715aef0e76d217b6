import CGMime

/// A message as MIME (RFC 2045–2049), read by GMime. Total: there is something for any bytes, and what is damaged is text.
///
/// Bounded by `MailBounds` before, and here: 1000 parts, 50 levels, 1 MiB of text per part. 10 MB take about 40 ms, so that large ones
/// belong beside the loop.
package struct ParsedMail: Sendable {
    /// Depth first; the first is the message itself. Never empty.
    package let parts: [MailPart]
    /// A bound left something out.
    package let isCut: Bool

    package var headers: MailHeaders { parts[0].headers }

    package init(_ raw: [UInt8]) {
        let (bytes, isCut) = MailBounds.within(raw)
        var limits = cgmime_limits(
            parts: 1000, depth: 50, headers_per_part: 500, value_bytes: 16 << 10, content_bytes: 1 << 20)
        let read = bytes.withUnsafeBufferPointer { cgmime_read($0.baseAddress, $0.count, &limits) }
        defer { cgmime_free(read) }
        var parts: [MailPart] = []
        if let mail = read?.pointee {
            let found = UnsafeBufferPointer(start: mail.parts, count: mail.part_count)
            parts = found.map(MailPart.init)
            self.isCut = isCut || mail.is_cut != 0
        } else {
            self.isCut = isCut
        }
        self.parts = parts.isEmpty ? [MailPart.nothing] : parts
    }

    /// The text that its writer means to be read: the first `text/plain` that is no attachment; nil without one.
    package var plainPart: MailPart? { body("text/plain") }
    package var htmlPart: MailPart? { body("text/html") }

    private func body(_ type: String) -> MailPart? {
        parts.indices.first { parts[$0].type == type && parts[$0].isBody && !isForwarded($0) }.map { parts[$0] }
    }

    /// Inside a message within the message.
    private func isForwarded(_ index: Int) -> Bool {
        var at = parts[index].parent
        while let place = at {
            if parts[place].kind == .message { return true }
            at = parts[place].parent
        }
        return false
    }

    /// The parts of a `multipart/report` of that type, if this is one; also of one inside a mailing list's or gateway's wrapping.
    package func report(_ type: String) -> [MailPart]? {
        let place = parts.indices.first { index in
            parts[index].type == "multipart/report" && !isForwarded(index)
                && (parts[index].parameters["report-type"]?.lowercased() ?? type) == type
        }
        return place.map { place in parts.filter { $0.parent == place } }
    }

    /// The message that a report or a bounce returns: its headers, from a whole copy or from `text/rfc822-headers`.
    package var returned: MailHeaders? {
        for (index, part) in parts.enumerated() {
            if part.kind == .message, index + 1 < parts.count, parts[index + 1].parent == index {
                return parts[index + 1].headers
            }
            if part.type == "text/rfc822-headers" || part.type == "message/rfc822-headers" {
                return FieldGroups.read(part.content).first
            }
        }
        return nil
    }
}

extension MailPart {
    fileprivate static let nothing = MailPart(
        kind: .leaf, parent: nil, type: "text/plain", parameters: [:], disposition: nil, fileName: nil,
        headers: MailHeaders(), content: [])

    fileprivate init(_ part: cgmime_part) {
        switch part.kind {
        case 1: kind = .multipart
        case 2: kind = .message
        default: kind = .leaf
        }
        parent = part.parent < 0 ? nil : Int(part.parent)
        type = "\(Self.text(part.media_type) ?? "text")/\(Self.text(part.media_subtype) ?? "plain")".lowercased()
        disposition = Self.text(part.disposition)
        fileName = Self.text(part.filename)
        let pairs = UnsafeBufferPointer(start: part.headers, count: part.header_count)
        headers = MailHeaders(
            pairs.map { MailHeaders.Field(name: Self.text($0.name) ?? "", value: Self.text($0.value) ?? "") })
        var parameters: [String: String] = [:]
        for pair in UnsafeBufferPointer(start: part.parameters, count: part.parameter_count) {
            parameters[Self.text(pair.name)?.lowercased() ?? ""] = Self.text(pair.value) ?? ""
        }
        self.parameters = parameters
        content = Array(UnsafeBufferPointer(start: part.content, count: part.content_length))
    }

    /// Repaired where it is not UTF-8.
    private static func text(_ pointer: UnsafePointer<CChar>?) -> String? { pointer.map { String(cString: $0) } }
}
