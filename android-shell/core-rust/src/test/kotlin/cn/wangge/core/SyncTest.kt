package cn.wangge.core

import java.nio.file.Path
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.assertThrows
import org.junit.jupiter.api.io.TempDir

/** Phones of one grid and the real server, over HTTP on this machine. */
class SyncTest {
    @TempDir lateinit var directory: Path

    private val address =
        listOf(
            text("address.estate", "阳光花园"),
            text("address.building", "3号楼"),
            text("address.room", "501"),
        )

    private fun phone(name: String) = openCore(directory.resolve(name), name = name)

    private suspend fun Core.syncNow(listener: SyncListener? = null): SyncReport =
        withTimeout(60_000) { sync(listener).wait() }

    private suspend fun Core.state(id: RecordId) = findRecord(id)!!.row.state

    private suspend fun Core.contactPhone(id: RecordId) = household(id).contact.phone

    @Test
    fun `a household reaches the server and a second phone, and a conflict is settled`(): Unit =
        runBlocking {
            val (grid, person) = server.makeGridWithWorker("王小明")
            phone("甲").use { first ->
                phone("乙").use { second ->
                    // Enrolment.
                    val enrolment = first.enrol(server.makeEnrolmentLink(person))
                    assertEquals("王小明", enrolment.personName)
                    assertEquals(person, enrolment.person)
                    assertEquals(enrolment, first.enrolment())
                    assertEquals(listOf(grid), first.grids().map { it.grid })

                    // A household, offline.
                    val member = first.newEntryId()
                    val edits =
                        address +
                            listOf(
                                text("contact.name", "李雷"),
                                text("contact.phone", "138 0013 8000"),
                                text("members.$member.name", "韩梅梅"),
                                FieldEdit("point.longitude", FieldValue.Number(117.02)),
                                FieldEdit("point.latitude", FieldValue.Number(36.65)),
                            )
                    val id = first.createRecord(RecordKind.HOUSEHOLD, grid, edits)
                    assertEquals(RecordState.ON_PHONE, first.state(id))
                    assertEquals(StateCounts(1u, 0u, 0u), first.countStates())
                    val household = first.household(id)
                    assertEquals("13800138000", household.contact.phone)
                    assertEquals("韩梅梅", household.members.single { it.id == member }.name)
                    assertEquals(117.02, household.point!!.longitude)

                    // Lists and search.
                    for (words in listOf("阳光", "韩梅梅", "李雷 501", "8000")) {
                        val rows = first.listRecords(RecordQuery(text = words))
                        assertEquals(listOf("阳光花园3号楼501"), rows.map { it.summary.title }, words)
                    }
                    assertEquals(emptyList<RecordRow>(), first.listRecords(RecordQuery(text = "月亮")))

                    // To the server.
                    val listener = FakeListener()
                    val report = first.syncNow(listener)
                    assertEquals(1uL, report.receipted)
                    assertEquals(0uL, report.refused)
                    assertEquals(RecordState.AT_SERVER, first.state(id))
                    assertEquals(SyncPhase.DONE, listener.heard.last().phase)
                    assertTrue(SyncPhase.PUSHING in listener.heard.map { it.phase })
                    assertEquals(report, first.syncStatus().lastReport)

                    // To the second phone.
                    assertNotEquals(
                        enrolment.device,
                        second.enrol(server.makeEnrolmentLink(person)).device,
                    )
                    second.syncNow()
                    assertEquals(RecordState.AT_SERVER, second.state(id))
                    assertEquals("13800138000", second.contactPhone(id))
                    assertEquals(listOf(id), second.listRecords(RecordQuery(text = "韩梅梅")).map { it.id })

                    // Both change the number without knowing of each other.
                    first.editRecord(id, listOf(text("contact.phone", "13900139000")))
                    second.editRecord(id, listOf(text("contact.phone", "13700137000")))
                    first.syncNow()
                    assertEquals(1uL, second.syncNow().newConflicts)
                    first.syncNow()
                    for (core in listOf(first, second)) {
                        val view = core.findRecord(id)!!
                        assertEquals(RecordState.NEEDS_ATTENTION, view.row.state)
                        val conflict = view.conflicts.single()
                        assertEquals("contact.phone", conflict.path)
                        assertEquals(
                            setOf("13900139000", "13700137000"),
                            conflict.candidates.map { (it.value as FieldValue.Text).value }.toSet(),
                        )
                        assertEquals(1, conflict.candidates.count { it.mine })
                    }

                    // One settles it, for both.
                    first.settleConflict(id, "contact.phone", FieldValue.Text("13700137000"))
                    first.syncNow()
                    second.syncNow()
                    for (core in listOf(first, second)) {
                        assertEquals("13700137000", core.contactPhone(id))
                        val view = core.findRecord(id)!!
                        assertEquals(emptyList<ConflictView>(), view.conflicts)
                        assertEquals(RecordState.AT_SERVER, view.row.state)
                        assertEquals(4, view.history.size)
                    }
                }
            }
        }

