// swift-tools-version: 6.3
import PackageDescription

// Targets stand in dependency order: Core, then L1 (the only modules that import C), L2, L3, services.
// Tests/TidyTests checks the direction of imports, because the compiler does not.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

func cLibrary(_ name: String, pkgConfig: String? = nil, apt: [String] = []) -> Target {
    .systemLibrary(
        name: name,
        path: "Shared/CLibraries/\(name)",
        pkgConfig: pkgConfig,
        providers: apt.isEmpty ? nil : [.apt(apt)]
    )
}

func shared(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        path: "Shared/\(name)",
        exclude: name == "Postgres" ? ["Migrations"] : [],
        swiftSettings: settings
    )
}

func service(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(
        name: name,
        dependencies: dependencies,
        path: "Services/\(name)",
        exclude: ["README.md"] + (name == "IngestAPI" ? ["sdk"] : []),
        swiftSettings: settings
    )
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)",
        exclude: name == "ProvidersTests" ? ["Fixtures", "README.md"] : [],
        swiftSettings: settings)
}

let foundations: [Target.Dependency] = ["Core", "EventLoop", "Runtime", "Postgres"]
let web: [Target.Dependency] = foundations + ["HTTPServer", "PinpointAPI", "Access", "Model", "Hosting"]

let delivery: [Target.Dependency] = web + ["Crypto", "HTTPClient", "Queue", "Templates", "Providers", "Delivery"]

