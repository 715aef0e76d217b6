import Model
import Testing

@Suite struct ReceiptKindTests {
    @Test func `every kind has a name of its own`() {
        #expect(Set(Receipt.Kind.allCases.map(\.rawValue)).count == Receipt.Kind.allCases.count)
    }
}
