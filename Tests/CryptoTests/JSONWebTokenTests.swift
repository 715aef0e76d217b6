import Core
import TestKit
import Testing

@testable import Crypto

@Suite struct JSONWebTokenTests {
    @Test(arguments: [
        ("ES256", ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
        ("RS256", ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ])
    func `PyJWT takes our tokens`(algorithm: String, generate: [String]) async throws {
        let directory = try ScratchDirectory()
        let file = "\(directory.path)/key.pem"
        #expect(try await ChildProcess("openssl", generate + ["-out", file]).waitForExit() == 0)
        let key = try PrivateKey(pem: directory.lines(of: "key.pem").joined(separator: "\n"))
        // A signature's r or s has a leading zero byte once in 128.
        for turn in 0..<(algorithm == "ES256" ? 400 : 1) {
            let signature = try key.sign(Array("turn \(turn)".utf8))
            #expect(signature.count == (algorithm == "ES256" ? 64 : 256))
        }
        let claims: JSONObject = ["iss": "TEAM123456", "iat": 1_700_000_000]
        let token = try JSONWebToken.sign(claims, header: ["kid": "KEY1234567"], with: key)
        #expect(!token.contains("="))
        let checker = try ChildProcess(
            "python3", ["\(BuildPaths.repository)/Tests/peers/check_tokens.py", algorithm, file, token])
        #expect(try await checker.waitForExit() == 0, "\(checker.output)")
        let answers = try checker.output.map { try JSON.parse($0) }
        #expect(answers.first?["alg"]?.string == algorithm)
        #expect(answers.first?["kid"]?.string == "KEY1234567")
        #expect(answers.last?.object == claims)
    }
}
