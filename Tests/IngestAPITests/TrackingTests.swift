import Core
import HTTPClient
import Model
import Postgres
import TestKit
import Testing

@Suite(.database) struct TrackingTests {
    private let run = RunID(high: 5, low: 6)
    private let campaign = CampaignID(high: 7, low: 8)

    private func link(_ ingest: RunningIngest, _ kind: TrackingLink.Kind, run: RunID? = nil) -> TrackingLink {
        TrackingLink(
            kind: kind, app: ingest.app, run: run ?? self.run, chunk: 0, ordinal: 3,
            endpointKey: EndpointIdentity(app: ingest.app, id: "e").key, treatment: 1)
    }

    private func token(_ ingest: RunningIngest, _ kind: TrackingLink.Kind, run: RunID? = nil) throws -> String {
        try #require(ingest.tokens.mint(link(ingest, kind, run: run)))
    }

    /// With the endpoint `e` and the run in place.
    private func tracked(_ body: (RunningIngest) async throws -> Void) async throws {
        try await RunningIngest.run { ingest in
            try await ingest.update("e", ["ChannelType": "EMAIL", "Address": "Ann@b.c"])
            try await ingest.test.database.execute(
                """
                INSERT INTO runs (app, id, campaign, campaign_version, occurrence, run_day, state, frozen, scheduled_at,
                                  started_at)
                VALUES (\(ingest.app), \(run), \(campaign), 1, 'x', \(RunningIngest.now.day), 'RUNNING', '{}',
                        \(RunningIngest.now), \(RunningIngest.now))
                """)
            try await body(ingest)
        }
    }

    private func engagements(_ ingest: RunningIngest) async throws -> Int {
        try await ingest.count("SELECT count(*) FROM engagements")
    }

    @Test func `opens count each time, and the person once`() async throws {
        try await tracked { ingest in
            let path = "/t/o/\(try token(ingest, .open)).gif"
            for _ in 1...3 {
                let answer = try await ingest.send("GET", path, isSigned: false)
                #expect(answer.status == 200)
                #expect(answer.response.header("Content-Type") == "image/gif")
                #expect(answer.response.header("Cache-Control")?.contains("no-store") == true)
                #expect(answer.body.starts(with: "GIF89a".utf8))
            }
            #expect(try await ingest.count("SELECT n FROM engagements WHERE type = '_email.open'") == 3)
            #expect(try await ingest.logged("_email.open", source: "campaign") == 3)
            #expect(try await ingest.logged("_email.open", source: "campaign", member: "unique") == 1)
            let row = try await ingest.test.database.query("SELECT attributes, context FROM events LIMIT 1")[0]
            let (attributes, context): (JSON, JSON) = (try row.get(0), try row.get(1))
            #expect(attributes["campaign_id"]?.string == campaign.description)
            #expect(attributes["campaign_activity_id"]?.string == run.description)
            #expect(attributes["treatment_id"] == "1")
            #expect(attributes["feedback"] == "opened")
            #expect(context["ip"] == "127.0.0.1")
        }
    }

    @Test func `a click goes on to the signed target, after it was stored`() async throws {
        try await tracked { ingest in
            let target = "https://shop.example/p?a=1&b=%20#top"
            let path = "/t/c/\(try token(ingest, .click(target: target)))"
            let answer = try await ingest.send("GET", path, isSigned: false)
            #expect(answer.status == 302)
            #expect(answer.response.header("Location") == target)
            #expect(try await ingest.count("SELECT count(*) FROM events WHERE type = '_email.click'") == 1)
            #expect(try await ingest.logged("_email.click", source: "campaign", member: "unique") == 1)
        }
    }

