import Core
package import PinpointAPI

/// What a caller may do: the one place that decides it, before any handler runs.
package enum AccessPolicy {
    /// Swapping a write key for temporary credentials (an extension).
    package static let createCredentials = "mobiletargeting:CreateCredentials"

    /// What a page or an app needs to report what its user does. Nothing here answers what is stored of anybody but the in-app
    /// messages, because everybody can read the key: GetEndpoint is not among them, and what an update answers is only whether it was taken.
    static let publishing: Set<String> = Set(
        [Operation.putEvents, .updateEndpoint, .updateEndpointsBatch, .getInAppMessages].map(\.action))

    /// `app` is the app in the path, as it was sent. Throws 403 `AccessDeniedException`.
    package static func check(_ caller: Caller, action: String, app: String?) throws(APIError) {
        switch caller.scope {
        case .account:
            // Credentials are bound to a write key, so that revoking it ends them; there is none here.
            guard action != createCredentials else { throw AccessRefusal.notAllowed(caller, action) }
        case .publishing(let own):
            // Only the key itself: credentials that renew themselves would have no end.
            let isSwap = action == createCredentials && caller.kind == .writeKey
            guard isSwap || publishing.contains(action), app == own.description else {
                throw AccessRefusal.notAllowed(caller, action)
            }
        }
    }
}
