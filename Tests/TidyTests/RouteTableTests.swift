import PinpointAPI
import Testing

/// The gateway's route table, read as nginx reads it: the first regular expression that matches the raw request target.
@Suite struct RouteTableTests {
    private struct Route {
        let pattern: Regex<AnyRegexOutput>
        let service: String
    }

    private let routes: [Route]

    init() throws {
        let text = try #require(Repository.text("ops/nginx/routes.map"))
        routes = try text.split(separator: "\n").filter { $0.hasPrefix("~") }.map { line in
            let words = line.dropFirst().split(separator: " ")
            return Route(pattern: try Regex(String(words[0])), service: String(words[1].dropLast()))
        }
    }

    private func service(for target: String) throws -> String? {
        try routes.first { try $0.pattern.firstMatch(in: target) != nil }?.service
    }

    @Test(arguments: [
        ("/v1/apps", "campaign-scheduler"),
        ("/v1/apps?page-size=1", "campaign-scheduler"),
        ("/v1/apps/a", "campaign-scheduler"),
        ("/v1/apps/a/settings", "campaign-scheduler"),
        ("/v1/apps/a/channels/email", "campaign-scheduler"),
        ("/v1/apps/a/campaigns/c", "campaign-scheduler"),
        ("/v1/apps/a/campaigns/c/versions/1", "campaign-scheduler"),
        ("/v1/tags/arn%3Aaws%3Amobiletargeting", "campaign-scheduler"),
        ("/v1/templates/welcome/email", "campaign-scheduler"),
        ("/v1/templates/welcome/email/preview", "campaign-scheduler"),
        ("/v1/snippets/footer", "campaign-scheduler"),
        ("/dev/inbox", "campaign-scheduler"),
        ("/dev/inbox.html?before=3", "campaign-scheduler"),
        ("/dev/inbox/3/raw", "campaign-scheduler"),
        ("/v1/apps/a/kpis/daterange/x", "analytics-aggregator"),
        ("/v1/apps/a/campaigns/c/kpis/daterange/x?end-time=1", "analytics-aggregator"),
        ("/v1/apps/a/campaigns/c/activities", "analytics-aggregator"),
        ("/v1/apps/a/campaigns/c/runs/r/balance", "analytics-aggregator"),
        ("/v1/apps/a/campaigns/c/runs/r/balance?format=csv&bucket=suppressed", "analytics-aggregator"),
        ("/v1/apps/a/campaigns/c/runs/r/cancel", "campaign-scheduler"),
        ("/v1/apps/a/journeys/j/execution-metrics", "analytics-aggregator"),
        ("/v1/apps/a/eventstream", "analytics-aggregator"),
        ("/v1/apps/a/segments/estimate", "segment-service"),
        ("/v1/apps/a/segments/s/jobs/import", "segment-service"),
        ("/v1/apps/a/jobs/export", "segment-service"),
        ("/v1/apps/a/endpoints/e/inappmessages", "ingest-api"),
        ("/v1/apps/a/events/legacy", "ingest-api"),
        ("/v1/phone/number/validate", "ingest-api"),
        ("/inbound/0123/receipts?m=x", "inbound-reply"),
        ("/v1/apps/a/conversations/c/messages", "inbound-reply"),
        ("/v1/apps/a/keywords", "inbound-reply"),
        ("/t/o/token.gif", "ingest-api"),
        ("/u/token", "ingest-api"),
    ])
    func `a path goes to the process that owns it`(target: String, expected: String) throws {
        #expect(try service(for: target) == expected)
    }

    @Test(arguments: [
        ("/v1/apps/a/endpoints/a%2Fkpis%2Fx", "ingest-api"),
        ("/v1/apps/a/endpoints/kpis", "ingest-api"),
        ("/v1/apps/a/users/segments?x=/kpis", "ingest-api"),
        ("/v1/apps/a?x=/kpis", "campaign-scheduler"),
        ("/v1/apps/a/segmentsx", "campaign-scheduler"),
        ("/v1/apps/kpis/campaigns/activities", "campaign-scheduler"),
    ])
    func `an id or a query that looks like a route leads nowhere else`(target: String, expected: String) throws {
        #expect(try service(for: target) == expected)
    }

    @Test(arguments: [
        "/", "/internal/apps/a/segments/s/resolved", "/metrics", "/livez", "/readyz", "/v1/appsx", "/v2/apps",
        "//v1/apps",
        "/dev/inboxes", "/tx", "/v1/apps%2Fa",
    ])
    func `what is not public reaches no process`(target: String) throws {
        #expect(try service(for: target) == nil)
    }

    @Test func `every operation of the API reaches a process`() throws {
        for operation in Operation.all { #expect(try service(for: operation.path) != nil, "\(operation.name)") }
    }
}
