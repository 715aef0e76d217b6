import Core
import Crypto
import EventLoop
import Model
import Postgres
import Providers

/// Providers by the id in their inbound address, as they are configured now: a change holds within a second. What was made of a
/// configuration (certificates that were fetched) lives until the configuration changes. A provider that is disabled still reports
/// what became of the messages that it took.
final class InboundProviders: Sendable {
    struct Entry: Sendable {
        let app: AppID
        let channel: String
        let stored: StoredProvider
        /// The channel's own fields.
        let configuration: JSONObject
        fileprivate let made: Result<any InboundProvider, Fault>

        /// Throws `configuration` when nothing can be made of its settings.
        func reader() throws(InboundRefusal) -> any InboundProvider {
            switch made {
            case .success(let reader): return reader
            case .failure(let fault): throw .unavailable(fault.publicMessage)
            }
        }
    }

    private struct Known: Sendable {
        let entry: Entry?
    }

    private static let lifetime: Duration = .seconds(1)
    private static let capacity = 4096

    private let tools: ProviderTools
    private let masterKey: MasterKey
    /// Also of ids that are none, so that a stranger who repeats one costs nothing.
    private let fresh = ExpiringCache<ProviderID, Known>(lifetime: lifetime, limit: capacity)
    private let made = Lock<[ProviderID: Entry]>([:])

    init(_ tools: ProviderTools, masterKey: MasterKey) {
        self.tools = tools
        self.masterKey = masterKey
    }

    /// Nil when there is none, or its kind does not call us.
    func find(_ id: ProviderID) async throws -> Entry? {
        if let known = fresh[id] { return known.entry }
        let readAt = fresh.now()
        let key = masterKey
        let found = try await tools.database.withSession { session -> Found? in
            guard let found = try await ProviderStore.find(id, key: key, in: session) else { return nil }
            let setup = try await ChannelSetup.load(found.app, type: found.channel, key: key, in: session)
            return Found(
                app: found.app, channel: found.channel, provider: found.provider, configuration: setup.configuration)
        }
        let entry = found.flatMap { self.entry(for: $0) }
        fresh.store(Known(entry: entry), for: id, readAt: readAt)
        return entry
    }

    private struct Found: Sendable {
        let app: AppID
        let channel: String
        let provider: StoredProvider
        let configuration: JSONObject
    }

    private func entry(for found: Found) -> Entry? {
        guard let make = ProviderKinds.named(found.provider.kind)?.inbound else { return nil }
        return made.withLock { made in
            if let known = made[found.provider.id], known.stored == found.provider, known.channel == found.channel,
                known.configuration == found.configuration
            {
                return known
            }
            let setup = ProviderSetup(
                app: found.app, channelType: found.channel, provider: found.provider, channel: found.configuration,
                publicURL: tools.publicURL)
            let reader: Result<any InboundProvider, Fault>
            do {
                reader = .success(try make(setup, tools))
            } catch {
                let fault = error as? Fault ?? Fault(.configuration, "the provider cannot be used", cause: error)
                tools.environment.log.error(
                    "inbound.provider_unusable", fault, ["provider": .string(found.provider.id.description)])
                reader = .failure(fault)
            }
            if made.count >= Self.capacity { made = [:] }
            let entry = Entry(
                app: found.app, channel: found.channel, stored: found.provider, configuration: found.configuration,
                made: reader)
            made[found.provider.id] = entry
            return entry
        }
    }

    /// Who reads a stored call. Throws when its provider was taken away since: nobody knows its form any more.
    func reader(of call: StoredCall) async throws -> any InboundProvider {
        if call.provider == InboundStore.devInbox { return DevInboxEvents() }
        guard let entry = try await find(call.provider) else {
            throw InboundRefusal.unreadable("its provider was taken away")
        }
        return try entry.reader()
    }
}
