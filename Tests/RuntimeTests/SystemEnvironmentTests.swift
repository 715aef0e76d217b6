import Core
import Runtime
import Testing

@Suite struct SystemEnvironmentTests {
    @Test func `business time is shifted, real time is not`() throws {
        let configuration = try Configuration(environment: [
            "NEEDLETAIL_CLOCK": "1998-07-01T00:00:00Z@2026-11-22T08:00:00Z"
        ])
        let environment = SystemEnvironment.make(configuration: configuration)
        let before = SystemEnvironment.realNow()
        let distance = environment.realNow() - environment.now()
        #expect(abs((distance + configuration.clock.offset).milliseconds) < 60_000)
        #expect(environment.realNow() >= before)
    }

    @Test func `random bytes have their length and never repeat`() throws {
        let environment = SystemEnvironment.make(configuration: try Configuration(environment: [:]))
        #expect(environment.random(10_000).count == 10_000)
        #expect(environment.random(0).isEmpty)
        let ids = Set((0..<10_000).map { _ in environment.newRequestID() })
        #expect(ids.count == 10_000)
    }
}
