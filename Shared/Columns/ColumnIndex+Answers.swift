package import Core
package import Segments

extension ColumnIndex {
    /// Count, reach and a sample of the members at `now`. Nil: the index does not hold all that this asks for.
    package func estimate(_ expression: SegmentExpression, now: Instant) -> ColumnEstimate? {
        guard let plan = plan(expression, now: now), let channels = channelNames else { return nil }
        return BlockEvaluator.with(plan) { evaluator in
            var tally = MemberTally(channels: channels.count, twinGroups: twinGroups.count)
            for block in blocks { tally.add(evaluator.members(plan, block), block) }
            return tally.estimate(channels)
        }
    }

    /// For each key, in order, whether it is a member; false for keys that are not held.
    package func members(_ expression: SegmentExpression, among keys: [Int64], now: Instant) -> [Bool]? {
        guard let plan = plan(expression, now: now) else { return nil }
        var wanted: [Int: [(row: Int, place: Int)]] = [:]
        for (place, key) in keys.enumerated() {
            guard let (block, row) = find(key) else { continue }
            wanted[block, default: []].append((row, place))
        }
        var isMember = [Bool](repeating: false, count: keys.count)
        BlockEvaluator.with(plan) { evaluator in
            for (block, rows) in wanted {
                let mask = evaluator.members(plan, blocks[block])
                for (row, place) in rows { isMember[place] = mask.bytes[row] == 1 }
            }
        }
        return isMember
    }

    /// All members, ascending.
    package func keys(_ expression: SegmentExpression, now: Instant) -> [Int64]? {
        guard let plan = plan(expression, now: now) else { return nil }
        return BlockEvaluator.with(plan) { evaluator in
            var keys: [Int64] = []
            for block in blocks {
                let mask = evaluator.members(plan, block)
                let needed = keys.count + mask.population
                if needed > keys.capacity { keys.reserveCapacity(max(needed, keys.capacity * 2)) }
                block.keys.withUnsafeBufferPointer { held in mask.forEachRow { keys.append(held[$0]) } }
            }
            return keys
        }
    }

    private func plan(_ expression: SegmentExpression, now: Instant) -> SegmentPlan? {
        let builder = PlanBuilder(
            catalog: catalog, eventTypes: eventTypes, isOdd: oddKeys.map { !$0.isEmpty },
            hasClampedEvents: hasClampedEvents, eventsFrom: eventsFrom, rows: rowCount, now: now
        )
        return builder.plan(expression)?.plan
    }

    /// By code; nil when the column is not held.
    private var channelNames: [String?]? {
        let column = catalog.columns[ColumnCatalog.channelType]
        guard column.form == .coded else { return nil }
        return (0..<column.dictionary.codeCount).map { code in
            guard column.dictionary.uses(of: code) > 0 else { return nil }
            return column.dictionary.withValue(of: code) { bytes in
                var name: String?
                _ = ValueTexts(bytes: bytes).containsString { text in
                    name = text
                    return true
                }
                return name
            }
        }
    }
}
