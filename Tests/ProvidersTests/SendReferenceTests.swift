import Core
import Crypto
import Model
import Testing

@Suite struct SendReferenceTests {
    private let references: SendReferences

    init() throws {
        references = SendReferences(masterKey: try MasterKey(bytes: [UInt8](repeating: 7, count: 32)))
    }

    private func send(_ chunk: Int32, _ ordinal: Int32, _ key: Int64, _ treatment: Int16) -> SendReference {
        SendReference(
            run: RunID(high: 0x0123_4567_89ab_cdef, low: .max), chunk: chunk, ordinal: ordinal, endpointKey: key,
            treatment: treatment)
    }

    @Test(
        arguments: [(0, 0, 0, 0), (1, 499, -1, 4), (.max, 499, .min, -1), (127, 128, .max, 0)]
            as [(Int32, Int32, Int64, Int16)])
    func `a reference comes back whole, in any case`(chunk: Int32, ordinal: Int32, key: Int64, treatment: Int16) {
        let send = send(chunk, ordinal, key, treatment)
        let text = references.mint(send)
        #expect(text.count <= SendReferences.limitCharacters)
        #expect(references.verify(text) == send)
        #expect(references.verify(text.uppercased()) == send)
    }

    @Test func `no changed character is believed`() {
        let text = Array(references.mint(send(3, 17, 99, 1)).utf8)
        for place in text.indices {
            for other in "abcxyz27".utf8 where other != text[place] {
                var changed = text
                changed[place] = other
                #expect(references.verify(String(decoding: changed, as: UTF8.self)) == nil)
            }
        }
        #expect(references.verify("") == nil)
        #expect(references.verify(String(repeating: "a", count: 500)) == nil)
    }
}
