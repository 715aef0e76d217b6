import Core
import Postgres

/// What is written, as columns: one array per column.
private struct EndpointColumns {
    var apps: [AppID] = []
    var keys: [Int64] = []
    var ids: [String] = []
    var cohorts: [Int16] = []
    var channels: [String?] = []
    var addresses: [String?] = []
    var hashes: [[UInt8]?] = []
    var optOuts: [String?] = []
    var statuses: [String?] = []
    var users: [String?] = []
    var requestIDs: [String?] = []
    var effective: [Instant?] = []
    var losesUser: [Bool] = []
    var attributes: [[UInt8]?] = []
    var metrics: [[UInt8]?] = []
    var demographics: [[UInt8]?] = []
    var locations: [[UInt8]?] = []

    mutating func append(_ reference: EndpointReference, _ state: EndpointState) {
        let changes = state.changes
        apps.append(reference.app)
        keys.append(reference.key)
        ids.append(state.externalID)
        cohorts.append(state.cohort)
        channels.append(changes.channelType)
        addresses.append(changes.address)
        hashes.append(changes.addressHash)
        optOuts.append(changes.optOut)
        statuses.append(changes.status)
        users.append(changes.userID)
        losesUser.append(changes.losesUser)
        requestIDs.append(changes.requestID)
        effective.append(changes.effectiveAt)
        attributes.append(Self.text(changes.attributes, isNew: state.isNew))
        metrics.append(Self.text(changes.metrics, isNew: state.isNew))
        demographics.append(Self.text(changes.demographic, isNew: state.isNew))
        locations.append(Self.text(changes.location, isNew: state.isNew))
    }

    /// Nil: nothing to change.
    private static func text(_ patch: JSONObject, isNew: Bool) -> [UInt8]? {
        if patch.isEmpty { return nil }
        return JSON.object(isNew ? patch.withoutNulls : patch).serialized
    }

    /// `unnest(…) AS w (…)`
    var rows: SQL {
        """
        unnest(\(apps), \(keys), \(ids), \(cohorts), \(SQLBind.textArray(channels)), \(SQLBind.textArray(addresses)),
               \(SQLBind.bytesArray(hashes)), \(SQLBind.textArray(optOuts)), \(SQLBind.textArray(statuses)),
               \(SQLBind.textArray(users)), \(SQLBind.textArray(requestIDs)), \(SQLBind.instantArray(effective)),
               \(SQLBind.boolArray(losesUser)), \(SQLBind.jsonbArray(attributes)), \(SQLBind.jsonbArray(metrics)),
               \(SQLBind.jsonbArray(demographics)), \(SQLBind.jsonbArray(locations)))
          AS w (app, key, id, cohort, channel, address, hash, opt_out, status, user_id, request_id, effective_at,
                loses_user, attributes, metrics, demographic, location)
        """
    }
}

extension EndpointPlan {
    /// The keys whose rows are written, by app.
    var changedKeys: [AppID: [Int64]] {
        var keys: [AppID: [Int64]] = [:]
        for reference in references where states[reference]?.isChanged ?? false {
            keys[reference.app, default: []].append(reference.key)
        }
        return keys
    }

    /// Everything to write, in order; rows in the order of their locks.
    func statements(at now: Instant) -> [SQL] {
        var (stored, new) = (EndpointColumns(), EndpointColumns())
        for reference in references {
            guard let state = states[reference], state.isChanged else { continue }
            if state.isNew { new.append(reference, state) } else { stored.append(reference, state) }
        }
        var statements: [SQL] = []
        let users = changedUsers.sorted()
        // Before the rows change, because what a row had is read from it.
        if !moves.isEmpty { statements.append(UserMove.record(moves, at: now)) }
        if !newNames.isEmpty { statements.append(AttributeStore.insert(newNames, at: now)) }
        if !users.isEmpty { statements.append(writeUsers(users, at: now)) }
        if !stored.keys.isEmpty { statements.append(update(stored)) }
        if !new.keys.isEmpty { statements.append(insert(new, at: now)) }
        if !users.isEmpty { statements.append(propagate(users, at: now)) }
        if !addresses.isEmpty { statements.append(deactivateFormerHolders(at: now)) }
        let taken = takenAddresses
        if !taken.isEmpty { statements.append(SuppressionStore.clearDeleted(taken, at: now)) }
        if !evicted.isEmpty { statements.append(evictMembers(at: now)) }
        return statements
    }

    /// Addresses that endpoints get and did not have.
    private var takenAddresses: [(app: AppID, channel: String, hash: [UInt8])] {
        references.compactMap { reference in
            guard let state = states[reference], let channel = state.channelType, let hash = state.changes.addressHash
            else { return nil }
            return (reference.app, channel, hash)
        }
    }

