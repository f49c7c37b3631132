import Foundation
import WanggeCore
import XCTest

/// Phones of one grid and the real server, over HTTP on this machine.
final class SyncTests: XCTestCase {
    private var directory: URL!
    private var server: Server!

    private let address = [
        text("address.estate", "阳光花园"),
        text("address.building", "3号楼"),
        text("address.room", "501"),
    ]

    override func setUpWithError() throws {
        directory = try makeDirectory(for: self)
        server = try Server.start(data: directory.appendingPathComponent("server"))
    }

    override func tearDown() {
        server?.stop()
    }

    private func phone(_ name: String) throws -> Core {
        try openCore(directory.appendingPathComponent(name), name: name)
    }

    func testAHouseholdReachesTheServerAndASecondPhoneAndAConflictIsSettled() async throws {
        let (grid, person) = try server.makeGridWithWorker("王小明")
        let (first, second) = (try phone("甲"), try phone("乙"))

        // Enrolment.
        let enrolment = try await first.enrol(link: server.makeEnrolmentLink(person))
        XCTAssertEqual(enrolment.personName, "王小明")
        XCTAssertEqual(enrolment.person, person)
        let kept = try await first.enrolment()
        XCTAssertEqual(kept, enrolment)
        let grids = try await first.grids()
        XCTAssertEqual(grids.map(\.grid), [grid])

        // A household, offline.
        let member = first.newEntryId()
        let edits =
            address + [
                text("contact.name", "李雷"),
                text("contact.phone", "138 0013 8000"),
                text("members.\(member).name", "韩梅梅"),
                FieldEdit(path: "point.longitude", value: .number(value: 117.02)),
                FieldEdit(path: "point.latitude", value: .number(value: 36.65)),
            ]
        let id = try await first.createRecord(kind: .household, grid: grid, edits: edits)
        try await assertState(first, id, .onPhone)
        let counts = try await first.countStates()
        XCTAssertEqual(counts, StateCounts(onPhone: 1, atServer: 0, needsAttention: 0))
        let household = try await first.household(id: id)
        XCTAssertEqual(household.contact.phone, "13800138000")
        XCTAssertEqual(household.members.map(\.id), [member])
        XCTAssertEqual(household.members.map(\.name), ["韩梅梅"])
        XCTAssertEqual(household.point?.longitude, 117.02)

        // Lists and search.
        for words in ["阳光", "韩梅梅", "李雷 501", "8000"] {
            let rows = try await first.listRecords(query: RecordQuery(text: words))
            XCTAssertEqual(rows.map(\.summary.title), ["阳光花园3号楼501"], words)
        }
        let none = try await first.listRecords(query: RecordQuery(text: "月亮"))
        XCTAssertEqual(none, [])

        // To the server.
        let listener = FakeListener()
        let report = try await first.sync(listener: listener).wait()
        XCTAssertEqual(report.receipted, 1)
        XCTAssertEqual(report.refused, 0)
        try await assertState(first, id, .atServer)
        XCTAssertEqual(listener.phases.last, .done)
        XCTAssertTrue(listener.phases.contains(.pushing))
        XCTAssertEqual(first.syncStatus().lastReport, report)

        // To the second phone.
        let other = try await second.enrol(link: server.makeEnrolmentLink(person))
        XCTAssertNotEqual(other.device, enrolment.device)
        _ = try await second.sync().wait()
        try await assertState(second, id, .atServer)
        try await assertContactPhone(second, id, "13800138000")
        let found = try await second.listRecords(query: RecordQuery(text: "韩梅梅"))
        XCTAssertEqual(found.map(\.id), [id])

        // Both change the number without knowing of each other.
        try await first.editRecord(id: id, edits: [text("contact.phone", "13900139000")])
        try await second.editRecord(id: id, edits: [text("contact.phone", "13700137000")])
        _ = try await first.sync().wait()
        let met = try await second.sync().wait()
        XCTAssertEqual(met.newConflicts, 1)
        _ = try await first.sync().wait()
        for core in [first, second] {
            let view = try await unwrap(core.findRecord(id: id))
            XCTAssertEqual(view.row.state, .needsAttention)
            XCTAssertEqual(view.conflicts.map(\.path), ["contact.phone"])
            let candidates = view.conflicts.flatMap(\.candidates)
            XCTAssertEqual(candidates.count, 2)
            for number in ["13900139000", "13700137000"] {
                XCTAssertTrue(candidates.contains { $0.value == .text(value: number) })
            }
            XCTAssertEqual(candidates.filter(\.mine).count, 1)
        }

        // One settles it, for both.
        try await first.settleConflict(
            id: id, path: "contact.phone", value: .text(value: "13700137000"))
        _ = try await first.sync().wait()
        _ = try await second.sync().wait()
        for core in [first, second] {
            try await assertContactPhone(core, id, "13700137000")
            let view = try await unwrap(core.findRecord(id: id))
            XCTAssertEqual(view.conflicts, [])
            XCTAssertEqual(view.row.state, .atServer)
            XCTAssertEqual(view.history.count, 4)
        }
    }

