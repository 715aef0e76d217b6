import Core

// Conditions beyond Pinpoint's that look at no event.

extension PredicateWriter {
    mutating func write(_ test: DateTest) {
        let list = "\(row).\(test.owner.column) -> \(bind(test.name))"
        if test.isAnniversary {
            let days = bind(.int32Array(test.anniversaries(from: now.day)))
            writeExists(in: list, where: "needletail_anniversary(v.value) = ANY (\(days))")
        } else {
            let days = test.days(from: now.day)
            let (first, last) = (bind(days.lowerBound), bind(days.upperBound))
            writeExists(in: list, where: "needletail_day(v.value) BETWEEN \(first) AND \(last)")
        }
    }

    /// A range of buckets is one comparison when counted from its first, so that the bucket is computed once.
    mutating func write(_ test: PercentageTest) {
        let bucket: String
        if let salt = test.salt {
            var bits = "(\(row).endpoint_key # \(bind(SaltedBucket(salt: salt).seed)))"
            for factor in SaltedBucket.factors {
                bits = "((\(bits) & \(SaltedBucket.mask)) * \(factor) >> \(SaltedBucket.shift))"
            }
            bucket = "(\(bits) & \(SaltedBucket.mask)) % 100"
        } else {
            bucket = "\(row).cohort"
        }
        write("(\(bucket) + \(bind(100 - test.from))) % 100 < \(bind(test.to - test.from))")
    }

    mutating func write(memberOf segment: SegmentID) {
        write(
            """
            EXISTS (SELECT FROM segment_members AS m WHERE m.app = \(tenant) AND m.segment = \(bind(segment)) \
            AND m.endpoint_key = \(row).endpoint_key)
            """
        )
    }
}
