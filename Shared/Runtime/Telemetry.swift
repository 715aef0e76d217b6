/// A metric as declared: its name, what it counts, and its label keys. Declared below and nowhere else.
package struct MetricName: Sendable {
    package enum Kind: Sendable {
        case counter
        case gauge
        /// Upper bounds of the buckets, ascending; seconds for times.
        case histogram([Double])

        var typeName: String {
            switch self {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    package let name: String
    package let help: String
    package let kind: Kind
    package let labels: [String]

    fileprivate init(_ name: String, _ help: String, _ kind: Kind, _ labels: [String] = []) {
        self.name = "needletail_\(name)"
        self.help = help
        self.kind = kind
        self.labels = labels
    }
}

/// Every metric of the product. Labels are route templates, status codes, queues, channels and outcomes: bounded sets, never
/// an id or an address.
extension MetricName {
    private static let seconds: Kind = .histogram([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ])
    private static let sizes: Kind = .histogram([1, 2, 5, 10, 25, 50, 100, 250, 500, 1000])

    package static let all: [MetricName] = [
        httpRequests, httpRequestSeconds, httpConnections, httpConnectionsRefused, httpBadRequests, httpTimeouts,
        httpClientRequests, httpClientSeconds, hookCalls, hookSeconds,
        smtpConnections, smtpMessages, lmtpConnections, lmtpMessages,
        databaseQueries, databaseQuerySeconds, databaseConnections, databaseWaiting, databaseWaitSeconds,
        databaseReconnects,
        jobsClaimed, jobsFinished, jobsFailed, jobsQuarantined, leasesLost, leasesReaped,
        ingestEvents, ingestCommits, ingestCommitSize,
        inboundCalls, inboundEvents, inboundSeconds,
        sendOutcomes, sendWindows, sendWindowSeconds, runsStarted, recipientsPlanned,
        indexRows, indexBytes, indexBehind, indexAnswers, indexLoads, indexKeysRenewed, indexChecks, indexMismatches,
        rollUps, workerFailures, buildInfo,
    ]

    package static let httpRequests = MetricName(
        "http_requests_total", "Requests answered.", .counter, ["route", "status"])
    package static let httpRequestSeconds = MetricName(
        "http_request_seconds", "Time from the request's last byte to the answer.", seconds, ["route"])
    package static let httpConnections = MetricName("http_connections", "Open connections.", .gauge)
    package static let httpConnectionsRefused = MetricName(
        "http_connections_refused_total", "Connections closed because too many were open.", .counter)
    package static let httpBadRequests = MetricName(
        "http_bad_requests_total", "Requests refused by the parser.", .counter, ["status"])
    package static let httpTimeouts = MetricName(
        "http_timeouts_total", "Connections closed at a deadline.", .counter, ["phase"])
    package static let httpClientRequests = MetricName(
        "http_client_requests_total", "Requests sent to others.", .counter, ["outcome"])
    package static let httpClientSeconds = MetricName(
        "http_client_seconds", "Time of requests sent to others.", seconds)
    package static let hookCalls = MetricName(
        "hook_calls_total", "Calls of campaign hooks, each try counted.", .counter, ["kind", "outcome"])
    package static let hookSeconds = MetricName(
        "hook_seconds", "Time of one call of a campaign hook.", seconds, ["kind"])
    package static let smtpConnections = MetricName("smtp_connections", "Open SMTP connections.", .gauge)
    package static let smtpMessages = MetricName(
        "smtp_messages_total", "Messages handed to SMTP.", .counter, ["outcome"])
    package static let lmtpConnections = MetricName("lmtp_connections", "Open connections of mail servers.", .gauge)
    package static let lmtpMessages = MetricName(
        "lmtp_messages_total", "Messages that mail servers brought, by recipient.", .counter, ["outcome"])
    package static let databaseQueries = MetricName("database_queries_total", "Statements run.", .counter, ["outcome"])
    package static let databaseQuerySeconds = MetricName("database_query_seconds", "Time of a statement.", seconds)
    package static let databaseConnections = MetricName("database_connections", "Open connections to Postgres.", .gauge)
    package static let databaseWaiting = MetricName("database_waiting", "Callers that wait for a connection.", .gauge)
    package static let databaseWaitSeconds = MetricName(
        "database_wait_seconds", "Time a caller waited for a connection.", seconds)
    package static let databaseReconnects = MetricName(
        "database_reconnects_total", "Connections to Postgres lost and made again.", .counter)
    package static let jobsClaimed = MetricName("jobs_claimed_total", "Jobs claimed.", .counter, ["queue"])
    package static let jobsFinished = MetricName("jobs_finished_total", "Jobs finished.", .counter, ["queue"])
    package static let jobsFailed = MetricName("jobs_failed_total", "Attempts that failed.", .counter, ["queue"])
    package static let jobsQuarantined = MetricName(
        "jobs_quarantined_total", "Jobs given up as poison.", .counter, ["queue"])
    package static let leasesLost = MetricName("leases_lost_total", "Leases found taken over.", .counter, ["queue"])
    package static let leasesReaped = MetricName("leases_reaped_total", "Expired leases returned.", .counter)
    package static let ingestEvents = MetricName("ingest_events_total", "Events taken.", .counter, ["outcome"])
    package static let ingestCommits = MetricName("ingest_commits_total", "Group commits.", .counter)
    package static let ingestCommitSize = MetricName("ingest_commit_requests", "Requests in one group commit.", sizes)
    package static let inboundCalls = MetricName(
        "inbound_calls_total", "Calls of providers.", .counter, ["kind", "outcome"])
    package static let inboundEvents = MetricName(
        "inbound_events_total", "What calls of providers said, by what became of it.", .counter, ["outcome"])
    package static let inboundSeconds = MetricName(
        "inbound_seconds", "Time from a provider's call to the end of the work on it.", seconds)
    package static let sendOutcomes = MetricName(
        "send_outcomes_total", "Outcomes recorded.", .counter, ["channel", "outcome"])
    package static let sendWindows = MetricName("send_windows_total", "Windows fired.", .counter, ["channel"])
    package static let sendWindowSeconds = MetricName(
        "send_window_seconds", "Time of a window from fired to outcomes.", seconds, ["channel"])
    package static let runsStarted = MetricName("runs_started_total", "Campaign runs started.", .counter)
    package static let recipientsPlanned = MetricName("recipients_planned_total", "Recipients fanned out.", .counter)
    package static let indexRows = MetricName("index_rows", "Endpoints held in column indexes.", .gauge)
    package static let indexBytes = MetricName("index_bytes", "Memory of column indexes.", .gauge, ["part"])
    package static let indexBehind = MetricName(
        "index_behind_milliseconds", "Since the column index that is furthest behind held all that was committed.",
        .gauge)
    package static let indexAnswers = MetricName(
        "segment_estimates_total", "Estimates answered.", .counter, ["source"])
    package static let indexLoads = MetricName("index_loads_total", "Column indexes loaded.", .counter)
    package static let indexKeysRenewed = MetricName(
        "index_keys_renewed_total", "Endpoints that column indexes read again because they changed.", .counter)
    package static let indexChecks = MetricName(
        "index_checks_total", "Comparisons of a column index with the tables.", .counter)
    package static let indexMismatches = MetricName(
        "index_mismatches_total", "Column indexes that differed from the tables and were loaded again.", .counter)
    package static let rollUps = MetricName("roll_ups_total", "Change-log rows rolled up.", .counter)
    package static let workerFailures = MetricName(
        "worker_failures_total", "Background workers that threw and were started again.", .counter, ["worker"])
    package static let buildInfo = MetricName("up", "1 while the process runs.", .gauge, ["process"])
}
