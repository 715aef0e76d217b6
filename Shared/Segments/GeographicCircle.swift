import Glibc

/// All points within a great-circle distance of a centre, on a sphere of the Earth's mean radius.
///
/// Membership is decided on sin² of half the central angle (the haversine), so that neither SQL nor the evaluator needs
/// an inverse function, and both do the same operations in the same order.
package struct GeographicCircle: Hashable, Sendable {
    /// Mean radius of the Earth (IUGG), in kilometres.
    package static let earthRadiusKilometers = 6371.0088

    /// Degrees, −90 … 90.
    package let latitude: Double
    /// Degrees, −180 … 180.
    package let longitude: Double
    package let rangeKilometers: Double

    package init(latitude: Double, longitude: Double, rangeKilometers: Double) {
        self.latitude = latitude
        self.longitude = longitude
        self.rangeKilometers = rangeKilometers
    }

    /// The haversine of the range; 2, which no point exceeds, when the range reaches around the Earth.
    package var haversineLimit: Double {
        let halfAngle = rangeKilometers / (2 * Self.earthRadiusKilometers)
        guard halfAngle < .pi / 2 else { return 2 }
        let sine = sin(halfAngle)
        return sine * sine
    }

    package var cosineOfLatitude: Double { cos(latitude * Self.radiansPerDegree) }

    /// Both in degrees.
    package func contains(latitude other: Double, longitude otherLongitude: Double) -> Bool {
        terms(ofLatitude: other).haversine(with: term(ofLongitude: otherLongitude)) <= haversineLimit
    }

    /// The great-circle distance from the centre.
    package func kilometers(toLatitude other: Double, longitude otherLongitude: Double) -> Double {
        let haversine = terms(ofLatitude: other).haversine(with: term(ofLongitude: otherLongitude))
        return 2 * Self.earthRadiusKilometers * asin(min(1, haversine.squareRoot()))
    }

    /// What a latitude contributes to the haversine of its distance: kept by whoever meets it many times.
    package struct LatitudeTerms: Sendable {
        package let square: Double
        package let cosines: Double

        @inlinable package init(square: Double, cosines: Double) {
            self.square = square
            self.cosines = cosines
        }

        /// NaN when a coordinate is NaN.
        @inlinable package func haversine(with longitudeTerm: Double) -> Double {
            square + cosines * longitudeTerm
        }
    }

    package func terms(ofLatitude other: Double) -> LatitudeTerms {
        let sine = sin((other - latitude) * Self.halfRadiansPerDegree)
        return LatitudeTerms(square: sine * sine, cosines: cosineOfLatitude * cos(other * Self.radiansPerDegree))
    }

    package func term(ofLongitude other: Double) -> Double {
        let sine = sin((other - longitude) * Self.halfRadiansPerDegree)
        return sine * sine
    }

    package static let radiansPerDegree = Double.pi / 180
    package static let halfRadiansPerDegree = Double.pi / 360
}
