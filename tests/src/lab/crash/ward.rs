//! A phone in the parent's care: runs and kills its processes, remembers what
//! they acknowledged, and looks for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_core::Core;
use wangge_model::{ChangeHash, RecordId};

use super::{CrashArguments, Mode, child};

/// What was counted and measured.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) kills: u64,
    pub(super) kills_while_opening: u64,
    pub(super) saved: u64,
    pub(super) drafts: u64,
    pub(super) sent: u64,
    pub(super) server_kills: u64,
    pub(super) reopened_ms: Vec<f64>,
    pub(super) broken: Vec<String>,
}

/// What a phone acknowledged.
#[derive(Debug, Default)]
pub(super) struct Acknowledged {
    /// Changes by record.
    pub(super) saved: BTreeMap<RecordId, BTreeSet<ChangeHash>>,
    /// Changes shown as being at the server.
    pub(super) sent: BTreeMap<RecordId, BTreeSet<ChangeHash>>,
    drafts: BTreeSet<RecordId>,
    /// Records that are there although nobody said so: a kill came between.
    unsaid: BTreeSet<RecordId>,
}

/// One phone.
#[derive(Debug)]
pub(super) struct Ward {
    pub(super) folder: PathBuf,
    pub(super) phone: u64,
    pub(super) acknowledged: Acknowledged,
    program: PathBuf,
    mode: Mode,
    random: ChaCha8Rng,
}

/// A kill comes after so many acknowledgements at most…
const MOST_LINES: u32 = 16;
/// …or after this long, whatever the phone is doing.
const LONGEST: Duration = Duration::from_millis(40);

impl Ward {
    pub(super) fn new(
        arguments: &CrashArguments,
        folder: PathBuf,
        phone: u64,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let program = match &arguments.program {
            Some(program) => program.clone(),
            None => std::env::current_exe()?,
        };
        Ok(Self {
            folder,
            phone,
            acknowledged: Acknowledged::default(),
            program,
            mode: arguments.mode,
            random: ChaCha8Rng::seed_from_u64(seed ^ phone),
        })
    }

    /// Runs a process of the phone and kills it, opens the phone and looks for
    /// what was acknowledged.
    pub(super) fn live_and_die(&mut self, tally: &mut Tally) -> anyhow::Result<()> {
        let life: u64 = self.random.random();
        let mut process = Process::start(&self.program, self.mode, &self.folder, self.phone, life)?;
        if self.random.random_ratio(3, 10) {
            thread::sleep(LONGEST.mul_f64(self.random.random()));
        } else {
            process.read_lines(self.random.random_range(0..MOST_LINES));
            thread::sleep(Duration::from_micros(self.random.random_range(0..2_000)));
        }
        let lines = process.kill()?;
        tally.kills += 1;
        tally.kills_while_opening += u64::from(lines.is_empty());
        let mut fresh = BTreeSet::new();
        for line in &lines {
            self.note(line, &mut fresh, tally)
                .with_context(|| format!("the child said {line:?}"))?;
        }
        let begun = Instant::now();
        let core = match child::open(&self.folder, self.phone, life ^ 1) {
            Ok(core) => core,
            Err(error) => {
                tally.broken.push(format!("a phone did not open: {error}"));
                return Ok(());
            }
        };
        tally
            .reopened_ms
            .push(begun.elapsed().as_secs_f64() * 1_000.0);
        self.check(&core, &fresh, tally)
    }

    /// Looks for everything that was ever acknowledged.
    pub(super) fn check_all(&mut self, core: &Core, tally: &mut Tally) -> anyhow::Result<()> {
        let all = self.acknowledged.saved.keys().copied().collect();
        self.check(core, &all, tally)
    }

