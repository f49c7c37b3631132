//! The phone that will be killed. Says what was acknowledged, a line each:
//! `open`, `saved <record> <head>…`, `draft <id>`, `entered <draft>`,
//! `sent <record> <head>…` (shown as "at the server").

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::Args;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_core::{
    Core, CoreConfig, RecordState, StoreKey,
    sync::{CancelToken, SyncStore as _},
};
use wangge_model::{
    CitizenIdPolicy, Clock as _, GridId, RecordId, RecordKind, SystemClock, protocol::SoftwareKey,
    testing::SeededEntropy,
};

use super::Mode;
use crate::{lab::disk_phone::Office, phone::text_edit, workload::Workload};

/// What the child is told.
#[derive(Debug, Clone, Args)]
pub struct ChildArguments {
    /// What to do.
    #[arg(long, value_enum)]
    pub mode: Mode,
    /// The phone's folder.
    #[arg(long)]
    pub folder: PathBuf,
    /// Number of the phone; its key depends on it.
    #[arg(long)]
    pub phone: u64,
    /// Randomness of this life.
    #[arg(long)]
    pub life: u64,
}

/// What a phone of the machine is opened with.
fn config(folder: &Path, phone: u64, life: u64) -> CoreConfig {
    CoreConfig {
        directory: folder.to_owned(),
        key: StoreKey::from_bytes([9; 32]),
        clock: Arc::new(SystemClock),
        device_key: Arc::new(SoftwareKey::make(&SeededEntropy::new(phone))),
        entropy: Arc::new(SeededEntropy::new(life)),
        citizen_id_policy: CitizenIdPolicy::Synthetic,
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
        device_name: format!("lab {phone}"),
    }
}

/// How long a lock may outlive its process.
const LOCK_LINGERS: Duration = Duration::from_secs(2);

/// Opens a phone. A process that is being started elsewhere holds copies of the
/// parent's files for a moment, and with them their locks: that is waited for.
pub(super) fn open(folder: &Path, phone: u64, life: u64) -> wangge_core::Result<Core> {
    let begun = Instant::now();
    loop {
        match Core::open(config(folder, phone, life)) {
            Err(wangge_core::Error::Busy) if begun.elapsed() < LOCK_LINGERS => {
                thread::sleep(Duration::from_millis(1));
            }
            result => return result,
        }
    }
}

/// Works until it is killed.
pub fn run(arguments: &ChildArguments) -> anyhow::Result<()> {
    let core = open(&arguments.folder, arguments.phone, arguments.life)?;
    if arguments.mode == Mode::Save && core.store().find_enrolment()?.is_none() {
        Office::enrol(core.store())?;
    }
    say("open")?;
    let grid = core.grids()?.first().context("no grid")?.grid;
    let mut hand = Hand {
        forms: Workload::new(arguments.life, SystemClock.now()),
        random: ChaCha8Rng::seed_from_u64(arguments.life),
        core,
        grid,
        made: Vec::new(),
    };
    match arguments.mode {
        Mode::Save => loop {
            hand.save_something()?;
        },
        Mode::Sync => {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            loop {
                for _ in 0..hand.random.random_range(1..4) {
                    hand.save_something()?;
                }
                runtime.block_on(hand.sync())?;
            }
        }
    }
}

struct Hand {
    core: Core,
    grid: GridId,
    forms: Workload,
    random: ChaCha8Rng,
    /// Households of this life.
    made: Vec<RecordId>,
}

impl Hand {
    fn save_something(&mut self) -> anyhow::Result<()> {
        match self.random.random_range(0..20) {
            0..9 => {
                let form = self.forms.next_record()?;
                let id = self.core.create_record(form.kind, self.grid, &form.edits)?;
                if form.kind == RecordKind::Household {
                    self.made.push(id);
                }
                self.say_heads("saved", id)
            }
            9..15 => {
                let Some(id) = self.made.last().copied() else {
                    return Ok(());
                };
                let note = format!("第{}次补记", self.random.random_range(0..1_000_000));
                self.core.edit_record(id, &[text_edit("notes", &note)?])?;
                self.say_heads("saved", id)
            }
            15..19 => {
                let mut draft = self
                    .core
                    .new_draft(RecordKind::Visit, Some(self.grid), None);
                draft.edits = vec![text_edit("diary", "写到一半")?];
                self.core.save_draft(&draft)?;
                say(&format!("draft {}", draft.id))?;
                if self.random.random() {
                    let id = self.core.finish_draft(draft.id)?;
                    say(&format!("entered {}", draft.id))?;
                    self.say_heads("saved", id)?;
                }
                Ok(())
            }
            _ => Ok(self.core.tidy()?),
        }
    }

    async fn sync(&mut self) -> anyhow::Result<()> {
        if self
            .core
            .sync(Arc::new(()), CancelToken::new())
            .await
            .is_err()
        {
            // The server was killed; people go on working.
            tokio::time::sleep(Duration::from_millis(5)).await;
            return Ok(());
        }
        for id in self.made.clone() {
            let view = self.core.find_record(id)?.context("a record is gone")?;
            if view.row.state == RecordState::AtServer {
                self.say_heads("sent", id)?;
            }
        }
        self.made.clear();
        Ok(())
    }

    /// Everything is in the document when this is said: the heads stand for it.
    fn say_heads(&self, what: &str, id: RecordId) -> anyhow::Result<()> {
        let document = self.core.store().find_document(id)?;
        let document = document.context("a record is gone")?;
        let mut line = format!("{what} {id}");
        for head in document.heads() {
            write!(line, " {head}")?;
        }
        say(&line)
    }
}

/// One write, so that a line arrives whole or not.
fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    Ok(out.flush()?)
}
