import Core

/// Loads the purchase history: customers as e-mail endpoints, purchases as events with their own times. Ids and event keys
/// come from the data, so that loading twice changes nothing.
struct AudienceLoad: Sendable {
    let client: PinpointClient
    let app: String
    let history: PurchaseHistory

    private static let batchSize = Limits.endpointsPerBatch
    static let eventType = "_monetization.purchase"

    func run() async throws {
        try await loadEndpoints()
        try await loadEvents()
    }

    // MARK: Endpoints

    private func loadEndpoints() async throws {
        let clock = StepClock()
        let customers = history.customers
        let batches = stride(from: 0, to: customers.count, by: Self.batchSize).map {
            customers[$0..<min($0 + Self.batchSize, customers.count)]
        }
        let target = "/v1/apps/\(app)/endpoints"
        let counts = try await InFlight.map(
            batches,
            width: PinpointClient.width,
            progress: ProgressLine("batches of endpoints")
        ) { batch in
            _ = try await client.call("PUT", target, bytes: Self.endpoints(batch))
            return batch.count
        }
        let total = DemoText.grouped(counts.reduce(0, +))
        Console.say("  \(total) endpoints by UpdateEndpointsBatch (\(batches.count) requests, \(clock.text))")
    }

    private static func endpoints(_ customers: ArraySlice<PurchaseHistory.Customer>) -> [UInt8] {
        var writer = JSONWriter(capacity: 48 << 10)
        writer.beginObject()
        writer.key("Item")
        writer.beginArray()
        for customer in customers { write(customer, to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ customer: PurchaseHistory.Customer, to writer: inout JSONWriter) {
        let (year, month, _) = customer.first.civil
        writer.value([
            "Id": .string(customer.endpointID),
            "ChannelType": "EMAIL",
            "Address": .string(customer.address),
            "Attributes": [
                "FirstPurchase": [.string(customer.first.start.description)],
                "LastPurchase": [.string(customer.last.start.description)],
            ],
            "Metrics": [
                "Purchases": .integer(Int64(customer.purchases.count)),
                "Cds": .integer(Int64(customer.cds)),
                "Spent": .double(customer.spent),
            ],
            "User": [
                "UserId": .string(customer.number),
                "UserAttributes": ["Cohort": [.string("\(year)-\(month < 10 ? "0" : "")\(month)")]],
            ],
        ])
    }

    // MARK: Events

    private func loadEvents() async throws {
        let clock = StepClock()
        let batches = eventBatches()
        let target = "/v1/apps/\(app)/events"
        let counts = try await InFlight.map(
            batches,
            width: PinpointClient.width,
            progress: ProgressLine("batches of events")
        ) { batch in
            try Self.checkAccepted(try await client.call("POST", target, bytes: Self.events(batch)))
        }
        let accepted = counts.reduce(0, +)
        guard accepted == PurchaseHistory.purchaseCount else {
            throw Fault(.integrity, "\(accepted) of \(PurchaseHistory.purchaseCount) events were accepted")
        }
        Console.say(
            "  \(DemoText.grouped(accepted)) events by PutEvents (\(batches.count) requests, \(clock.text))"
        )
    }

    private typealias EventBatch = [(endpoint: String, purchases: ArraySlice<PurchaseHistory.Purchase>)]

    /// At most 100 events each; a customer's purchases may be in two of them.
    private func eventBatches() -> [EventBatch] {
        var batches: [EventBatch] = []
        var batch: EventBatch = []
        var room = Limits.eventsPerRequest
        for customer in history.customers {
            var rest = customer.purchases[...]
            while !rest.isEmpty {
                let taken = rest.prefix(room)
                batch.append((customer.endpointID, taken))
                rest = rest.dropFirst(taken.count)
                room -= taken.count
                if room == 0 {
                    batches.append(batch)
                    (batch, room) = ([], Limits.eventsPerRequest)
                }
            }
        }
        return batch.isEmpty ? batches : batches + [batch]
    }

    private static func events(_ batch: EventBatch) -> [UInt8] {
        var writer = JSONWriter(capacity: 24 << 10)
        writer.beginObject()
        writer.key("BatchItem")
        writer.beginObject()
        for (endpoint, purchases) in batch {
            writer.key(endpoint)
            writer.beginObject()
            writer.key("Endpoint")
            writer.value([:])
            writer.key("Events")
            writer.beginObject()
            for purchase in purchases {
                writer.key(String(purchase.line))
                writer.value([
                    "EventType": .string(eventType),
                    "Timestamp": .string(purchase.day.start.description),
                    "Attributes": ["Currency": "USD"],
                    "Metrics": [
                        "Cds": .integer(Int64(purchase.cds)), "Spent": .double(Double(purchase.cents) / 100),
                    ],
                ])
            }
            writer.endObject()
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    /// How many events were accepted; a refusal inside the 202 is an error here.
    private static func checkAccepted(_ answer: JSON) throws -> Int {
        var accepted = 0
        for item in answer["Results"]?.object?.members ?? [] {
            for event in item.value["EventsItemResponse"]?.object?.members ?? [] {
                guard event.value["StatusCode"]?.int == 202 else {
                    let message = event.value["Message"]?.string ?? "no message"
                    throw Fault(.invalid, "the event of line \(event.key) was refused: \(message)")
                }
                accepted += 1
            }
        }
        return accepted
    }
}
