import Core
import Crypto
import PinpointAPI
import Postgres

/// The endpoint writes of one group commit: reads what they concern, applies them one after the other in memory, and says what
/// to write. Pure between `load` and `statements`.
///
/// Rows are read without locks: a row's changes are merged by the UPDATE itself, an endpoint that another commit makes meanwhile
/// fails the INSERT (and the commit is repeated), and one that is deleted meanwhile was deleted afterwards. Only the rule of 15
/// needs more than one row to hold still, hence an advisory lock per user, in order. Rows are written in the order of their
/// keys; those of other endpoints (an address taken over, a user's other endpoints) come last. Commits that cross there
/// deadlock, and one of them is repeated. Two endpoints that are written with one new address at the same moment both stay
/// ACTIVE until either is written again; a run sends to one of them.
struct EndpointPlan {
    let requests: [IngestRequest]
    let references: [EndpointReference]
    let users: [UserReference]
    /// Users whose attributes are written.
    let patchedUsers: [UserReference]

    /// Upper bounds of what all writes of the commit add to one endpoint.
    let patchSizes: [EndpointReference: (bytes: Int, names: Int)]

    var states: [EndpointReference: EndpointState] = [:]
    var members: [UserReference: UserEndpoints] = [:]
    /// Attributes as they will be; loaded for `patchedUsers`.
    var userAttributes: [UserReference: JSONObject] = [:]
    var changedUsers: Set<UserReference> = []
    /// The last writer of each address.
    var addresses: [AddressReference: Int64] = [:]
    /// Endpoints of this commit by the address they had or get.
    var holders: [AddressReference: [Int64]] = [:]
    /// Endpoints outside this commit that lose their user.
    var evicted: Set<EndpointReference> = []
    /// Existing endpoints that change their user, in the order of the writes.
    private(set) var moves: [UserMove] = []
    /// Apps with writes that have attribute names which this process has not met.
    let growingApps: [AppID]
    /// Their names as they will be; loaded under the app's lock.
    var names: [AppID: AppAttributes] = [:]
    private(set) var newNames: [AppID: Set<AttributeName>] = [:]

    struct AddressReference: Hashable {
        let app: AppID
        let hash: [UInt8]

        /// A few bytes of a keyed hash spread as well as all of them.
        func hash(into hasher: inout Hasher) {
            for byte in hash.prefix(8) { hasher.combine(byte) }
        }
    }

    /// `attributes`: what this process knows of the apps' names; missing is nothing.
    init(_ requests: [IngestRequest], attributes: [AppID: AppAttributes] = [:]) {
        self.requests = requests
        var growing: Set<AppID> = []
        // Clients of an app send the same names again and again, and comparing them is several times cheaper than hashing.
        var known: EndpointWrite?
        var references: Set<EndpointReference> = []
        var users: Set<UserReference> = []
        var patched: Set<UserReference> = []
        for write in requests.lazy.flatMap(\.writes) {
            references.insert(EndpointReference(app: write.app, key: write.identity.key))
            if !(known.map(write.hasNames(of:)) ?? false) {
                if attributes[write.app]?.newNames(write).isEmpty ?? false {
                    known = write
                } else {
                    growing.insert(write.app)
                }
            }
            guard let id = write.userID else { continue }
            users.insert(UserReference(app: write.app, id: id))
            if !write.userAttributes.isEmpty { patched.insert(UserReference(app: write.app, id: id)) }
        }
        self.references = references.sorted()
        self.users = users.sorted()
        patchedUsers = patched.sorted()
        patchSizes = Self.patchSizes(of: requests)
        growingApps = growing.sorted()
    }

    private static func patchSizes(
        of requests: [IngestRequest]
    ) -> [EndpointReference: (bytes: Int, names: Int)] {
        var sizes: [EndpointReference: (bytes: Int, names: Int)] = [:]
        for write in requests.lazy.flatMap(\.writes) where !(write.attributes.isEmpty && write.metrics.isEmpty) {
            let bytes = write.attributes.textBytes + write.metrics.textBytes
            let names = write.attributes.count + write.metrics.count
            let reference = EndpointReference(app: write.app, key: write.identity.key)
            sizes[reference, default: (0, 0)].bytes += bytes
            sizes[reference, default: (0, 0)].names += names
        }
        return sizes
    }

    // MARK: Applying

    /// What becomes of each write, by request: nil is accepted. An atomic request is all or nothing: when one of its writes is
    /// refused, none is made.
    mutating func decide(hasher: SuppressionHasher) -> [[APIError?]] {
        for (reference, state) in states {
            if let hash = state.addressHash { hold(AddressReference(app: reference.app, hash: hash), reference.key) }
        }
        var outcomes: [[APIError?]] = []
        outcomes.reserveCapacity(requests.count)
        for request in requests {
            let before = request.isAtomic && request.writes.count > 1 ? self : nil
            var answers: [APIError?] = []
            for write in request.writes {
                do throws(APIError) {
                    try apply(write, hasher: hasher)
                    answers.append(nil)
                } catch {
                    answers.append(error)
                }
            }
            if let before, answers.contains(where: { $0 != nil }) { self = before }
            outcomes.append(answers)
        }
        return outcomes
    }

