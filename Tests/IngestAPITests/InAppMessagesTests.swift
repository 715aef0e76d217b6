import Core
import Model
import PinpointAPI
import Postgres
import TestKit
import Testing

@testable import IngestAPI

/// GetInAppMessages over HTTP; which campaigns are on, and who sees which treatment, is in ModelTests.
@Suite(.database) struct InAppMessagesTests {
    static let gold = SegmentID(high: 5, low: 5)

    static func campaign(_ changes: JSONObject = [:]) -> JSON {
        var object: JSONObject = [
            "SegmentId": .string(gold.description), "SegmentVersion": 1, "Name": "thanks", "Priority": 2,
            "Limits": ["Daily": 3, "Session": 1],
            "Schedule": [
                "StartTime": "IMMEDIATE", "EndTime": "1998-08-01T00:00:00.000Z", "Frequency": "IN_APP_EVENT",
                "EventFilter": [
                    "FilterType": "ENDPOINT",
                    "Dimensions": ["EventType": ["DimensionType": "INCLUSIVE", "Values": ["purchase"]]],
                ],
                "QuietTime": ["Start": "22:00", "End": "06:00"],
            ],
            "MessageConfiguration": ["InAppMessage": ["Layout": "OVERLAYS", "Content": .array([content])]],
        ]
        for member in changes.members { object[member.key] = member.value }
        return .object(object)
    }

    static let content: JSON = [
        "BackgroundColor": "#FFFFFF",
        "HeaderConfig": ["Alignment": "CENTER", "Header": "Thank you", "TextColor": "#000000"],
        "PrimaryBtn": ["DefaultConfig": ["ButtonAction": "LINK", "Link": "https://example.com", "Text": "More"]],
    ]

    /// A segment of endpoints whose attribute `tier` is gold, and a campaign for it.
    static func prepare(_ ingest: RunningIngest, _ json: JSON) async throws -> CampaignID {
        let definition = try CampaignDefinition(WriteCampaignRequest(json: json, at: .root))
        let (app, now, id) = (ingest.app, RunningIngest.now, CampaignID(high: 7, low: 7))
        let segment: JSON = [
            "Dimensions": ["Attributes": ["tier": ["AttributeType": "INCLUSIVE", "Values": ["gold"]]]]
        ]
        try await ingest.test.database.transaction { session in
            try await session.execute(
                "INSERT INTO segments (app, id, version, created_at) VALUES (\(app), \(gold), 1, \(now))")
            try await session.execute(
                """
                INSERT INTO segment_versions (app, id, version, definition, created_at)
                VALUES (\(app), \(gold), 1, \(SQLBind.jsonb(segment.serialized)), \(now))
                """)
            _ = try await CampaignStore.create(
                app, id: id, definition, tags: nil, account: RunningIngest.account, now: now, in: session)
        }
        return id
    }

    private func messages(_ ingest: RunningIngest, _ endpoint: String) async throws -> RunningIngest.Answer {
        try await ingest.send("GET", "\(ingest.path)/endpoints/\(endpoint)/inappmessages")
    }

    @Test func `a member of the segment is shown the campaign whole, anybody else nothing`() async throws {
        try await RunningIngest.run { ingest in
            let id = try await Self.prepare(ingest, Self.campaign())
            for (endpoint, tier) in [("a", "gold"), ("b", "tin")] {
                let address: JSON = .string("\(endpoint)@example.com")
                try await ingest.update(
                    endpoint, ["ChannelType": "EMAIL", "Address": address, "Attributes": ["tier": [.string(tier)]]])
            }
            let shown: JSON = [
                "CampaignId": .string(id.description), "DailyCap": 3,
                "InAppMessage": ["Content": .array([Self.content]), "Layout": "OVERLAYS"], "Priority": 2,
                "Schedule": [
                    "EndDate": "1998-08-01T00:00:00.000Z",
                    "EventFilter": [
                        "Dimensions": ["EventType": ["DimensionType": "INCLUSIVE", "Values": ["purchase"]]],
                        "FilterType": "ENDPOINT",
                    ],
                    "QuietTime": ["End": "06:00", "Start": "22:00"],
                ],
                "SessionCap": 1, "TotalCap": 0, "TreatmentId": "0",
            ]
            let answer = try await messages(ingest, "a")
            #expect(answer.status == 200)
            #expect(answer.json == ["InAppMessageCampaigns": .array([shown])])
            #expect(try await messages(ingest, "b").json == ["InAppMessageCampaigns": []])
            #expect(try await messages(ingest, "nobody").status == 404)
        }
    }

    @Test func `a message that is a text only is shown as content`() async throws {
        try await RunningIngest.run { ingest in
            let text: JSON = ["InAppMessage": ["Body": "Hello", "CustomConfig": ["theme": "dark"]]]
            _ = try await Self.prepare(ingest, Self.campaign(["MessageConfiguration": text]))
            try await ingest.update(
                "a", ["ChannelType": "EMAIL", "Address": "a@example.com", "Attributes": ["tier": ["gold"]]])
            let shown = try await messages(ingest, "a").json["InAppMessageCampaigns"]?.array?.first
            #expect(
                shown?["InAppMessage"] == [
                    "Content": [["BodyConfig": ["Alignment": "LEFT", "Body": "Hello", "TextColor": "#000000"]]],
                    "CustomConfig": ["theme": "dark"],
                ])
        }
    }

    @Test func `a paused campaign is not shown`() async throws {
        try await RunningIngest.run { ingest in
            _ = try await Self.prepare(ingest, Self.campaign(["IsPaused": true]))
            let gold: JSON = ["ChannelType": "EMAIL", "Address": "a@example.com", "Attributes": ["tier": ["gold"]]]
            try await ingest.update("a", gold)
            #expect(try await messages(ingest, "a").json == ["InAppMessageCampaigns": []])
        }
    }
}
