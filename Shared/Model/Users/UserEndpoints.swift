package import Core

/// The endpoints of one user as a write finds them, and the rule of 15.
///
/// On the 16th: a mobile push endpoint may take the place of the user's oldest push endpoint, which becomes INACTIVE and
/// loses its user; every other channel is refused (Pinpoint's developer guide, "Managing an audience member's maximum
/// number of endpoints").
package struct UserEndpoints: Sendable {
    package struct Member: Sendable, Equatable {
        package var key: Int64
        package var channelType: String?
        package var effectiveAt: Instant

        package init(key: Int64, channelType: String?, effectiveAt: Instant) {
            self.key = key
            self.channelType = channelType
            self.effectiveAt = effectiveAt
        }
    }

    package enum Admission: Sendable, Equatable {
        case admitted
        case admittedInsteadOf(key: Int64)
        case refused
    }

    /// `Exceeded maximum endpoint per user count: 15`
    package static let refusal = "Exceeded maximum endpoint per user count: \(Limits.endpointsPerUser)"
    private static let replaceable: Set<String> = [
        "ADM", "GCM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "BAIDU",
    ]

    package private(set) var members: [Member]

    package init(_ members: [Member] = []) {
        self.members = members
    }

    /// Adds `member`, or brings it up to date when it is one already.
    package mutating func admit(_ member: Member) -> Admission {
        if let index = members.firstIndex(where: { $0.key == member.key }) {
            members[index] = member
            return .admitted
        }
        if members.count < Limits.endpointsPerUser {
            members.append(member)
            return .admitted
        }
        guard let channel = member.channelType, Self.replaceable.contains(channel),
            let oldest = members.filter({ $0.channelType.map(Self.replaceable.contains) ?? false })
                .min(by: { ($0.effectiveAt, $0.key) < ($1.effectiveAt, $1.key) })
        else { return .refused }
        members.removeAll { $0.key == oldest.key }
        members.append(member)
        return .admittedInsteadOf(key: oldest.key)
    }

    package mutating func remove(key: Int64) {
        members.removeAll { $0.key == key }
    }
}
