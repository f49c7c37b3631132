//! Counts what this very process asks the disk to make durable.
//!
//! `fsync` and `fdatasync` are defined here and passed on to the kernel; the
//! linker takes a program's own definition before the C library's, for SQLite
//! too, since it is linked into the program. So nothing is missed and nothing
//! but real calls is counted.

use std::{
    ffi::c_int,
    sync::atomic::{AtomicU64, Ordering},
};

static CALLS: AtomicU64 = AtomicU64::new(0);

/// Calls of both kinds since the program started.
pub(crate) fn calls() -> u64 {
    CALLS.load(Ordering::SeqCst)
}

#[expect(
    unsafe_code,
    reason = "takes the place of the C library's function in this program"
)]
#[unsafe(no_mangle)]
extern "C" fn fsync(file: c_int) -> c_int {
    CALLS.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the same call with the same argument, without the C library.
    let result = unsafe { libc::syscall(libc::SYS_fsync, file) };
    c_int::try_from(result).unwrap_or(-1)
}

#[expect(
    unsafe_code,
    reason = "takes the place of the C library's function in this program"
)]
#[unsafe(no_mangle)]
extern "C" fn fdatasync(file: c_int) -> c_int {
    CALLS.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the same call with the same argument, without the C library.
    let result = unsafe { libc::syscall(libc::SYS_fdatasync, file) };
    c_int::try_from(result).unwrap_or(-1)
}

/// Proves that the counting works: one file synced is one call.
pub(crate) fn check() -> anyhow::Result<()> {
    let file = tempfile::tempfile()?;
    let before = calls();
    file.sync_all()?;
    file.sync_data()?;
    anyhow::ensure!(
        calls() - before == 2,
        "calls of fsync are not counted on this system"
    );
    Ok(())
}
