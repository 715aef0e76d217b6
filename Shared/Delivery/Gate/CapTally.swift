import Postgres

/// What the table of reservations says about one send of a window.
struct SendCounts {
    var earlier: EarlierMessages
    /// The send itself was reserved before.
    var isReserved: Bool

    init(_ row: Row) throws(SQLFault) {
        earlier = EarlierMessages()
        let (app, campaign, total): (Int64, Int64, Int64) = (try row.get(0), try row.get(1), try row.get(2))
        (earlier.appDaily, earlier.campaignDaily, earlier.total) = (Int(app), Int(campaign), Int(total))
        isReserved = try row.get(3)
    }
}

/// Counts of a window while it is decided: two messages to one endpoint in one window see each other.
struct CapTally {
    private let counts: [SendCounts]?
    /// Reserved by this window for the first time, by endpoint key.
    private var added: [Int64: Int] = [:]
    private var places: Set<Int> = []

    /// Nil: nothing counts.
    init(_ counts: [SendCounts]?) {
        self.counts = counts
    }

    /// Places in the window whose messages count, in order.
    var reserved: [Int] { places.sorted() }

    func earlier(_ place: Int, _ key: Int64) -> EarlierMessages {
        guard let counts else { return EarlierMessages() }
        var earlier = counts[place].earlier
        let more = added[key] ?? 0
        earlier.appDaily += more
        earlier.campaignDaily += more
        earlier.total += more
        return earlier
    }

    mutating func reserve(_ place: Int, _ key: Int64) {
        guard let counts else { return }
        places.insert(place)
        if !counts[place].isReserved { added[key, default: 0] += 1 }
    }

    /// The message does not go now after all. What was decided about others of its endpoint in this window stands.
    mutating func release(_ place: Int) {
        places.remove(place)
    }
}
