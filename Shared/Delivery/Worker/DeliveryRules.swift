package import Core
import Runtime

/// What a delivery worker applies to every run besides the run's own rules.
package struct DeliveryRules: Sendable {
    /// Asks campaigns' hooks. Without one, a run that has a hook reaches nobody: HOOK_FAILURE.
    package var hooks: HookFilter?
    /// Instead of those of the law, which a run's own terms name.
    package var hours: (any SendingHours)?
    package var tokens: (any SendTokens)?
    /// Without it, what becomes of messages starts no campaigns.
    package var serviceEvents: ServiceEvents?
    /// Seconds east of UTC, nil for what is no zone.
    package var offset: @Sendable (_ zone: String, _ instant: Instant) -> Int?

    package init(
        hooks: HookFilter? = nil,
        hours: (any SendingHours)? = nil,
        tokens: (any SendTokens)? = nil,
        serviceEvents: ServiceEvents? = nil,
        offset: @escaping @Sendable (String, Instant) -> Int? = { ZoneInfo.offset(of: $0, at: $1) }
    ) {
        self.hooks = hooks
        self.hours = hours
        self.tokens = tokens
        self.serviceEvents = serviceEvents
        self.offset = offset
    }
}
