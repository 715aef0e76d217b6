import HTTPServer
import Model

/// The development inbox for a browser. Everything in it came in by mail, so that nothing may run: no script, no form, and
/// a message stands in a sandbox without an origin.
enum DevInboxPage {
    static func list(_ entries: [DevInboxEntry], recipient: String?, next: Int64?) -> HTTPResponse {
        var html = """
            <!doctype html><meta charset="utf-8"><title>Development inbox</title>
            <style>body{font:14px system-ui;margin:2em}td,th{padding:4px 12px 4px 0;text-align:left}</style>
            <h1>Development inbox</h1><table><tr><th>received<th>channel<th>from<th>to<th>subject<th>

            """
        for entry in entries {
            let (sender, to) = (escape(entry.sender), escape(entry.recipient))
            html += """
                <tr><td>\(entry.receivedAt)<td>\(escape(entry.channel))<td>\(sender)<td>\(to)<td><a href="/dev/inbox/\(entry.id)/view">\
                \(escape(entry.subject ?? "(no subject)"))</a><td><a href="/dev/inbox/\(entry.id)/raw">raw</a>

                """
        }
        html += entries.isEmpty ? "</table><p>Nothing here.\n" : "</table>\n"
        if let next {
            let filter = recipient.map { "&recipient=\(percentEncode($0))" } ?? ""
            html += "<p><a href=\"/dev/inbox.html?before=\(next)\(escape(filter))\">older</a>\n"
        }
        return answer(html, policy: "default-src 'none'; style-src 'unsafe-inline'")
    }

    /// The HTML part as it is, else the text part. Pictures load, as in a mail program: the open is then counted.
    static func message(_ message: MailMessage) -> HTTPResponse {
        let body = message.html ?? "<pre>\(escape(message.text ?? "This message has no part that can be shown."))</pre>"
        return answer(
            body,
            policy: "sandbox allow-popups; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'")
    }

    static func answer(_ html: String, policy: String) -> HTTPResponse {
        HTTPResponse(
            status: 200,
            headers: [
                "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy,
                "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
            ],
            body: .bytes(Array(html.utf8))
        )
    }

    static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case _: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    private static func percentEncode(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { encoded, byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            if isPlain {
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                encoded += "%\(hex[Int(byte >> 4)])\(hex[Int(byte & 15)])"
            }
        }
    }
}
