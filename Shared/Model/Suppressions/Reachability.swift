package import Core

/// The gate's rules that depend on the endpoint alone, in SQL: what an estimate counts as unreachable. `Delivery/Gate`
/// decides the same, one recipient at a time and in this order; `ReachabilityTests` holds the two together.
package enum Reachability {
    /// Over a row of `endpoints`: the reason (see `OutcomeReason`) why nothing can be sent to it on its own channel, or
    /// null. An endpoint without a channel or an address is refused; whether a campaign has a message for the channel is
    /// the campaign's matter.
    package static func refusal(row: SQL = "e") -> SQL {
        """
        CASE
          WHEN EXISTS (SELECT FROM suppressions x
                        WHERE x.app = \(row).app AND x.channel = \(row).channel_type
                          AND x.address_hash = \(row).address_hash) THEN 'SUPPRESSED'
          WHEN \(row).opt_out = 'ALL' THEN 'OPT_OUT'
          WHEN \(row).endpoint_status <> 'ACTIVE' THEN 'ENDPOINT_INACTIVE'
          WHEN \(row).channel_type IS NULL THEN 'ENDPOINT_CHANNEL_MISMATCH'
          WHEN coalesce(\(row).address, '') = '' THEN 'ENDPOINT_MISSING_ADDRESS'
        END
        """
    }
}
