import Foundation
import WanggeCore
import XCTest

/// Secrets in memory; a phone keeps them in its keychain.
final class FakeSecretStore: SecretStore, @unchecked Sendable {
    private let lock = NSLock()
    private var secrets: [String: Data] = [:]

    var names: Set<String> { lock.withLock { Set(secrets.keys) } }

    func load(name: String) throws -> Data? {
        lock.withLock { secrets[name] }
    }

    func store(name: String, bytes: Data) throws {
        lock.withLock { secrets[name] = bytes }
    }
}

/// A secret store that fails in the given way.
final class BrokenSecretStore: SecretStore, @unchecked Sendable {
    let error: any Error

    init(_ error: any Error) {
        self.error = error
    }

    func load(name: String) throws -> Data? { throw error }

    func store(name: String, bytes: Data) throws { throw error }
}

/// A key that the core reaches through Swift only, as it does the Secure Enclave's.
final class ShellDeviceKey: DeviceKey, @unchecked Sendable {
    private let key = SoftwareDeviceKey.make()

    func publicKey() throws -> Data {
        try key.publicKey()
    }

    func sign(message: Data) throws -> Data {
        try key.sign(message: message)
    }
}

/// A clock that a test sets; moves on by a second with every look.
final class FakeClock: HostClock, @unchecked Sendable {
    private let lock = NSLock()
    private var now: Timestamp = 1_767_225_600_000

    func nowMs() throws -> Timestamp {
        lock.withLock {
            now += 1_000
            return now
        }
    }
}

/// Keeps what it hears.
final class FakeListener: SyncListener, @unchecked Sendable {
    private let lock = NSLock()
    private var progresses: [SyncProgress] = []

    var phases: [SyncPhase] { lock.withLock { progresses.map(\.phase) } }

    func progress(progress: SyncProgress) throws {
        lock.withLock { progresses.append(progress) }
    }
}

func openCore(
    _ directory: URL,
    secrets: SecretStore = FakeSecretStore(),
    deviceKey: DeviceKey = ShellDeviceKey(),
    clock: HostClock? = nil,
    name: String = "测试手机"
) throws -> Core {
    let options = OpenOptions(
        directory: directory.path,
        appVersion: "0.1.0",
        deviceName: name,
        syntheticIds: true
    )
    return try Core.open(options: options, secrets: secrets, deviceKey: deviceKey, clock: clock)
}

func text(_ path: FieldPath, _ value: String) -> FieldEdit {
    FieldEdit(path: path, value: .text(value: value))
}

/// A folder of one test, removed after it.
func makeDirectory(for test: XCTestCase) throws -> URL {
    let directory = FileManager.default.temporaryDirectory
        .appendingPathComponent("wangge-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    test.addTeardownBlock { try? FileManager.default.removeItem(at: directory) }
    return directory
}

/// The error that `work` ends with; XCTest's own assertion does not wait.
func errorOf<T>(
    file: StaticString = #filePath,
    line: UInt = #line,
    _ work: () async throws -> T
) async -> AppError? {
    do {
        _ = try await work()
        XCTFail("no error", file: file, line: line)
    } catch let error as AppError {
        return error
    } catch {
        XCTFail("another error: \(error)", file: file, line: line)
    }
    return nil
}
