import Core

/// Who may filter a run's recipients before they are sent to (Pinpoint's CampaignHook, mode FILTER; pinpoint-api §5).
package enum RunHook: Sendable, Equatable {
    /// A function's name or ARN.
    case lambda(String)
    case web(url: String)
}

// MARK: Frozen form

extension RunHook {
    var json: JSON {
        switch self {
        case .lambda(let function): ["lambda": .string(function)]
        case .web(let url): ["web": .string(url)]
        }
    }

    init?(json: JSON?) {
        if let function = json?["lambda"]?.string {
            self = .lambda(function)
        } else if let url = json?["web"]?.string {
            self = .web(url: url)
        } else {
            return nil
        }
    }
}