    @Test func `HEAD records nothing`() async throws {
        try await tracked { ingest in
            for (path, status) in [
                ("/t/o/\(try token(ingest, .open)).gif", 200),
                ("/t/c/\(try token(ingest, .click(target: "http://a.b/")))", 302),
                ("/u/\(try token(ingest, .unsubscribe))", 200),
            ] {
                #expect(try await ingest.send("HEAD", path, isSigned: false).status == status)
            }
            #expect(try await engagements(ingest) == 0)
            #expect(try await ingest.count("SELECT count(*) FROM events") == 0)
        }
    }

    @Test func `a link that was not signed, or for something else, is a 404 and never a redirect`() async throws {
        try await tracked { ingest in
            let click = try token(ingest, .click(target: "https://shop.example/"))
            var forged: [String] = [
                "/t/c/", "/t/c/x", "/t/c/https%3A%2F%2Fevil.example", "/t/c/\(try token(ingest, .open))",
            ]
            for place in stride(from: 0, to: click.count, by: 5) {
                var letters = Array(click)
                letters[place] = letters[place] == "A" ? "B" : "A"
                forged.append("/t/c/\(String(letters))")
            }
            forged += ["/t/c/\(try token(ingest, .click(target: "javascript:alert(1)")))"]
            forged += ["/u/\(click)", "/t/o/\(click).gif", "/t/o/\(try token(ingest, .open))"]
            for path in forged {
                let answer = try await ingest.send("GET", path, isSigned: false)
                #expect(answer.status == 404, "\(path)")
                #expect(answer.response.header("Location") == nil)
            }
            #expect(try await engagements(ingest) == 0)
        }
    }

    @Test func `GET on an unsubscribe link shows a page and changes nothing`() async throws {
        try await tracked { ingest in
            let answer = try await ingest.send("GET", "/u/\(try token(ingest, .unsubscribe))", isSigned: false)
            #expect(answer.status == 200)
            #expect(String(decoding: answer.body, as: UTF8.self).contains("<form method=\"post\">"))
            #expect(answer.response.header("Set-Cookie") == nil)
            #expect(try await ingest.count("SELECT count(*) FROM suppressions") == 0)
            #expect(try await ingest.endpoint("e")["OptOut"] == "NONE")
        }
    }

    @Test(arguments: ["GET", "POST"])
    func `a broken unsubscribe link is answered with a page for people`(_ method: String) async throws {
        try await tracked { ingest in
            let token = try token(ingest, .unsubscribe)
            for broken in ["x", String(token.dropLast()), "\(token)%3Cb%3E", try self.token(ingest, .open)] {
                let answer = try await ingest.send(method, "/u/\(broken)", isSigned: false)
                #expect(answer.status == 404)
                #expect(answer.response.header("Content-Type") == "text/html; charset=utf-8")
                #expect(answer.response.header("Cache-Control")?.contains("no-store") == true)
                let page = String(decoding: answer.body, as: UTF8.self)
                #expect(page.contains("<h1>This link does not work</h1>"))
                #expect(!page.contains("<form") && !page.contains("<b>"))
            }
            #expect(try await ingest.count("SELECT count(*) FROM suppressions") == 0)
        }
    }

    @Test func `POST unsubscribes at once, by either encoding, and a second time changes nothing`() async throws {
        try await tracked { ingest in
            let path = "/u/\(try token(ingest, .unsubscribe))"
            let multipart =
                "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--\r\n"
            for body in ["List-Unsubscribe=One-Click", multipart] {
                let answer = try await ingest.send("POST", path, Array(body.utf8), isSigned: false)
                #expect(answer.status == 200)
                #expect(try await ingest.endpoint("e")["OptOut"] == "ALL")
            }
            #expect(try await ingest.count("SELECT count(*) FROM suppressions WHERE reason = 'UNSUBSCRIBE'") == 1)
            #expect(try await ingest.count("SELECT count(*) FROM events WHERE type = '_email.unsubscribe'") == 1)
            #expect(try await ingest.logged("_email.unsubscribe", source: "campaign") == 1)
            try await ingest.update("e", ["OptOut": "NONE"])
            #expect(try await ingest.endpoint("e")["OptOut"] == "ALL", "a client's write does not resubscribe")
            try await ingest.test.database.execute("DELETE FROM suppressions")
            #expect(try await ingest.send("POST", path, [], isSigned: false).status == 200)
            #expect(try await ingest.endpoint("e")["OptOut"] == "ALL", "the same link works again")
        }
    }

    @Test func `links work when their run is gone`() async throws {
        try await tracked { ingest in
            let gone = RunID(high: 9, low: 9)
            #expect(
                try await ingest.send("POST", "/u/\(try token(ingest, .unsubscribe, run: gone))", isSigned: false)
                    .status == 200)
            #expect(try await ingest.count("SELECT count(*) FROM suppressions") == 1)
            let click = try token(ingest, .click(target: "https://a.b/"), run: gone)
            #expect(try await ingest.send("GET", "/t/c/\(click)", isSigned: false).status == 302)
            #expect(try await engagements(ingest) == 0)
        }
    }
}
