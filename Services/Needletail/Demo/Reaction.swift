/// What one recipient does with the message. A function of the person and the campaign's number, so that a demonstration
/// on fresh data always goes the same way.
struct Reaction: Sendable, Equatable {
    let opens: Int
    let clicks: Bool
    let unsubscribes: Bool

    /// Shares in percent; clicking, looking twice and unsubscribing are shares of those who open.
    private struct Habits {
        let open: UInt64
        let click: UInt64
        static let again: UInt64 = 12
        static let unsubscribe: UInt64 = 2

        init(_ treatment: DemoTreatment) {
            switch treatment {
            case .thanks: (open, click) = (31, 18)
            case .missed: (open, click) = (40, 24)
            }
        }
    }

    init(of customer: PurchaseHistory.Customer, to treatment: DemoTreatment, campaign: Int) {
        let habits = Habits(treatment)
        let person = UInt64(customer.number) ?? 0
        func happens(_ question: UInt64, _ percent: UInt64) -> Bool {
            Self.mixed(person << 24 ^ UInt64(campaign) << 8 ^ question) % 100 < percent
        }
        guard happens(1, habits.open) else {
            (opens, clicks, unsubscribes) = (0, false, false)
            return
        }
        opens = happens(2, Habits.again) ? 2 : 1
        clicks = happens(3, habits.click)
        unsubscribes = happens(4, Habits.unsubscribe)
    }

    /// SplitMix64's finalizer: neighbours in, strangers out.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var word = value &+ 0x9E37_79B9_7F4A_7C15
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
