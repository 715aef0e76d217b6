import Core
import Model
import Postgres
import TestKit
import Testing

@Suite(.database) struct TakeCallTests {
    @Test func `a signed call is stored, answered in the provider's words, and worked on`() async throws {
        try await InboundService.run { service in
            let answer = try await service.post("messages", service.text("SM1", "Hello"))
            #expect(answer.status == 200 && answer.text == "<Response/>")
            try await eventually {
                try await service.count("SELECT count(*) FROM inbound_calls WHERE state = 'DONE'") == 1
            }
            let kept = try await service.database.query(
                "SELECT kind, channel, what, url, headers::text FROM inbound_calls")
            let kind: String = try kept[0].get(0)
            let url: String = try kept[0].get(3)
            #expect(kind == "twilio")
            #expect(url == "https://n.example.com/inbound/\(InboundService.provider)/messages")
            // The reply's own job, which finds nobody to pass it on to, comes after.
            try await eventually { try await service.count("SELECT count(*) FROM jobs WHERE queue = 'inbound'") == 0 }
        }
    }

    @Test func `a call that is not believed leaves nothing`() async throws {
        try await InboundService.run { service in
            let forged = try await service.post("messages", service.text("SM1", "Hello"), signature: "bm8=")
            #expect(forged.status == 403)
            #expect(!forged.text.contains("signature") && !forged.text.contains("twilio"))
            let stranger = try await service.post("messages", [], provider: ProviderID(high: 9, low: 9))
            #expect(stranger.status == 404)
            let inbox = try await service.post("event", [], provider: ProviderID(high: 4, low: 5))
            #expect(inbox.status == 404, "the development inbox is not reached over HTTP")
            let long = try await service.post("messages", service.text("SM1", String(repeating: "x", count: 300_000)))
            #expect(long.status == 413)
            #expect(try await service.count("SELECT count(*) FROM inbound_calls") == 0)
            #expect(try await service.count("SELECT count(*) FROM jobs") == 0)
        }
    }

    @Test func `a provider that is disabled still reports`() async throws {
        try await InboundService.run(isProviderEnabled: false) { service in
            let answer = try await service.post("messages", service.text("SM1", "Hello"))
            #expect(answer.status == 200)
        }
    }

    @Test func `calls of many at once are each taken and worked on`() async throws {
        try await InboundService.run { service in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<200 {
                    group.addTask { try await service.post("messages", service.text("SM\(number)", "Hello")).status }
                }
                for try await status in group { #expect(status == 200) }
            }
            try await eventually {
                try await service.count("SELECT count(*) FROM inbound_calls WHERE state = 'DONE'") == 200
            }
            #expect(try await service.count("SELECT count(*) FROM inbound_events") == 200)
        }
    }

    @Test func `a call that cannot be read is kept with its error, and holds up no other`() async throws {
        try await InboundService.run { service in
            #expect(try await service.post("messages", [("Body", "no sender")]).status == 200)
            #expect(try await service.post("nowhere", [("Body", "x")]).status == 200)
            #expect(try await service.post("messages", service.text("SM1", "Hello")).status == 200)
            try await eventually {
                try await service.count("SELECT count(*) FROM inbound_calls WHERE state <> 'WAITING'") == 3
            }
            let failed = try await service.database.query("SELECT error FROM inbound_calls WHERE state = 'FAILED'")
            #expect(failed.count == 2)
            let errors: [String] = try failed.map { try $0.get(0) }
            #expect(errors.contains("no MessageSid, From or To"))
        }
    }

    @Test func `what the development inbox puts in is worked on like a provider's call`() async throws {
        try await InboundService.run { service in
            let environment = service.database.environment
            try await service.database.transaction { session in
                try await InboundStore.add(
                    .receipt(Receipt(.optOut, channel: "SMS", address: "+15550001001")), app: InboundService.app,
                    channel: "SMS", environment: environment, in: session)
            }
            try await eventually {
                try await service.count("SELECT count(*) FROM suppressions WHERE reason = 'STOP'") == 1
            }
        }
    }
}
