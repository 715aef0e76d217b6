import Core
package import Postgres
import Templates

/// The table `snippets`. They have no versions: a run keeps a copy of what it uses, so that an edit holds from the next run on.
package enum SnippetStore {
    package static let snippetsPerAccount = 1000
    /// Of one template, those that its snippets call counted in.
    package static let snippetsPerTemplate = 100

    /// Creates or replaces. True when it is new.
    ///
    /// - Throws: `Fault(.invalid)` when the account has too many.
    package static func put(_ snippet: Snippet, account: String, in session: Session) async throws -> Bool {
        let rows = try await session.query(
            """
            INSERT INTO snippets (account, name, body, description, created_at, modified_at)
            VALUES (\(account), \(snippet.name), \(snippet.body), \(snippet.description), \(snippet.createdAt),
                    \(snippet.modifiedAt))
            ON CONFLICT (account, name)
            DO UPDATE SET body = excluded.body, description = excluded.description, modified_at = excluded.modified_at
            RETURNING xmax = 0, (SELECT count(*) FROM snippets WHERE account = \(account))
            """
        )
        guard let row = rows.first else { throw Fault(.integrity, "a snippet was not stored") }
        let isNew: Bool = try row.get(0)
        // Counted before this one, in the statement's snapshot. The caller's transaction then stores nothing.
        let others: Int = try row.get(1)
        guard !isNew || others < snippetsPerAccount else {
            throw Fault(.invalid, "An account has at most \(snippetsPerAccount) snippets")
        }
        return isNew
    }

    package static func find(_ name: String, account: String, in session: Session) async throws -> Snippet? {
        let rows = try await session.query(
            """
            SELECT name, body, description, created_at, modified_at FROM snippets
             WHERE account = \(account) AND name = \(name)
            """
        )
        return try rows.first.map(snippet)
    }

    /// By name, without their text.
    package static func list(
        account: String, prefix: String?, after: String?, limit: Int, in session: Session
    ) async throws -> [Snippet] {
        let start: SQL = after.map { "AND name > \($0)" } ?? .empty
        let named: SQL = prefix.map { "AND starts_with(name, \($0))" } ?? .empty
        let rows = try await session.query(
            """
            SELECT name, '' AS body, description, created_at, modified_at FROM snippets
             WHERE account = \(account) \(named) \(start)
             ORDER BY name
             LIMIT \(limit)
            """
        )
        return try rows.map(snippet)
    }

    /// What was deleted; nil when there was nothing. Templates that call it cannot be sent from then on.
    package static func delete(_ name: String, account: String, in session: Session) async throws -> Snippet? {
        let rows = try await session.query(
            """
            DELETE FROM snippets WHERE account = \(account) AND name = \(name)
            RETURNING name, body, description, created_at, modified_at
            """
        )
        return try rows.first.map(snippet)
    }

    /// Text by name of the snippets that `sources` call, and of those that these call. What does not exist is left out: the
    /// compiler names it. A source that does not parse calls none, for the same reason.
    ///
    /// - Throws: `Fault(.invalid)` for more than 100.
    package static func called(
        by sources: [String], account: String, in session: Session
    ) async throws -> [String: String] {
        var found: [String: String] = [:]
        var asked: Set<String> = []
        var wanted = names(in: sources)
        while !wanted.isEmpty {
            asked.formUnion(wanted)
            guard asked.count <= snippetsPerTemplate else {
                throw Fault(
                    .invalid, "A template calls at most \(snippetsPerTemplate) snippets, those of its snippets included"
                )
            }
            let rows = try await session.query(
                "SELECT name, body FROM snippets WHERE account = \(account) AND name = ANY (\(wanted.sorted()))"
            )
            var bodies: [String] = []
            for row in rows {
                let body: String = try row.get(1)
                found[try row.get(0)] = body
                bodies.append(body)
            }
            wanted = names(in: bodies).subtracting(asked)
        }
        return found
    }

    private static func names(in sources: [String]) -> Set<String> {
        var names: Set<String> = []
        for source in sources {
            do throws(TemplateFault) {
                names.formUnion(try TemplateProgram.partialNames(in: source))
            } catch {
                // Not a template: whoever compiles it says where.
                continue
            }
        }
        return names
    }

    private static func snippet(_ row: Row) throws -> Snippet {
        Snippet(
            name: try row.get(0), body: try row.get(1), description: try row.get(2), createdAt: try row.get(3),
            modifiedAt: try row.get(4))
    }
}
