package cn.wangge.core

import java.nio.file.Path
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CopyOnWriteArrayList

/** Secrets in memory; a phone keeps them in its keystore. */
class FakeSecretStore : SecretStore {
    private val secrets = ConcurrentHashMap<String, ByteArray>()

    val names: Set<String> get() = secrets.keys

    override fun load(name: String): ByteArray? = secrets[name]

    override fun store(name: String, bytes: ByteArray) {
        secrets[name] = bytes
    }
}

/** A clock that a test sets; moves on by a second with every look. */
class FakeClock(private var now: Timestamp = 1_767_225_600_000) : HostClock {
    @Synchronized
    override fun nowMs(): Timestamp {
        now += 1_000
        return now
    }
}

/** Keeps what it hears. */
class FakeListener : SyncListener {
    val heard = CopyOnWriteArrayList<SyncProgress>()

    override fun progress(progress: SyncProgress) {
        heard += progress
    }
}

fun openCore(
    directory: Path,
    secrets: SecretStore = FakeSecretStore(),
    deviceKey: DeviceKey = JcaDeviceKey(),
    clock: HostClock? = null,
    name: String = "测试手机",
): Core =
    Core.open(
        OpenOptions(
            directory = directory.toString(),
            appVersion = "0.1.0",
            deviceName = name,
            syntheticIds = true,
        ),
        secrets,
        deviceKey,
        clock,
    )

fun text(path: FieldPath, value: String) = FieldEdit(path, FieldValue.Text(value))
