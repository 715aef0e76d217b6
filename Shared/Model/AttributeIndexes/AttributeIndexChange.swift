import Core
package import Postgres

/// What has to be made and dropped for the indexes to be those that segments need.
package struct AttributeIndexChange: Sendable {
    package var create: [AttributeIndex]
    package var drop: [String]

    /// `smallest`: see `AttributeIndexStore.smallestApp`.
    package static func needed(
        smallest: Int = AttributeIndexStore.smallestApp, in session: Session
    ) async throws -> AttributeIndexChange {
        let existing = try await AttributeIndexStore.existing(in: session)
        let valid = Set(existing.filter(\.isValid).map(\.name))
        var wanted: [AttributeIndex] = []
        for app in try await AttributeIndexStore.apps(smallest: smallest, in: session) {
            wanted += try await AttributeIndexStore.wanted(app, existing: valid, in: session)
        }
        wanted = Array(wanted.prefix(AttributeIndexStore.limit))
        let names = Set(wanted.map(\.name))
        return AttributeIndexChange(
            create: wanted.filter { !valid.contains($0.name) },
            drop: existing.filter { !$0.isValid || !names.contains($0.name) }.map(\.name)
        )
    }
}
