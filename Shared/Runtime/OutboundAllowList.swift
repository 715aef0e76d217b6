/// What an operator lets calls to users' URLs reach beyond public addresses: hosts by name, addresses and ranges.
package struct OutboundAllowList: Sendable, Equatable {
    /// Lower case, without a dot at the end.
    private let hosts: Set<String>
    private let ranges: [AddressRange]

    package static let empty = OutboundAllowList(hosts: [], ranges: [])

    private init(hosts: Set<String>, ranges: [AddressRange]) {
        self.hosts = hosts
        self.ranges = ranges
    }

    /// `127.0.0.1/32,10.1.0.0/16,fd00::/8,hooks.internal`; nil when an item is neither. A name stands for that host alone.
    package init?(_ text: String) {
        var hosts: Set<String> = []
        var ranges: [AddressRange] = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let item = String(item.drop { $0 == " " })
            if let range = AddressRange(item) {
                ranges.append(range)
            } else if Self.isHost(item) {
                hosts.insert(Self.folded(item))
            } else {
                return nil
            }
        }
        self.init(hosts: hosts, ranges: ranges)
    }

    package func names(host: String) -> Bool { hosts.contains(Self.folded(host)) }

    package func covers(_ address: IPAddress) -> Bool { ranges.contains { $0.contains(address) } }

    private static func folded(_ host: String) -> String {
        let lower = host.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }

    /// A name with at least one letter: what is only digits and dots would be an address that is written wrongly.
    private static func isHost(_ text: String) -> Bool {
        let isWord = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
                || byte == 0x2D || byte == 0x2E || byte == 0x5F
        }
        let hasLetter = text.utf8.contains { (0x61...0x7A).contains($0 | 0x20) }
        return isWord && hasLetter && (1...253).contains(text.utf8.count)
    }
}
