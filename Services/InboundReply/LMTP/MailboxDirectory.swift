import Core
import Model
import Postgres
import Providers

/// Whose a recipient's address is: the `mail` provider of the app that a reference in the address belongs to, or of the app that has
/// the domain in its settings.
struct MailboxDirectory: Sendable {
    let references: SendReferences
    let database: Database

    struct Mailbox: Hashable, Sendable {
        let app: AppID
        let provider: ProviderID
        let channel: String
    }

    /// Nil: nobody's. A disabled provider still takes mail: what comes is about messages that went out before.
    func mailbox(of address: String) async throws -> Mailbox? {
        let found: SQL
        switch MailAddressee(address, references) {
        case .bounce(let send, _), .reply(let send, _), .optOut(let send, _): found = Self.query(run: send.run)
        case .other:
            guard let at = address.lastIndex(of: "@") else { return nil }
            let domain = address[address.index(after: at)...].lowercased()
            guard !domain.isEmpty else { return nil }
            found = Self.query(domain: domain)
        }
        let rows = try await database.withSession { try await $0.query(found) }
        return try rows.first.map { Mailbox(app: try $0.get(0), provider: try $0.get(1), channel: try $0.get(2)) }
    }

    private static func query(run: RunID) -> SQL {
        """
        SELECT p.app, p.id, p.channel
          FROM runs r
          JOIN apps a ON a.id = r.app AND a.deleted_at IS NULL
          JOIN channel_providers p ON p.app = r.app AND p.kind = 'mail'
         WHERE r.id = \(run)
         ORDER BY p.rank, p.name
         LIMIT 1
        """
    }

    /// When two apps name a domain, whoever named it first has it.
    private static func query(domain: String) -> SQL {
        """
        SELECT p.app, p.id, p.channel
          FROM channel_providers p
          JOIN apps a ON a.id = p.app AND a.deleted_at IS NULL
         WHERE p.kind = 'mail'
           AND \(domain) = ANY (regexp_split_to_array(lower(p.settings ->> 'Domains'), '[, ]+'))
         ORDER BY p.created_at, p.id
         LIMIT 1
        """
    }
}
