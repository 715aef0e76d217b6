import Core

/// PutEvents bodies as a mobile SDK sends them: 10 endpoints with their data, 10 events each, about 52 KB. Every event is new.
struct EventBodies: Sendable {
    static let eventsPerBody = 100
    private static let endpointsPerBody = 10
    /// Endpoints are upserted again and again, as those of real people are.
    private static let endpoints = 10_000
    private static let eventTypes = ["product.view", "product.add", "search", "purchase", "_session.start"]

    /// Events differ from those of every other run.
    let salt: String
    let at: Instant

    /// Body `number` of a round.
    func body(_ number: Int) -> [UInt8] {
        var json = JSONWriter(capacity: 56 << 10)
        json.beginObject()
        json.key("BatchItem")
        json.beginObject()
        for place in 0..<Self.endpointsPerBody {
            let endpoint = (number * Self.endpointsPerBody + place) % Self.endpoints
            json.key("device-\(endpoint)")
            json.beginObject()
            json.key("Endpoint")
            write(endpoint: endpoint, to: &json)
            json.key("Events")
            json.beginObject()
            for event in 0..<Self.eventsPerBody / Self.endpointsPerBody {
                json.key("\(salt)-\(number)-\(place)-\(event)")
                write(event: number * Self.eventsPerBody + place * 10 + event, to: &json)
            }
            json.endObject()
            json.endObject()
        }
        json.endObject()
        json.endObject()
        return json.bytes
    }

    private func write(endpoint: Int, to json: inout JSONWriter) {
        json.beginObject()
        Self.member("ChannelType", "EMAIL", &json)
        Self.member("Address", "person\(endpoint)@example.com", &json)
        Self.member("OptOut", "NONE", &json)
        json.key("Attributes")
        json.beginObject()
        json.key("Plan")
        json.beginArray()
        json.string(endpoint % 3 == 0 ? "pro" : "free")
        json.endArray()
        json.endObject()
        json.key("Demographic")
        json.beginObject()
        Self.member("AppVersion", "4.12.\(endpoint % 7)", &json)
        Self.member("Locale", "en_GB", &json)
        Self.member("Platform", endpoint % 2 == 0 ? "ANDROID" : "IOS", &json)
        json.endObject()
        json.endObject()
    }

    private func write(event: Int, to json: inout JSONWriter) {
        json.beginObject()
        Self.member("EventType", Self.eventTypes[event % Self.eventTypes.count], &json)
        Self.member("Timestamp", (at + .milliseconds(event)).description, &json)
        Self.member("AppVersionCode", "412", &json)
        json.key("Session")
        json.beginObject()
        Self.member("Id", "session-\(event / 10)-5f0c2b", &json)
        Self.member("StartTimestamp", at.description, &json)
        json.endObject()
        json.key("Attributes")
        json.beginObject()
        Self.member("screen", "catalogue/summer/shoes/running", &json)
        Self.member("product", "SKU-\(100_000 + event % 5000)", &json)
        Self.member("referrer", "https://www.example.com/search?q=running+shoes", &json)
        Self.member("experiment", "checkout-button-colour-\(event % 4)", &json)
        Self.member("agent", "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/142.0", &json)
        json.endObject()
        json.key("Metrics")
        json.beginObject()
        json.key("price")
        json.double(Double(event % 10_000) / 100 + 0.01)
        json.key("position")
        json.int(event % 40)
        json.endObject()
        json.endObject()
    }

    private static func member(_ name: String, _ value: String, _ json: inout JSONWriter) {
        json.key(name)
        json.string(value)
    }
}