let package = Package(
    name: "needletail",
    products: [
        .executable(name: "ingest-api", targets: ["IngestAPI"]),
        .executable(name: "segment-service", targets: ["SegmentService"]),
        .executable(name: "campaign-scheduler", targets: ["CampaignScheduler"]),
        .executable(name: "delivery-email", targets: ["DeliveryEmail"]),
        .executable(name: "delivery-sms", targets: ["DeliverySMS"]),
        .executable(name: "delivery-push", targets: ["DeliveryPush"]),
        .executable(name: "delivery-voice", targets: ["DeliveryVoice"]),
        .executable(name: "delivery-custom", targets: ["DeliveryCustom"]),
        .executable(name: "inbound-reply", targets: ["InboundReply"]),
        .executable(name: "analytics-aggregator", targets: ["AnalyticsAggregator"]),
        .executable(name: "needletail", targets: ["Needletail"]),
    ],
    targets: [
        cLibrary("CLinux"),
        cLibrary("CPostgres", pkgConfig: "libpq", apt: ["libpq-dev"]),
        cLibrary("CCurl", pkgConfig: "libcurl", apt: ["libcurl4-openssl-dev"]),
        cLibrary("COpenSSL", pkgConfig: "libcrypto", apt: ["libssl-dev"]),
        cLibrary("CZlib", pkgConfig: "zlib", apt: ["zlib1g-dev"]),
        .target(
            name: "CGMime",
            path: "Shared/CLibraries/CGMime",
            // What `pkg-config --cflags gmime-3.0` says on Debian; SwiftPM would warn of its -pthread and -D in every build.
            cSettings: [
                .unsafeFlags([
                    "-I/usr/include/gmime-3.0", "-I/usr/include/glib-2.0",
                    "-I/usr/lib/x86_64-linux-gnu/glib-2.0/include", "-I/usr/lib/aarch64-linux-gnu/glib-2.0/include",
                ])
            ],
            linkerSettings: ["gmime-3.0", "gobject-2.0", "glib-2.0"].map { .linkedLibrary($0) }
        ),

        // L0
        shared("Core", []),
        // L1
        shared("EventLoop", ["CLinux", "Core"]),
        shared("Runtime", ["CLinux", "Core", "EventLoop"]),
        shared("Crypto", ["COpenSSL", "Core"]),
        shared("Compression", ["CZlib"]),
        shared("Mail", ["CGMime"]),
        shared("Postgres", ["CPostgres", "CLinux", "Core", "EventLoop", "Runtime"]),
        shared("HTTPServer", ["CLinux", "Core", "EventLoop", "Runtime"]),
        shared("HTTPClient", ["CCurl", "CLinux", "Core", "EventLoop", "Runtime"]),
        shared("LMTP", ["CLinux", "Core", "EventLoop", "Runtime", "HTTPServer"]),
        // L2
        shared("PinpointAPI", ["Core", "Crypto", "HTTPServer"]),
        shared("Templates", ["Core", "Crypto"]),
        shared("Segments", ["Core", "PinpointAPI"]),
        shared("Columns", ["Core", "Segments"]),
        shared("Jurisdictions", ["Core"]),
        shared("Replies", ["Core"]),
        shared("Queue", foundations),
        shared(
            "Model",
            foundations + ["Crypto", "Jurisdictions", "PinpointAPI", "Replies", "Templates", "Segments", "Queue"]),
        // L3
        shared("Access", foundations + ["Crypto", "HTTPServer", "PinpointAPI", "Model"]),
        shared(
            "Hosting",
            foundations + ["Crypto", "Compression", "HTTPServer", "HTTPClient", "PinpointAPI", "Model", "Access"]),
        shared(
            "Providers",
            foundations + ["Crypto", "HTTPClient", "HTTPServer", "Mail", "PinpointAPI", "Access", "Model"]),
        shared(
            "Delivery",
            foundations + [
                "Crypto", "HTTPClient", "Jurisdictions", "PinpointAPI", "Segments", "Access", "Hosting", "Providers",
                "Queue", "Model", "Templates",
            ]),
        // Services
        service("IngestAPI", web + ["Crypto", "Queue"]),
        service("SegmentService", web + ["Columns", "Segments"]),
        service(
            "CampaignScheduler",
            web + [
                "Crypto", "HTTPClient", "Delivery", "Jurisdictions", "Providers", "Queue", "Segments", "Templates",
            ]),
        service("DeliveryEmail", delivery),
        service("DeliverySMS", delivery),
        service("DeliveryPush", delivery),
        service("DeliveryVoice", delivery),
        service("DeliveryCustom", delivery),
        service(
            "InboundReply",
            web + ["Crypto", "HTTPClient", "LMTP", "Queue", "Replies", "Templates", "Providers", "Delivery"]),
        service("AnalyticsAggregator", web + ["Queue"]),
        service(
            "Needletail", web + ["Crypto", "HTTPClient", "Queue", "Segments", "Templates", "Providers", "Delivery"]),

        // Tests
        .target(
            name: "TestKit",
            dependencies: foundations + ["Crypto", "HTTPServer", "Queue", "Model"],
            path: "Tests/TestKit",
            swiftSettings: settings
        ),
        tests("CoreTests", ["Core", "TestKit"]),
        tests("EventLoopTests", ["Core", "EventLoop", "TestKit"]),
        tests("RuntimeTests", ["Core", "EventLoop", "Runtime", "TestKit"]),
        tests("CryptoTests", ["Core", "Crypto", "TestKit"]),
        tests("CompressionTests", ["Compression", "Crypto"]),
        tests("MailTests", ["Core", "Mail", "TestKit"]),
        tests("LMTPTests", ["Core", "EventLoop", "Runtime", "HTTPServer", "LMTP", "TestKit"]),
        tests("PostgresTests", ["Core", "Crypto", "EventLoop", "Runtime", "Postgres", "TestKit"]),
        tests("HTTPServerTests", ["CLinux", "Core", "EventLoop", "Runtime", "HTTPServer", "TestKit"]),
        tests("HTTPClientTests", ["CLinux", "Core", "EventLoop", "Runtime", "HTTPServer", "HTTPClient", "TestKit"]),
        tests("PinpointAPITests", ["Core", "PinpointAPI", "HTTPServer", "TestKit"]),
        tests("TemplatesTests", ["Core", "Templates"]),
        tests("SegmentsTests", ["Core", "PinpointAPI", "Segments", "Columns", "Postgres", "Model", "TestKit"]),
        tests("JurisdictionsTests", ["Core", "Runtime", "Jurisdictions", "TestKit"]),
        tests("RepliesTests", ["Core", "Replies", "TestKit"]),
        tests("ColumnsTests", ["Core", "Segments", "Columns", "TestKit"]),
        tests("QueueTests", ["Core", "EventLoop", "Runtime", "Postgres", "Queue", "TestKit"]),
        tests(
            "ModelTests",
            foundations + ["Crypto", "PinpointAPI", "Segments", "Queue", "Model", "Jurisdictions", "TestKit"]
        ),
        tests("AccessTests", foundations + ["Crypto", "HTTPServer", "PinpointAPI", "Model", "Access", "TestKit"]),
        tests("HostingTests", web + ["Crypto", "TestKit"]),
        tests(
            "ProvidersTests",
            foundations + [
                "Crypto", "HTTPClient", "HTTPServer", "Mail", "PinpointAPI", "Access", "Model", "Queue", "Providers",
                "Delivery",
                "TestKit",
            ]),
        tests(
            "DeliveryTests",
            [
                "Core", "EventLoop", "Runtime", "Crypto", "Postgres", "HTTPClient", "Jurisdictions", "PinpointAPI",
                "Queue", "Model", "Templates", "Providers", "Delivery", "TestKit",
            ]),
        tests(
            "InboundReplyTests",
            web + [
                "Crypto", "HTTPClient", "LMTP", "Queue", "Replies", "Templates", "Providers", "Delivery",
                "InboundReply", "TestKit",
            ]),
        tests(
            "CampaignSchedulerTests",
            web + [
                "Crypto", "HTTPClient", "Delivery", "Providers", "Queue", "Segments", "Templates", "CampaignScheduler",
                "TestKit",
            ]
        ),
        tests("AnalyticsAggregatorTests", web + ["Queue", "AnalyticsAggregator", "TestKit"]),
        tests("IngestAPITests", web + ["Crypto", "HTTPClient", "IngestAPI", "TestKit"]),
        tests(
            "SegmentServiceTests",
            web + ["Crypto", "HTTPClient", "Columns", "Segments", "IngestAPI", "SegmentService", "TestKit"]),
        tests("NeedletailTests", ["Core", "Needletail", "TestKit"]),
        tests("TidyTests", ["Core", "Runtime", "Postgres", "PinpointAPI", "Providers"]),
        tests(
            "ScenarioTests",
            [
                "CLinux", "Core", "EventLoop", "Runtime", "Crypto", "Postgres", "HTTPClient", "PinpointAPI", "Model",
                "Access", "TestKit",
            ]),
    ]
)

// The benchmarks need simdjson, which nothing else does: they are part of the package only for `make bench`.
if Context.environment["NEEDLETAIL_BENCH"] != nil {
    package.products.append(.executable(name: "bench", targets: ["Bench"]))
    package.targets += [
        .target(
            name: "CSimdjson",
            path: "ops/bench/simdjson",
            cxxSettings: [.unsafeFlags(["-std=c++17", "-O3"])],
            linkerSettings: [.linkedLibrary("simdjson")]
        ),
        .executableTarget(
            name: "Bench",
            dependencies: foundations + [
                "CLinux", "CPostgres", "CSimdjson", "Crypto", "HTTPClient", "Access", "Queue", "Model", "Segments",
                "Columns", "Providers", "Delivery", "PinpointAPI",
            ],
            path: "ops/bench/Bench",
            swiftSettings: settings
        ),
    ]
}
