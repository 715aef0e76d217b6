/// Whether the current task is inside a database transaction.
///
/// Set by `Database.transaction`, read by whatever must not happen there: a network call would hold row locks for as long as
/// the other side likes, and a second connection would let a full pool wait for itself. Child tasks inherit it.
package enum Transaction {
    @TaskLocal package static var isActive = false
}
