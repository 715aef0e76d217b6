/// Every setting of every process, in the order of the README's table. One registry, so that a sourced
/// `.needletail/env` is never "unknown" to a process that does not use all of it.
package enum Settings {
    package static let all: [Setting] = [
        databaseURL, listen, publicURL, smtpURL, masterKeyFile, accountID, region, clock,
        bootstrapKeys, serviceTokenFile, logLevel, poolSize,
        leaseTTL, window, indexMegabytes, devInbox, devInboxURL,
        lmtpListen, softBounces, softBounceDays,
        outboundAllow, outboundAuthorities, hookHandshake,
        awsRegion, awsAccessKeyID, awsSecretAccessKey, awsSessionToken, awsLambdaURL, awsSNSURL,
        ingestURL, segmentURL, schedulerURL, deliveryEmailURL, deliverySMSURL, deliveryPushURL, deliveryVoiceURL,
        deliveryCustomURL, inboundURL, aggregatorURL,
        home, port, url, apiKey,
        failpoint, testDatabaseURL,
    ]

    package static let databaseURL = Setting(
        "NEEDLETAIL_DATABASE_URL", "The Postgres of the installation, as libpq takes it.",
        isSecret: true, form: .url(["postgresql", "postgres"]))
    package static let listen = Setting(
        "NEEDLETAIL_LISTEN", "Where the process listens.", default: "127.0.0.1:8080", form: .listen)
    package static let publicURL = Setting(
        "NEEDLETAIL_PUBLIC_URL", "Base of tracking and unsubscribe links, as recipients reach it.",
        default: "http://127.0.0.1:8080", form: .url(["http", "https"]))
    package static let smtpURL = Setting(
        "NEEDLETAIL_SMTP_URL", "The SMTP server that takes e-mail; may carry user and password.",
        isSecret: true, form: .url(["smtp", "smtps"]))
    package static let masterKeyFile = Setting(
        "NEEDLETAIL_MASTER_KEY_FILE", "File of 32 random bytes, mode 600: seals secrets and signs links.", form: .path)
    package static let accountID = Setting(
        "NEEDLETAIL_ACCOUNT_ID", "The account in ARNs.", default: "000000000000", form: .digits(12))
    package static let region = Setting(
        "NEEDLETAIL_REGION", "The region in ARNs where no signature names one.", default: "us-east-1")
    package static let clock = Setting(
        "NEEDLETAIL_CLOCK", "Shifts business time by a constant: `<business time>@<real time>`.", form: .clock)
    package static let bootstrapKeys = Setting(
        "NEEDLETAIL_BOOTSTRAP_KEYS", "SigV4 key pairs made at start when absent: `id:secret,id2:secret2`.",
        isSecret: true, form: .keyPairs)
    package static let serviceTokenFile = Setting(
        "NEEDLETAIL_SERVICE_TOKEN_FILE", "File with the token of calls between processes.", form: .path)
    package static let logLevel = Setting(
        "NEEDLETAIL_LOG_LEVEL", "Least level that is logged.", default: "info",
        form: .choice(["debug", "info", "warning", "error"]))
    package static let poolSize = Setting(
        "NEEDLETAIL_POOL_SIZE", "Postgres connections of one process.", default: "4", form: .integer(1...64))
    package static let leaseTTL = Setting(
        "NEEDLETAIL_LEASE_TTL_MS", "How long a claimed job belongs to a worker that is silent, in milliseconds.",
        default: "30000", form: .integer(500...3_600_000))
    package static let window = Setting(
        "NEEDLETAIL_WINDOW", "Messages in flight between two commits of a delivery job.", default: "100",
        form: .integer(1...500))
    package static let indexMegabytes = Setting(
        "NEEDLETAIL_INDEX_MB",
        "Memory of segment-service for column indexes, which count segments; 0: counts come from Postgres.",
        default: "1024", form: .integer(0...1_048_576))
    package static let devInbox = Setting(
        "NEEDLETAIL_DEV_INBOX", "Serves the development inbox at `/dev/inbox`. Never on in production.", default: "0",
        form: .flag)
    package static let devInboxURL = Setting(
        "NEEDLETAIL_DEV_INBOX_URL", "Where the development inbox is read.", form: .url(["http", "https"]))
    package static let lmtpListen = Setting(
        "NEEDLETAIL_LMTP_LISTEN",
        "Where inbound-reply takes mail from a mail server beside it (LMTP); off when not given. It has no login: loopback, a Unix socket, or a private network.",
        form: .listen)
    package static let softBounces = Setting(
        "NEEDLETAIL_SOFT_BOUNCES", "Soft bounces in a row after which an address counts as dead.", default: "5",
        form: .integer(1...1000))
    package static let softBounceDays = Setting(
        "NEEDLETAIL_SOFT_BOUNCE_DAYS", "Days that those bounces must span at least.", default: "7",
        form: .integer(0...365))
    package static let outboundAllow = Setting(
        "NEEDLETAIL_OUTBOUND_ALLOW",
        "What hooks may reach beyond https at public addresses: host names, addresses, ranges (`10.1.0.0/16`), by commas.",
        form: .allowList)
    package static let outboundAuthorities = Setting(
        "NEEDLETAIL_OUTBOUND_CA_FILE",
        "PEM file of certificate authorities that hooks' servers are checked against, instead of the system's.",
        form: .path)
    package static let hookHandshake = Setting(
        "NEEDLETAIL_HOOK_HANDSHAKE",
        "Whether a web hook must answer HEAD with `X-Amz-Pinpoint-AccountId: <account>` before a campaign may name it.",
        default: "1", form: .flag)
    package static let awsRegion = Setting(
        "NEEDLETAIL_AWS_REGION", "Region of Lambda functions that a hook names without one.", default: "us-east-1")
    package static let awsAccessKeyID = Setting(
        "NEEDLETAIL_AWS_ACCESS_KEY_ID", "The key that calls to AWS are signed with: Lambda functions of hooks.")
    package static let awsSecretAccessKey = Setting(
        "NEEDLETAIL_AWS_SECRET_ACCESS_KEY", "Its secret.", isSecret: true)
    package static let awsSessionToken = Setting(
        "NEEDLETAIL_AWS_SESSION_TOKEN", "Its session token, if it is temporary.", isSecret: true)
    package static let awsLambdaURL = Setting(
        "NEEDLETAIL_AWS_ENDPOINT_URL_LAMBDA", "Where Lambda is, if it is not AWS's own.", form: .url(["http", "https"]))
    package static let awsSNSURL = Setting(
        "NEEDLETAIL_AWS_ENDPOINT_URL_SNS", "Where SNS is, if it is not AWS's own.", form: .url(["http", "https"]))
    package static let ingestURL = serviceURL("INGEST_API", "ingest-api")
    package static let segmentURL = serviceURL("SEGMENT_SERVICE", "segment-service")
    package static let schedulerURL = serviceURL("CAMPAIGN_SCHEDULER", "campaign-scheduler")
    package static let deliveryEmailURL = serviceURL("DELIVERY_EMAIL", "delivery-email")
    package static let deliverySMSURL = serviceURL("DELIVERY_SMS", "delivery-sms")
    package static let deliveryPushURL = serviceURL("DELIVERY_PUSH", "delivery-push")
    package static let deliveryVoiceURL = serviceURL("DELIVERY_VOICE", "delivery-voice")
    package static let deliveryCustomURL = serviceURL("DELIVERY_CUSTOM", "delivery-custom")
    package static let inboundURL = serviceURL("INBOUND_REPLY", "inbound-reply")
    package static let aggregatorURL = serviceURL("ANALYTICS_AGGREGATOR", "analytics-aggregator")
    package static let home = Setting(
        "NEEDLETAIL_HOME", "Folder of `up`: data, sockets, logs, pids, `env`.", default: ".needletail", form: .path)
    package static let port = Setting(
        "NEEDLETAIL_PORT", "Port of the gateway under `up`.", default: "8080", form: .integer(1...65_535))
    package static let url = Setting(
        "NEEDLETAIL_URL", "Base URL of the API, for the command line and the demo.", form: .url(["http", "https"]))
    package static let apiKey = Setting(
        "NEEDLETAIL_API_KEY", "API key of the command line and the demo.", isSecret: true)
    package static let failpoint = Setting(
        "NEEDLETAIL_FAILPOINT", "Kills the process at a named point, for tests: `name:abort@n` or `name:abort@p0.01`.",
        form: .failpoint)
    package static let testDatabaseURL = Setting(
        "NEEDLETAIL_TEST_DATABASE_URL", "A Postgres in which tests may create databases.", isSecret: true,
        form: .url(["postgresql", "postgres"]))

    private static func serviceURL(_ name: String, _ service: String) -> Setting {
        Setting(
            "NEEDLETAIL_\(name)_URL", "Where other processes reach \(service).", form: .url(["http", "https", "unix"]))
    }

    /// The README's table, in Markdown.
    package static var markdown: String {
        var lines = ["| variable | default | what it is for |", "| --- | --- | --- |"]
        for setting in all {
            let value = setting.default.map { "`\($0)`" } ?? "–"
            let secret = setting.isSecret ? " Secret; `\(setting.name)_FILE` may name a file instead." : ""
            lines.append("| `\(setting.name)` | \(value) | \(setting.doc)\(secret) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
