import Core

/// The project that the demonstration works in: app, channel, templates, segment. What exists is used again.
struct DemoProject: Sendable {
    let client: PinpointClient
    let app: String
    let segment: String

    private static let appName = "CDNOW demo"
    private static let segmentName = "Lapsed customers"

    static func prepare(_ client: PinpointClient) async throws -> DemoProject {
        let app = try await findOrCreateApp(client)
        let channel: JSON = [
            "FromAddress": "CDNOW <news@example.com>",
            "Identity": "arn:aws:ses:us-east-1:000000000000:identity/example.com",
            "Enabled": true,
        ]
        _ = try await client.call("PUT", "/v1/apps/\(app)/channels/email", channel)
        for treatment in DemoTreatment.allCases {
            let target = "/v1/templates/\(treatment.templateName)/email"
            let method = try await client.exists(target) ? "PUT" : "POST"
            _ = try await client.call(method, target, treatment.template)
        }
        return DemoProject(client: client, app: app, segment: try await findOrCreateSegment(client, app))
    }

    private static func findOrCreateApp(_ client: PinpointClient) async throws -> String {
        if let id = try await find(appName, in: client.items("/v1/apps")) { return id }
        return try id(of: try await client.call("POST", "/v1/apps", ["Name": .string(appName)]))
    }

    private static func findOrCreateSegment(_ client: PinpointClient, _ app: String) async throws -> String {
        let target = "/v1/apps/\(app)/segments"
        if let id = try await find(segmentName, in: client.items(target)) { return id }
        return try id(of: try await client.call("POST", target, segmentRequest))
    }

    private static func find(_ name: String, in items: [JSON]) -> String? {
        items.first { $0["Name"]?.string == name }?["Id"]?.string
    }

    private static func id(of json: JSON) throws -> String {
        guard let id = json["Id"]?.string else { throw Fault(.unavailable, "the answer has no Id") }
        return id
    }

    /// Bought at least twice, for more than $100, and not since 1 April 1998.
    private static var segmentRequest: JSON {
        [
            "Name": .string(segmentName),
            "Dimensions": [
                "Metrics": [
                    "Purchases": ["ComparisonOperator": "GREATER_THAN_OR_EQUAL", "Value": 2],
                    "Spent": ["ComparisonOperator": "GREATER_THAN", "Value": 100],
                ],
                "Attributes": [
                    "LastPurchase": ["AttributeType": "BEFORE", "Values": ["1998-04-02T00:00:00Z"]]
                ],
            ],
        ]
    }

    // MARK: Estimate

    struct Estimate: Sendable {
        var count: Int
        var reachable: Int
    }

    /// What a run would plan and reach now, with the SQL that counted it.
    func estimate() async throws -> Estimate {
        let answer = try await client.call("POST", "/v1/apps/\(app)/segments/estimate", Self.segmentRequest)
        guard let count = answer["Count"]?.int, let reachable = answer["Reachable"]?.int else {
            throw Fault(.unavailable, "the estimate has no Count or no Reachable")
        }
        let time = answer["Milliseconds"]?.number.map { " (\(Int($0.rounded())) ms)" } ?? ""
        Console.say("  Count \(DemoText.grouped(count)), Reachable \(DemoText.grouped(reachable))\(time)")
        for line in (answer["Sql"]?.string ?? "").split(separator: "\n") { Console.say("    \(line)") }
        return Estimate(count: count, reachable: reachable)
    }
}
