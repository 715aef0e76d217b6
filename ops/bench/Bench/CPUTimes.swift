import Glibc

/// Whose processor time it is.
enum CPUShare: String, CaseIterable, Sendable {
    /// Our processes.
    case ours
    case postgres = "Postgres"
    case nginx
    /// Load generator, peers and sinks.
    case client
}

/// Seconds of processor time so far, by whose they are, and of the whole machine.
struct CPUTimes: Sendable {
    private(set) var seconds: [CPUShare: Double] = [:]
    /// All processes of the machine, idle and stolen time left out.
    private(set) var busy = 0.0

    /// `roots` with all their descendants; the benchmark itself counts as `own`.
    static func now(_ roots: [pid_t: CPUShare], own: CPUShare) -> CPUTimes {
        let processes = ProcessEntry.all()
        let byID = Dictionary(processes.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
        var times = CPUTimes()
        for process in processes {
            guard let share = share(of: process, byID, roots, own) else { continue }
            times.seconds[share, default: 0] += process.cpuSeconds
        }
        let fields = Report.text("/proc/stat").split(separator: "\n")[0].split(separator: " ").dropFirst().compactMap {
            Double($0)
        }
        // user nice system idle iowait irq softirq
        if fields.count > 6 {
            times.busy = (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / ProcessEntry.ticks
        }
        return times
    }

    private static func share(
        of process: ProcessEntry, _ byID: [pid_t: ProcessEntry], _ roots: [pid_t: CPUShare], _ own: CPUShare
    ) -> CPUShare? {
        if process.pid == getpid() { return own }
        var ancestor: ProcessEntry? = process
        while let next = ancestor {
            if let share = roots[next.pid] ?? (next.pid == getpid() ? .client : nil) {
                if process.name == "postgres" { return .postgres }
                return process.name == "nginx" ? .nginx : share
            }
            ancestor = byID[next.parent]
        }
        return nil
    }

    static func - (later: CPUTimes, earlier: CPUTimes) -> CPUTimes {
        var difference = CPUTimes()
        for share in CPUShare.allCases {
            difference.seconds[share] = (later.seconds[share] ?? 0) - (earlier.seconds[share] ?? 0)
        }
        difference.busy = later.busy - earlier.busy
        return difference
    }

    subscript(share: CPUShare) -> Double { seconds[share] ?? 0 }
    /// What the measured work cost.
    var total: Double { seconds.values.reduce(0, +) }
    /// Neighbours, the kernel's own threads, rounding.
    var others: Double { max(0, busy - total) }
}

/// One line of the process table.
struct ProcessEntry: Sendable {
    static let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))

    let pid: pid_t
    let parent: pid_t
    let name: String
    /// Its own and that of children it has waited for.
    let cpuSeconds: Double

    /// Nil when the process is gone.
    init?(pid: pid_t) {
        let text = Report.text("/proc/\(pid)/stat")
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 14, let parent = pid_t(fields[1]) else { return nil }
        self.pid = pid
        self.parent = parent
        name = String(text[text.index(after: open)..<close])
        cpuSeconds = fields[11...14].reduce(0) { $0 + (Double($1) ?? 0) } / Self.ticks
    }

    static func all() -> [ProcessEntry] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var entries: [ProcessEntry] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let pid = pid_t(name), let process = ProcessEntry(pid: pid) { entries.append(process) }
        }
        return entries
    }

    static func descendants(of root: pid_t) -> [ProcessEntry] {
        let all = all()
        let byID = Dictionary(all.map { ($0.pid, $0) }, uniquingKeysWith: { first, _ in first })
        return all.filter { process in
            var ancestor: ProcessEntry? = process
            while let next = ancestor {
                if next.pid == root { return true }
                ancestor = byID[next.parent]
            }
            return false
        }
    }

    /// Kilobytes, from smaps_rollup: resident, and with shared pages divided among their users.
    var memory: (resident: Int, proportional: Int) {
        var (resident, proportional) = (0, 0)
        for line in Report.text("/proc/\(pid)/smaps_rollup").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 1, let value = Int(words[1]) else { continue }
            if words[0] == "Rss:" { resident = value }
            if words[0] == "Pss:" { proportional = value }
        }
        return (resident, proportional)
    }
}
