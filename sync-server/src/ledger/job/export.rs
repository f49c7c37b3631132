//! One table that is taken out: written to a file without a name, then fetched.

use std::{
    fs::File,
    io::{self, BufWriter, Read as _, Seek as _, SeekFrom},
    path::Path,
    sync::Mutex,
};

use wangge_model::{PersonId, Timestamp};

use super::{Owner, nameless_file, open};
use crate::{
    AppState,
    auth::Scope,
    ledger::export::{ExportError, ExportOptions, Exported, export},
};

/// How far an export is.
#[derive(Debug, Clone)]
pub enum ExportStage {
    /// It waits for its turn or is being written.
    Writing {
        /// Households done.
        done: u64,
    },
    /// It can be fetched.
    Ready {
        /// What is in it.
        exported: Exported,
        /// Its bytes.
        bytes: u64,
    },
    /// It could not be written; the reason is in the log.
    Failed,
}

impl ExportStage {
    /// Whether it is being written.
    pub const fn is_busy(&self) -> bool {
        matches!(self, Self::Writing { .. })
    }
}

/// A table that is taken out.
#[derive(Debug)]
pub struct ExportJob {
    pub(super) owner: Owner,
    /// What is exported, and how.
    pub options: ExportOptions,
    /// Since when, for the file's name.
    pub at: Timestamp,
    stage: Mutex<ExportStage>,
    file: Mutex<Option<File>>,
}

impl ExportJob {
    /// What a person asked for. Whether they may have it, and that it was noted,
    /// is the caller's matter.
    pub fn new(person: PersonId, at: Timestamp, options: ExportOptions) -> Self {
        Self {
            owner: Owner::new(person, at),
            options,
            at,
            stage: Mutex::new(ExportStage::Writing { done: 0 }),
            file: Mutex::new(None),
        }
    }

    /// How far it is.
    pub fn stage(&self) -> ExportStage {
        open(&self.stage).clone()
    }

    fn put(&self, stage: ExportStage) {
        *open(&self.stage) = stage;
    }

    #[cfg(test)]
    pub(super) fn fail(&self) {
        self.put(ExportStage::Failed);
    }

    /// At most `length` bytes of the file from a place on; nothing at its end
    /// and before it is ready. Whoever reads it at the same time waits.
    pub fn read(&self, from: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(length);
        if let Some(file) = open(&self.file).as_mut() {
            file.seek(SeekFrom::Start(from))?;
            file.take(length as u64).read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }

    /// Writes the table. To be called once.
    pub async fn write(&self, state: &AppState, scope: &Scope) {
        let Ok(_turn) = state.ledgers.turn.acquire().await else {
            return;
        };
        let folder = state.settings.scratch_folder.as_deref();
        match self.write_to(state, scope, folder).await {
            Ok(stage) => self.put(stage),
            Err(error) => {
                tracing::error!(%error, "a ledger could not be exported");
                self.put(ExportStage::Failed);
            }
        }
    }

    async fn write_to(
        &self,
        state: &AppState,
        scope: &Scope,
        folder: Option<&Path>,
    ) -> Result<ExportStage, ExportError> {
        let file = nameless_file(folder)?;
        let exported = export(
            state.storage.as_ref(),
            scope,
            &self.options,
            BufWriter::new(file.try_clone()?),
            &mut |done| self.put(ExportStage::Writing { done }),
        )
        .await?;
        let bytes = file.metadata()?.len();
        *open(&self.file) = Some(file);
        Ok(ExportStage::Ready { exported, bytes })
    }
}
