/// Every bound of the product in one place, each with its unit in the name and its reason.
package enum Limits {
    /// Pinpoint: request payloads up to 7 MB; the gateway lets 8 MB through so that the service can answer 413 itself.
    package static let requestBodyBytes = 7 << 20
    /// Pinpoint: an events request is at most 4 MB.
    package static let eventsBodyBytes = 4 << 20
    package static let eventsPerRequest = 100
    package static let endpointsPerBatch = 100
    package static let endpointsPerUser = 15
    /// Recipients of one delivery job (ARCHITECTURE §3).
    package static let recipientsPerJob = 500
    package static let treatmentsPerCampaign = 5
    /// Pinpoint: items of an in-app message's Content.
    package static let inAppContents = 5
    /// In-app campaigns of an app that a client is shown at most, by priority.
    package static let inAppCampaignsPerFetch = 100
    package static let dimensionsPerSegment = 100
    /// Values of one dimension.
    package static let valuesPerDimension = 100
    package static let dimensionNameCharacters = 50
    package static let dimensionValueCharacters = 100
    /// Segments from a segment to its deepest source, both counted.
    package static let segmentDepth = 8
    /// Dimensions of a segment and all its sources, each counted as often as it is inlined: bounds the SQL to about 200 KB.
    package static let conditionsPerResolvedSegment = 1000
    /// Days that a window over events may reach back: how far behaviour is looked at, not how long events are kept.
    package static let eventWindowDays = 366
    /// The highest number of events that a segment may ask for.
    package static let eventCount = 10_000
    /// Roll-ups keep a row per type and minute, so that a type is a word, not a text.
    package static let eventTypeCharacters = 128
    package static let stepsPerSequence = 5
    /// Attributes and metrics of an event filter: no event has more.
    package static let keysPerTrigger = 40
    /// Pinpoint: active event-triggered campaigns of an app.
    package static let eventCampaignsPerApp = 25
    /// Days between today and a date that a segment asks for, either way.
    package static let dateOffsetDays = 366
    package static let pageSize = 100
}
