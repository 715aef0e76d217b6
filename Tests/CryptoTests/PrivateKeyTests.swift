import Core
import TestKit
import Testing

@testable import Crypto

@Suite struct PrivateKeyTests {
    /// A key of openssl's making, in one of the forms in which keys are handed out.
    private func made(_ arguments: [String]) async throws -> String {
        let process = try ChildProcess("openssl", arguments)
        #expect(try await process.waitForExit() == 0)
        let lines = process.output.drop { !$0.hasPrefix("-----BEGIN") || $0.contains("PARAMETERS") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let p256 = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]

    @Test(arguments: [0, 1, 2, 3])
    func `a key is read however a form has bent it`(form: Int) async throws {
        let pem = try await made(Self.p256)
        let body = pem.split(separator: "\n").filter { !$0.hasPrefix("-----") }
        let text =
            switch form {
            case 0: pem
            case 1: pem.replacing("\n", with: "\\n")
            case 2: pem.replacing("\n", with: " ")
            case _: body.joined()
            }
        let key = try PrivateKey(pem: text)
        #expect(key.kind == .p256)
        #expect(try key.publicPoint == PrivateKey(pem: pem).publicPoint)
    }

    @Test func `older forms of keys are read too`() async throws {
        let ec = try await made(["ecparam", "-name", "prime256v1", "-genkey"])
        #expect(ec.contains("EC PRIVATE KEY"))
        #expect(try PrivateKey(pem: ec).kind == .p256)
        let rsa = try await made(["genrsa", "-traditional", "2048"])
        #expect(rsa.contains("RSA PRIVATE KEY"))
        #expect(try PrivateKey(pem: rsa).kind == .rsa)
    }

    @Test func `keys of other kinds and what is no key are refused`() async throws {
        let weak = try await made(["genrsa", "1024"])
        let curve = try await made(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"])
        let locked = try await made(Self.p256 + ["-aes256", "-pass", "pass:secret"])
        for text in [
            weak, curve, locked, "", "-----BEGIN PRIVATE KEY-----", "AAAA", String(repeating: "A", count: 70_000),
        ] {
            let fault = #expect(throws: Fault.self) { try PrivateKey(pem: text) }
            #expect(fault?.code == .invalid)
        }
        #expect(throws: Fault.self) { try PrivateKey(p256Scalar: [UInt8](repeating: 0, count: 32)) }
        #expect(throws: Fault.self) { try PrivateKey(p256Scalar: [1]) }
    }

    @Test func `agreement refuses what is no point of the curve`() throws {
        let (mine, other) = (try PrivateKey.p256(), try PrivateKey.p256())
        #expect(try mine.agree(with: other.publicPoint) == other.agree(with: mine.publicPoint))
        var bent = other.publicPoint
        bent[64] ^= 1
        for point in [bent, Array(other.publicPoint.dropLast()), [UInt8](repeating: 0, count: 65), []] {
            #expect(throws: Fault.self) { try mine.agree(with: point) }
        }
    }

    @Test func `a certificate must be its key's, as PEM or as p12`() async throws {
        let directory = try ScratchDirectory()
        let (key, cert) = ("\(directory.path)/key.pem", "\(directory.path)/cert.pem")
        func openssl(_ arguments: [String]) async throws -> [String] {
            let process = try ChildProcess("openssl", arguments)
            #expect(try await process.waitForExit() == 0)
            return process.output
        }
        _ = try await openssl([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/UID=com.example/CN=push",
            "-keyout",
            key, "-out", cert,
        ])
        let certificate = try directory.lines(of: "cert.pem").joined(separator: "\n")
        let privateKey = try directory.lines(of: "key.pem").joined(separator: "\n")
        let whole = try ClientCertificate(certificate: certificate, privateKey: privateKey)
        _ = try await openssl([
            "pkcs12", "-export", "-inkey", key, "-in", cert, "-passout", "pass:pass word", "-out",
            "\(directory.path)/p12",
        ])
        let p12 = try await openssl(["base64", "-in", "\(directory.path)/p12"]).joined(separator: "\n")
        #expect(try ClientCertificate(certificate: p12, privateKey: nil, password: "pass word") == whole)
        #expect(throws: Fault.self) { try ClientCertificate(certificate: p12, privateKey: nil, password: "other") }
        let stranger = try await made(Self.p256)
        let fault = #expect(throws: Fault.self) {
            try ClientCertificate(certificate: certificate, privateKey: stranger)
        }
        #expect(fault?.publicMessage == "The private key is not the certificate's")
        #expect(throws: Fault.self) { try ClientCertificate(certificate: "no", privateKey: privateKey) }
    }
}
