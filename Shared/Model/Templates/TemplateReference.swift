package import Core
package import PinpointAPI
package import Postgres

/// A template that a campaign names: `{"Name", "Version"}`.
package struct TemplateReference: Hashable, Sendable {
    package var name: String
    /// Absent: the version that is active when it is asked for; `latest`: the newest; a number pins it.
    package var version: String?

    package init(name: String, version: String?) {
        self.name = name
        self.version = version
    }

    /// Nil without a name.
    package init?(_ template: Template?) {
        guard let name = template?.name, !name.isEmpty else { return nil }
        self.init(name: name, version: template?.version)
    }
}

/// What a reference leads to now.
package enum ReferencedTemplate: Sendable {
    case content(TemplateContent)
    case noTemplate
    case noVersion

    /// Throws `Fault(.invalid)` with `path` in its message when there is nothing.
    package func require(
        _ reference: TemplateReference, of type: TemplateType, at path: WirePath
    ) throws(Fault) -> TemplateContent {
        switch self {
        case .content(let content): return content
        case .noTemplate:
            throw Fault(.invalid, "\(path): there is no \(type.word) template named \"\(reference.name)\"")
        case .noVersion:
            let lacking = reference.version ?? "that is active"
            throw Fault(.invalid, "\(path): the \(type.word) template \"\(reference.name)\" has no version \(lacking)")
        }
    }
}

extension TemplateStore {
    /// One statement for all of `references`; what they lead to stands in their order.
    package static func content(
        of references: [TemplateReference], type: TemplateType, account: String, in session: Session
    ) async throws -> [ReferencedTemplate] {
        guard !references.isEmpty else { return [] }
        let versions = references.map { $0.version ?? "" }
        let rows = try await session.query(
            """
            SELECT t.name IS NOT NULL, v.content
              FROM unnest(\(references.map(\.name))::text[], \(versions)::text[]) WITH ORDINALITY AS w (name, version, place)
              LEFT JOIN templates t ON t.account = \(account) AND t.name = w.name AND t.type = \(type.rawValue)
                                   AND t.deleted_at IS NULL
              LEFT JOIN template_versions v ON v.account = t.account AND v.name = t.name AND v.type = t.type
               AND v.version = CASE w.version WHEN '' THEN t.active_version WHEN \(TemplateVersion.latest) THEN t.version
                                              ELSE w.version::int END
             ORDER BY w.place
            """
        )
        return try rows.map { row in
            guard try row.get(0) as Bool else { return .noTemplate }
            guard let content: JSON = try row.get(1) else { return .noVersion }
            return .content(try TemplateContent(type, stored: content))
        }
    }

    /// The same for one. Throws `Fault(.invalid)` as `ReferencedTemplate.require`.
    package static func content(
        of reference: TemplateReference, type: TemplateType, at path: WirePath, account: String, in session: Session
    ) async throws -> TemplateContent {
        let found = try await content(of: [reference], type: type, account: account, in: session).first ?? .noTemplate
        return try found.require(reference, of: type, at: path)
    }
}
