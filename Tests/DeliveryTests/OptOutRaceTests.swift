import Core
import Delivery
import EventLoop
import HTTPClient
import Model
import Postgres
import Providers
import Queue
import Runtime
import TestKit
import Testing

/// Opt-outs that commit while messages leave, through a real SMTP server that takes its time for each: handed a window of 80, it
/// would be busy with it for eight to ten seconds.
@Suite(.database) struct OptOutRaceTests {
    private static let people = 160
    private static let window = 80
    private static let bound = 2.0
    private let fixture: DeliveryFixture

    init() throws {
        fixture = try DeliveryFixture()
    }

    @Test(arguments: [(["--delay=2"], 16), (["--delay=0.4", "--pipelining"], 4), (["--delay=0.4"], 4)])
    func `no message starts later than two seconds after its recipient's opt-out has committed`(
        flags: [String], connections: Int
    ) async throws {
        let test = try TestDatabase.current
        let peer = try await SMTPPeer.start(flags)
        let pool = SMTPPool(
            server: try SMTPServer(url: "smtp://127.0.0.1:\(peer.port)?tls=never"), loop: test.loop,
            environment: test.environment, metrics: test.metrics, maximumConnections: connections)
        try await fixture.start(fixture.plan(), endpoints: Self.people)
        try await fixture.database.execute("UPDATE endpoints SET address_hash = int8send(endpoint_key)")
        let delivery = fixture.delivery(PlainChannel(provider: .smtp(pool)), window: Self.window)
        let isOver = Lock(false)
        async let optOuts = leave(until: isOver)
        try await fixture.drain(delivery)
        isOver.withLock { $0 = true }
        let left = try await optOuts
        await pool.close()
        #expect(try await fixture.sheet()?.open == 0)
        #expect(try await fixture.violations().isEmpty)

        var latencies: [Double] = []
        var received: Set<Int64> = []
        for message in try peer.messages() {
            let to = try #require(message["to"]?.array?.first?.string)
            let key = try #require(Int64(to.dropFirst().prefix { $0 != "@" }))
            #expect(received.insert(key).inserted, "nobody twice")
            guard let optOut = left[key], let at = message["received"]?.number else { continue }
            latencies.append(max(0, at - optOut))
        }
        let late = latencies.filter { $0 > 0 }.sorted()
        let sheet = try #require(try await fixture.sheet())
        func quantile(_ part: Double) -> Int { late.isEmpty ? 0 : Int(late[Int(part * Double(late.count - 1))] * 1000) }
        print(
            "\(flags): \(left.count) opt-outs, \(sheet.total(.suppressed)) honoured; \(late.count) had their message after the "
                + "commit: median \(quantile(0.5)) ms, p99 \(quantile(0.99)) ms, most \(quantile(1)) ms")
        #expect(late.allSatisfy { $0 <= Self.bound })
        #expect(sheet.total(.accepted) == Int64(received.count))
        #expect(sheet.total(.suppressed) + sheet.total(.accepted) == Int64(Self.people))
        // Half of the people wait for more than eight seconds while ten opt out each second.
        #expect(sheet.total(.suppressed) >= 20)
        #expect(latencies.count < left.count)
    }

    /// Ten people a second, in random order, each by one of three ways. When each was about to commit, seconds since 1970.
    private func leave(until isOver: Lock<Bool>) async throws -> [Int64: Double] {
        let database = fixture.database
        let random = SeededRandom(seed: 4)
        var waiting = (1...Int64(Self.people)).map { $0 }
        var left: [Int64: Double] = [:]
        while !isOver.withLock({ $0 }), !waiting.isEmpty {
            let key = waiting.remove(at: Int(random.next() % UInt64(waiting.count)))
            let statement: SQL =
                switch key % 3 {
                case 0: "UPDATE endpoints SET opt_out = 'ALL' WHERE app = \(fixture.app) AND endpoint_key = \(key)"
                case 1:
                    "UPDATE endpoints SET endpoint_status = 'INACTIVE' WHERE app = \(fixture.app) AND endpoint_key = \(key)"
                case _:
                    """
                    INSERT INTO suppressions (app, channel, address_hash, reason, created_at)
                    VALUES (\(fixture.app), 'EMAIL', int8send(\(key)), 'UNSUBSCRIBE', \(fixture.environment.now()))
                    """
                }
            left[key] = Double(SystemEnvironment.realNow().microseconds) / 1_000_000
            try await database.execute(statement)
            try await database.loop.sleep(for: .milliseconds(100))
        }
        return left
    }
}

/// A few words to everybody.
private struct PlainChannel: DeliveryChannel, PreparedRun {
    let queue = JobQueue.email
    let provider: EmailProvider

    func prepare(_ plan: RunPlan) throws -> any PreparedRun { self }

    func deliver(_ sends: [Send], startBefore: Int64) async -> [SendOutcome] {
        let content = Array("Subject: hello\r\n\r\nhello\r\n".utf8)
        let messages = sends.compactMap { send in
            send.recipient.address.flatMap { EmailAddress($0) }.map {
                OutgoingEmail(
                    sender: "shop@example.com", recipient: $0, content: content, token: "t\(send.ordinal)",
                    parts: .init(
                        from: EmailMailbox(address: $0), to: EmailMailbox(address: $0), subject: [], html: nil,
                        text: nil))
            }
        }
        guard messages.count == sends.count else {
            return sends.map { _ in .rejected(.address, detail: "no address", isAddressDead: false) }
        }
        return await provider.deliver(messages, startBefore: startBefore)
    }
}
