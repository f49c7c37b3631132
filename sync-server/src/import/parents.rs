//! Which divisions exist already, so that a line below an unknown one is
//! noticed, and a table of villages alone can still be imported.

use std::collections::{HashMap, HashSet};

use wangge_model::{DivisionLevel, province::Province};

use super::row::{RowError, level_word};
use crate::storage::{Division, Storage, StorageResult};

/// Provinces in the bureau's table; Hong Kong, Macao and Taiwan are not in it.
const PROVINCES: usize = 31;

/// What is known about the parent of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parent {
    /// It exists under this name; `None` while nobody named it.
    Known(Option<String>),
    /// It does not exist, and it is not for us to make it up.
    Unknown,
}

/// Divisions that can be parents: all but villages.
#[derive(Debug, Default)]
pub(super) struct Parents {
    /// Name by code; `None` is one made up to hold its children.
    known: HashMap<String, Option<String>>,
    /// Levels of which this import read a line.
    read: HashSet<DivisionLevel>,
    national: Option<bool>,
    /// Whether the division with this code had named children before.
    has_children: HashMap<String, bool>,
    /// Made up and not yet stored.
    unnamed: Vec<Division>,
    unnamed_count: u64,
    made_up: u64,
}

impl Parents {
    /// Remembers a division that was read.
    pub(super) fn add(&mut self, code: &str, level: DivisionLevel, name: &str) {
        self.read.insert(level);
        if level != DivisionLevel::Village
            && self.known.insert(code.to_owned(), Some(name.to_owned())) == Some(None)
        {
            self.unnamed_count = self.unnamed_count.saturating_sub(1);
        }
    }

    /// Divisions made up since the last call, parents first.
    pub(super) fn take_unnamed(&mut self) -> Vec<Division> {
        std::mem::take(&mut self.unnamed)
    }

    /// How many stay without a name.
    pub(super) const fn unnamed_count(&self) -> u64 {
        self.unnamed_count
    }

    /// How many were made up, named since or not.
    pub(super) const fn made_up(&self) -> u64 {
        self.made_up
    }

    /// Looks for the parent of a code of the given level.
    ///
    /// A missing parent is a mistake if its level was read in this import, if
    /// its neighbours are known by name, or if the database holds the whole
    /// country. Otherwise it is made up, without a name.
    pub(super) async fn find(
        &mut self,
        code: &str,
        level: DivisionLevel,
        storage: &dyn Storage,
    ) -> StorageResult<Parent> {
        let mut missing = Vec::new();
        let mut child = level;
        let mut found = None;
        while let Some(parent_level) = child.parent() {
            let parent = code.get(..parent_level.digits()).unwrap_or_default();
            if let Some(name) = self.look_up(parent, storage).await? {
                found = Some(name);
                break;
            }
            missing.push((parent, parent_level));
            child = parent_level;
        }
        if missing.is_empty() {
            return Ok(Parent::Known(found.flatten()));
        }
        let national = self.is_national(storage).await?;
        for (index, (missed, missed_level)) in missing.iter().enumerate() {
            if self.read.contains(missed_level)
                || ((index == 0 || national)
                    && self
                        .has_named_neighbours(missed, *missed_level, storage)
                        .await?)
            {
                return Ok(Parent::Unknown);
            }
        }
        let mut name = None;
        for (missed, missed_level) in missing.into_iter().rev() {
            name = self.make_up(missed, missed_level);
        }
        Ok(Parent::Known(name))
    }

    async fn look_up(
        &mut self,
        code: &str,
        storage: &dyn Storage,
    ) -> StorageResult<Option<Option<String>>> {
        if let Some(name) = self.known.get(code) {
            return Ok(Some(name.clone()));
        }
        let Some(division) = storage.find_division(code).await? else {
            return Ok(None);
        };
        let name = Some(division.name).filter(|name| name != code);
        self.known.insert(code.to_owned(), name.clone());
        Ok(Some(name))
    }

    /// Whether all provinces were there before this import.
    async fn is_national(&mut self, storage: &dyn Storage) -> StorageResult<bool> {
        if let Some(national) = self.national {
            return Ok(national);
        }
        let national = storage.list_divisions(None).await?.len() >= PROVINCES;
        self.national = Some(national);
        Ok(national)
    }

    async fn has_named_neighbours(
        &mut self,
        code: &str,
        level: DivisionLevel,
        storage: &dyn Storage,
    ) -> StorageResult<bool> {
        let above = level
            .parent()
            .and_then(|parent| code.get(..parent.digits()))
            .unwrap_or_default();
        if let Some(known) = self.has_children.get(above) {
            return Ok(*known);
        }
        let parent = Some(above).filter(|above| !above.is_empty());
        let children = storage.list_divisions(parent).await?;
        // Provinces are a closed list that every code is checked against.
        let named = parent.is_some() && children.iter().any(|child| child.name != child.code);
        self.has_children.insert(above.to_owned(), named);
        Ok(named)
    }

    /// Its name is its code until a table with names is imported; provinces
    /// are known anyway.
    fn make_up(&mut self, code: &str, level: DivisionLevel) -> Option<String> {
        let province = (level == DivisionLevel::Province)
            .then(|| Province::of(code))
            .flatten();
        let name = province.map(|province| province.name_zh.to_owned());
        let parent = level
            .parent()
            .and_then(|parent| code.get(..parent.digits()));
        self.unnamed.push(Division {
            code: code.to_owned(),
            name: name.clone().unwrap_or_else(|| code.to_owned()),
            level: level_word(level).to_owned(),
            parent: parent.map(str::to_owned),
        });
        self.made_up += 1;
        self.unnamed_count += u64::from(name.is_none());
        self.known.insert(code.to_owned(), name.clone());
        name
    }
}

/// The error of a line whose parent is unknown.
pub(super) fn unknown(code: &str, level: DivisionLevel) -> RowError {
    let digits = level.parent().map_or(0, DivisionLevel::digits);
    RowError::ParentUnknown {
        parent: code.get(..digits).unwrap_or_default().to_owned(),
    }
}
