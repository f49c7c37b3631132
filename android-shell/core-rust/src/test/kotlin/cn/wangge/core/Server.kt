package cn.wangge.core

import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** The real server in a process of its own, and its command line. */
class Server private constructor(private val process: Process, private val data: Path) :
    AutoCloseable {
    private var grids = 0

    /** A new grid with one worker. */
    fun makeGridWithWorker(name: String): Pair<GridId, PersonId> {
        grids += 1
        // 千佛山社区, grids 001, 002, …, urban.
        val community = "370102002008"
        if (grids == 1) {
            admin("node", "create", "--level", "community", "--name", "千佛山社区", "--code", community)
        }
        val code = "37010200200008%03d01".format(grids)
        val grid = admin(
            "node", "create", "--level", "grid", "--name", "第${grids}网格", "--code", code,
            "--parent", community,
        )
        val person = admin("person", "create", "--name", name, "--trained-on", "2026-01-01")
        val (gridId, personId) = grid.value("id") to person.value("id")
        admin("assign", "--person", personId, "--node", gridId, "--role", "grid_worker")
        return gridId to personId
    }

    /** Somebody at the head of a grid, with this number. */
    fun addHead(grid: GridId, name: String, phone: String) {
        val person =
            admin("person", "create", "--name", name, "--phone", phone, "--trained-on", "2026-01-01")
        admin("assign", "--person", person.value("id"), "--node", grid, "--role", "grid_head")
    }

    /** What the QR code for a new phone says. */
    fun makeEnrolmentLink(person: PersonId): String =
        admin("enrol", "--person", person).value("link")

    override fun close() {
        process.destroy()
        if (!process.waitFor(20, TimeUnit.SECONDS)) process.destroyForcibly()
    }

    private fun admin(vararg arguments: String): String {
        val command = listOf(program, "admin", *arguments, "--data", "$data", "--json")
        val run = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
        val output = run.inputStream.bufferedReader().readText()
        check(run.waitFor() == 0) { "$command ended with ${run.exitValue()}" }
        return output
    }

    companion object {
        private val program: String = System.getProperty("wangge.server")

        /** Starts a server on a free port of this machine, without TLS. */
        fun start(data: Path): Server {
            val command =
                listOf(
                    program, "serve", "--listen", "127.0.0.1:0", "--tls", "false",
                    "--public-register", "true", "--data", "$data",
                )
            val log = data.resolveSibling("${data.fileName}.log").toFile()
            val process = ProcessBuilder(command).redirectError(log).start()
            val line = process.inputStream.bufferedReader().readLine()
            check(line?.startsWith("listening http://127.0.0.1:") == true) {
                process.destroyForcibly()
                "the server said $line\n${log.readText()}"
            }
            return Server(process, data)
        }

        /** One text out of the flat JSON that the commands print. */
        private fun String.value(name: String): String =
            checkNotNull(Regex("\"$name\": *\"([^\"]*)\"").find(this)) { "no $name in $this" }
                .groupValues[1]
    }
}
