//! The disk's files, the log of what was asked of it, and its faults.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::ThreadId,
};

use super::{
    image::Files,
    locks::{FileLocks, SlotLocks, Taken},
    vfs,
};

/// Names a file whatever it is called.
pub(super) type FileId = u64;

/// What was done to a disk, in order.
#[derive(Debug, Clone)]
pub enum Event {
    /// A file got a name.
    Link {
        /// The name.
        name: String,
        /// The file.
        file: FileId,
    },
    /// A name was taken away.
    Unlink {
        /// The name.
        name: String,
    },
    /// Bytes were written.
    Write {
        /// The file.
        file: FileId,
        /// From where on.
        offset: usize,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A file was cut or lengthened.
    Truncate {
        /// The file.
        file: FileId,
        /// Its length since.
        length: usize,
    },
    /// A file was forced out.
    Sync {
        /// The file.
        file: FileId,
        /// Whether the directory was too.
        with_names: bool,
    },
    /// Forcing a file out failed. As on Linux, what was written before may be
    /// lost although later syncs succeed.
    SyncFailed {
        /// The file.
        file: FileId,
    },
    /// Whoever uses the disk was told that its work up to here is kept.
    Acknowledged {
        /// Number of the piece of work.
        number: usize,
    },
}

/// How a request to the disk fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The device fails.
    Eio,
    /// No space is left.
    Enospc,
    /// Half of a write is done, then no space is left.
    Short,
}

/// A fault to come.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    /// How it fails.
    pub kind: FaultKind,
    /// At which request of the arming thread, counted from 1, among those this
    /// kind can hit.
    pub at: u64,
    /// Whether every later one fails too.
    pub lasts: bool,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    by: ThreadId,
    seen: u64,
}

/// What is asked of a disk, as far as it may fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Open { makes: bool },
    Delete,
    Read,
    Write,
    Truncate { grows: bool },
    Sync,
    Share,
}

/// A request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    NoSuchFile,
    Busy,
    Fault(FaultKind),
}

impl From<Taken> for Failure {
    fn from(_: Taken) -> Self {
        Self::Busy
    }
}

#[derive(Debug, Default)]
struct File {
    bytes: Vec<u8>,
    locks: FileLocks,
    slots: SlotLocks,
    /// The log's index: memory that the connections of a process share.
    regions: Vec<Box<[AtomicU64]>>,
    sharers: Vec<u64>,
}

#[derive(Debug, Default)]
struct State {
    names: BTreeMap<String, FileId>,
    files: BTreeMap<FileId, File>,
    last: u64,
    log: Option<Vec<Event>>,
    armed: Option<Armed>,
    skips_sync_of: Option<String>,
}

/// A disk; clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<State>>);

/// A disk that SQLite finds at a directory; taken off when dropped.
#[derive(Debug)]
pub struct Mount {
    directory: PathBuf,
}

