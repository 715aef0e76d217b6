import Glibc

/// An IPv4 or IPv6 address as one number; IPv4 is what IPv6 maps it to (`::ffff:0:0/96`), so that both are compared alike.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    let high: UInt64
    let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(v4: UInt32) {
        self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(v4))
    }

    /// `192.0.2.1` or `2001:db8::1`, nothing else: no brackets, zones or short forms such as `127.1`.
    package init?(_ text: some StringProtocol) {
        let text = String(text)
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        self.init(networkOrder: withUnsafeBytes(of: &v6) { Array($0) })
    }

    /// 16 bytes, the highest first.
    package init(networkOrder bytes: [UInt8]) {
        precondition(bytes.count == 16, "an IPv6 address has 16 bytes")
        self.init(
            high: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }, low: bytes[8...].reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The IPv4 address, if it is one.
    package var v4: UInt32? {
        high == 0 && low >> 32 == 0xFFFF ? UInt32(truncatingIfNeeded: low) : nil
    }

    /// The last 32 bits: where translation prefixes keep an IPv4 address.
    package var lastWord: UInt32 { UInt32(truncatingIfNeeded: low) }

    package var description: String {
        if let v4 { return [24, 16, 8, 0].map { String(v4 >> UInt32($0) & 0xFF) }.joined(separator: ".") }
        let groups = [high, low].flatMap { word in [48, 32, 16, 0].map { word >> UInt64($0) & 0xFFFF } }
        return groups.map { String($0, radix: 16) }.joined(separator: ":")
    }
}

/// The addresses that begin with the same bits: `10.0.0.0/8`, `fc00::/7`, or one address.
package struct AddressRange: Hashable, Sendable {
    private let base: IPAddress
    /// Of the 128 bits of IPv6.
    private let prefix: Int

    /// Nil for anything but an address, or an address and a prefix length after a slash. Bits behind the prefix do not count.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first) else { return nil }
        let width = address.v4 == nil ? 128 : 32
        var length = width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let given = Int(parts[1]), given <= width
            else { return nil }
            length = given
        }
        prefix = length + 128 - width
        base = Self.masked(address, prefix)
    }

    package func contains(_ address: IPAddress) -> Bool {
        Self.masked(address, prefix) == base
    }

    private static func masked(_ address: IPAddress, _ prefix: Int) -> IPAddress {
        // A shift by 64 or more gives 0, as it should here.
        let high = UInt64.max << UInt64(max(0, 64 - prefix))
        let low = UInt64.max << UInt64(min(64, max(0, 128 - prefix)))
        return IPAddress(high: address.high & high, low: address.low & low)
    }
}
