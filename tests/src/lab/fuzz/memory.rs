//! How much memory a piece of work took at most: an allocator that counts.
//!
//! Counts what Rust code allocates, by all threads of the process; what the C
//! code of SQLite and zstd allocates is not seen here (zstd's window is bounded
//! by the format's limit, SQLite's cache by its settings).

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicBool, AtomicIsize, Ordering},
};

/// Set between [`begin`] and [`peak_since`]: counting costs every thread of
/// every other machine of the lab dearly.
static COUNTS: AtomicBool = AtomicBool::new(false);
/// May be below zero: what was allocated while nobody counted is freed too.
static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

/// The system's allocator, counting. A program that fuzzes makes it its global
/// allocator.
#[derive(Debug, Clone, Copy, Default)]
pub struct CountingAllocator;

fn add(size: usize) {
    if COUNTS.load(Ordering::Relaxed) {
        let size = size.cast_signed();
        let live = LIVE.fetch_add(size, Ordering::Relaxed) + size;
        PEAK.fetch_max(live, Ordering::Relaxed);
    }
}

fn take(size: usize) {
    if COUNTS.load(Ordering::Relaxed) {
        LIVE.fetch_sub(size.cast_signed(), Ordering::Relaxed);
    }
}

#[expect(
    unsafe_code,
    reason = "an allocator is unsafe by its trait; every call is passed on unchanged"
)]
// SAFETY: every method passes its arguments on to the system's allocator
// unchanged and answers what that answered.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the trait's contract.
        let memory = unsafe { System.alloc(layout) };
        if !memory.is_null() {
            add(layout.size());
        }
        memory
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        take(layout.size());
        // SAFETY: the caller keeps the trait's contract.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the trait's contract.
        let memory = unsafe { System.alloc_zeroed(layout) };
        if !memory.is_null() {
            add(layout.size());
        }
        memory
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the trait's contract.
        let moved = unsafe { System.realloc(memory, layout, size) };
        if !moved.is_null() {
            take(layout.size());
            add(size);
        }
        moved
    }
}

/// Whether this program's allocator counts.
pub fn is_counting() -> bool {
    let begun = begin();
    let memory = std::hint::black_box(vec![0_u8; 4_096]);
    let peak = peak_since(begun);
    peak >= memory.len()
}

/// Begins a measurement; answers what the count is now.
pub fn begin() -> isize {
    COUNTS.store(true, Ordering::Relaxed);
    let live = LIVE.load(Ordering::Relaxed);
    PEAK.store(live, Ordering::Relaxed);
    live
}

/// The most bytes held since [`begin`], beyond what was held then; ends the
/// measurement.
pub fn peak_since(begun: isize) -> usize {
    COUNTS.store(false, Ordering::Relaxed);
    let more = PEAK.load(Ordering::Relaxed).saturating_sub(begun);
    usize::try_from(more).unwrap_or(0)
}
