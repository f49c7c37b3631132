// swift-tools-version: 6.0
//
// The iPhone app's packages. On Apple systems the Rust core comes as an
// XCFramework; on Linux the same targets link the library cargo built, so that
// everything without a screen is built and tested there.
import PackageDescription

#if os(Linux)
// Where cargo left libwangge_ffi.so.
let libraries =
    Context.environment["WANGGE_LIB_DIR"] ?? "\(Context.packageDirectory)/../target/debug"

let rustLibrary: Target = .systemLibrary(
    name: "wangge_ffiFFI",
    path: "generated/swift/wangge_ffiFFI"
)
let rustLinker: [LinkerSetting] = [
    .linkedLibrary("wangge_ffi"),
    .unsafeFlags(["-L", libraries, "-Xlinker", "-rpath", "-Xlinker", libraries]),
    // libswiftObservation.so of the packaged 6.0 toolchain lacks a symbol nobody calls.
    .unsafeFlags(["-Xlinker", "--allow-shlib-undefined"]),
]
#else
// Made by scripts/build-xcframework.
let rustLibrary: Target = .binaryTarget(
    name: "wangge_ffiFFI",
    path: "generated/wangge_ffiFFI.xcframework"
)
let rustLinker: [LinkerSetting] = []
#endif

let package = Package(
    name: "wangge",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [
        .library(name: "WanggeCore", targets: ["WanggeCore"])
    ],
    targets: [
        rustLibrary,
        // Written by `cargo xtask bindings swift`, never committed.
        .target(
            name: "WanggeCore",
            dependencies: ["wangge_ffiFFI"],
            path: "generated/swift/WanggeCore",
            // The generated async callbacks crash the 6.0 compiler in Swift 6 mode.
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: rustLinker
        ),
        .testTarget(
            name: "WanggeCoreTests",
            dependencies: ["WanggeCore"],
            path: "Tests/WanggeCoreTests",
            swiftSettings: [.swiftLanguageMode(.v5)]
        ),
    ]
)
