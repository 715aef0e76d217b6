import Segments

/// Evaluates a plan over one block after the other, in masks that it is given.
struct BlockEvaluator {
    /// `maskCount` masks of a whole block, one behind the other.
    let masks: UnsafeMutablePointer<UInt8>
    /// A number for each row of a block.
    let counts: UnsafeMutablePointer<UInt32>

    /// Lends an evaluator with memory for `plan`.
    static func with<Result>(_ plan: SegmentPlan, _ body: (BlockEvaluator) -> Result) -> Result {
        let rows = ColumnBlock.maximumRows
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: rows) { counts in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: plan.maskCount * rows) { masks in
                counts.initialize(repeating: 0)
                masks.initialize(repeating: 0)
                guard let masks = masks.baseAddress, let counts = counts.baseAddress else {
                    preconditionFailure("an allocation that is not empty has an address")
                }
                return body(BlockEvaluator(masks: masks, counts: counts))
            }
        }
    }

    /// The members in `block`. The mask is valid until the next call.
    func members(_ plan: SegmentPlan, _ block: ColumnBlock) -> RowMask {
        let mask = mask(0, block)
        evaluate(plan, block, level: 0, among: nil)
        return mask
    }

    private func mask(_ level: Int, _ block: ColumnBlock) -> RowMask {
        RowMask(bytes: masks + level * ColumnBlock.maximumRows, count: block.count)
    }

    /// Writes the mask of `level`. What it says of rows that are not among `candidates` is left open: the caller leaves
    /// them out.
    private func evaluate(_ plan: SegmentPlan, _ block: ColumnBlock, level: Int, among candidates: RowMask?) {
        let mask = mask(level, block)
        switch plan {
        case .constant(let isIn):
            mask.fill(isIn)
        case .codes(let column, let codes):
            mask.set(self.column(column, block), codes, among: candidates)
        case .numbers(let column, let comparison, let bound):
            mask.set(self.column(column, block), comparison, bound)
        case .near(let near):
            let latitude = self.column(ColumnCatalog.latitude, block)
            let longitude = self.column(ColumnCatalog.longitude, block)
            fill(mask, among: candidates) { near.contains(latitude, longitude, row: $0) }
        case .active(let since, let isActive):
            mask.set(block.effective, since: since)
            mask.set(block.events.last, since: since, isUnion: true)
            if !isActive { mask.invert() }
        case .cohort(let range):
            mask.set(block.cohorts, in: range)
        case .bucket(let bucket, let range):
            fill(mask, among: candidates) { range.contains(bucket.bucket(of: block.keys[$0])) }
        case .events(let plan):
            evaluate(plan, block.events, mask)
        case .sequence(let plan):
            evaluate(plan, block.events, mask, among: candidates)
        case .combination(.all, let members):
            intersect(members, block, level: level, among: candidates)
        case .combination(.any, let members):
            unite(members, block, level: level, among: candidates)
        case .combination(.none, let members):
            unite(members, block, level: level, among: candidates)
            mask.invert()
        }
    }

    private func column(_ number: Int, _ block: ColumnBlock) -> BlockColumn {
        number < block.columns.count ? block.columns[number] : BlockColumn()
    }

    private func fill(_ mask: RowMask, among candidates: RowMask?, _ passes: (Int) -> Bool) {
        guard let candidates else {
            for row in 0..<mask.count { mask.bytes[row] = passes(row) ? 1 : 0 }
            return
        }
        mask.fill(false)
        candidates.forEachRow { row in
            if passes(row) { mask.bytes[row] = 1 }
        }
    }

    private func intersect(_ members: [SegmentPlan], _ block: ColumnBlock, level: Int, among candidates: RowMask?) {
        let mask = mask(level, block)
        guard let first = members.first else { return mask.fill(true) }
        evaluate(first, block, level: level, among: candidates)
        if let candidates, !mask.formIntersection(candidates) { return }
        if candidates == nil, mask.isEmpty { return }
        for member in members.dropFirst() {
            evaluate(member, block, level: level + 1, among: mask)
            guard mask.formIntersection(self.mask(level + 1, block)) else { return }
        }
    }

    private func unite(_ members: [SegmentPlan], _ block: ColumnBlock, level: Int, among candidates: RowMask?) {
        let mask = mask(level, block)
        guard let first = members.first else { return mask.fill(false) }
        evaluate(first, block, level: level, among: candidates)
        for member in members.dropFirst() {
            evaluate(member, block, level: level + 1, among: candidates)
            mask.formUnion(self.mask(level + 1, block))
        }
    }
}
