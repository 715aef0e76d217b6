package import Core
package import Jurisdictions
import Runtime

/// What a delivery worker applies to every run besides the run's own rules.
package struct DeliveryRules: Sendable {
    /// Asks campaigns' hooks. Without one, a run that has a hook reaches nobody: HOOK_FAILURE.
    package var hooks: HookFilter?
    /// Of every marketing message, as its app's settings have it.
    package var jurisdictions: Jurisdictions
    package var tokens: (any SendTokens)?
    /// Seconds east of UTC, nil for what is no zone.
    package var offset: @Sendable (_ zone: String, _ instant: Instant) -> Int?

    package init(
        hooks: HookFilter? = nil,
        jurisdictions: Jurisdictions = .standard,
        tokens: (any SendTokens)? = nil,
        offset: @escaping @Sendable (String, Instant) -> Int? = { ZoneInfo.offset(of: $0, at: $1) }
    ) {
        self.hooks = hooks
        self.jurisdictions = jurisdictions
        self.tokens = tokens
        self.offset = offset
    }
}
