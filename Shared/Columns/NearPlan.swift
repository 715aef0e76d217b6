import Segments

/// A circle with what it asks of each latitude and longitude in the dictionaries worked out beforehand: a row costs two
/// lookups, a product and a sum, in the order in which `GeographicCircle.contains` does them.
struct NearPlan: Sendable {
    let circle: GeographicCircle
    let limit: Double
    /// By code of the latitude; empty for a raw column. Code 0, no value, is NaN, which is within no limit.
    let latitudes: [GeographicCircle.LatitudeTerms]
    /// By code of the longitude; empty for a raw column.
    let longitudes: [Double]

    init(circle: GeographicCircle, latitude: Column, longitude: Column) {
        self.circle = circle
        limit = circle.haversineLimit
        latitudes = Self.numbers(latitude).map(circle.terms(ofLatitude:))
        longitudes = Self.numbers(longitude).map(circle.term(ofLongitude:))
    }

    private static func numbers(_ column: Column) -> [Double] {
        guard column.form == .coded else { return [] }
        return (0..<column.dictionary.codeCount).map { code in
            column.dictionary.uses(of: code) == 0 ? .nan : column.dictionary.number(of: code)
        }
    }

    func contains(_ latitude: BlockColumn, _ longitude: BlockColumn, row: Int) -> Bool {
        let ofLatitude =
            latitudes.isEmpty
            ? circle.terms(ofLatitude: latitude.number(at: row)) : latitudes[latitude.code(at: row)]
        let ofLongitude =
            longitudes.isEmpty
            ? circle.term(ofLongitude: longitude.number(at: row)) : longitudes[longitude.code(at: row)]
        return ofLatitude.haversine(with: ofLongitude) <= limit
    }
}
