//! What a disk may hold after the power failed at some point of its log.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng, RngExt as _};

use super::medium::{Event, FileId, put};

/// Files by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What happens to that which was not forced out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loss {
    /// All of it is lost.
    Everything,
    /// All of it is there, as after a crash of the app alone.
    Nothing,
    /// It was written in order, and the power failed within one write.
    Tail,
    /// Some writes are there and others are not.
    Writes,
    /// Some sectors of this many bytes are there and others are not.
    Sectors(usize),
}

impl Loss {
    /// Every way.
    pub const ALL: [Self; 6] = [
        Self::Everything,
        Self::Nothing,
        Self::Tail,
        Self::Writes,
        Self::Sectors(512),
        Self::Sectors(4_096),
    ];
}

/// A sector is written whole or not at all.
const SECTOR: usize = 512;

/// Walks along a log and makes images at any point of it.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    safe: BTreeMap<FileId, Vec<u8>>,
    safe_names: BTreeMap<String, FileId>,
    /// Writes and truncations that no sync covers, in order.
    loose: Vec<(FileId, Change)>,
    /// The same of names.
    loose_names: Vec<(String, Option<FileId>)>,
    acknowledged: Option<usize>,
}

#[derive(Debug, Clone)]
struct Change {
    kind: Kind,
    /// A sync of it failed: the next one forgets it.
    is_doomed: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

impl Replay {
    /// Begins with files that are all safe; they are numbered as a [`Disk`]
    /// numbers those it begins with.
    ///
    /// [`Disk`]: super::Disk
    pub fn of(base: &Files) -> Self {
        let mut replay = Self::default();
        for ((name, bytes), id) in base.iter().zip(1..) {
            replay.safe.insert(id, bytes.clone());
            replay.safe_names.insert(name.clone(), id);
        }
        replay
    }

    /// Whether anything may be lost here.
    pub fn has_loose(&self) -> bool {
        !self.loose.is_empty() || !self.loose_names.is_empty()
    }

    /// Goes on by one event.
    pub fn step(&mut self, event: &Event) {
        match event {
            Event::Link { name, file } => self.loose_names.push((name.clone(), Some(*file))),
            Event::Unlink { name } => self.loose_names.push((name.clone(), None)),
            Event::Write {
                file,
                offset,
                bytes,
            } => self.change(
                *file,
                Kind::Write {
                    offset: *offset,
                    bytes: bytes.clone(),
                },
            ),
            Event::Truncate { file, length } => {
                self.change(*file, Kind::Truncate { length: *length });
            }
            Event::Sync { file, with_names } => {
                let safe = self.safe.entry(*file).or_default();
                self.loose.retain(|(of, change)| {
                    if of == file && !change.is_doomed {
                        change.kind.apply(safe);
                    }
                    of != file
                });
                if *with_names {
                    for (name, file) in self.loose_names.drain(..) {
                        rename(&mut self.safe_names, name, file);
                    }
                }
            }
            Event::SyncFailed { file } => {
                for (of, change) in &mut self.loose {
                    // A length is kept in the file system's own journal.
                    let is_write = matches!(change.kind, Kind::Write { .. });
                    change.is_doomed |= of == file && is_write;
                }
            }
            Event::Acknowledged { number } => self.acknowledged = Some(*number),
        }
    }

    /// The last piece of work whose success was told.
    pub fn acknowledged(&self) -> Option<usize> {
        self.acknowledged
    }

    /// The disk after the power failed here.
    pub fn image(&self, loss: Loss, random: &mut impl Rng) -> Files {
        let (kept_changes, kept_names) = match loss {
            Loss::Everything => (0, 0),
            Loss::Tail => (
                random.random_range(0..=self.loose.len()),
                random.random_range(0..=self.loose_names.len()),
            ),
            _ => (self.loose.len(), self.loose_names.len()),
        };
        let mut names = self.safe_names.clone();
        for (name, file) in self.loose_names.iter().take(kept_names) {
            let is_kept = loss == Loss::Nothing || loss == Loss::Tail || random.random();
            if is_kept {
                rename(&mut names, name.clone(), *file);
            }
        }
        let wanted: BTreeSet<FileId> = names.values().copied().collect();
        let mut files: BTreeMap<FileId, Vec<u8>> = self
            .safe
            .iter()
            .filter(|(id, _)| wanted.contains(id))
            .map(|(id, bytes)| (*id, bytes.clone()))
            .collect();
        for (index, (id, change)) in self.loose.iter().take(kept_changes).enumerate() {
            if !wanted.contains(id) {
                continue;
            }
            let file = files.entry(*id).or_default();
            match loss {
                Loss::Tail if index + 1 == kept_changes => change.kind.tear(file, random),
                Loss::Nothing | Loss::Tail => change.kind.apply(file),
                Loss::Sectors(size) => change.kind.scatter(file, size, random),
                Loss::Everything => {}
                Loss::Writes => {
                    if random.random() {
                        change.kind.apply(file);
                    }
                }
            }
        }
        names
            .into_iter()
            .map(|(name, id)| (name, files.get(&id).cloned().unwrap_or_default()))
            .collect()
    }

