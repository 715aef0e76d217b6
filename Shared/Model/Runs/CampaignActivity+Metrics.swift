extension CampaignActivity {
    /// Pinpoint's run metrics (pinpoint-api §7.4) by name; what did not happen is left out, except `ENDPOINT_PRODUCED`.
    ///
    /// Several of our reasons may be one metric of Pinpoint's: their counts add up.
    package var executionMetrics: [String: Int64] {
        var metrics = ["ENDPOINT_PRODUCED": planned]
        if inOtherArms > 0 { metrics["TREATMENT_HOLDOUT"] = inOtherArms }
        for (reason, count) in suppressed { metrics[Self.metric(of: reason), default: 0] += count }
        return metrics
    }

    /// Reasons without a metric of Pinpoint's keep their own names.
    private static func metric(of reason: String) -> String { metrics[reason] ?? reason }

    private static let metrics: [String: String] = {
        var metrics = [OutcomeReason.optOut.name: optOut]
        for reason in SuppressionReason.allCases {
            metrics[OutcomeReason.suppression(reason.rawValue).name] = metric(of: reason)
        }
        return metrics
    }()

    /// An address that its holder took off the list is opted out for Pinpoint; one that is dead, inactive.
    private static func metric(of reason: SuppressionReason) -> String? {
        switch reason {
        case .unsubscribe, .complaint, .stop, .erased, .deleted: optOut
        case .hardBounce, .deadToken: OutcomeReason.inactive.name
        case .manual: nil
        }
    }

    private static let optOut = "ENDPOINT_OPT_OUT"
}
