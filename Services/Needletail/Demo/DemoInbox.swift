import Core
import HTTPClient

/// The dev inbox, read as its users do.
struct DemoInbox: Sendable {
    struct Entry: Sendable {
        let id: Int
        let recipient: String
        let subject: String
    }

    /// What a mail program needs of a message.
    struct Message: Sendable {
        let pixel: String
        let link: String
        let unsubscribe: String
    }

    private let client: PinpointClient
    private static let pageSize = 500

    /// Nil where there is none: mail goes to a server of one's own.
    static func find(_ client: PinpointClient) async throws -> DemoInbox? {
        let answer = try await client.open("GET", "\(client.url)/dev/inbox?limit=1")
        if answer.status == 404 { return nil }
        _ = try PinpointClient.json(answer, "GET /dev/inbox")
        return DemoInbox(client: client)
    }

    /// Every message of one run: the run is the first part of the Message-ID.
    func entries(ofRun run: String) async throws -> [Entry] {
        var entries: [Entry] = []
        var before: Int?
        while true {
            let target = "/dev/inbox?limit=\(Self.pageSize)" + (before.map { "&before=\($0)" } ?? "")
            let page = try PinpointClient.json(try await client.open("GET", client.url + target), "GET \(target)")
            let messages = page["messages"]?.array ?? []
            let found = messages.filter { $0["message_id"]?.string?.hasPrefix("<\(run).") == true }
            entries += found.compactMap(Self.entry)
            // Newest first: a page without any, behind pages with some, is older than the run.
            guard let next = page["next"]?.int, !(found.isEmpty && !entries.isEmpty) else { return entries }
            before = next
        }
    }

    private static func entry(_ json: JSON) -> Entry? {
        guard let id = json["id"]?.int, let recipient = json["recipient"]?.string else { return nil }
        return Entry(id: id, recipient: recipient, subject: json["subject"]?.string ?? "")
    }

    func message(_ id: Int) async throws -> Message {
        let target = "/dev/inbox/\(id)"
        let json = try PinpointClient.json(try await client.open("GET", client.url + target), "GET \(target)")
        func header(_ name: String) -> String? {
            (json["headers"]?.array ?? []).first { $0["name"]?.string == name }?["value"]?.string
        }
        let values = (json["html"]?.string ?? "").split(separator: "\"")
        guard let pixel = values.first(where: { $0.contains("/t/o/") }),
            let link = values.first(where: { $0.contains("/t/c/") }),
            let list = header("List-Unsubscribe")?.split(separator: ">").first?.split(separator: "<").last,
            header("List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
        else {
            throw Fault(.integrity, "message \(id) lacks its pixel, its tracked link or its one-click headers")
        }
        return Message(pixel: String(pixel), link: String(link), unsubscribe: String(list))
    }
}
