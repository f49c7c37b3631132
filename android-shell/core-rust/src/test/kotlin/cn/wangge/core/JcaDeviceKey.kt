package cn.wangge.core

import java.math.BigInteger
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.Signature
import java.security.interfaces.ECPublicKey
import java.security.spec.ECGenParameterSpec

/**
 * A device key made and held by Java's own cryptography, as Android Keystore holds one:
 * the core sees the public point and signatures, never the private key.
 */
class JcaDeviceKey : DeviceKey {
    private val pair: KeyPair =
        KeyPairGenerator.getInstance("EC")
            .apply { initialize(ECGenParameterSpec("secp256r1")) }
            .generateKeyPair()

    /** 04 ‖ x ‖ y, the uncompressed form of SEC 1. */
    override fun publicKey(): ByteArray {
        val point = (pair.public as ECPublicKey).w
        return byteArrayOf(4) + fixed(point.affineX) + fixed(point.affineY)
    }

    override fun sign(message: ByteArray): ByteArray {
        val der =
            Signature.getInstance("SHA256withECDSA").run {
                initSign(pair.private)
                update(message)
                sign()
            }
        return rawSignature(der)
    }

    companion object {
        /** r ‖ s out of `SEQUENCE { INTEGER r, INTEGER s }`; all lengths are below 128. */
        fun rawSignature(der: ByteArray): ByteArray {
            val rLength = der[3].toInt()
            val r = der.copyOfRange(4, 4 + rLength)
            val s = der.copyOfRange(6 + rLength, der.size)
            return fixed(BigInteger(1, r)) + fixed(BigInteger(1, s))
        }

        /** 32 bytes, big-endian: without a sign byte, with leading zeros. */
        private fun fixed(number: BigInteger): ByteArray {
            val bytes = number.toByteArray()
            val start = maxOf(0, bytes.size - 32)
            return ByteArray(32 - (bytes.size - start)) + bytes.copyOfRange(start, bytes.size)
        }
    }
}
