//! What the allocator may keep for itself.

/// Heaps that threads share. glibc would give each thread its own, and every
/// one keeps what its largest request once took: measured with a hundred phones
/// pushing at once, 69 MB instead of 60 at the same speed. Fewer make threads
/// wait for each other.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ARENAS: i32 = 3;

/// Bounds the heaps; to be called before there are threads. Other allocators
/// than glibc's have nothing to bound, and one that refuses costs memory only.
pub fn limit_arenas() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(
        unsafe_code,
        reason = "a setting of the C library; it takes two numbers and touches no memory of ours"
    )]
    // SAFETY: `mallopt` may be called at any time and with any numbers.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, ARENAS);
    }
}

/// Gives back to the system what was freed; to be called when a burst of work
/// is over. The C library keeps it otherwise, and the next burst, which finds it
/// in pieces, takes some more.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(
        unsafe_code,
        reason = "a request to the C library; it touches no memory of ours"
    )]
    // SAFETY: `malloc_trim` may be called at any time and with any number.
    unsafe {
        libc::malloc_trim(0);
    }
}
