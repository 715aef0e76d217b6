package import Runtime

/// Where calls to URLs that users give may go: https at public addresses, ports 443 and 8443, and what the operator allows.
///
/// Asked for every address at the moment a socket is opened for it, which is after name resolution: a name that resolves to
/// the inside, an address written as `2130706433` and a DNS answer that changes between two calls all end here (F31).
package struct OutboundRules: Sendable {
    private static let ports: Set<Int> = [443, 8443]

    private let allow: OutboundAllowList
    /// PEM file of authorities to trust instead of the system's.
    let certificateAuthorityFile: String?

    package init(allow: OutboundAllowList = .empty, certificateAuthorityFile: String? = nil) {
        self.allow = allow
        self.certificateAuthorityFile = certificateAuthorityFile
    }

    package init(_ configuration: Configuration) {
        self.init(
            allow: configuration.outboundAllow,
            certificateAuthorityFile: configuration[Settings.outboundAuthorities])
    }

    /// Whether a connection to `address` may be made for `url`.
    func permits(_ address: IPAddress, for url: OutboundURL) -> Bool {
        if names(host: url.host, address) { return true }
        return url.scheme == "https" && Self.ports.contains(url.port) && Self.isPublic(address)
    }

    /// Whether the operator allows the host or the address, at whatever port.
    func names(host: String, _ address: IPAddress) -> Bool {
        allow.names(host: host) || allow.covers(address)
    }

    /// Whether the address belongs to somebody on the internet (IANA's special-purpose registries, RFC 6890).
    ///
    /// Of IPv6 only what is given out as global unicast counts; an IPv4 address inside the translation prefix of NAT64 is
    /// looked at as what it stands for.
    static func isPublic(_ address: IPAddress) -> Bool {
        if let v4 = address.v4 { return !notPublicV4.contains { $0.contains(IPAddress(v4: v4)) } }
        if translated.contains(where: { $0.contains(address) }) { return isPublic(IPAddress(v4: address.lastWord)) }
        return globalUnicast.contains { $0.contains(address) } && !notPublicV6.contains { $0.contains(address) }
    }

    private static let notPublicV4: [AddressRange] = [
        "0.0.0.0/8",  // this network
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  // private
        "100.64.0.0/10",  // carrier-grade NAT
        "127.0.0.0/8",  // loopback
        "169.254.0.0/16",  // link-local, and the clouds' metadata
        "192.0.0.0/24", "192.88.99.0/24",  // protocol assignments, 6to4 relays
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",  // documentation
        "198.18.0.0/15",  // benchmarks
        "224.0.0.0/4", "240.0.0.0/4",  // multicast, reserved, broadcast
    ].compactMap { AddressRange($0) }

    private static let translated: [AddressRange] = ["64:ff9b::/96"].compactMap { AddressRange($0) }
    private static let globalUnicast: [AddressRange] = ["2000::/3"].compactMap { AddressRange($0) }

    private static let notPublicV6: [AddressRange] = [
        "2001::/23",  // protocol assignments, Teredo, ORCHID
        "2001:db8::/32", "3fff::/20",  // documentation
        "2002::/16",  // 6to4 wraps any IPv4 address
    ].compactMap { AddressRange($0) }
}
