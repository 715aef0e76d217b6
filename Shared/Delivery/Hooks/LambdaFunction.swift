import Providers

/// A function as a campaign names it: `name`, `name:qualifier` or an ARN.
struct LambdaFunction: Equatable {
    /// As it stands in the path of a call, before encoding.
    let identifier: String
    /// Of the ARN; nil where the installation's region counts.
    let region: String?

    /// Lambda: at most 170 characters with an ARN.
    private static let limitBytes = 170

    /// Nil for what Lambda could not have as a name. The region ends up in a host name, so it is letters, digits and dashes.
    init?(_ text: String) {
        guard (1...Self.limitBytes).contains(text.utf8.count), text.utf8.allSatisfy(Self.isNameByte) else { return nil }
        identifier = text
        guard text.hasPrefix("arn:") else {
            region = nil
            return
        }
        // arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (7...8).contains(parts.count), parts[2] == "lambda", parts[5] == "function", AWSAccess.isRegion(parts[3]),
            parts.allSatisfy({ !$0.isEmpty })
        else { return nil }
        region = String(parts[3])
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        case _: "-_.:$".utf8.contains(byte)
        }
    }
}
