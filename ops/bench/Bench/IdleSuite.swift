import Core
import EventLoop

/// What the suite costs when nobody asks anything of it: memory of every process, processor time over a minute.
enum IdleSuite {
    private static let seconds = Int64(BenchContext.scaled(60, step: 1))
    private static let memoryAim = 150.0
    private static let foreign: Set<String> = ["postgres", "nginx", "python3", "sh"]

    static func measure(_ context: BenchContext) async throws {
        let suite = try Suite(context)
        // Starting is not idling.
        try await context.loop.sleep(for: .seconds(5))
        let before = CPUTimes.now(suite.roots, own: .client)
        try await context.loop.sleep(for: .seconds(seconds))
        let cpu = CPUTimes.now(suite.roots, own: .client) - before
        try await memory(context, title: "Idle suite")
        let share = cpu[.ours] + cpu[.postgres] + cpu[.nginx]
        let percent = share / Double(seconds) * 100
        Report.line(
            "**Idle for \(seconds) s: \(Report.fixed(percent, 2)) % of a core** with Postgres (aim < 1 %, "
                + "\(percent < 1 ? "met" : "missed")); ours \(Report.fixed(cpu[.ours], 2)) s, Postgres "
                + "\(Report.fixed(cpu[.postgres], 2)) s, nginx \(Report.fixed(cpu[.nginx], 2)) s"
        )
        Report.line()
    }

    static func afterLoad(_ context: BenchContext) async throws {
        try await memory(context, title: "Memory after the load")
    }

    private static func memory(_ context: BenchContext, title: String) async throws {
        let suite = try Suite(context)
        var rows: [(name: String, resident: Int, proportional: Int, count: Int)] = []
        for process in suite.processes {
            let memory = process.memory
            if let place = rows.firstIndex(where: { $0.name == process.name && foreign.contains(process.name) }) {
                rows[place].resident += memory.resident
                rows[place].proportional += memory.proportional
                rows[place].count += 1
            } else {
                rows.append((process.name, memory.resident, memory.proportional, 1))
            }
        }
        Report.line("## \(title)")
        Report.line()
        Report.line("| process | RSS MB | PSS MB |")
        Report.line("| --- | --- | --- |")
        for row in rows.sorted(by: { $0.name < $1.name }) {
            let name = row.count > 1 ? "\(row.name) (\(row.count))" : row.name
            Report.line("| \(name) | \(megabytes(row.resident)) | \(megabytes(row.proportional)) |")
        }
        Report.line()
        let swift = rows.filter { !foreign.contains($0.name) }.reduce(0) { $0 + $1.proportional }
        let total = Double(swift) / 1024
        Report.line(
            "**PSS of the Swift processes together: \(Report.fixed(total, 1)) MB** (aim ≤ 150 MB idle, "
                + "\(total <= memoryAim ? "met" : "missed"))"
        )
        Report.line()
    }

    private static func megabytes(_ kilobytes: Int) -> String { Report.fixed(Double(kilobytes) / 1024, 1) }
}
