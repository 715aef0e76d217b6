import Core
import Postgres

extension EndpointPlan {
    /// In one round trip.
    mutating func load(in session: Session) async throws {
        // Bulk loads outrun the statistics: a plan made for an empty table would scan a full one, or read the endpoints of a
        // whole app to find those of a user.
        var statements: [SQL] = ["SET LOCAL enable_seqscan = off"]
        if !users.isEmpty {
            statements.append("SET LOCAL plan_cache_mode = force_custom_plan")
            statements.append(AppLock.take(users.map { AppLock.user($0.app, $0.id) }))
        }
        if !growingApps.isEmpty { statements.append(AttributeStore.lock(growingApps)) }
        let first = statements.count
        statements.append(storedRows)
        if !users.isEmpty { statements.append(memberRows) }
        if !patchedUsers.isEmpty { statements.append(userRows) }
        if !growingApps.isEmpty { statements.append(AttributeStore.selectNames(growingApps)) }
        let results = try await session.batch(statements)
        if !growingApps.isEmpty {
            names = Dictionary(uniqueKeysWithValues: growingApps.map { ($0, AppAttributes()) })
            try AttributeStore.take(names: results[results.count - 1], into: &names)
        }
        var suspects: [EndpointReference] = []
        for row in results[first] {
            let place: Int = try row.get(0)
            let reference = references[place - 1]
            states[reference] = try EndpointState(row)
            let (bytes, names): (Int?, Int?) = (try row.get(9), try row.get(10))
            guard let patch = patchSizes[reference], let bytes, let names else { continue }
            if patch.bytes + bytes > EndpointLimits.bytes || patch.names + names > EndpointLimits.names {
                suspects.append(reference)
            }
        }
        if !users.isEmpty { try takeMembers(results[first + 1]) }
        if !patchedUsers.isEmpty { try takeUsers(results[first + 2]) }
        if !suspects.isEmpty { try await loadWhole(suspects, in: session) }
    }

    /// Upper bounds of sizes and of numbers of names, only where a write adds to them: a jsonb is larger than the names and
    /// texts in it unless it is compressed, and spends at least 9 bytes on a name.
    private var storedRows: SQL {
        let measured = references.map { patchSizes[$0] != nil }
        return """
            SELECT w.place, e.external_id, e.cohort, e.channel_type, e.address, e.address_hash, e.endpoint_status,
                   e.user_id, e.effective_at, s.bytes, s.bytes / 9
              FROM unnest(\(references.map(\.app)), \(references.map(\.key)), \(SQLBind.boolArray(measured)))
                   WITH ORDINALITY AS w (app, key, measured, place)
              JOIN endpoints e ON e.app = w.app AND e.endpoint_key = w.key
              LEFT JOIN LATERAL (
                   SELECT CASE WHEN pg_column_compression(e.attributes) IS NULL
                                AND pg_column_compression(e.metrics) IS NULL
                               THEN pg_column_size(e.attributes) + pg_column_size(e.metrics)
                               ELSE octet_length(e.attributes::text) + octet_length(e.metrics::text) END AS bytes
                   ) AS s ON w.measured
            """
    }

    private var memberRows: SQL {
        """
        SELECT w.place, e.endpoint_key, e.channel_type, e.effective_at
          FROM unnest(\(users.map(\.app)), \(users.map(\.id))) WITH ORDINALITY AS w (app, id, place)
         CROSS JOIN LATERAL (
               SELECT endpoint_key, channel_type, effective_at
                 FROM endpoints
                WHERE endpoints.app = w.app AND endpoints.user_id = w.id
                LIMIT 100) AS e
        """
    }

    private mutating func takeMembers(_ rows: [Row]) throws {
        var found: [UserReference: [UserEndpoints.Member]] = [:]
        for row in rows {
            let place: Int = try row.get(0)
            let member = UserEndpoints.Member(
                key: try row.get(1), channelType: try row.get(2), effectiveAt: try row.get(3))
            found[users[place - 1], default: []].append(member)
        }
        members = found.mapValues(UserEndpoints.init)
    }

    private var userRows: SQL {
        """
        SELECT w.place, u.attributes
          FROM unnest(\(patchedUsers.map(\.app)), \(patchedUsers.map(\.id))) WITH ORDINALITY AS w (app, id, place)
          JOIN users u ON u.app = w.app AND u.user_id = w.id
        """
    }

    private mutating func takeUsers(_ rows: [Row]) throws {
        for row in rows {
            let place: Int = try row.get(0)
            let attributes: JSON = try row.get(1)
            userAttributes[patchedUsers[place - 1]] = attributes.object
        }
    }

    private mutating func loadWhole(_ suspects: [EndpointReference], in session: Session) async throws {
        let rows = try await session.query(
            """
            SELECT w.place, e.attributes, e.metrics
              FROM unnest(\(suspects.map(\.app)), \(suspects.map(\.key))) WITH ORDINALITY AS w (app, key, place)
              JOIN endpoints e ON e.app = w.app AND e.endpoint_key = w.key
            """
        )
        for row in rows {
            let place: Int = try row.get(0)
            let (attributes, metrics): (JSON, JSON) = (try row.get(1), try row.get(2))
            states[suspects[place - 1]]?.whole = (attributes.object ?? JSONObject(), metrics.object ?? JSONObject())
        }
    }
}
