import Core
import Glibc
import Runtime

/// What the benchmarks print: Markdown, so that a run can be kept as it is.
enum Report {
    static func line(_ text: String = "") {
        var rest = Array((text + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// `12,345`, or two decimals below 100.
    static func number(_ value: Double) -> String {
        guard value >= 100 else { return fixed(value, 2) }
        let digits = Array(String(Int(value.rounded())))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }

    static func fixed(_ value: Double, _ decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let scaled = Int((abs(value) * scale).rounded())
        let fraction = String(scaled % Int(scale))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(scaled)" }
        return "\(sign)\(scaled / Int(scale)).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
    }

    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }

    /// `p` of 0…1; the sample at or above it.
    static func percentile(_ values: [Double], _ p: Double) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * p))]
    }

    /// A line of a latency's distribution, in milliseconds.
    static func latency(_ name: String, _ milliseconds: [Double]) {
        let figures = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("most", 1)].map { name, p in
            "\(name) \(fixed(percentile(milliseconds, p), 2))"
        }
        line("\(name), \(milliseconds.count) samples, ms: \(figures.joined(separator: ", "))")
        line()
    }

    /// Date, processor and load: without them no figure means anything later.
    static func machine() {
        let model = text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") } ?? ""
        let name = model.split(separator: ":").last.map { $0.drop { $0 == " " } } ?? "?"
        let load = text("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ")
        line("# Benchmark run, \(SystemEnvironment.realNow())")
        line()
        line("\(name), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores; load average before the run \(load)")
        line()
    }

    static func text(_ path: String) -> String {
        SmallFile.read(path, limitBytes: 1 << 20).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
