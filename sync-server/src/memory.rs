//! What the allocator may keep for itself.

/// Heaps that threads share. glibc would give each thread its own, and every
/// one keeps what its largest request once took: measured with a hundred phones
/// pushing at once, 69 MB instead of 60 at the same speed. Fewer make threads
/// wait for each other.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const ARENAS: i32 = 3;

/// Bytes from which a piece of memory is taken from the system by itself and
/// given back as soon as it is free. Left alone, glibc raises this to the largest
/// piece it ever saw, and pages of snapshots then lie about in the heaps: a phone
/// that fetched 20,000 records left 85 MB, with this 61.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: i32 = 256 << 10;

/// Bytes at the end of a heap that are kept for what comes next.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: i32 = 4 << 20;

/// Bounds the heaps; to be called before there are threads. Other allocators
/// than glibc's have nothing to bound, and one that refuses costs memory only.
pub fn bound_heaps() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(
        unsafe_code,
        reason = "settings of the C library; it takes numbers and touches no memory of ours"
    )]
    // SAFETY: `mallopt` may be called at any time and with any numbers.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, ARENAS);
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
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
