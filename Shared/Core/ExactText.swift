extension String {
    /// Equal byte for byte, as Postgres and every client compares names and ids.
    ///
    /// Swift's own `==` takes texts for equal that differ only in Unicode normalisation ("é" as one scalar or as two): right
    /// for what people read, wrong for keys that somebody chose, because two of them would become one.
    package func isExactly(_ other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    /// An order that agrees with `isExactly`.
    package func precedesExactly(_ other: String) -> Bool {
        utf8.lexicographicallyPrecedes(other.utf8)
    }
}
