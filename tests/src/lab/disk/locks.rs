//! Who holds which lock of a file: the five levels of a rollback-mode file and
//! the eight slots of the write-ahead log's index.

/// Somebody else holds what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken;

/// SQLite's lock levels, by number: shared, reserved, pending, exclusive.
pub(super) const SHARED: i32 = 1;
const RESERVED: i32 = 2;
const PENDING: i32 = 3;
const EXCLUSIVE: i32 = 4;

/// Slots of the log's index that can be locked.
const SLOTS: usize = 8;

/// The locks of one file; holders are named by their handle's number.
#[derive(Debug, Default)]
pub(super) struct FileLocks {
    holders: Vec<(u64, i32)>,
}

impl FileLocks {
    /// The level a handle holds, 0 for none.
    pub(super) fn level(&self, handle: u64) -> i32 {
        self.holders
            .iter()
            .find(|(holder, _)| *holder == handle)
            .map_or(0, |(_, level)| *level)
    }

    /// Raises a handle's lock. On the way to exclusive it may end at pending,
    /// which keeps new readers out.
    pub(super) fn raise(&mut self, handle: u64, level: i32) -> Result<(), Taken> {
        if self.level(handle) >= level {
            return Ok(());
        }
        let others = self
            .holders
            .iter()
            .filter(|(holder, _)| *holder != handle)
            .map(|(_, level)| *level)
            .max()
            .unwrap_or(0);
        let free = match level {
            SHARED => others < PENDING,
            RESERVED => others < RESERVED,
            _ => {
                if others >= RESERVED {
                    return Err(Taken);
                }
                if others > 0 {
                    self.set(handle, PENDING);
                }
                others == 0
            }
        };
        if !free {
            return Err(Taken);
        }
        self.set(handle, level.min(EXCLUSIVE));
        Ok(())
    }

    /// Lowers a handle's lock.
    pub(super) fn lower(&mut self, handle: u64, level: i32) {
        if self.level(handle) > level {
            self.set(handle, level);
        }
    }

    /// Whether anybody is about to write.
    pub(super) fn is_reserved(&self) -> bool {
        self.holders.iter().any(|(_, level)| *level >= RESERVED)
    }

    fn set(&mut self, handle: u64, level: i32) {
        self.holders.retain(|(holder, _)| *holder != handle);
        if level > 0 {
            self.holders.push((handle, level));
        }
    }
}

/// The locks of a write-ahead log's index.
#[derive(Debug, Default)]
pub(super) struct SlotLocks {
    slots: [Vec<(u64, bool)>; SLOTS],
}

impl SlotLocks {
    /// Takes slots from `first` on, for itself alone or shared; all or none.
    pub(super) fn take(
        &mut self,
        handle: u64,
        first: usize,
        count: usize,
        alone: bool,
    ) -> Result<(), Taken> {
        let wanted = self.slots.iter_mut().skip(first).take(count);
        let mut wanted: Vec<_> = wanted.collect();
        let is_taken = wanted.iter().any(|slot| {
            slot.iter()
                .any(|(holder, held_alone)| *holder != handle && (alone || *held_alone))
        });
        if is_taken {
            return Err(Taken);
        }
        for slot in &mut wanted {
            slot.retain(|(holder, _)| *holder != handle);
            slot.push((handle, alone));
        }
        Ok(())
    }

    /// Gives slots back.
    pub(super) fn give(&mut self, handle: u64, first: usize, count: usize) {
        for slot in self.slots.iter_mut().skip(first).take(count) {
            slot.retain(|(holder, _)| *holder != handle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_share_one_writes_and_nobody_enters_past_a_waiting_writer() {
        let mut locks = FileLocks::default();
        locks.raise(1, SHARED).unwrap();
        locks.raise(2, SHARED).unwrap();
        locks.raise(1, RESERVED).unwrap();
        assert_eq!(locks.raise(2, RESERVED), Err(Taken));
        assert_eq!(locks.raise(1, EXCLUSIVE), Err(Taken));
        assert_eq!(locks.raise(3, SHARED), Err(Taken));
        locks.lower(2, 0);
        locks.raise(1, EXCLUSIVE).unwrap();
        assert!(locks.is_reserved());
        locks.lower(1, SHARED);
        locks.raise(3, SHARED).unwrap();
    }

    #[test]
    fn a_slot_is_shared_by_many_or_held_by_one() {
        let mut locks = SlotLocks::default();
        locks.take(1, 0, 1, false).unwrap();
        locks.take(2, 0, 1, false).unwrap();
        assert_eq!(locks.take(1, 0, 2, true), Err(Taken));
        locks.give(2, 0, 1);
        locks.take(1, 0, 2, true).unwrap();
        assert_eq!(locks.take(2, 1, 1, false), Err(Taken));
        locks.take(2, 2, 1, false).unwrap();
    }
}
