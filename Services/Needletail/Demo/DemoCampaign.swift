import Core
import EventLoop

/// One campaign with two treatments and a holdout, from its creation to the end of its run.
struct DemoCampaign: Sendable {
    let client: PinpointClient
    let app: String
    let id: String
    let run: String
    /// Which campaign of the project this is, from 1.
    let number: Int

    static let holdoutPercent = 10
    static let missedPercent = 45
    private static let name = "Win-back"
    private static let pollEvery: Duration = .milliseconds(100)
    private static let longestRun: Int64 = 300_000_000

    var target: String { "/v1/apps/\(app)/campaigns/\(id)" }

    /// Returns once the campaign is COMPLETED.
    static func run(in project: DemoProject) async throws -> DemoCampaign {
        let client = project.client
        let list = "/v1/apps/\(project.app)/campaigns"
        let number = try await client.items(list).count + 1
        let created = try await client.call("POST", list, request(segment: project.segment, number: number))
        guard let id = created["Id"]?.string else { throw Fault(.unavailable, "the new campaign has no Id") }
        Console.say("  campaign \"\(name) \(number)\" \(id)")
        return try await follow(client, app: project.app, id: id, number: number)
    }

    private static func request(segment: String, number: Int) -> JSON {
        func template(_ treatment: DemoTreatment) -> JSON {
            ["EmailTemplate": ["Name": .string(treatment.templateName)]]
        }
        return [
            "Name": .string("\(name) \(number)"),
            "SegmentId": .string(segment),
            "Schedule": ["StartTime": "IMMEDIATE"],
            "HoldoutPercent": .integer(Int64(holdoutPercent)),
            "TreatmentName": .string(DemoTreatment.thanks.name),
            "TemplateConfiguration": template(.thanks),
            "AdditionalTreatments": [
                [
                    "TreatmentName": .string(DemoTreatment.missed.name),
                    "SizePercent": .integer(Int64(missedPercent)),
                    "TemplateConfiguration": template(.missed),
                ]
            ],
            "Needletail": ["DeliveryPolicy": "AT_MOST_ONCE"],
        ]
    }

    private static func follow(_ client: PinpointClient, app: String, id: String, number: Int) async throws
        -> DemoCampaign
    {
        let target = "/v1/apps/\(app)/campaigns/\(id)"
        let start = MonotonicClock.now()
        var progress = ProgressLine("messages accepted")
        while MonotonicClock.now() - start < longestRun {
            let status = try await client.call("GET", target)["State"]?["CampaignStatus"]?.string
            let run = try await client.call("GET", "\(target)/runs")["Item"]?.array?.first?["Id"]?.string
            switch status {
            case "COMPLETED":
                guard let run else { throw Fault(.integrity, "the campaign is COMPLETED and has no run") }
                return DemoCampaign(client: client, app: app, id: id, run: run, number: number)
            case "SCHEDULED", "EXECUTING": break
            case _: throw Fault(.unavailable, "the campaign ended as \(status ?? "nothing")")
            }
            if let run {
                let books = try RunBooks(try await client.call("GET", "\(target)/runs/\(run)/balance"))
                progress.show(books.all["Accepted"], of: books.all.planned)
            }
            try await client.pause(pollEvery)
        }
        throw Fault(.timeout, "the campaign is not COMPLETED after \(longestRun / 1_000_000) s")
    }

    func books() async throws -> RunBooks {
        try RunBooks(try await client.call("GET", "\(target)/runs/\(run)/balance"))
    }

    func engagement() async throws -> RunReactions {
        try RunReactions(try await client.call("GET", "\(target)/runs/\(run)/engagement"))
    }
}
