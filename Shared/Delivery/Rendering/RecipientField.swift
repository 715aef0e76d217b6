import Core
import Templates

/// Where a template variable lives on an endpoint's row (pinpoint-api §4.6), resolved once per program.
package enum RecipientField: Sendable {
    case whole
    case id, address, channelType, creationDate, effectiveDate, endpointStatus, optOut, requestID, cohortID, userID
    /// A JSON column and what remains of the path behind it.
    case column(Column, [String])
    /// `{{Needletail.UnsubscribeUrl}}`, an extension: where this person's unsubscribe page is.
    case unsubscribeURL
    /// `{{User}}` itself: an object of both its members.
    case user
    case unknown

    package enum Column: Sendable, CaseIterable {
        case attributes, metrics, userAttributes, demographic, location
    }

    init(_ segments: [String]) {
        let rest = Array(segments.dropFirst())
        switch (segments.first, rest.first) {
        case (nil, _): self = .whole
        case ("Attributes", _): self = .column(.attributes, rest)
        case ("Metrics", _): self = .column(.metrics, rest)
        case ("Demographic", _): self = .column(.demographic, rest)
        case ("Location", _): self = .column(.location, rest)
        case ("User", "UserAttributes"): self = .column(.userAttributes, Array(rest.dropFirst()))
        case ("User", "UserId") where rest.count == 1: self = .userID
        case ("User", nil): self = .user
        case ("Needletail", "UnsubscribeUrl") where rest.count == 1: self = .unsubscribeURL
        case (let name?, nil): self = RecipientField.scalars[name] ?? .unknown
        case (_?, _?): self = .unknown
        }
    }

    private static let scalars: [String: RecipientField] = [
        "Id": .id, "Address": .address, "ChannelType": .channelType, "CreationDate": .creationDate,
        "EffectiveDate": .effectiveDate, "EndpointStatus": .endpointStatus, "OptOut": .optOut, "RequestId": .requestID,
        "CohortId": .cohortID,
    ]

    /// Columns that have to be parsed to answer this field.
    var columns: [Column] {
        switch self {
        case .column(let column, _): [column]
        case .user: [.userAttributes]
        case .whole: Column.allCases
        case .id, .address, .channelType, .creationDate, .effectiveDate, .endpointStatus, .optOut, .requestID,
            .cohortID, .userID, .unsubscribeURL, .unknown:
            []
        }
    }

    /// Those of `names` (dotted, as `TemplateProgram.variables`) that no endpoint ever has. Names of attributes and metrics are
    /// the author's own, so that any is possible; recommended items stand beside the endpoint.
    package static func unknown(in names: [String]) -> [String] {
        names.filter { name in
            let segments = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            guard let first = segments.first, !["RecommendationItems", "Recommendations"].contains(first) else {
                return false
            }
            if let known = members[first], segments.count > 1 { return !known.contains(segments[1]) }
            if case .unknown = RecipientField(segments) { return true }
            return false
        }
    }

    private static let members: [String: Set<String>] = [
        "Demographic": [
            "AppVersion", "Locale", "Make", "Model", "ModelVersion", "Platform", "PlatformVersion", "Timezone",
        ],
        "Location": ["City", "Country", "Latitude", "Longitude", "PostalCode", "Region"],
    ]
}
