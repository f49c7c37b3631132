import Foundation
import WanggeCore

/// The real server in a process of its own, and its command line.
final class Server {
    struct Failed: Error {
        let what: String
    }

    private static let program: String = {
        let environment = ProcessInfo.processInfo.environment
        if let program = environment["WANGGE_SERVER"] { return program }
        let shell = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let libraries =
            environment["WANGGE_LIB_DIR"] ?? shell.appendingPathComponent("../target/debug").path
        return "\(libraries)/wangge"
    }()

    private let process: Process
    private let data: URL
    private var grids = 0

    private init(process: Process, data: URL) {
        self.process = process
        self.data = data
    }

    /// Starts a server on a free port of this machine, without TLS.
    static func start(data: URL) throws -> Server {
        let (process, output) = make([
            "serve", "--listen", "127.0.0.1:0", "--tls", "false", "--public-register", "true",
            "--data", data.path,
        ])
        try process.run()
        // One line and no more: what follows is short enough to stay in the pipe.
        var line = Data()
        while let byte = try output.read(upToCount: 1), byte != Data("\n".utf8), !byte.isEmpty {
            line.append(byte)
        }
        let said = String(decoding: line, as: UTF8.self)
        guard said.hasPrefix("listening http://127.0.0.1:") else {
            process.terminate()
            throw Failed(what: "the server said \(said)")
        }
        return Server(process: process, data: data)
    }

    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }

    /// A new grid with one worker.
    func makeGridWithWorker(_ name: String) throws -> (GridId, PersonId) {
        grids += 1
        // 千佛山社区, grids 001, 002, …, urban.
        let community = "370102002008"
        if grids == 1 {
            _ = try admin(
                "node", "create", "--level", "community", "--name", "千佛山社区", "--code",
                community)
        }
        let code = "37010200200008" + String(format: "%03d", grids) + "01"
        let grid = try admin(
            "node", "create", "--level", "grid", "--name", "第\(grids)网格", "--code", code,
            "--parent", community)
        let person = try admin(
            "person", "create", "--name", name, "--trained-on", "2026-01-01")
        let (gridId, personId) = (try value("id", of: grid), try value("id", of: person))
        _ = try admin(
            "assign", "--person", personId, "--node", gridId, "--role", "grid_worker")
        return (gridId, personId)
    }

    /// Somebody at the head of a grid, with this number.
    func addHead(_ grid: GridId, _ name: String, phone: String) throws {
        let person = try admin(
            "person", "create", "--name", name, "--phone", phone, "--trained-on", "2026-01-01")
        _ = try admin(
            "assign", "--person", value("id", of: person), "--node", grid, "--role", "grid_head")
    }

    /// What the QR code for a new phone says.
    func makeEnrolmentLink(_ person: PersonId) throws -> String {
        try value("link", of: admin("enrol", "--person", person))
    }

    private func admin(_ arguments: String...) throws -> [String: Any] {
        let (process, output) = Self.make(["admin"] + arguments + ["--data", data.path, "--json"])
        try process.run()
        let printed = try output.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0,
            let json = try JSONSerialization.jsonObject(with: printed) as? [String: Any]
        else { throw Failed(what: "\(arguments) ended with \(process.terminationStatus)") }
        return json
    }

    private func value(_ name: String, of json: [String: Any]) throws -> String {
        guard let text = json[name] as? String else { throw Failed(what: "no \(name) in \(json)") }
        return text
    }

    private static func make(_ arguments: [String]) -> (Process, FileHandle) {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.standardOutput = output
        return (process, output.fileHandleForReading)
    }
}
