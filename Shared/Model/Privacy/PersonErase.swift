package import Core
package import Postgres

/// Whom a privacy request is about.
package enum PersonSubject: Sendable {
    case user(UserID)
    case endpoint(EndpointID)
    /// Every endpoint that has the address on the channel; `hash` is the address's (`SuppressionHasher`).
    case address(channel: String, hash: [UInt8])

    /// Over a row of `endpoints e`.
    func condition(_ app: AppID) -> SQL {
        switch self {
        case .user(let user): "e.user_id = \(user)"
        case .endpoint(let id):
            "e.endpoint_key = \(EndpointIdentity(app: app, id: id).key) AND e.external_id = \(id)"
        case .address(let channel, let hash):
            "e.channel_type = \(channel) AND e.address_hash = \(SQLBind.bytes(hash))"
        }
    }
}

/// The first half of a privacy erase: the person is gone and cannot come back by an import; what is left of them goes by the job.
package enum PersonErase {
    package struct Report: Sendable {
        package var endpoints = 0
        package var suppressions = 0
        package var jobs = 0
    }

    /// In one transaction: the endpoints go, their addresses are suppressed as ERASED (the keyed hash, not the address), the
    /// erasure is queued. Doing it again is harmless, and finds what an earlier one could not.
    ///
    /// An address that is suppressed already keeps its reason. The endpoint id or address itself is enough: traces of an
    /// endpoint that was deleted before go too.
    package static func begin(
        _ subject: PersonSubject, of app: AppID, at now: Instant, in session: Session
    ) async throws -> Report {
        let users = try await owners(subject, of: app, in: session)
        let removed = try await EndpointRemoval.remove(
            app, where: subject.condition(app), users: users, at: now, in: session)
        var statements: [SQL] = []
        var report = Report(endpoints: removed.count, jobs: removed.isEmpty ? 0 : 1)
        var addresses = Set(removed.compactMap(address))
        switch subject {
        case .user(let user):
            statements += forget(user, of: app)
        case .endpoint(let id):
            if removed.isEmpty {
                statements += EndpointRemoval.jobs(app, keys: [EndpointIdentity(app: app, id: id).key], at: now)
                report.jobs = 1
            }
        case .address(let channel, let hash):
            addresses.insert(Address(channel: channel, hash: hash))
        }
        if !statements.isEmpty { _ = try await session.batch(statements) }
        for address in addresses {
            let isNew = try await SuppressionStore.add(
                app, channel: address.channel, hash: address.hash, reason: .erased, source: ["from": "privacy"],
                now: now, in: session)
            report.suppressions += isNew ? 1 : 0
        }
        return report
    }

    private struct Address: Hashable {
        let channel: String
        let hash: [UInt8]
    }

    private static func address(_ endpoint: Endpoint) -> Address? {
        guard let channel = endpoint.channelType, let hash = endpoint.addressHash else { return nil }
        return Address(channel: channel, hash: hash)
    }

    private static func owners(
        _ subject: PersonSubject, of app: AppID, in session: Session
    ) async throws -> [String] {
        if case .user(let user) = subject { return [user.rawValue] }
        let rows = try await session.query(
            """
            SELECT DISTINCT e.user_id
              FROM endpoints e
             WHERE e.app = \(app) AND \(subject.condition(app)) AND e.user_id IS NOT NULL
             ORDER BY 1
            """
        )
        return try rows.map { try $0.get(0) }
    }

    /// Also where the user is somebody's former user, and where no endpoint is left.
    private static func forget(_ user: UserID, of app: AppID) -> [SQL] {
        [
            "DELETE FROM users WHERE app = \(app) AND user_id = \(user)",
            "DELETE FROM user_merges WHERE app = \(app) AND (to_user = \(user) OR from_user = \(user))",
        ]
    }
}