    func testAnIncidentGetsItsCaseNumberFromTheServer() async throws {
        let (grid, person) = try server.makeGridWithWorker("李雷")
        let core = try phone("甲")
        _ = try await core.enrol(link: server.makeEnrolmentLink(person))
        let id = try await core.createRecord(
            kind: .incident,
            grid: grid,
            edits: [
                text("title", "路灯不亮"),
                text("urgency", "normal"),
                FieldEdit(path: "occurred_at", value: .time(value: 1_767_225_600_000)),
            ])
        _ = try await core.sync().wait()
        let incident = try await core.incident(id: id)
        XCTAssertFalse(incident.case.number.isEmpty, "\(incident)")
        XCTAssertEqual(incident.case.state, "reported")
        XCTAssertNotNil(incident.case.receivedAt)
        XCTAssertEqual(incident.occurredAt, 1_767_225_600_000)
        // The number is the server's to give.
        let error = await errorOf {
            try await core.editRecord(id: id, edits: [text("case.number", "1")])
        }
        guard case .Invalid("case.number", "server_owned", _, _) = error else {
            return XCTFail("\(String(describing: error))")
        }
    }

    func testWhomOneReportsToTheWorkCardAndAQuizAreThereWithoutANetwork() async throws {
        let (grid, person) = try server.makeGridWithWorker("孙网格")
        try server.addHead(grid, "王网格", phone: "13800138000")
        let core = try phone("甲")
        _ = try await core.enrol(link: server.makeEnrolmentLink(person))
        let before = try await core.workCard()
        XCTAssertNil(before)
        _ = try await core.sync().wait()
        let line = try await core.lineOfReport(grid: grid)
        let step = try unwrap(line.steps.first)
        XCTAssertEqual(step.name, Texts(zh: "网格长", en: "Grid head"))
        XCTAssertEqual(step.people.map(\.name), ["王网格"])
        XCTAssertEqual(step.people.map(\.maskedPhone), ["138****8000"])
        XCTAssertEqual(step.people.map(\.callLink), ["tel:13800138000"])

        let card = try await unwrap(core.workCard())
        XCTAssertEqual(card.name, "孙网格")
        XCTAssertEqual(card.standing, .valid)
        XCTAssertEqual(card.standingText.zh, "有效")
        XCTAssertGreaterThan(try unwrap(card.validUntilMs), card.confirmedAtMs)
        let code = try unwrap(card.code)
        XCTAssertEqual(code.modules.count, Int(code.width * code.width))
        XCTAssertEqual(Array(code.modules.prefix(8)), Array(repeating: true, count: 7) + [false])

        let emergencies = try await core.emergencies(grid: grid)
        XCTAssertEqual(emergencies, [])
        let error = await errorOf {
            try await core.answerRollCall(
                emergency: core.newEntryId(), state: .inPlace, reason: "")
        }
        guard case .Invalid("roll_call", "unknown", let zh, let en) = error else {
            return XCTFail("\(String(describing: error))")
        }
        XCTAssertFalse(zh.isEmpty || en.isEmpty)
        let answers = try await core.rollCallAnswers()
        XCTAssertEqual(answers, [])

        for (room, name) in [("101", "王小明"), ("102", "李雷"), ("103", "韩梅梅")] {
            _ = try await core.createRecord(
                kind: .household,
                grid: grid,
                edits: [
                    text("address.building", "3号楼"),
                    text("address.room", room),
                    text("contact.name", name),
                ])
        }
        let questions = try await core.quiz(grid: grid, seed: 7, questions: 20)
        let again = try await core.quiz(grid: grid, seed: 7, questions: 20)
        XCTAssertEqual(questions, again)
        let lives = questions.filter { $0.kind == "who_lives" }
        XCTAssertEqual(lives.count, 3)
        XCTAssertTrue(lives.flatMap(\.options).allSatisfy { $0.zh.contains("*") })
        try await core.noteQuiz(grid: grid, asked: 3, right: 2)
        let results = try await core.quizResults(grid: grid)
        XCTAssertEqual(results.map(\.asked), [3])
        XCTAssertEqual(results.map(\.right), [2])
    }

    func testAUsedEnrolmentCodeIsRefusedInBothLanguages() async throws {
        let (_, person) = try server.makeGridWithWorker("韩梅梅")
        let link = try server.makeEnrolmentLink(person)
        _ = try await phone("甲").enrol(link: link)
        let late = try phone("乙")
        let error = await errorOf { try await late.enrol(link: link) }
        guard case .Refused("enrolment_code_invalid", let zh, let en) = error else {
            return XCTFail("\(String(describing: error))")
        }
        XCTAssertFalse(zh.isEmpty || en.isEmpty)
    }

    func testASyncThatWaitsForAServerWhichIsGoneCanBeCancelled() async throws {
        let (grid, person) = try server.makeGridWithWorker("王小明")
        let core = try phone("甲")
        _ = try await core.enrol(link: server.makeEnrolmentLink(person))
        let id = try await core.createRecord(kind: .household, grid: grid, edits: address)
        server.stop()
        let listener = FakeListener()
        let session = await core.sync(listener: listener)
        while !listener.phases.contains(.waiting) {
            try await Task.sleep(nanoseconds: 10_000_000)
        }
        session.cancel()
        let error = await errorOf { try await session.wait() }
        XCTAssertEqual(error, .Cancelled)
        XCTAssertEqual(core.syncStatus().lastError, "cancelled")
        try await assertState(core, id, .onPhone)
    }

    private func assertState(
        _ core: Core, _ id: RecordId, _ state: RecordState, line: UInt = #line
    ) async throws {
        let view = try await unwrap(core.findRecord(id: id))
        XCTAssertEqual(view.row.state, state, line: line)
    }

    private func assertContactPhone(
        _ core: Core, _ id: RecordId, _ number: String, line: UInt = #line
    ) async throws {
        let household = try await core.household(id: id)
        XCTAssertEqual(household.contact.phone, number, line: line)
    }

    private func unwrap<T>(_ value: T?) throws -> T {
        try XCTUnwrap(value)
    }
}
