import Core
import Foundation
import PinpointAPI
import Testing

/// Every generated structure, with samples written by `ops/codegen/pinpoint.py --golden` straight from the service model.
@Suite struct GeneratedShapeTests {
    static let golden = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(
        path: "Golden/wire")

    private func sample(_ shape: any WireShape.Type) throws -> JSON {
        let data = try Data(contentsOf: Self.golden.appending(path: "\(shape).json"))
        return try JSON.parse([UInt8](data))
    }

    /// Members sorted at every level: maps are written sorted, structures in the model's order.
    private func sorted(_ json: JSON) -> JSON {
        switch json {
        case .object(let object):
            let members = object.members.sorted { $0.key < $1.key }
            return .object(JSONObject(uniqueMembers: members.map { .init(key: $0.key, value: sorted($0.value)) }))
        case .array(let elements): return .array(elements.map(sorted))
        case .null, .bool, .integer, .double, .string: return json
        }
    }

    @Test(arguments: GeneratedShapes.all.indices)
    func `every structure keeps every member`(index: Int) throws {
        let shape = GeneratedShapes.all[index]
        let json = try sample(shape)
        let value = try shape.init(json: json, at: .root)
        #expect(sorted(value.json) == sorted(json), "\(shape)")
    }

    @Test(arguments: GeneratedShapes.all.indices)
    func `every member of the wrong type is refused by name`(index: Int) throws {
        let shape = GeneratedShapes.all[index]
        let object = try #require(try sample(shape).object)
        for member in object.members {
            var broken = object
            // No member of the model is an array of arrays.
            broken[member.key] = [[]]
            let error = #expect(throws: APIError.self) {
                try shape.init(json: .object(broken), at: .root.member("Outer"))
            }
            #expect(error?.status == 400)
            #expect(error?.message.hasPrefix("Outer.\(member.key)") == true, "\(shape): \(error?.message ?? "")")
        }
    }

    @Test(arguments: GeneratedShapes.all.indices)
    func `a null is as if the member were absent`(index: Int) throws {
        let shape = GeneratedShapes.all[index]
        let object = try #require(try sample(shape).object)
        for member in object.members {
            var absent = object
            absent[member.key] = nil
            var null = object
            null[member.key] = .null
            let left = Result { try shape.init(json: .object(absent), at: .root).json }
            let right = Result { try shape.init(json: .object(null), at: .root).json }
            switch (left, right) {
            case (.success(let left), .success(let right)): #expect(left == right)
            case (.failure(let left as APIError), .failure(let right as APIError)):
                #expect(left == right)
                #expect(left.message == "\(member.key) is required")
            case (_, _): Issue.record("\(shape).\(member.key)")
            }
        }
    }

    @Test func `an empty structure is an empty object`() throws {
        #expect(EndpointRequest().json == [:])
        #expect(try EndpointRequest(json: [:], at: .root) == EndpointRequest())
    }

    @Test func `unknown members are ignored`() throws {
        let request = try EndpointRequest(json: ["Address": "a@example.com", "Unheard": [1]], at: .root)
        #expect(request == EndpointRequest(address: "a@example.com"))
    }
}
