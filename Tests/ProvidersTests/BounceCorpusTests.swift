import Core
import Crypto
import Model
import Providers
import TestKit
import Testing

/// Against flufl.bounce, Mailman's own reader, over its corpus of 115 real bounces of twenty years and as many programs.
@Suite struct BounceCorpusTests {
    private struct Case {
        let name: String
        let isPermanent: Bool
        let isTemporary: Bool
        let kind: Receipt.Kind?
    }

    private func cases() async throws -> [Case] {
        let peer = try ChildProcess("python3", ["\(BuildPaths.repository)/Tests/peers/bounce_verdicts.py"])
        try await peer.waitForLine("done")
        try await peer.waitForExit()
        return try peer.output.filter { $0.hasPrefix("{") }.map { line in
            let json = try JSON.parse(line)
            guard let name = json["name"]?.string, let raw = json["raw"]?.string.flatMap({ Base64.decode($0) }) else {
                throw TestKitError("no case: \(line.prefix(100))")
            }
            let events = InboundMail.events(
                raw: raw, mailFrom: "", rcptTo: ["b+\(InboundMailTests.token)@bounce.test"],
                references: InboundMailTests.references, at: InboundMailTests.at)
            return Case(
                name: name, isPermanent: json["permanent"]?.array?.isEmpty == false,
                isTemporary: json["temporary"]?.array?.isEmpty == false,
                kind: InboundMailTests.receipts(events).first?.kind)
        }
    }

    @Test func `what another reader calls a bounce is one`() async throws {
        let cases = try await cases()
        #expect(cases.count == 115)
        let bounces: Set<Receipt.Kind?> = [.hardBounce, .softBounce, .rejected]
        let permanent = cases.filter { $0.isPermanent && !$0.isTemporary }
        let missed = permanent.filter { !bounces.contains($0.kind) }.map { "\($0.name): \($0.kind?.rawValue ?? "-")" }
        #expect(missed.isEmpty)
        // The other reader asks only whether it failed; full mailboxes, spam and dead domains are no dead addresses for us.
        #expect(permanent.count { $0.kind == .hardBounce } >= 15)
        let hardWarnings = cases.filter { $0.isTemporary && !$0.isPermanent && $0.kind == .hardBounce }.map(\.name)
        #expect(hardWarnings.isEmpty)
    }
}