    @Test
    fun `an incident gets its case number from the server`(): Unit = runBlocking {
        val (grid, person) = server.makeGridWithWorker("李雷")
        phone("甲").use { core ->
            core.enrol(server.makeEnrolmentLink(person))
            val id =
                core.createRecord(
                    RecordKind.INCIDENT,
                    grid,
                    listOf(
                        text("title", "路灯不亮"),
                        text("urgency", "normal"),
                        FieldEdit("occurred_at", FieldValue.Time(1_767_225_600_000)),
                    ),
                )
            core.syncNow()
            val incident = core.incident(id)
            assertTrue(incident.case.number.isNotEmpty(), "$incident")
            assertEquals("reported", incident.case.state)
            assertNotNull(incident.case.receivedAt)
            assertEquals(1_767_225_600_000, incident.occurredAt)
            // The number is the server's to give.
            val error =
                assertThrows<AppException.Invalid> {
                    core.editRecord(id, listOf(text("case.number", "1")))
                }
            assertEquals("server_owned", error.reason)
        }
    }

    @Test
    fun `whom one reports to, the work card and a quiz are there without a network`(): Unit =
        runBlocking {
            val (grid, person) = server.makeGridWithWorker("孙网格")
            server.addHead(grid, "王网格", "13800138000")
            phone("甲").use { core ->
                core.enrol(server.makeEnrolmentLink(person))
                assertNull(core.workCard())
                core.syncNow()
                val step = core.lineOfReport(grid).steps.first()
                assertEquals(Texts("网格长", "Grid head"), step.name)
                val head = step.people.single()
                assertEquals("王网格", head.name)
                assertEquals("138****8000", head.maskedPhone)
                assertEquals("tel:13800138000", head.callLink)

                val card = core.workCard()!!
                assertEquals("孙网格", card.name)
                assertEquals(CardStanding.VALID, card.standing)
                assertEquals("有效", card.standingText.zh)
                assertTrue(card.validUntilMs!! > card.confirmedAtMs)
                val code = card.code!!
                val width = code.width.toInt()
                assertEquals(width * width, code.modules.size)
                assertTrue(code.modules.take(7).all { it } && !code.modules[7])

                assertEquals(emptyList<EmergencyInfo>(), core.emergencies(grid))
                val refused =
                    assertThrows<AppException.Invalid> {
                        core.answerRollCall(core.newEntryId(), RollState.IN_PLACE, "")
                    }
                assertEquals("unknown", refused.reason)
                assertTrue(refused.zh.isNotEmpty() && refused.en.isNotEmpty())
                assertEquals(emptyList<RollAnswer>(), core.rollCallAnswers())

                for ((room, name) in listOf("101" to "王小明", "102" to "李雷", "103" to "韩梅梅")) {
                    val edits =
                        listOf(
                            text("address.building", "3号楼"),
                            text("address.room", room),
                            text("contact.name", name),
                        )
                    core.createRecord(RecordKind.HOUSEHOLD, grid, edits)
                }
                val questions = core.quiz(grid, 7uL, 20u)
                assertEquals(questions, core.quiz(grid, 7uL, 20u))
                val lives = questions.filter { it.kind == "who_lives" }
                assertEquals(3, lives.size)
                assertTrue(lives.all { it.options.all { name -> "*" in name.zh } })
                core.noteQuiz(grid, 3u, 2u)
                val result = core.quizResults(grid).single()
                assertEquals(3u to 2u, result.asked to result.right)
            }
        }

    @Test
    fun `a used enrolment code is refused in both languages`(): Unit = runBlocking {
        val (_, person) = server.makeGridWithWorker("韩梅梅")
        val link = server.makeEnrolmentLink(person)
        phone("甲").use { it.enrol(link) }
        phone("乙").use { core ->
            val error = assertThrows<AppException.Refused> { core.enrol(link) }
            assertEquals("enrolment_code_invalid", error.code)
            assertTrue(error.zh.isNotEmpty() && error.en.isNotEmpty())
        }
    }

    @Test
    fun `a sync that waits for a server which is gone can be cancelled`(): Unit = runBlocking {
        val gone = Server.start(directory.resolve("server"))
        val (grid, person) = gone.makeGridWithWorker("王小明")
        phone("甲").use { core ->
            core.enrol(gone.makeEnrolmentLink(person))
            val id = core.createRecord(RecordKind.HOUSEHOLD, grid, address)
            gone.close()
            val listener = FakeListener()
            val session = core.sync(listener)
            withTimeout(60_000) {
                while (listener.heard.none { it.phase == SyncPhase.WAITING }) delay(10)
            }
            session.cancel()
            assertThrows<AppException.Cancelled> { withTimeout(10_000) { session.wait() } }
            assertEquals("cancelled", core.syncStatus().lastError)
            assertEquals(RecordState.ON_PHONE, core.state(id))
        }
    }

    companion object {
        @TempDir @JvmStatic lateinit var serverDirectory: Path

        private lateinit var server: Server

        @BeforeAll
        @JvmStatic
        fun startServer() {
            server = Server.start(serverDirectory.resolve("data"))
        }

        @AfterAll @JvmStatic fun stopServer() = server.close()
    }
}