    fn note(
        &mut self,
        line: &str,
        fresh: &mut BTreeSet<RecordId>,
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let mut words = line.split(' ');
        let what = words.next().unwrap_or_default();
        if what == "open" {
            return Ok(());
        }
        let id: RecordId = words.next().context("no id")?.parse()?;
        let heads = words
            .map(str::parse)
            .collect::<Result<Vec<ChangeHash>, _>>()?;
        match what {
            "saved" => {
                tally.saved += 1;
                fresh.insert(id);
                self.acknowledged.saved.entry(id).or_default().extend(heads);
            }
            "sent" => {
                tally.sent += 1;
                self.acknowledged.sent.entry(id).or_default().extend(heads);
            }
            "draft" => {
                tally.drafts += 1;
                self.acknowledged.drafts.insert(id);
            }
            "entered" => {
                self.acknowledged.drafts.remove(&id);
            }
            _ => anyhow::bail!("an unknown word"),
        }
        Ok(())
    }

    /// Every record is there, the changes of the `looked_at` ones too, every
    /// draft, and the file is sound.
    fn check(
        &mut self,
        core: &Core,
        looked_at: &BTreeSet<RecordId>,
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let store = core.store();
        for wrong in store.check_integrity()? {
            tally.broken.push(format!("not sound: {wrong}"));
        }
        let there: BTreeSet<RecordId> = store.list_record_ids()?.into_iter().collect();
        for (id, changes) in &self.acknowledged.saved {
            if !there.contains(id) {
                tally.broken.push(format!("record {id} is lost"));
            } else if looked_at.contains(id) {
                let document = store.find_document(*id)?.context("no document")?;
                for change in changes {
                    if !document.has_change(change) {
                        tally
                            .broken
                            .push(format!("a change of record {id} is lost"));
                    }
                }
            }
        }
        // A draft may have been entered without a word, but then there is a
        // record nobody spoke of.
        let known = &self.acknowledged;
        let unsaid: BTreeSet<RecordId> = there
            .into_iter()
            .filter(|id| !known.saved.contains_key(id) && !known.unsaid.contains(id))
            .collect();
        let drafts: BTreeSet<RecordId> = core.list_drafts()?.iter().map(|draft| draft.id).collect();
        let gone: Vec<RecordId> = known.drafts.difference(&drafts).copied().collect();
        if gone.len() > usize::from(!unsaid.is_empty()) {
            tally.broken.push(format!("drafts {gone:?} are lost"));
        }
        self.acknowledged.drafts = drafts;
        self.acknowledged.unsaid.extend(unsaid);
        Ok(())
    }
}

/// A running child.
struct Process {
    child: Child,
    out: BufReader<ChildStdout>,
    lines: Vec<String>,
}

impl Process {
    fn start(
        program: &Path,
        mode: Mode,
        folder: &Path,
        phone: u64,
        life: u64,
    ) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .arg("crash-child")
            .args(["--mode", if mode == Mode::Save { "save" } else { "sync" }])
            .arg("--folder")
            .arg(folder)
            .args(["--phone", &phone.to_string(), "--life", &life.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let out = BufReader::new(child.stdout.take().context("no output")?);
        Ok(Self {
            child,
            out,
            lines: Vec::new(),
        })
    }

    /// Waits for the first line and then so many more.
    fn read_lines(&mut self, count: u32) {
        for _ in 0..=count {
            let mut line = String::new();
            match self.out.read_line(&mut line) {
                Ok(read) if read > 0 => self.take(&line),
                _ => return,
            }
        }
    }

    /// Kills it; answers all it said.
    fn kill(mut self) -> anyhow::Result<Vec<String>> {
        use std::os::unix::process::ExitStatusExt as _;

        self.child.kill()?;
        let status = self.child.wait()?;
        anyhow::ensure!(
            status.signal() == Some(9),
            "the process ended by itself: {status}"
        );
        let mut rest = String::new();
        self.out.read_to_string(&mut rest)?;
        for line in rest.split_inclusive('\n') {
            self.take(line);
        }
        Ok(self.lines)
    }

    fn take(&mut self, line: &str) {
        if let Some(whole) = line.strip_suffix('\n') {
            self.lines.push(whole.to_owned());
        }
    }
}
