import Core
import Glibc

/// A whole Postfix of its own on loopback: queue, bounces (RFC 3464) and LMTP client as in production. Root starts it, because its
/// master drops privileges; it lives under /tmp, for its daemons may not see anybody's home.
package final class PostfixPeer: Sendable {
    package let port: UInt16
    private let path: String
    private let process: ChildProcess
    /// The process that was started is a shell that waits for it.
    private let master: pid_t

    private init(port: UInt16, path: String, process: ChildProcess, master: pid_t) {
        self.port = port
        self.path = path
        self.process = process
        self.master = master
    }

    deinit {
        if process.exitStatus == nil { kill(master, SIGTERM) }
    }

    /// `lmtp`: domains whose mail goes to an LMTP server on that port of 127.0.0.1; everything else goes to `relay` by SMTP.
    package static func start(relay: UInt16, lmtp: [String: UInt16]) async throws -> PostfixPeer {
        guard getuid() == 0 else { throw TestKitError("Postfix is started by root only") }
        var template = Array("/tmp/needletail-postfix.XXXXXX\0".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestKitError("no scratch directory: errno \(errno)") }
        let path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(path, 0o755)
        for folder in ["etc", "queue", "data"] { mkdir("\(path)/\(folder)", 0o755) }
        guard let owner = getpwnam("postfix") else { throw TestKitError("the package postfix is missing") }
        chown("\(path)/data", owner.pointee.pw_uid, owner.pointee.pw_gid)
        let port = try FreePort.next()
        try write("\(path)/etc/main.cf", settings(path, relay: relay, lmtp: lmtp))
        try write("\(path)/etc/master.cf", services(port))
        let process = try ChildProcess("/usr/sbin/postfix", ["-c", "\(path)/etc", "start-fg"])
        do {
            try await process.waitForPort(port)
        } catch {
            process.terminate()
            throw error
        }
        guard let master = pid_t(try Self.read("\(path)/queue/pid/master.pid").filter(\.isNumber)) else {
            throw TestKitError("Postfix wrote no pid")
        }
        return PostfixPeer(port: port, path: path, process: process, master: master)
    }

    /// Ends it and its daemons, and removes its queue.
    package func stop() async throws {
        kill(master, SIGTERM)
        try await process.waitForExit()
        let removal = try ChildProcess("rm", ["-rf", path])
        try await removal.waitForExit()
    }

    /// What it logged.
    package var log: [String] { process.output }

    private static func settings(_ path: String, relay: UInt16, lmtp: [String: UInt16]) -> String {
        let transports = lmtp.sorted { $0.key < $1.key }
            .map { "{ \($0.key) = lmtp:inet:127.0.0.1:\($0.value) }" }.joined(separator: ", ")
        return """
            compatibility_level = 3.6
            queue_directory = \(path)/queue
            data_directory = \(path)/data
            command_directory = /usr/sbin
            daemon_directory = /usr/lib/postfix/sbin
            mail_owner = postfix
            setgid_group = postdrop
            myhostname = mx.postfix.test
            mydestination =
            local_recipient_maps =
            alias_maps =
            inet_interfaces = 127.0.0.1
            inet_protocols = ipv4
            mynetworks = 127.0.0.0/8
            smtpd_relay_restrictions = permit_mynetworks, reject
            smtpd_peername_lookup = no
            disable_dns_lookups = yes
            smtp_host_lookup = native
            relayhost = [127.0.0.1]:\(relay)
            transport_maps = inline:{ \(transports) }
            maillog_file = /dev/stdout
            # A message that could not be given away is tried again within seconds.
            queue_run_delay = 1s
            minimal_backoff_time = 1s
            maximal_backoff_time = 2s

            """
    }

    /// The daemons that relaying and bouncing need, none in a chroot.
    private static func services(_ port: UInt16) -> String {
        """
        127.0.0.1:\(port) inet n - n - - smtpd
        cleanup unix n - n - 0 cleanup
        qmgr unix n - n 1 1 qmgr
        rewrite unix - - n - - trivial-rewrite
        bounce unix - - n - 0 bounce
        defer unix - - n - 0 bounce
        trace unix - - n - 0 bounce
        proxymap unix - - n - - proxymap
        smtp unix - - n - - smtp
        relay unix - - n - - smtp
        lmtp unix - - n - - lmtp
        error unix - - n - - error
        retry unix - - n - - error
        anvil unix - - n - 1 anvil
        scache unix - - n - 1 scache
        tlsmgr unix - - n 1000? 1 tlsmgr
        postlog unix-dgram n - n - 1 postlogd

        """
    }

    private static func read(_ path: String) throws -> String {
        guard let file = fopen(path, "r") else { throw TestKitError("cannot read \(path): errno \(errno)") }
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        return String(decoding: buffer[..<fread(&buffer, 1, buffer.count, file)], as: UTF8.self)
    }

    private static func write(_ path: String, _ text: String) throws {
        guard let file = fopen(path, "w") else { throw TestKitError("cannot write \(path): errno \(errno)") }
        defer { fclose(file) }
        let bytes = Array(text.utf8)
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw TestKitError("cannot write \(path)") }
    }
}