static MOUNTS: Mutex<BTreeMap<PathBuf, Disk>> = Mutex::new(BTreeMap::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The disk at a directory.
pub(super) fn find(directory: &Path) -> Option<Disk> {
    lock(&MOUNTS).get(directory).cloned()
}

impl Drop for Mount {
    fn drop(&mut self) {
        lock(&MOUNTS).remove(&self.directory);
    }
}

impl Mount {
    /// Puts another disk at the same directory; nothing may be open.
    pub fn swap(&self, disk: &Disk) {
        lock(&MOUNTS).insert(self.directory.clone(), disk.clone());
    }
}

impl Disk {
    /// A disk with these files, all safe on it.
    pub fn with(files: Files) -> Self {
        let disk = Self::default();
        {
            let mut state = disk.state();
            for (name, bytes) in files {
                let id = state.make(File {
                    bytes,
                    ..File::default()
                });
                state.names.insert(name, id);
            }
        }
        disk
    }

    /// Puts the disk where SQLite, asked for the file layer [`super::NAME`],
    /// finds it.
    pub fn mount(&self, directory: &Path) -> anyhow::Result<Mount> {
        vfs::register()?;
        lock(&MOUNTS).insert(directory.to_owned(), self.clone());
        Ok(Mount {
            directory: directory.to_owned(),
        })
    }

    /// The files as whoever uses the disk sees them.
    pub fn files(&self) -> Files {
        let state = self.state();
        let with_bytes = |(name, id): (&String, &FileId)| {
            let file = state.files.get(id)?;
            Some((name.clone(), file.bytes.clone()))
        };
        state.names.iter().filter_map(with_bytes).collect()
    }

    /// Starts to log; the disk must be empty or its files known to be safe.
    pub fn record(&self) {
        self.state().log = Some(Vec::new());
    }

    /// What was logged, and ends it.
    pub fn take_log(&self) -> Vec<Event> {
        self.state().log.take().unwrap_or_default()
    }

    /// Notes in the log that whoever uses the disk was told of success.
    pub fn acknowledge(&self, number: usize) {
        self.state().note(|| Event::Acknowledged { number });
    }

    /// From now on the disk fails as told when this thread uses it.
    pub fn arm(&self, fault: Fault) {
        self.state().armed = Some(Armed {
            fault,
            by: std::thread::current().id(),
            seen: 0,
        });
    }

    /// The disk is sound again; answers whether the fault came.
    pub fn disarm(&self) -> bool {
        let armed = self.state().armed.take();
        armed.is_some_and(|armed| armed.seen >= armed.fault.at)
    }

    /// Plants a defect for the lab to find: syncs of the files whose names end
    /// like this do nothing, as if the product had forgotten them.
    pub fn skip_sync_of(&self, ending: &str) {
        self.state().skips_sync_of = Some(ending.to_owned());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

impl State {
    fn make(&mut self, file: File) -> FileId {
        self.last += 1;
        self.files.insert(self.last, file);
        self.last
    }

    fn note(&mut self, event: impl FnOnce() -> Event) {
        if let Some(log) = &mut self.log {
            log.push(event());
        }
    }

    fn try_request(&mut self, request: Request) -> Result<(), FaultKind> {
        let Some(armed) = &mut self.armed else {
            return Ok(());
        };
        let Fault { kind, at, lasts } = armed.fault;
        let can_hit = match kind {
            FaultKind::Eio => true,
            FaultKind::Enospc => matches!(
                request,
                Request::Open { makes: true }
                    | Request::Write
                    | Request::Truncate { grows: true }
                    | Request::Share
            ),
            FaultKind::Short => request == Request::Write,
        };
        if !can_hit || armed.by != std::thread::current().id() {
            return Ok(());
        }
        armed.seen += 1;
        if armed.seen == at || (lasts && armed.seen > at) {
            return Err(kind);
        }
        Ok(())
    }

    fn file(&mut self, id: FileId) -> Result<&mut File, Failure> {
        self.files.get_mut(&id).ok_or(Failure::NoSuchFile)
    }
}

/// An open file.
#[derive(Debug)]
pub(super) struct Handle {
    disk: Disk,
    file: FileId,
    name: String,
    number: u64,
    /// A log that was made and not forced out yet: the directory goes with it.
    makes_name: bool,
}

static HANDLES: AtomicU64 = AtomicU64::new(1);

impl Disk {
    pub(super) fn open(&self, name: &str, may_make: bool, is_log: bool) -> Result<Handle, Failure> {
        let mut state = self.state();
        let there = state.names.get(name).copied();
        let makes = there.is_none();
        state
            .try_request(Request::Open { makes })
            .map_err(Failure::Fault)?;
        let file = match there {
            Some(file) => file,
            None if may_make => {
                let file = state.make(File::default());
                state.names.insert(name.to_owned(), file);
                state.note(|| Event::Link {
                    name: name.to_owned(),
                    file,
                });
                file
            }
            None => return Err(Failure::NoSuchFile),
        };
        Ok(Handle {
            disk: self.clone(),
            file,
            name: name.to_owned(),
            number: HANDLES.fetch_add(1, Ordering::Relaxed),
            makes_name: makes && is_log,
        })
    }

    pub(super) fn delete(&self, name: &str) -> Result<(), Failure> {
        let mut state = self.state();
        state.try_request(Request::Delete).map_err(Failure::Fault)?;
        state.names.remove(name).ok_or(Failure::NoSuchFile)?;
        state.note(|| Event::Unlink {
            name: name.to_owned(),
        });
        Ok(())
    }

    /// Whether there is a file of that name with anything in it, which is what
    /// SQLite's own layer answers.
    pub(super) fn exists(&self, name: &str) -> bool {
        let state = self.state();
        let id = state.names.get(name);
        id.and_then(|id| state.files.get(id))
            .is_some_and(|file| !file.bytes.is_empty())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop_sharing();
        let mut state = self.disk.state();
        if let Ok(file) = state.file(self.file) {
            file.locks.lower(self.number, 0);
        }
    }
}

impl Handle {
    /// Reads what is there; answers how many bytes.
    pub(super) fn read(&self, offset: usize, into: &mut [u8]) -> Result<usize, Failure> {
        let mut state = self.disk.state();
        state.try_request(Request::Read).map_err(Failure::Fault)?;
        let there = state.file(self.file)?.bytes.get(offset..).unwrap_or(&[]);
        let count = there.len().min(into.len());
        if let (Some(into), Some(there)) = (into.get_mut(..count), there.get(..count)) {
            into.copy_from_slice(there);
        }
        Ok(count)
    }

    pub(super) fn write(&self, offset: usize, bytes: &[u8]) -> Result<(), Failure> {
        let mut state = self.disk.state();
        let failed = state.try_request(Request::Write).err();
        let written = match failed {
            None => bytes,
            Some(FaultKind::Short) => bytes.get(..bytes.len() / 2).unwrap_or(bytes),
            Some(kind) => return Err(Failure::Fault(kind)),
        };
        put(&mut state.file(self.file)?.bytes, offset, written);
        let file = self.file;
        state.note(|| Event::Write {
            file,
            offset,
            bytes: written.to_vec(),
        });
        failed.map_or(Ok(()), |kind| Err(Failure::Fault(kind)))
    }

    pub(super) fn truncate(&self, length: usize) -> Result<(), Failure> {
        let mut state = self.disk.state();
        let grows = state.file(self.file)?.bytes.len() < length;
        state
            .try_request(Request::Truncate { grows })
            .map_err(Failure::Fault)?;
        state.file(self.file)?.bytes.resize(length, 0);
        let file = self.file;
        state.note(|| Event::Truncate { file, length });
        Ok(())
    }

    pub(super) fn sync(&mut self) -> Result<(), Failure> {
        let mut state = self.disk.state();
        let file = self.file;
        if let Err(kind) = state.try_request(Request::Sync) {
            state.note(|| Event::SyncFailed { file });
            return Err(Failure::Fault(kind));
        }
        let is_skipped = state
            .skips_sync_of
            .as_ref()
            .is_some_and(|ending| self.name.ends_with(ending.as_str()));
        if !is_skipped {
            let with_names = self.makes_name;
            state.note(|| Event::Sync { file, with_names });
            self.makes_name = false;
        }
        Ok(())
    }

    pub(super) fn length(&self) -> Result<usize, Failure> {
        Ok(self.disk.state().file(self.file)?.bytes.len())
    }

    pub(super) fn raise_lock(&self, level: i32) -> Result<(), Failure> {
        let mut state = self.disk.state();
        Ok(state.file(self.file)?.locks.raise(self.number, level)?)
    }

    pub(super) fn lower_lock(&self, level: i32) {
        if let Ok(file) = self.disk.state().file(self.file) {
            file.locks.lower(self.number, level);
        }
    }

    pub(super) fn is_reserved(&self) -> bool {
        let mut state = self.disk.state();
        state
            .file(self.file)
            .is_ok_and(|file| file.locks.is_reserved())
    }

    /// A region of the log's index; `None` if it is not there and not to be
    /// made. The memory stays where it is while anybody shares it.
    pub(super) fn share(
        &self,
        region: usize,
        size: usize,
        may_make: bool,
    ) -> Result<Option<*mut u64>, Failure> {
        let mut state = self.disk.state();
        state.try_request(Request::Share).map_err(Failure::Fault)?;
        let file = state.file(self.file)?;
        if !file.sharers.contains(&self.number) {
            file.sharers.push(self.number);
        }
        while may_make && file.regions.len() <= region {
            let words = size.div_ceil(size_of::<u64>());
            file.regions
                .push((0..words).map(|_| AtomicU64::new(0)).collect());
        }
        let found = file.regions.get(region);
        Ok(found.and_then(|words| words.first()).map(AtomicU64::as_ptr))
    }

    pub(super) fn take_slots(
        &self,
        first: usize,
        count: usize,
        alone: bool,
    ) -> Result<(), Failure> {
        let mut state = self.disk.state();
        let file = state.file(self.file)?;
        Ok(file.slots.take(self.number, first, count, alone)?)
    }

    pub(super) fn give_slots(&self, first: usize, count: usize) {
        if let Ok(file) = self.disk.state().file(self.file) {
            file.slots.give(self.number, first, count);
        }
    }

    /// The last to stop takes the index along: the next opener reads the log.
    pub(super) fn stop_sharing(&self) {
        if let Ok(file) = self.disk.state().file(self.file) {
            file.slots.give(self.number, 0, usize::MAX);
            file.sharers.retain(|sharer| *sharer != self.number);
            if file.sharers.is_empty() {
                file.regions.clear();
            }
        }
    }
}

/// Writes into a file's bytes; what lies between its end and `offset` is zero.
pub(super) fn put(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    if let Some(place) = file.get_mut(offset..end) {
        place.copy_from_slice(bytes);
    }
}
