/// Core ← L1 ← L2 ← L3 ← services. The compiler sees a missing dependency in Package.swift only when nothing else brings the
/// module in, so that the direction needs a test of its own.
enum ImportRule {
    static let layers: [String: Int] = [
        "Core": 0,
        "EventLoop": 1, "Runtime": 1, "Crypto": 1, "Compression": 1, "Postgres": 1, "HTTPServer": 1, "HTTPClient": 1,
        "Mail": 1, "LMTP": 1,
        "PinpointAPI": 2, "Templates": 2, "Segments": 2, "Columns": 2, "Jurisdictions": 2, "Replies": 2, "Queue": 2,
        "Model": 2,
        "Access": 3, "Hosting": 3, "Providers": 3, "Delivery": 3,
    ]
    static let serviceLayer = 4
    static let services: Set<String> = [
        "IngestAPI", "SegmentService", "CampaignScheduler", "DeliveryEmail", "DeliverySMS", "DeliveryPush",
        "DeliveryVoice",
        "DeliveryCustom", "InboundReply", "AnalyticsAggregator", "Needletail",
    ]
    static let cLibraries: Set<String> = ["CLinux", "CPostgres", "CCurl", "COpenSSL", "CZlib", "CGMime"]
    static let systemModules: Set<String> = ["Glibc", "Synchronization", "FoundationEssentials"]
    /// Foundation brings ICU: 39 MB on disk and several of memory in each process.
    static let foundationAllowed: Set<String> = []

    static func findings(in file: SourceFile) -> [Finding] {
        guard file.isProduct else { return [] }
        return imports(in: file).compactMap { line, module in
            message(for: module, in: file).map { Finding(path: file.path, line: line, message: $0) }
        }
    }

    private static func message(for module: String, in file: SourceFile) -> String? {
        if systemModules.contains(module) { return nil }
        if module == "Foundation" {
            return foundationAllowed.contains(file.path)
                ? nil : "Foundation is not for product code; use FoundationEssentials"
        }
        guard let own = file.path.hasPrefix("Services/") ? serviceLayer : layers[file.module] else {
            return "the module \(file.module) has no layer; add it to ImportRule"
        }
        if cLibraries.contains(module) { return own == 1 ? nil : "only L1 modules import C (\(module))" }
        if services.contains(module) { return "nothing imports a service (\(module))" }
        guard let imported = layers[module] else { return "the module \(module) has no layer; add it to ImportRule" }
        return imported <= own ? nil : "\(file.module) (layer \(own)) imports \(module) (layer \(imported))"
    }

    /// Line and module of each import: `package import struct A.B` imports A.
    static func imports(in file: SourceFile) -> [(line: Int, module: String)] {
        let kinds: Set<Substring> = ["struct", "class", "enum", "func", "var", "let", "protocol", "typealias"]
        let code = file.code.split(separator: "\n", omittingEmptySubsequences: false)
        return file.search.lines(with: "import").compactMap { number in
            let line = code[number - 1]
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let place = words.firstIndex(of: "import"), place <= 2, place + 1 < words.count else { return nil }
            let leading = words[..<place]
            let accesses: Set<Substring> = [
                "package", "internal", "private", "fileprivate", "public", "@testable", "@preconcurrency",
            ]
            guard leading.allSatisfy(accesses.contains) else { return nil }
            var name = words[place + 1]
            if kinds.contains(name), place + 2 < words.count { name = words[place + 2] }
            return (number, String(name.split(separator: ".")[0]))
        }
    }
}
