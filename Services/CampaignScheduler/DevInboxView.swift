import Core
import HTTPServer
import Model

/// One message of the development inbox: as its recipient sees it, as it left, and what can be done with it.
enum DevInboxView {
    static func page(_ entry: DevInboxEntry, raw: [UInt8], isOurs: Bool, done: DevInboxAction?) -> HTTPResponse {
        let escape = DevInboxPage.escape
        var html = """
            <!doctype html><meta charset="utf-8"><title>\(escape(entry.subject ?? entry.channel))</title>
            <style>
            body{font:15px/1.5 system-ui;margin:2em auto;max-width:60em;padding:0 1em;color:#1d2733}
            h1{font-size:1.2em} dl{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1em} dt{color:#667} dd{margin:0}
            iframe{width:100%;height:32em;border:1px solid #ccd;border-radius:8px;background:#fff}
            pre{background:#f4f6f8;padding:1em;border-radius:8px;overflow:auto;white-space:pre-wrap;overflow-wrap:anywhere}
            .bubble{display:inline-block;max-width:28em;background:#e4ecf7;border-radius:18px;padding:.7em 1.1em;white-space:pre-wrap}
            .card{max-width:26em;border:1px solid #ccd;border-radius:14px;padding:.9em 1.1em;box-shadow:0 2px 8px #0001}
            form{display:inline-block;margin:0 .5em .5em 0} button{font:inherit;padding:.35em .9em;border-radius:8px;border:1px solid #99a;background:#fff;cursor:pointer}
            input{font:inherit;padding:.3em .5em;border-radius:8px;border:1px solid #99a}
            .done{background:#e5f6e8;border-radius:8px;padding:.5em 1em}
            </style>
            <p><a href="/dev/inbox.html">inbox</a>
            <h1>\(escape(entry.subject ?? entry.channel))</h1>
            <dl><dt>channel<dd>\(escape(entry.channel))<dt>from<dd>\(escape(entry.sender.isEmpty ? "–" : entry.sender))\
            <dt>to<dd>\(escape(entry.recipient))<dt>received<dd>\(entry.receivedAt)</dl>

            """
        if let done { html += "<p class=\"done\">Done: \(done.label). What became of it is a moment away.</p>\n" }
        html += isOurs ? buttons(entry) : "<p>This message is of no run, so that nothing can be done with it.</p>\n"
        html += rendered(entry, raw) + "\n<h2>As it left</h2>\n"
        html += "<pre>\(escape(String(decoding: raw.prefix(200_000), as: UTF8.self)))</pre>\n"
        return DevInboxPage.answer(
            html, policy: "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; form-action 'self'")
    }

    private static func buttons(_ entry: DevInboxEntry) -> String {
        DevInboxAction.all(on: entry.channel).map { action in
            let input =
                action.prompt.map { "<input name=\"text\" required placeholder=\"\($0)\" aria-label=\"\($0)\"> " } ?? ""
            return """
                <form method="post" action="/dev/inbox/\(entry.id)/\(action.rawValue)">\(input)<button>\(action.label)</button></form>

                """
        }.joined()
    }

    private static func rendered(_ entry: DevInboxEntry, _ raw: [UInt8]) -> String {
        let text = String(decoding: raw, as: UTF8.self)
        switch entry.channel {
        case "EMAIL":
            return
                "<iframe sandbox=\"allow-popups\" src=\"/dev/inbox/\(entry.id).html\" title=\"the message\"></iframe>"
        case "SMS", "VOICE":
            return "<div class=\"bubble\">\(DevInboxPage.escape(text))</div>"
        case _:
            let card = Notification(raw)
            return """
                <div class="card"><strong>\(DevInboxPage.escape(card.title ?? "(no title)"))</strong><br>\
                \(DevInboxPage.escape(card.body ?? "(silent)"))</div>
                """
        }
    }

    /// What a platform's JSON would show, wherever the platform has it.
    private struct Notification {
        var title: String?
        var body: String?

        init(_ raw: [UInt8]) {
            guard let json = try? JSON.parse(raw) else { return }
            let message = json["message"] ?? json
            let alert = message["aps"]?["alert"]
            let data = message["data"]
            title =
                alert?["title"]?.string ?? message["notification"]?["title"]?.string
                ?? data?["pinpoint.notification.title"]?.string ?? message["title"]?.string
            body =
                alert?["body"]?.string ?? alert?.string ?? message["notification"]?["body"]?.string
                ?? data?["pinpoint.notification.body"]?.string ?? message["body"]?.string
                ?? message["description"]?.string
        }
    }
}
