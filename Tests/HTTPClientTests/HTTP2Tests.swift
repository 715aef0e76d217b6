import Core
import EventLoop
import Runtime
import TestKit
import Testing

@testable import HTTPClient

/// HTTP/2 over TLS against nginx.
@Suite(.timeLimit(.minutes(1))) struct HTTP2Tests {
    @Test func `streams share one connection, and a stranger's certificate is refused before a byte is sent`()
        async throws
    {
        let directory = try ScratchDirectory()
        let port = try FreePort.next()
        let certificate = try ChildProcess(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=localhost",
                "-keyout", "\(directory.path)/key.pem", "-out", "\(directory.path)/ca.pem", "-addext",
                "subjectAltName=DNS:localhost",
            ])
        #expect(try await certificate.waitForExit() == 0)
        try directory.write(
            "nginx.conf",
            """
            daemon off; master_process off; pid \(directory.path)/pid; error_log \(directory.path)/error.log;
            events { worker_connections 512; }
            http {
                access_log off;
                client_body_temp_path \(directory.path)/body; proxy_temp_path \(directory.path)/proxy;
                fastcgi_temp_path \(directory.path)/fcgi; uwsgi_temp_path \(directory.path)/uwsgi; scgi_temp_path \(directory.path)/scgi;
                server {
                    listen 127.0.0.1:\(port) ssl http2;
                    ssl_certificate \(directory.path)/ca.pem; ssl_certificate_key \(directory.path)/key.pem;
                    location / { return 200 "$server_protocol $connection $request_uri"; }
                }
            }
            """)
        let nginx = try ChildProcess(
            "/usr/sbin/nginx", ["-c", "\(directory.path)/nginx.conf", "-e", "\(directory.path)/error.log"])
        try await nginx.waitForPort(port)
        let client = HTTPClient(environment: TestEnvironment.make(), metrics: Metrics())
        let answers = try await withThrowingTaskGroup(of: String.self) { group in
            for index in 0..<100 {
                group.addTask {
                    let response = try await client.send(
                        ClientRequest(
                            url: "https://localhost:\(port)/\(index)",
                            certificateAuthorityFile: "\(directory.path)/ca.pem"))
                    #expect(response.httpVersion == "2" && response.status == 200)
                    return String(decoding: response.body, as: UTF8.self)
                }
            }
            return try await group.reduce(into: [String]()) { $0.append($1) }
        }
        #expect(answers.count == 100)
        #expect(Set(answers.map { $0.split(separator: " ")[1] }).count <= 2)
        #expect(Set(answers.map { $0.split(separator: " ")[2] }).count == 100)
        do throws(ClientFault) {
            _ = try await client.send(ClientRequest(method: "POST", url: "https://localhost:\(port)/", body: [1]))
            Issue.record("answered")
        } catch {
            #expect(error.reason == .connect && error.isProvenNotSent)
        }
        client.close()
        nginx.kill()
        try await nginx.waitForExit()
    }
}