    private mutating func apply(_ write: EndpointWrite, hasher: SuppressionHasher) throws(APIError) {
        let reference = EndpointReference(app: write.app, key: write.identity.key)
        let stored = states[reference]
        if let stored, !stored.externalID.isExactly(write.id.rawValue) { throw Self.collision }
        if stored == nil, case .needsAddress = write.creation, write.address == nil {
            throw .badRequest("Missing Address")
        }
        var state = stored ?? EndpointState(write)
        try state.apply(write, hasher: hasher)
        let new = try admittedNames(write)
        try attach(&state, write, isStored: stored != nil)
        for name in new {
            names[write.app]?.insert(name)
            newNames[write.app, default: []].insert(name)
        }
        states[reference] = state
        guard let hash = state.addressHash else { return }
        let address = AddressReference(app: write.app, hash: hash)
        if write.address != nil { takeOver(address, for: reference.key) }
        if stored?.addressHash != hash { hold(address, reference.key) }
    }

    /// The names that the write adds to the app's, when the app has room for all of them.
    private func admittedNames(_ write: EndpointWrite) throws(APIError) -> [AttributeName] {
        guard let known = names[write.app] else { return [] }
        let new = known.newNames(write)
        guard new.isEmpty || known.count + new.count <= AttributeLimits.names else {
            throw .badRequest(
                "Too many custom attributes: an app can have \(AttributeLimits.names) names over Attributes, Metrics "
                    + "and UserAttributes, and has \(known.count) without the new \(new[0].name.text)")
        }
        return new
    }

    private mutating func hold(_ address: AddressReference, _ key: Int64) {
        holders[address, default: []].append(key)
    }

    /// An address belongs to the endpoint that was written with it last.
    private mutating func takeOver(_ address: AddressReference, for key: Int64) {
        for other in holders[address] ?? [] where other != key {
            let reference = EndpointReference(app: address.app, key: other)
            guard var loser = states[reference], loser.addressHash == address.hash, loser.status == "ACTIVE" else {
                continue
            }
            loser.deactivate()
            states[reference] = loser
        }
        addresses[address] = key
    }

    // MARK: Users

    private mutating func attach(
        _ state: inout EndpointState, _ write: EndpointWrite, isStored: Bool
    ) throws(APIError) {
        guard let id = write.userID else {
            if write.userAttributes.isEmpty { return }
            throw .badRequest("User.UserId is required with UserAttributes, because the endpoint has no user")
        }
        if write.keepsUser, !(state.userID?.isExactly(id) ?? false) {
            throw .tooManyRequests("Another request is changing the endpoint's user; try again")
        }
        let user = UserReference(app: write.app, id: id)
        var merged = userAttributes[user] ?? JSONObject()
        if !write.userAttributes.isEmpty {
            merged.merge(write.userAttributes)
            try Self.check(userAttributes: merged)
        }
        var endpoints = members[user] ?? UserEndpoints()
        let member = UserEndpoints.Member(
            key: write.identity.key, channelType: state.channelType, effectiveAt: state.effectiveAt)
        switch endpoints.admit(member) {
        case .admitted: break
        case .admittedInsteadOf(let key): evict(EndpointReference(app: write.app, key: key))
        case .refused: throw .badRequest(UserEndpoints.refusal)
        }
        members[user] = endpoints
        if let former = state.userID, !former.isExactly(id) {
            members[UserReference(app: write.app, id: former)]?.remove(key: write.identity.key)
        }
        if !(state.userID?.isExactly(id) ?? false) {
            if isStored { noteMove(of: EndpointReference(app: write.app, key: write.identity.key), state, to: id) }
            state.join(user: id)
        }
        if !write.userAttributes.isEmpty {
            userAttributes[user] = merged
            changedUsers.insert(user)
        }
    }

    private mutating func noteMove(of reference: EndpointReference, _ state: EndpointState, to user: String) {
        let isFirst = !state.isNew && !moves.contains { $0.endpoint == reference }
        moves.append(UserMove(endpoint: reference, from: state.userID, to: user, readsRow: isFirst))
    }

    private mutating func evict(_ reference: EndpointReference) {
        guard var state = states[reference] else {
            evicted.insert(reference)
            return
        }
        state.deactivate()
        state.leaveUser()
        states[reference] = state
    }

    private static func check(userAttributes: JSONObject) throws(APIError) {
        guard userAttributes.count <= EndpointLimits.names else {
            throw .badRequest(
                "Too many custom attributes: \(userAttributes.count); a user can have \(EndpointLimits.names)")
        }
        guard userAttributes.textBytes <= EndpointLimits.bytes else {
            throw .badRequest(
                "User.UserAttributes would have \(userAttributes.textBytes) bytes, and can have \(EndpointLimits.bytes)"
            )
        }
    }

    /// Two ids with one 64-bit key: nothing is stored, rather than two people merged.
    private static let collision = APIError(
        status: 500, code: "InternalServerErrorException",
        message: "The endpoint id has the same key as another endpoint of this app; choose another id")
}