    private func update(_ rows: EndpointColumns) -> SQL {
        """
        UPDATE endpoints AS e
           SET channel_type = coalesce(w.channel, e.channel_type), address = coalesce(w.address, e.address),
               address_hash = coalesce(w.hash, e.address_hash), opt_out = coalesce(w.opt_out, e.opt_out),
               endpoint_status = coalesce(w.status, e.endpoint_status),
               user_id = CASE WHEN w.loses_user THEN NULL ELSE coalesce(w.user_id, e.user_id) END,
               request_id = coalesce(w.request_id, e.request_id),
               effective_at = coalesce(w.effective_at, e.effective_at),
               attributes = CASE WHEN w.attributes IS NULL THEN e.attributes
                                 ELSE jsonb_strip_nulls(e.attributes || w.attributes) END,
               metrics = CASE WHEN w.metrics IS NULL THEN e.metrics ELSE e.metrics || w.metrics END,
               demographic = CASE WHEN w.demographic IS NULL THEN e.demographic ELSE e.demographic || w.demographic END,
               location = CASE WHEN w.location IS NULL THEN e.location ELSE e.location || w.location END,
               user_attributes = CASE
                   WHEN w.loses_user THEN '{}'
                   WHEN w.user_id IS NULL THEN e.user_attributes
                   ELSE coalesce((SELECT u.attributes FROM users u WHERE u.app = w.app AND u.user_id = w.user_id), '{}') END
          FROM \(rows.rows)
         WHERE e.app = w.app AND e.endpoint_key = w.key AND e.external_id = w.id
        """
    }

    /// No ON CONFLICT: when another commit has just made the same endpoint, this one is repeated and finds it.
    private func insert(_ rows: EndpointColumns, at now: Instant) -> SQL {
        """
        INSERT INTO endpoints (app, endpoint_key, external_id, cohort, channel_type, address, address_hash, opt_out,
                               endpoint_status, user_id, request_id, effective_at, created_at, user_attributes,
                               attributes, metrics, demographic, location)
        SELECT w.app, w.key, w.id, w.cohort, w.channel, w.address, w.hash, coalesce(w.opt_out, 'NONE'), w.status,
               w.user_id, w.request_id,
               w.effective_at, \(now),
               coalesce((SELECT u.attributes FROM users u WHERE u.app = w.app AND u.user_id = w.user_id), '{}'),
               coalesce(w.attributes, '{}'), coalesce(w.metrics, '{}'), coalesce(w.demographic, '{}'),
               coalesce(w.location, '{}')
          FROM \(rows.rows)
        """
    }

    private func texts(_ users: [UserReference]) -> SQLBind {
        .jsonbArray(users.map { JSON.object(userAttributes[$0] ?? JSONObject()).serialized })
    }

    private func writeUsers(_ users: [UserReference], at now: Instant) -> SQL {
        """
        INSERT INTO users (app, user_id, attributes, modified_at)
        SELECT w.app, w.id, w.attributes, \(now)
          FROM unnest(\(users.map(\.app)), \(users.map(\.id)), \(texts(users))) AS w (app, id, attributes)
        ON CONFLICT (app, user_id) DO UPDATE SET attributes = excluded.attributes, modified_at = excluded.modified_at
        """
    }

    /// To the user's other endpoints; the rows of this commit have them already.
    private func propagate(_ users: [UserReference], at now: Instant) -> SQL {
        """
        WITH changed AS (
            UPDATE endpoints AS e
               SET user_attributes = w.attributes
              FROM unnest(\(users.map(\.app)), \(users.map(\.id)), \(texts(users))) AS w (app, id, attributes)
             WHERE e.app = w.app AND e.user_id = w.id AND e.user_attributes IS DISTINCT FROM w.attributes
            RETURNING e.app, e.endpoint_key)
        \(ChangeLog.rowsOfChangedKeys(at: now))
        """
    }

    private func deactivateFormerHolders(at now: Instant) -> SQL {
        let taken = addresses.sorted { ($0.key.app, $0.value) < ($1.key.app, $1.value) }
        return """
            WITH changed AS (
                UPDATE endpoints AS e
                   SET endpoint_status = 'INACTIVE'
                  FROM unnest(\(taken.map(\.key.app)), \(SQLBind.bytesArray(taken.map(\.key.hash)))) AS w (app, hash)
                 WHERE e.address_hash = w.hash AND e.endpoint_status = 'ACTIVE' AND e.app IS NOT DISTINCT FROM w.app
                   AND e.endpoint_key <> ALL (\(references.map(\.key)))
                RETURNING e.app, e.endpoint_key)
            \(ChangeLog.rowsOfChangedKeys(at: now))
            """
    }

    private func evictMembers(at now: Instant) -> SQL {
        let evicted = evicted.sorted()
        return """
            WITH changed AS (
                UPDATE endpoints AS e
                   SET endpoint_status = 'INACTIVE', user_id = NULL, user_attributes = '{}'
                  FROM unnest(\(evicted.map(\.app)), \(evicted.map(\.key))) AS w (app, key)
                 WHERE e.app = w.app AND e.endpoint_key = w.key
                RETURNING e.app, e.endpoint_key)
            \(ChangeLog.rowsOfChangedKeys(at: now))
            """
    }
}
