/// Adds up the members of one block after the other.
struct MemberTally {
    private var counts: [Int]
    private var reachable: [Int]
    private var isGroupSeen: [Bool]
    private var sampleKeys: [Int64] = []

    /// `channels`: how many codes the channel type has, with the one for none.
    init(channels: Int, twinGroups: Int) {
        counts = [Int](repeating: 0, count: channels)
        reachable = counts
        isGroupSeen = [Bool](repeating: false, count: twinGroups)
    }

    mutating func add(_ mask: RowMask, _ block: ColumnBlock) {
        let members = mask.population
        guard members > 0 else { return }
        let column = block.columns.isEmpty ? BlockColumn() : block.columns[ColumnCatalog.channelType]
        if column.isAbsent {
            counts[0] += members
            reachable[0] += reach(mask, block)
        } else if members > 256, counts.count <= 8, column.wide.isEmpty {
            column.narrow.withUnsafeBufferPointer { codes in
                if let codes = codes.baseAddress { addByPasses(mask, block, codes) }
            }
        } else {
            mask.forEachRow { row in
                let channel = column.code(at: row)
                counts[channel] += 1
                if block.flags[row] == .reachable { reachable[channel] += 1 }
            }
        }
        addTwins(mask, block, column)
        addSample(mask, block)
    }

    /// Of rows whose address is their own.
    private func reach(_ mask: RowMask, _ block: ColumnBlock) -> Int {
        block.withFlagBytes { flags in
            mask.sum {
                RowMask.vector(mask.bytes, $0) & RowMask.equal(RowMask.vector(flags, $0), Self.alone)
            } rest: {
                flags[$0] == RowFlags.reachable.rawValue ? mask.bytes[$0] : 0
            }
        }
    }

    /// Reachable, and no other endpoint has the address.
    private static let alone = RowMask.Vector(repeating: RowFlags.reachable.rawValue)

    /// One pass a channel and number, of 16 rows a step: for many members and few channels.
    private mutating func addByPasses(_ mask: RowMask, _ block: ColumnBlock, _ codes: UnsafePointer<UInt8>) {
        block.withFlagBytes { flags in
            for channel in counts.indices {
                let code = UInt8(truncatingIfNeeded: channel)
                let all = RowMask.Vector(repeating: code)
                let count = mask.sum {
                    RowMask.vector(mask.bytes, $0) & RowMask.equal(RowMask.vector(codes, $0), all)
                } rest: {
                    codes[$0] == code ? mask.bytes[$0] : 0
                }
                guard count > 0 else { continue }
                counts[channel] += count
                reachable[channel] += mask.sum {
                    RowMask.vector(mask.bytes, $0) & RowMask.equal(RowMask.vector(codes, $0), all)
                        & RowMask.equal(RowMask.vector(flags, $0), Self.alone)
                } rest: {
                    codes[$0] == code && flags[$0] == RowFlags.reachable.rawValue ? mask.bytes[$0] : 0
                }
            }
        }
    }

    /// Of reachable members with one channel and address, one counts.
    private mutating func addTwins(_ mask: RowMask, _ block: ColumnBlock, _ column: BlockColumn) {
        for (row, group) in zip(block.twins.rows, block.twins.groups) {
            let row = Int(row)
            guard mask.bytes[row] == 1, block.flags[row].contains(.reachable), !isGroupSeen[Int(group)] else {
                continue
            }
            isGroupSeen[Int(group)] = true
            reachable[column.code(at: row)] += 1
        }
    }

    private mutating func addSample(_ mask: RowMask, _ block: ColumnBlock) {
        guard sampleKeys.count < ColumnEstimate.sampleSize else { return }
        for row in 0..<mask.count where mask.bytes[row] == 1 {
            sampleKeys.append(block.keys[row])
            if sampleKeys.count == ColumnEstimate.sampleSize { return }
        }
    }

    /// `channels`: names by code; nil for none.
    func estimate(_ channels: [String?]) -> ColumnEstimate {
        var estimate = ColumnEstimate(
            count: counts.reduce(0, +), reachable: reachable.reduce(0, +), sampleKeys: sampleKeys
        )
        for (channel, name) in channels.enumerated() where counts[channel] > 0 {
            guard let name else { continue }
            estimate.byChannel[name] = .init(count: counts[channel], reachable: reachable[channel])
        }
        return estimate
    }
}
