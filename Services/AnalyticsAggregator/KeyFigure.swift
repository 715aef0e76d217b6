import Model
import PinpointAPI

/// One key figure: what is counted, and by what it is grouped (pinpoint-api §7.2).
///
/// *Delivered* is what the provider accepted and did not report as failed afterwards. Rates are 0…1; a rate of nothing has no row.
struct KeyFigure: Sendable {
    enum Measure: Sendable {
        case deliveries, attempts, opens, clicks
        case deliveryRate, openRate, hardBounceRate
    }

    let measure: Measure
    let grouping: KeyFigureCounts.Grouping
    /// PascalCase of the name without its grouping.
    let key: String

    static let ofCampaign: [String: KeyFigure] = [
        "successful-delivery-rate": .init(.deliveryRate, .none, "SuccessfulDeliveryRate"),
        "successful-delivery-rate-grouped-by-date": .init(.deliveryRate, .date, "SuccessfulDeliveryRate"),
        "successful-delivery-rate-grouped-by-campaign-activity": .init(
            .deliveryRate, .activity, "SuccessfulDeliveryRate"),
        "email-open-rate": .init(.openRate, .none, "EmailOpenRate"),
        "email-open-rate-grouped-by-campaign-activity": .init(.openRate, .activity, "EmailOpenRate"),
        "hard-bounce-rate": .init(.hardBounceRate, .none, "HardBounceRate"),
        "hard-bounce-rate-grouped-by-campaign-activity": .init(.hardBounceRate, .activity, "HardBounceRate"),
        "unique-deliveries": .init(.deliveries, .none, "UniqueDeliveries"),
        "unique-deliveries-grouped-by-date": .init(.deliveries, .date, "UniqueDeliveries"),
        "unique-deliveries-grouped-by-campaign-activity": .init(.deliveries, .activity, "UniqueDeliveries"),
        "successful-deliveries-grouped-by-campaign-activity": .init(.deliveries, .activity, "SuccessfulDeliveries"),
        "attempted-deliveries-grouped-by-campaign-activity": .init(.attempts, .activity, "AttemptedDeliveries"),
        "clicks-grouped-by-campaign-activity": .init(.clicks, .activity, "Clicks"),
        "direct-email-opens-grouped-by-campaign-activity": .init(.opens, .activity, "DirectEmailOpens"),
    ]

    static let ofApplication: [String: KeyFigure] = [
        "successful-delivery-rate": .init(.deliveryRate, .none, "SuccessfulDeliveryRate"),
        "successful-delivery-rate-grouped-by-date": .init(.deliveryRate, .date, "SuccessfulDeliveryRate"),
        "email-open-rate": .init(.openRate, .none, "EmailOpenRate"),
        "email-open-rate-grouped-by-campaign": .init(.openRate, .campaign, "EmailOpenRate"),
        "unique-deliveries": .init(.deliveries, .none, "UniqueDeliveries"),
        "unique-deliveries-grouped-by-campaign": .init(.deliveries, .campaign, "UniqueDeliveries"),
        "unique-deliveries-grouped-by-date": .init(.deliveries, .date, "UniqueDeliveries"),
        "successful-deliveries-grouped-by-campaign": .init(.deliveries, .campaign, "SuccessfulDeliveries"),
    ]

    private init(_ measure: Measure, _ grouping: KeyFigureCounts.Grouping, _ key: String) {
        self.measure = measure
        self.grouping = grouping
        self.key = key
    }

    func rows(_ counts: [KeyFigureCounts.Row]) -> [ResultRow] {
        counts.compactMap { row in
            guard let value = value(row.counts) else { return nil }
            return ResultRow(
                groupedBys: row.group.map { [ResultRowValue(key: groupKey, type: "String", value: $0)] } ?? [],
                values: [ResultRowValue(key: key, type: "Double", value: String(value))]
            )
        }
    }

    private var groupKey: String {
        switch grouping {
        case .none: ""
        case .date: "Date"
        case .campaign: "CampaignId"
        case .activity: "CampaignActivityId"
        }
    }

    private func value(_ counts: KeyFigureCounts) -> Double? {
        switch measure {
        case .deliveries: Double(counts.delivered)
        case .attempts: Double(counts.attempted)
        case .opens: Double(counts.uniqueOpens)
        case .clicks: Double(counts.clicks)
        case .deliveryRate: rate(counts.delivered, of: counts.attempted)
        case .openRate: rate(counts.uniqueOpens, of: counts.delivered)
        case .hardBounceRate: rate(counts.hardBounces, of: counts.attempted)
        }
    }

    private func rate(_ part: Int64, of whole: Int64) -> Double? {
        whole > 0 ? Double(part) / Double(whole) : nil
    }
}
