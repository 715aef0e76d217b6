import CLinux

/// The memory of this process.
package enum ProcessMemory {
    /// Gives freed pages back to the system: worth its milliseconds after much was used for a while and little kept.
    package static func trim() {
        malloc_trim(0)
    }
}
