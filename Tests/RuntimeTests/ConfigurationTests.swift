import Core
import Runtime
import Testing

@Suite struct ConfigurationTests {
    private func refusal(_ environment: [String: String]) -> String? {
        do {
            _ = try Configuration(environment: environment, readFile: { _ in Array("from a file\n".utf8) })
            return nil
        } catch {
            return error.publicMessage
        }
    }

    @Test func `an unknown variable is refused and the nearest known one named`() {
        #expect(
            refusal(["NEEDLETAIL_DATABASE_URI": "x"])
                == "NEEDLETAIL_DATABASE_URI is not a setting; did you mean NEEDLETAIL_DATABASE_URL?")
        #expect(
            refusal(["NEEDLETAIL_LISTN": "x"]) == "NEEDLETAIL_LISTN is not a setting; did you mean NEEDLETAIL_LISTEN?")
    }

    @Test func `variables of others are no business of ours`() {
        #expect(refusal(["PATH": "/bin", "NEEDLE": "1", "AWS_ACCESS_KEY_ID": "x"]) == nil)
    }

    @Test(arguments: [
        ("NEEDLETAIL_POOL_SIZE", "0", "NEEDLETAIL_POOL_SIZE must be an integer from 1 to 64, not \"0\""),
        ("NEEDLETAIL_POOL_SIZE", "many", "NEEDLETAIL_POOL_SIZE must be an integer from 1 to 64, not \"many\""),
        ("NEEDLETAIL_ACCOUNT_ID", "12", "NEEDLETAIL_ACCOUNT_ID must be 12 digits, not \"12\""),
        (
            "NEEDLETAIL_LOG_LEVEL", "loud",
            "NEEDLETAIL_LOG_LEVEL must be one of debug, info, warning, error, not \"loud\""
        ),
        ("NEEDLETAIL_LISTEN", "8080", "NEEDLETAIL_LISTEN must be unix:/path or host:port, not \"8080\""),
        (
            "NEEDLETAIL_PUBLIC_URL", "ftp://x",
            "NEEDLETAIL_PUBLIC_URL must be a URL that begins with http:// or https://, not \"ftp://x\""
        ),
        ("NEEDLETAIL_DEV_INBOX", "maybe", "NEEDLETAIL_DEV_INBOX must be 1 or 0, not \"maybe\""),
        (
            "NEEDLETAIL_FAILPOINT", "x:abort",
            "NEEDLETAIL_FAILPOINT must be name:abort@n or name:abort@p0.01, several separated by commas, not \"x:abort\""
        ),
    ])
    func `a bad value is refused with the variable and what is allowed`(name: String, value: String, message: String) {
        #expect(refusal([name: value]) == message)
    }

    @Test(arguments: ["NEEDLETAIL_DATABASE_URL", "NEEDLETAIL_SMTP_URL", "NEEDLETAIL_BOOTSTRAP_KEYS"])
    func `a secret's value never gets into the error`(name: String) throws {
        let message = try #require(refusal([name: "hunter2:hunter2"]))
        #expect(message.contains(name))
        #expect(!message.contains("hunter2"))
    }

    @Test func `a secret may come from a file, without its last line feed`() throws {
        let configuration = try Configuration(
            environment: ["NEEDLETAIL_API_KEY_FILE": "/run/secrets/key"],
            readFile: { $0 == "/run/secrets/key" ? Array("s3cret\n".utf8) : nil })
        #expect(configuration[Settings.apiKey] == "s3cret")
    }

    @Test func `a secret given twice, or in a file that cannot be read, is refused`() {
        #expect(
            refusal(["NEEDLETAIL_API_KEY": "a", "NEEDLETAIL_API_KEY_FILE": "/f"])
                == "NEEDLETAIL_API_KEY and NEEDLETAIL_API_KEY_FILE are both set; give one")
        let fault = #expect(throws: Fault.self) {
            try Configuration(environment: ["NEEDLETAIL_API_KEY_FILE": "/f"], readFile: { _ in nil })
        }
        #expect(fault?.publicMessage.hasPrefix("NEEDLETAIL_API_KEY_FILE: cannot read /f") == true)
    }

    @Test func `an empty variable is as good as none`() throws {
        let configuration = try Configuration(environment: ["NEEDLETAIL_POOL_SIZE": "", "NEEDLETAIL_DATABASE_URL": ""])
        #expect(configuration.poolSize == 4)
        let fault = #expect(throws: Fault.self) { try configuration.databaseURL }
        #expect(fault?.publicMessage.hasPrefix("NEEDLETAIL_DATABASE_URL is not set") == true)
    }

    @Test func `values come out typed`() throws {
        let configuration = try Configuration(environment: [
            "NEEDLETAIL_DATABASE_URL": "postgresql:///db?host=/run/pg",
            "NEEDLETAIL_LISTEN": "unix:/run/needletail/ingest.sock",
            "NEEDLETAIL_PUBLIC_URL": "https://mail.example.com/",
            "NEEDLETAIL_LEASE_TTL_MS": "2000",
            "NEEDLETAIL_SEGMENT_SERVICE_URL": "unix:/run/needletail/segment.sock",
            "NEEDLETAIL_DEV_INBOX": "on",
            "NEEDLETAIL_CLOCK": "1998-07-01T00:00:00Z@2026-11-22T08:00:00Z",
            "NEEDLETAIL_BOOTSTRAP_KEYS":
                "NTKAAAAAAAAAAAAAAAAA:abcdefghijklmnop/+,NTKABBBBBBBBBBBBBBBB:0123456789abcdefgh",
        ])
        #expect(try configuration.databaseURL == "postgresql:///db?host=/run/pg")
        #expect(configuration.publicURL == "https://mail.example.com")
        #expect(configuration.leaseTTL == .seconds(2))
        #expect(configuration.isDevInboxOn)
        #expect(configuration.clock == ClockOffset("1998-07-01T00:00:00Z@2026-11-22T08:00:00Z"))
        #expect(configuration.bootstrapKeys.map(\.secret) == ["abcdefghijklmnop/+", "0123456789abcdefgh"])
        #expect(configuration.logLevel == .info)
    }

    @Test func `business time runs at a constant distance from real time`() throws {
        let clock = try #require(ClockOffset("1998-07-01T00:00:00Z@2026-11-22T08:00:00Z"))
        let real = try #require(ISO8601.parse("2026-11-22T09:30:00Z"))
        #expect((real + clock.offset).description == "1998-07-01T01:30:00.000Z")
        #expect(ClockOffset("1998-07-01T00:00:00Z") == nil)
        #expect(ClockOffset("yesterday@today") == nil)
    }

    @Test(arguments: [
        "short:0123456789abcdef", "NTKAAAAAAAAAAAAAAAAA", "NTKAAAAAAAAAAAAAAAAA:short",
        "NTKA AAAAAAAAAAAAAAA:0123456789abcdef",
        "NTKAAAAAAAAAAAAAAAAA:0123456789abcdef,NTKAAAAAAAAAAAAAAAAA:0123456789abcdef",
        "NTKAAAAAAAAAAAAAAAAA:0123456789abcdef,",
    ])
    func `malformed key pairs are refused`(text: String) {
        #expect(KeyPair.list(text) == nil)
    }

    @Test func `every setting is declared once, documented, and its default is allowed`() {
        #expect(Set(Settings.all.map(\.name)).count == Settings.all.count)
        for setting in Settings.all {
            #expect(setting.name.hasPrefix("NEEDLETAIL_"))
            #expect(setting.doc.hasSuffix("."), "\(setting.name)")
            #expect(setting.default.map(setting.form.accepts) ?? true, "\(setting.name)")
            #expect(Settings.markdown.contains("| `\(setting.name)` |"))
        }
    }
}
