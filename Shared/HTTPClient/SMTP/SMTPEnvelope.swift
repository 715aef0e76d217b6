/// Writes the commands of one envelope. Every value is checked here, so that nothing a person typed can end a command early.
struct SMTPEnvelope {
    let mail: [UInt8]
    let recipient: [UInt8]

    init(_ message: SMTPMessage, content: SMTPContent, capabilities: SMTPCapabilities) throws(SMTPEnvelopeFault) {
        let sender = Array(message.sender.utf8)
        let address = Array(message.recipient.utf8)
        if let problem = Self.problem(sender, allowsUTF8: capabilities.smtpUTF8) {
            throw SMTPEnvelopeFault(reason: .invalidSender(problem))
        }
        if let problem = address.isEmpty ? "is empty" : Self.problem(address, allowsUTF8: capabilities.smtpUTF8) {
            throw SMTPEnvelopeFault(reason: .invalidRecipient(problem))
        }
        if let limit = capabilities.sizeLimitBytes, content.wire.count > limit {
            throw SMTPEnvelopeFault(reason: .tooLarge(limitBytes: limit))
        }
        guard !content.is8Bit || capabilities.eightBitMIME else {
            throw SMTPEnvelopeFault(reason: .invalidContent("the server takes 7-bit messages only"))
        }
        var mail = Array("MAIL FROM:<".utf8) + sender + Array(">".utf8)
        if capabilities.offersSize { mail += Array(" SIZE=\(content.wire.count)".utf8) }
        if content.is8Bit { mail += Array(" BODY=8BITMIME".utf8) }
        if !Self.isASCII(sender) || !Self.isASCII(address) { mail += Array(" SMTPUTF8".utf8) }
        var recipient = Array("RCPT TO:<".utf8) + address + Array(">".utf8)
        if capabilities.dsn {
            if let identifier = message.envelopeID {
                mail += Array(" RET=HDRS ENVID=".utf8) + Self.xtext(Array(identifier.utf8.prefix(100)))
            }
            if message.requestsFailureReports {
                recipient += Array(" NOTIFY=FAILURE,DELAY".utf8)
                if Self.isASCII(address) { recipient += Array(" ORCPT=rfc822;".utf8) + Self.xtext(address) }
            }
        }
        self.mail = mail + [0x0D, 0x0A]
        self.recipient = recipient + [0x0D, 0x0A]
    }

    /// RFC 3461 §4: every byte outside `!`…`~`, and `+` and `=`, as `+XX`.
    static func xtext(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            if byte > 0x20 && byte < 0x7F && byte != 0x2B && byte != 0x3D {
                text.append(byte)
            } else {
                text += [0x2B, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return text
    }

    private static func isASCII(_ bytes: [UInt8]) -> Bool { bytes.allSatisfy { $0 < 0x80 } }

    private static func problem(_ address: [UInt8], allowsUTF8: Bool) -> String? {
        if address.count > 254 { return "is longer than 254 bytes" }
        for byte in address {
            if byte <= 0x20 || byte == 0x7F { return "contains a space or a control character" }
            if byte == 0x3C || byte == 0x3E { return "contains an angle bracket" }
        }
        return allowsUTF8 || isASCII(address) ? nil : "needs SMTPUTF8, which the server does not offer"
    }
}

struct SMTPEnvelopeFault: Error {
    let reason: SMTPNotSent
}
