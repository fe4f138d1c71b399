// swift-tools-version: 6.2
import PackageDescription

/// Every target is compiled alike: Swift 6 mode with its strict concurrency, imports that say what they expose,
/// existentials that are visible as `any`, and no warning left standing.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

/// A library target of this package; `Sources/README.md` says what lives in each, and some have a README of their own.
func library(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: settings)
}

func executable(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The tests of one library; all share the vectors, the seeded random source and the in-memory networks of `Tests/Support`.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["Support"], swiftSettings: settings)
}

let package = Package(
    name: "swift-ike",
    products: [
        .executable(name: "iked", targets: ["iked"]),
        .executable(name: "ikectl", targets: ["ikectl"]),
    ],
    targets: [
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .target(name: "CLinux"),
        library("Inet"),
        library("IKEWire", ["Inet"]),
        library("IKECrypto", ["COpenSSL", "IKEWire"]),
        library("IKECore", ["IKECrypto", "IKEWire", "Inet"]),
        library("ESP", ["IKECrypto", "IKEWire", "Inet"]),
        library("RADIUS", ["IKECrypto", "IKEWire", "Inet"]),
        library("LinuxNet", ["CLinux", "Inet"]),
        library("DataPlane", ["ESP", "LinuxNet", "IKECrypto", "IKEWire", "Inet"]),
        library("SwanConf", ["IKEWire", "Inet"]),
        library("VICI", exclude: ["README.md"]),
        library(
            "Daemon",
            ["VICI", "SwanConf", "DataPlane", "LinuxNet", "ESP", "RADIUS", "IKECore", "IKECrypto", "IKEWire", "Inet"]
        ),
        executable("iked", ["Daemon"]),
        library("Control", ["VICI", "SwanConf", "IKECrypto", "IKEWire", "Inet"], exclude: ["README.md"]),
        executable("ikectl", ["Control"]),

        .target(
            name: "Support",
            dependencies: ["RADIUS", "IKECore", "IKECrypto", "IKEWire", "Inet", "COpenSSL"],
            path: "Tests/Support",
            swiftSettings: settings
        ),
        tests("InetTests", ["Inet"]),
        tests("IKEWireTests", ["IKEWire", "Inet"]),
        tests("IKECryptoTests", ["IKECrypto", "IKEWire", "Inet"]),
        tests("IKECoreTests", ["IKECore", "IKECrypto", "IKEWire", "Inet"]),
        tests("SimulationTests", ["IKECore", "IKECrypto", "IKEWire", "Inet"]),
        tests("ESPTests", ["ESP", "IKECrypto", "IKEWire", "Inet", "COpenSSL"]),
        tests("RADIUSTests", ["RADIUS", "IKECrypto", "IKEWire", "Inet"]),
        .target(
            name: "LinuxNetSupport",
            dependencies: ["LinuxNet"],
            path: "Tests/LinuxNetSupport",
            swiftSettings: settings
        ),
        tests("LinuxNetTests", ["LinuxNet", "LinuxNetSupport", "Inet"]),
        .target(name: "AllocationCount", path: "Tests/AllocationCount"),
        tests(
            "DataPlaneTests",
            ["DataPlane", "ESP", "LinuxNet", "LinuxNetSupport", "IKECrypto", "IKEWire", "Inet", "AllocationCount"]
        ),
        tests("SwanConfTests", ["SwanConf", "IKEWire", "Inet"]),
        .target(name: "VICISupport", dependencies: ["VICI"], path: "Tests/VICISupport", swiftSettings: settings),
        tests("VICITests", ["VICI", "VICISupport"]),
        tests("ControlTests", ["Control", "VICI", "VICISupport", "SwanConf", "IKECrypto", "IKEWire"]),
        tests(
            "DaemonTests",
            [
                "Daemon", "VICI", "SwanConf", "DataPlane", "LinuxNet", "LinuxNetSupport", "RADIUS", "IKECore",
                "IKECrypto", "IKEWire", "Inet",
            ]
        ),
    ]
)

// A fuzz target needs its own instrumented build of the libraries, which `scripts/fuzz` makes; an ordinary build has none.
if Context.environment["FUZZ"] != nil {
    package.targets.append(
        .target(
            name: "FuzzDriver",
            dependencies: ["IKEWire"],
            path: "Tests/Fuzz/FuzzDriver",
            swiftSettings: settings
        )
    )
    for (name, dependencies) in [
        ("MessageFuzzer", ["IKEWire"]),
        ("EAPFuzzer", ["IKECore", "IKECrypto", "IKEWire", "Support"]),
        ("CertificateFuzzer", ["IKECore", "IKECrypto", "IKEWire", "Support"]),
        ("ConfigurationFuzzer", ["IKECore", "IKECrypto", "IKEWire", "Inet", "Support"]),
        ("RADIUSFuzzer", ["RADIUS", "IKECrypto", "IKEWire"]),
    ] as [(String, [Target.Dependency])] {
        package.targets.append(
            .executableTarget(
                name: name,
                dependencies: dependencies + ["FuzzDriver"],
                path: "Tests/Fuzz/\(name)",
                swiftSettings: settings
            )
        )
    }
}

// The simulator is a tool for development: `scripts/simulate` builds it, optimised; an ordinary build has none.
if Context.environment["SIMULATE"] != nil {
    package.targets.append(
        .executableTarget(
            name: "simulate",
            dependencies: ["Support"],
            path: "Tests/Simulate",
            swiftSettings: settings
        )
    )
}
