import Core
import HTTPServer
import Model
import Postgres

/// A run's recipients as CSV (RFC 4180), streamed a page at a time.
///
/// Every field is in quotes. One that a spreadsheet would take for a formula gets an apostrophe in front, because endpoint and
/// user ids and providers' words come from outside (OWASP, CSV injection).
enum BalanceCSV {
    private static let columns = [
        "EndpointId", "UserId", "Erased", "TreatmentId", "State", "Reason", "PossibleDuplicate", "ProviderReference",
        "Time",
    ]
    private static let pieceBytes = 64 << 10

    static func stream(_ lines: LedgerLines, run: RunID, from database: Database) -> HTTPResponse {
        let headers: HTTPHeaders = [
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": "attachment; filename=\"run-\(run).csv\"",
        ]
        return HTTPResponse(
            status: 200, headers: headers,
            body: .stream { writer in
                var lines = lines
                var piece: [UInt8] = []
                append(columns, to: &piece)
                while let page = try await database.withSession({ try await lines.next(in: $0) }) {
                    for line in page {
                        append(fields(of: line), to: &piece)
                        if piece.count >= pieceBytes {
                            try await writer.write(piece)
                            piece.removeAll(keepingCapacity: true)
                        }
                    }
                }
                try await writer.write(piece)
            })
    }

    private static func fields(of line: LedgerLines.Line) -> [String] {
        [
            line.endpointID ?? "", line.userID ?? "", line.endpointID == nil ? "true" : "false",
            line.treatment == Arms.holdout ? "HOLDOUT" : String(line.treatment), line.state.title, line.reason ?? "",
            line.isPossibleDuplicate ? "true" : "false", line.providerReference ?? "", line.at.description,
        ]
    }

    static func append(_ fields: [String], to bytes: inout [UInt8]) {
        for (index, field) in fields.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "\""))
            switch field.utf8.first {
            case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), UInt8(ascii: "\t"),
                UInt8(ascii: "\r"), UInt8(ascii: "\n"):
                bytes.append(UInt8(ascii: "'"))
            case _: break
            }
            for byte in field.utf8 {
                if byte == UInt8(ascii: "\"") { bytes.append(byte) }
                bytes.append(byte)
            }
            bytes.append(UInt8(ascii: "\""))
        }
        bytes += [0x0D, 0x0A]
    }
}
