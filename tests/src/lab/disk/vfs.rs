//! The C side: SQLite's file layer over [`super::medium`]. All unsafe code of
//! the lab's disk is here; nothing is decided here.

#![expect(
    unsafe_code,
    reason = "a file layer of SQLite is a table of C functions"
)]

use std::{
    ffi::{CStr, c_char, c_int, c_void},
    path::Path,
    ptr, slice,
    sync::OnceLock,
};

use rusqlite::ffi;

use super::medium::{self, Disk, Failure, FaultKind, Handle};

/// Name under which the layer is registered with SQLite.
pub const NAME: &str = "wangge-lab";
const C_NAME: &CStr = c"wangge-lab";

/// As SQLite's own layer answers for every disk.
const SECTOR: c_int = 4_096;
const CHARACTERISTICS: c_int = 0x1000 | 0x8000;

/// SQLite's default layer, for what has nothing to do with files.
static USUAL: OnceLock<usize> = OnceLock::new();

/// Registers the layer, once.
pub(super) fn register() -> anyhow::Result<()> {
    static RESULT: OnceLock<c_int> = OnceLock::new();
    let code = *RESULT.get_or_init(|| {
        // SAFETY: SQLite's default layer lives as long as the process; the copy
        // is leaked and so does too. Functions that concern files are replaced.
        unsafe {
            let usual = ffi::sqlite3_vfs_find(ptr::null());
            USUAL.get_or_init(|| usual as usize);
            let mut layer = *usual;
            layer.iVersion = 2;
            layer.szOsFile = c_int::try_from(size_of::<LabFile>()).unwrap_or(c_int::MAX);
            layer.zName = C_NAME.as_ptr();
            layer.pNext = ptr::null_mut();
            layer.xOpen = Some(open);
            layer.xDelete = Some(delete);
            layer.xAccess = Some(access);
            layer.xFullPathname = Some(full_path);
            ffi::sqlite3_vfs_register(Box::leak(Box::new(layer)), 0)
        }
    });
    anyhow::ensure!(code == ffi::SQLITE_OK, "SQLite did not take the layer");
    Ok(())
}

/// What SQLite allocates for an open file: its own part first.
#[repr(C)]
struct LabFile {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(take_lock),
    xUnlock: Some(lower_lock),
    xCheckReservedLock: Some(check_reserved),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(share),
    xShmLock: Some(lock_slots),
    xShmBarrier: Some(barrier),
    xShmUnmap: Some(stop_sharing),
    xFetch: None,
    xUnfetch: None,
};

/// SQLite's code for a failure, given its code for a failing device here.
fn code(failure: Failure, device: c_int) -> c_int {
    match failure {
        Failure::NoSuchFile => ffi::SQLITE_CANTOPEN,
        Failure::Busy => ffi::SQLITE_BUSY,
        Failure::Fault(FaultKind::Eio) => device,
        Failure::Fault(FaultKind::Enospc | FaultKind::Short) => match device {
            // What SQLite's own layer says although the space is the reason.
            ffi::SQLITE_CANTOPEN | ffi::SQLITE_IOERR_SHMMAP => device,
            _ => ffi::SQLITE_FULL,
        },
    }
}

fn answer(result: Result<(), Failure>, device: c_int) -> c_int {
    result.map_or_else(|failure| code(failure, device), |()| ffi::SQLITE_OK)
}

fn position(number: ffi::sqlite3_int64) -> usize {
    usize::try_from(number).unwrap_or(0)
}

fn count(number: c_int) -> usize {
    usize::try_from(number).unwrap_or(0)
}

/// The disk and the name on it.
///
/// # Safety
/// `path` is null or a C string.
unsafe fn locate<'a>(path: *const c_char) -> Option<(Disk, &'a str)> {
    if path.is_null() {
        return None;
    }
    // SAFETY: not null, and SQLite's paths end in a zero.
    let path = Path::new(unsafe { CStr::from_ptr(path) }.to_str().ok()?);
    let disk = medium::find(path.parent()?)?;
    Some((disk, path.file_name()?.to_str()?))
}

/// The handle of a file that `open` opened.
///
/// # Safety
/// `file` was filled by `open` and not closed since. SQLite uses a file from
/// one thread at a time.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Handle {
    // SAFETY: as the caller promises; `open` put a leaked box there.
    unsafe { &mut *(*file.cast::<LabFile>()).handle }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives room for a `LabFile` and a path or null.
    unsafe {
        (*file).pMethods = ptr::null();
        let Some((disk, name)) = locate(path) else {
            return ffi::SQLITE_CANTOPEN;
        };
        let may_make = flags & ffi::SQLITE_OPEN_CREATE != 0;
        let is_log = flags & (ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL) != 0;
        match disk.open(name, may_make, is_log) {
            Ok(handle) => {
                (*file.cast::<LabFile>()).handle = Box::into_raw(Box::new(handle));
                (*file).pMethods = &raw const METHODS;
                if !out_flags.is_null() {
                    *out_flags = flags;
                }
                ffi::SQLITE_OK
            }
            Err(failure) => code(failure, ffi::SQLITE_CANTOPEN),
        }
    }
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, path: *const c_char, _: c_int) -> c_int {
    // SAFETY: SQLite passes a path.
    let Some((disk, name)) = (unsafe { locate(path) }) else {
        return ffi::SQLITE_IOERR_DELETE;
    };
    match disk.delete(name) {
        Err(Failure::NoSuchFile) => ffi::SQLITE_IOERR_DELETE_NOENT,
        result => answer(result, ffi::SQLITE_IOERR_DELETE),
    }
}

