import Core
import Glibc
import Model
import Postgres
import TestKit
import Testing

/// Clients that hold no secret: a page in a real browser, SDKs with temporary credentials; and what packed bodies can do.
@Suite(.scenario, .database) struct PagesAndAppsTests {
    @Test func `a visitor in Chromium is recorded, offline and at unload too, and a segment finds her`() async throws {
        let database = try TestDatabase.current.database
        try await RunningSuite.with { suite in
            let output = try await suite.drive("web_sdk_story.py", within: .seconds(240))
            let endpoint = try #require(output.values(after: "endpoint").first)
            for line in output.values(after: "expect") {
                let words = line.split(separator: " ")
                let (type, count) = (words.dropLast().joined(separator: " "), Int(words.last ?? ""))
                try await eventually("\(count ?? -1) events \(type)") {
                    try await Self.events(type, of: endpoint, database).count == count
                }
            }
            let views = try await Self.events("page.view", of: endpoint, database)
            func dwell(_ page: String) -> Double? {
                views.first { $0.attributes["url"]?.string?.contains(page) == true }?.metrics["dwell"]?.number
            }
            #expect(try #require(dwell("/first")) >= 1000)
            // 1.5 of its seconds stood behind another page; the rest is the way to the next one.
            let fourth = try #require(output.values(after: "fourth").first.flatMap { Double($0) })
            #expect((400..<(fourth - 1000)).contains(try #require(dwell("/fourth"))))
            #expect(views.allSatisfy { $0.attributes["title"]?.string?.hasPrefix("Söndag") == true })
            let second = views.first { $0.attributes["url"]?.string?.hasSuffix("/second") == true }
            #expect(second?.attributes["referrer"]?.string?.contains("/first") == true)
            let purchase = try #require(try await Self.events("_monetization.purchase", of: endpoint, database).first)
            #expect(purchase.metrics["_item_price"]?.number == 12.5)
            #expect(purchase.metrics["_quantity"] == 2)
            #expect(purchase.attributes["_currency"] == "SEK")
            let note = try #require(purchase.attributes["note"]?.string)
            #expect(note.unicodeScalars.count == 200)
            #expect(note.hasPrefix("half  a character,  and xxx"))
            // One session; each page that is left says how long it has been.
            let stops = try await Self.events("_session.stop", of: endpoint, database)
            #expect(stops.count == 4)
            #expect(Set(views.map { $0.session }).count == 1)
            // The key is public, and still not for logs.
            for service in RunningSuite.Service.ofEmail {
                #expect(try !suite.process(service).output.contains { $0.contains("wk_") })
            }
        }
    }

    /// `NEEDLETAIL_SCREENSHOTS`: a folder to leave pictures of all layouts in.
    @Test func `in-app messages in Chromium: six layouts, buttons, caps, keyboard, and campaigns that come and go`()
        async throws
    {
        let database = try TestDatabase.current.database
        try await RunningSuite.with(services: [.ingest, .segments, .scheduler, .aggregator]) { suite in
            let folder = getenv("NEEDLETAIL_SCREENSHOTS").map { String(cString: $0) }
            let output = try await suite.drive("in_app_story.py", folder.map { [$0] } ?? [], within: .seconds(240))
            let endpoint = try #require(output.values(after: "endpoint").first)
            for line in output.values(after: "expect") {
                let words = line.split(separator: " ")
                let (type, count) = (String(words[0]), Int(words[1]))
                try await eventually("\(count ?? -1) events \(type)") {
                    try await Self.events(type, of: endpoint, database).count == count
                }
            }
            let shown = try await Self.events("_inapp.message_displayed", of: endpoint, database)
            #expect(shown.allSatisfy { $0.attributes["delivery_type"] == "IN_APP_MESSAGE" })
            #expect(shown.allSatisfy { $0.attributes["campaign_id"]?.string?.utf8.count == 32 })
            #expect(shown.allSatisfy { $0.attributes["treatment_id"] == "0" })
        }
    }

    @Test func `write keys are made, listed and revoked at the command line`() async throws {
        try await RunningSuite.with { suite in
            let app = try #require(try await suite.drive("create_app.py").values(after: "app").first)
            let made = try await suite.command(
                "keys", "write", "--app", app, "--name", "web", "--origin", "https://shop.example")
            #expect(made.status == 0)
            let token = try #require(made.output.first.flatMap { APIKey($0) })
            #expect(token.form == .write)
            let listed = try await suite.command("keys", "list", "--app", app)
            #expect(listed.status == 0)
            #expect(listed.output.count == 1)
            #expect(listed.output.first?.hasPrefix(token.id) == true)
            #expect(listed.output.first?.contains("live  https://shop.example  web") == true)
            #expect(try await suite.command("keys", "revoke", "--app", app, "--key", token.id).status == 0)
            #expect(try await suite.command("keys", "revoke", "--app", app, "--key", token.id).status == 1)
            for wrong in [["--app", app, "--origin", "shop"], ["--app", "x"], [], ["--app", app, "--key", "x"]] {
                #expect(try await suite.command(["keys", "write"] + wrong).status == 64)
            }
        }
    }

    @Test func `boto3 works with credentials that a write key was swapped for; packed bodies are bounded`() async throws
    {
        try await RunningSuite.with { suite in
            let output = try await suite.drive("edge_clients.py")
            let app = try #require(output.values(after: "app").first)
            let ingest = try suite.process(.ingest)
            let before = try ingest.peakMemoryKilobytes()
            try await suite.drive("edge_clients.py", ["bombs", app])
            let grown = try ingest.peakMemoryKilobytes() - before
            // Two bodies of 4 MB and their copies; a bomb that was let through would be gigabytes.
            #expect(grown < 40 << 10, "the process grew by \(grown) KB")
        }
    }

    private struct StoredEvent {
        let attributes: JSON
        let metrics: JSON
        let session: String?
    }

    private static func events(_ type: String, of endpoint: String, _ database: Database) async throws -> [StoredEvent]
    {
        let rows = try await database.query(
            """
            SELECT coalesce(e.attributes, '{}'), coalesce(e.metrics, '{}'), e.context->'Session'->>'Id'
              FROM events e JOIN endpoints p USING (app, endpoint_key)
             WHERE p.external_id = \(endpoint) AND e.type = \(type)
            """)
        return try rows.map { StoredEvent(attributes: try $0.get(0), metrics: try $0.get(1), session: try $0.get(2)) }
    }
}

extension ChildProcess {
    /// The most memory it has held so far.
    fileprivate func peakMemoryKilobytes() throws -> Int {
        let status = try TextFile.read("/proc/\(processID)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        guard let words = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }), words.count > 1,
            let kilobytes = Int(words[1])
        else { throw TestKitError("no peak memory in /proc/\(processID)/status") }
        return kilobytes
    }
}
