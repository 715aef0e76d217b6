package import Core

/// `arn:aws:mobiletargeting:REGION:ACCOUNT:RESOURCE`
package struct ARN: Hashable, Sendable, CustomStringConvertible {
    /// The kinds that exist here; each of them can carry tags.
    package enum Resource: Hashable, Sendable {
        case app(AppID)
        case campaign(AppID, CampaignID)
        case segment(AppID, SegmentID)
        case template(name: String, TemplateType)
    }

    /// From the caller's signature.
    package let region: String
    package let account: String
    package let resource: Resource

    package init(region: String, account: String, _ resource: Resource) {
        self.region = region
        self.account = account
        self.resource = resource
    }

    /// Nil for anything that is not one of ours in form.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard text.utf8.count <= 512, parts.count == 6, parts[0] == "arn", parts[1] == "aws",
            parts[2] == "mobiletargeting", let resource = Resource(parts[5])
        else { return nil }
        region = String(parts[3])
        account = String(parts[4])
        self.resource = resource
    }

    package var description: String { "arn:aws:mobiletargeting:\(region):\(account):\(resource)" }
}

extension ARN.Resource: CustomStringConvertible {
    fileprivate init?(_ text: Substring) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch (parts.first, parts.count) {
        case ("apps", 2):
            guard let app = AppID(parts[1]) else { return nil }
            self = .app(app)
        case ("apps", 4):
            guard let app = AppID(parts[1]) else { return nil }
            if parts[2] == "campaigns", let campaign = CampaignID(parts[3]) {
                self = .campaign(app, campaign)
            } else if parts[2] == "segments", let segment = SegmentID(parts[3]) {
                self = .segment(app, segment)
            } else {
                return nil
            }
        case ("templates", 3):
            guard let type = TemplateType(rawValue: parts[2]), !parts[1].isEmpty else { return nil }
            self = .template(name: parts[1], type)
        case (_, _):
            return nil
        }
    }

    /// `apps/ID/campaigns/ID`
    package var description: String {
        switch self {
        case .app(let app): "apps/\(app)"
        case .campaign(let app, let campaign): "apps/\(app)/campaigns/\(campaign)"
        case .segment(let app, let segment): "apps/\(app)/segments/\(segment)"
        case .template(let name, let type): "templates/\(name)/\(type.rawValue)"
        }
    }
}
