//! SQLite's usual file layer, counting each request to force bytes to disk.

#![expect(
    unsafe_code,
    reason = "a file layer of SQLite is C; used by one test only"
)]

use std::{
    collections::BTreeMap,
    ffi::{CStr, c_char, c_int},
    path::Path,
    sync::{Mutex, Once, OnceLock},
};

use rusqlite::ffi;

/// Name under which the layer is registered.
const NAME: &CStr = c"wangge-sync-count";

/// Forced writes by path of the file's directory.
static COUNTS: Mutex<BTreeMap<String, u64>> = Mutex::new(BTreeMap::new());
/// Directory of each open file, by the address of SQLite's file object.
static FILES: Mutex<BTreeMap<usize, String>> = Mutex::new(BTreeMap::new());
/// The usual methods, by the address of our copies.
static USUAL: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());
/// The usual layer.
static BASE: OnceLock<usize> = OnceLock::new();

/// Registers the layer once and answers its name.
pub(super) fn register() -> &'static str {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: SQLite's default layer lives as long as the process; the copy
        // is leaked and so does too.
        unsafe {
            let base = ffi::sqlite3_vfs_find(std::ptr::null());
            BASE.set(base as usize).unwrap();
            let mut copy = *base;
            copy.zName = NAME.as_ptr();
            copy.xOpen = Some(open);
            copy.pNext = std::ptr::null_mut();
            let copy = Box::leak(Box::new(copy));
            assert_eq!(ffi::sqlite3_vfs_register(copy, 0), ffi::SQLITE_OK);
        }
    });
    NAME.to_str().unwrap()
}

/// Forced writes of files in this directory so far.
pub(super) fn count(directory: &Path) -> u64 {
    let name = directory.to_str().unwrap();
    COUNTS.lock().unwrap().get(name).copied().unwrap_or(0)
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: everything SQLite passes is handed on unchanged; afterwards the
    // file's table of methods is replaced by a leaked copy that differs in
    // `xSync` alone.
    unsafe {
        let base = *BASE.get().unwrap() as *mut ffi::sqlite3_vfs;
        let code = (*base).xOpen.unwrap()(base, name, file, flags, out_flags);
        let usual = (*file).pMethods;
        if code == ffi::SQLITE_OK && !usual.is_null() {
            let mut methods = *usual;
            methods.xSync = Some(sync);
            let copy: &'static ffi::sqlite3_io_methods = Box::leak(Box::new(methods));
            let address = std::ptr::from_ref(copy) as usize;
            USUAL.lock().unwrap().insert(address, usual as usize);
            (*file).pMethods = copy;
            let path = if name.is_null() {
                ""
            } else {
                CStr::from_ptr(name.cast::<c_char>())
                    .to_str()
                    .unwrap_or_default()
            };
            let directory = Path::new(path)
                .parent()
                .and_then(Path::to_str)
                .unwrap_or_default();
            FILES
                .lock()
                .unwrap()
                .insert(file as usize, directory.to_owned());
        }
        code
    }
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, flags: c_int) -> c_int {
    if let Some(directory) = FILES.lock().unwrap().get(&(file as usize)) {
        *COUNTS.lock().unwrap().entry(directory.clone()).or_default() += 1;
    }
    // SAFETY: `open` put this table there and remembered the usual one.
    unsafe {
        let usual = USUAL.lock().unwrap()[&((*file).pMethods as usize)];
        let usual = usual as *const ffi::sqlite3_io_methods;
        (*usual).xSync.unwrap()(file, flags)
    }
}