unsafe extern "C" fn access(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    _: c_int,
    result: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes a path and a place for the answer.
    unsafe {
        *result = c_int::from(locate(path).is_some_and(|(disk, name)| disk.exists(name)));
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_path(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    room: c_int,
    full: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes a path and `room` bytes for the answer; the lab's
    // paths are whole already.
    unsafe {
        let length = CStr::from_ptr(path).to_bytes_with_nul().len();
        if length > count(room) {
            return ffi::SQLITE_CANTOPEN;
        }
        ptr::copy_nonoverlapping(path, full, length);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: `open` leaked this box, and nobody uses the file after closing.
    unsafe {
        drop(Box::from_raw((*file.cast::<LabFile>()).handle));
        (*file).pMethods = ptr::null();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    length: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: `into` has room for `length` bytes, which SQLite may not have
    // set; they are zeroed first.
    let into = unsafe {
        ptr::write_bytes(into.cast::<u8>(), 0, count(length));
        slice::from_raw_parts_mut(into.cast::<u8>(), count(length))
    };
    // SAFETY: an open file.
    match unsafe { handle(file) }.read(position(offset), into) {
        Ok(got) if got == into.len() => ffi::SQLITE_OK,
        Ok(_) => ffi::SQLITE_IOERR_SHORT_READ,
        Err(failure) => code(failure, ffi::SQLITE_IOERR_READ),
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    length: c_int,
    offset: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: an open file, and `length` bytes at `from`.
    let (handle, from) = unsafe {
        let from = slice::from_raw_parts(from.cast::<u8>(), count(length));
        (handle(file), from)
    };
    let result = handle.write(position(offset), from);
    answer(result, ffi::SQLITE_IOERR_WRITE)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: ffi::sqlite3_int64) -> c_int {
    // SAFETY: an open file.
    let result = unsafe { handle(file) }.truncate(position(length));
    answer(result, ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    answer(unsafe { handle(file) }.sync(), ffi::SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    size: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: an open file, and a place for the answer.
    unsafe {
        match handle(file).length() {
            Ok(length) => {
                *size = ffi::sqlite3_int64::try_from(length).unwrap_or(ffi::sqlite3_int64::MAX);
                ffi::SQLITE_OK
            }
            Err(failure) => code(failure, ffi::SQLITE_IOERR_FSTAT),
        }
    }
}

unsafe extern "C" fn take_lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file.
    let result = unsafe { handle(file) }.raise_lock(level);
    answer(result, ffi::SQLITE_IOERR_LOCK)
}

unsafe extern "C" fn lower_lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file.
    unsafe { handle(file) }.lower_lock(level);
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved(file: *mut ffi::sqlite3_file, result: *mut c_int) -> c_int {
    // SAFETY: an open file, and a place for the answer.
    unsafe { *result = c_int::from(handle(file).is_reserved()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    SECTOR
}

unsafe extern "C" fn characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    CHARACTERISTICS
}

unsafe extern "C" fn share(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    may_make: c_int,
    memory: *mut *mut c_void,
) -> c_int {
    // SAFETY: an open file, and a place for the answer. The words are atomic, so
    // whoever shares them may write through the pointer.
    unsafe {
        match handle(file).share(count(region), count(size), may_make != 0) {
            Ok(found) => {
                *memory = found.map_or(ptr::null_mut(), <*mut u64>::cast);
                ffi::SQLITE_OK
            }
            Err(failure) => {
                *memory = ptr::null_mut();
                code(failure, ffi::SQLITE_IOERR_SHMMAP)
            }
        }
    }
}

unsafe extern "C" fn lock_slots(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    slots: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: an open file.
    let handle = unsafe { handle(file) };
    let (first, slots) = (count(first), count(slots));
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        handle.give_slots(first, slots);
        return ffi::SQLITE_OK;
    }
    let alone = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    answer(
        handle.take_slots(first, slots, alone),
        ffi::SQLITE_IOERR_SHMLOCK,
    )
}

unsafe extern "C" fn barrier(_: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn stop_sharing(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    unsafe { handle(file) }.stop_sharing();
    ffi::SQLITE_OK
}
