import Core
import Runtime
import Testing

@Suite struct MetricsTests {
    private func text(_ metrics: Metrics) -> String { String(decoding: metrics.exposition(), as: UTF8.self) }

    @Test func `counters and gauges are shown in Prometheus' text form`() {
        let metrics = Metrics()
        metrics.counter(.httpRequests, "GET /v1/apps", "200").increment()
        metrics.counter(.httpRequests, "GET /v1/apps", "200").increment(by: 2)
        metrics.gauge(.databaseConnections).set(5)
        metrics.gauge(.databaseConnections).add(-1)
        #expect(
            text(metrics) == """
                # HELP needletail_database_connections Open connections to Postgres.
                # TYPE needletail_database_connections gauge
                needletail_database_connections 4
                # HELP needletail_http_requests_total Requests answered.
                # TYPE needletail_http_requests_total counter
                needletail_http_requests_total{route="GET /v1/apps",status="200"} 3

                """)
    }

    @Test func `a histogram counts cumulatively and ends with +Inf`() {
        let metrics = Metrics()
        let histogram = metrics.histogram(.ingestCommitSize)
        for value in [1.0, 3, 3, 5000] { histogram.observe(value) }
        let lines = text(metrics).split(separator: "\n").map(String.init)
        #expect(lines.contains("needletail_ingest_commit_requests_bucket{le=\"1.0\"} 1"))
        #expect(lines.contains("needletail_ingest_commit_requests_bucket{le=\"5.0\"} 3"))
        #expect(lines.contains("needletail_ingest_commit_requests_bucket{le=\"1000.0\"} 3"))
        #expect(lines.contains("needletail_ingest_commit_requests_bucket{le=\"+Inf\"} 4"))
        #expect(lines.contains("needletail_ingest_commit_requests_sum 5007.0"))
        #expect(lines.contains("needletail_ingest_commit_requests_count 4"))
    }

    @Test func `label values are escaped`() {
        let metrics = Metrics()
        metrics.counter(.workerFailures, "a\"b\\c\nd").increment()
        #expect(text(metrics).contains(#"{worker="a\"b\\c\nd"} 1"#))
    }

    @Test func `the number of series of one name is bounded`() {
        let metrics = Metrics()
        for index in 0..<Metrics.seriesLimit + 50 { metrics.counter(.workerFailures, "w\(index)").increment() }
        let lines = text(metrics).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count == Metrics.seriesLimit + 1)
        #expect(lines.contains("needletail_worker_failures_total{worker=\"other\"} 50"))
    }

    @Test func `every metric is declared once, with a lawful name`() {
        #expect(Set(MetricName.all.map(\.name)).count == MetricName.all.count)
        for metric in MetricName.all {
            #expect(
                metric.name.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F || (0x30...0x39).contains($0) })
            if case .counter = metric.kind { #expect(metric.name.hasSuffix("_total")) }
            #expect(metric.help.hasSuffix("."))
        }
    }
}