    fn change(&mut self, file: FileId, kind: Kind) {
        let change = Change {
            kind,
            is_doomed: false,
        };
        self.loose.push((file, change));
    }
}

fn rename(names: &mut BTreeMap<String, FileId>, name: String, file: Option<FileId>) {
    match file {
        Some(file) => names.insert(name, file),
        None => names.remove(&name),
    };
}

impl Kind {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => put(file, *offset, bytes),
            Self::Truncate { length } => file.resize(*length, 0),
        }
    }

    /// The power fails during this one: its first sectors are there.
    fn tear(&self, file: &mut Vec<u8>, random: &mut impl Rng) {
        let pieces = self.pieces(SECTOR);
        let kept = random.random_range(0..=pieces.len());
        for (offset, piece) in pieces.into_iter().take(kept) {
            put(file, offset, piece);
        }
        if random.random() {
            self.apply_truncation(file);
        }
    }

    /// Each sector for itself is there or not.
    fn scatter(&self, file: &mut Vec<u8>, size: usize, random: &mut impl Rng) {
        for (offset, piece) in self.pieces(size) {
            if random.random() {
                // What was never written may hold anything.
                let gap = file.len()..offset;
                put(file, offset, piece);
                if random.random()
                    && let Some(gap) = file.get_mut(gap)
                {
                    random.fill_bytes(gap);
                }
            }
        }
        if random.random() {
            self.apply_truncation(file);
        }
    }

    fn apply_truncation(&self, file: &mut Vec<u8>) {
        if matches!(self, Self::Truncate { .. }) {
            self.apply(file);
        }
    }

    /// A write cut at the disk's sectors.
    fn pieces(&self, size: usize) -> Vec<(usize, &[u8])> {
        let Self::Write { offset, bytes } = self else {
            return Vec::new();
        };
        let mut pieces = Vec::new();
        let (mut at, mut rest) = (*offset, bytes.as_slice());
        while !rest.is_empty() {
            let room = size - at % size;
            let (piece, after) = rest.split_at(room.min(rest.len()));
            pieces.push((at, piece));
            at += piece.len();
            rest = after;
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn write(offset: usize, bytes: &[u8]) -> Event {
        Event::Write {
            file: 1,
            offset,
            bytes: bytes.to_vec(),
        }
    }

    fn named() -> Replay {
        let mut replay = Replay::default();
        replay.step(&Event::Link {
            name: "a".to_owned(),
            file: 1,
        });
        replay.step(&write(0, b"old"));
        replay.step(&Event::Sync {
            file: 1,
            with_names: true,
        });
        replay
    }

    #[test]
    fn what_was_forced_out_is_in_every_image_and_the_rest_in_some() {
        let mut replay = named();
        replay.step(&write(2, &[7; 1_500]));
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut lengths = BTreeSet::new();
        for round in 0..600 {
            let image = replay.image(Loss::ALL[round % 6], &mut random);
            assert!(image["a"].starts_with(b"ol"));
            lengths.insert(image["a"].len());
        }
        // Cut at sectors: nothing, or up to byte 512, 1024 or the end.
        assert_eq!(lengths, BTreeSet::from([3, 512, 1_024, 1_502]));
    }

    #[test]
    fn a_sync_after_a_failed_one_does_not_bring_back_what_that_lost() {
        let mut replay = named();
        replay.step(&write(0, b"new"));
        replay.step(&Event::SyncFailed { file: 1 });
        let sync = Event::Sync {
            file: 1,
            with_names: false,
        };
        replay.step(&sync);
        let mut random = ChaCha8Rng::seed_from_u64(1);
        assert_eq!(replay.image(Loss::Everything, &mut random)["a"], b"old");
        // Written again it is kept.
        replay.step(&write(0, b"new"));
        replay.step(&sync);
        assert_eq!(replay.image(Loss::Everything, &mut random)["a"], b"new");
    }

    #[test]
    fn a_name_is_safe_only_with_its_directory() {
        let mut replay = Replay::default();
        replay.step(&Event::Link {
            name: "a".to_owned(),
            file: 1,
        });
        replay.step(&write(0, b"x"));
        replay.step(&Event::Sync {
            file: 1,
            with_names: false,
        });
        let mut random = ChaCha8Rng::seed_from_u64(1);
        assert!(replay.image(Loss::Everything, &mut random).is_empty());
        assert_eq!(replay.image(Loss::Nothing, &mut random)["a"], b"x");
    }
}
