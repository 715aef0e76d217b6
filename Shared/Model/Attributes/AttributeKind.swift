/// Pinpoint's attribute types, as they stand in paths and in the tables.
package enum AttributeKind: String, Sendable, CaseIterable {
    /// `Attributes` of endpoints.
    case custom = "endpoint-custom-attributes"
    /// `Metrics` of endpoints.
    case metric = "endpoint-metric-attributes"
    /// `UserAttributes` of users.
    case user = "endpoint-user-attributes"
}

/// Pinpoint's quotas for the attributes of an app.
package enum AttributeLimits {
    /// Different names over all three kinds.
    package static let names = 250
    /// Names and globs of one blacklist.
    package static let patterns = 250
    package static let patternCharacters = 50
}
