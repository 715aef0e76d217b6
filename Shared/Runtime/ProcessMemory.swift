import CLinux

/// How the C library keeps memory that is free at the moment.
package enum ProcessMemory {
    /// Larger pieces come from the kernel and go straight back to it. Bodies may have 7 MB and their index several times that;
    /// a group commit's rows are well below.
    private static let returnedBytes: Int32 = 2 << 20
    /// One for the loop, one for threads beside it. Left alone, the library would make up to eight a core, and each keeps what
    /// it once needed.
    private static let arenas: Int32 = 2

    /// For the start of a process, before its second thread: what a large request needed is given back when it is answered.
    package static func bound() {
        mallopt(M_MMAP_THRESHOLD, returnedBytes)
        mallopt(M_TRIM_THRESHOLD, returnedBytes * 2)
        mallopt(M_ARENA_MAX, arenas)
    }

    /// Gives freed pages back to the system: worth its milliseconds after much was used for a while and little kept.
    package static func trim() {
        malloc_trim(0)
    }
}
