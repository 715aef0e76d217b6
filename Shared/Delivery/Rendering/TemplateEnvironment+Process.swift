package import Core
import Crypto
import Runtime
package import Templates

extension TemplateEnvironment {
    /// What templates may know in a running process: business time, real randomness, the machine's zones.
    package static func of(_ environment: Environment) -> TemplateEnvironment {
        TemplateEnvironment(
            now: environment.now,
            random: environment.random,
            timeZoneOffset: { zone, instant in ZoneInfo.offset(of: zone, at: instant) },
            hash: TemplateHash(
                md5: { MD5.hash($0) },
                sha256: { SHA256.hash($0) },
                sha512: { SHA512.hash($0) }
            )
        )
    }
}
