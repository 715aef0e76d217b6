package import Core
package import Postgres

/// Who a conversation is with, as an endpoint.
package enum ConversationPerson {
    /// The endpoint that has the address: of several the one that is alive and was written last.
    package static func endpoint(
        _ app: AppID, channel: String, hash: [UInt8], in session: Session
    ) async throws -> (id: EndpointID, key: Int64)? {
        let rows = try await session.query(
            """
            SELECT external_id, endpoint_key FROM endpoints
             WHERE app = \(app) AND address_hash = \(SQLBind.bytes(hash)) AND channel_type = \(channel)
             ORDER BY endpoint_status = 'ACTIVE' DESC, effective_at DESC, endpoint_key
             LIMIT 1
            """)
        return try rows.first.map { (EndpointID(try $0.get(0)), try $0.get(1)) }
    }

    /// Address and hash of the endpoint that a message of ours went to, when it is still of that channel.
    package static func addressee(
        _ app: AppID, key: Int64, channel: String, in session: Session
    ) async throws -> (address: String, hash: [UInt8])? {
        let rows = try await session.query(
            """
            SELECT address, address_hash FROM endpoints
             WHERE app = \(app) AND endpoint_key = \(key) AND channel_type = \(channel) AND address_hash IS NOT NULL
               AND address IS NOT NULL
            """)
        return try rows.first.map { (try $0.get(0), try $0.get(1)) }
    }

    /// For whoever writes to us and is nobody's endpoint: one of that address, opted out, so that answers reach them and campaigns do
    /// not. A START opts them in.
    package static func newEndpoint(
        _ app: AppID, channel: String, address: String, hash: [UInt8], now: Instant
    ) -> EndpointWrite {
        var write = EndpointWrite(
            app: app, id: EndpointID("reply-\(Hex.lowercase(Array(hash.prefix(16))))"), creation: .needsAddress,
            effectiveAt: now)
        write.channelType = channel
        write.address = address
        write.optOut = "ALL"
        return write
    }
}
