//! Opens a phone on a disk that lost power and says whether it kept its word.

use rand::{Rng, RngExt as _};
use wangge_core::{Core, store::Store};
use wangge_model::RecordKind;

use super::work::Recording;
use crate::lab::{
    disk::{Files, Replay},
    disk_phone::{Office, Site},
};

/// What an image showed.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Exactly what was acknowledged.
    AsAcknowledged,
    /// Also the piece of work that was under way, whole.
    OneAhead,
    /// Something else.
    Broken(String),
}

/// One in so many images is looked at more closely: every document opened,
/// every list row computed anew, the store closed and opened once more.
const CLOSELY: u32 = 8;
/// One in so many lost the token beside the database too.
const WITHOUT_TOKEN: u32 = 16;

/// A phone to put images in.
#[derive(Debug)]
pub(super) struct Checker {
    site: Site,
}

impl Checker {
    pub(super) fn new() -> anyhow::Result<Self> {
        Ok(Self { site: Site::new()? })
    }

    pub(super) fn check(
        &mut self,
        recording: &Recording,
        replay: &Replay,
        files: Files,
        random: &mut impl Rng,
    ) -> anyhow::Result<Verdict> {
        self.site.insert(files);
        let token = recording.token.as_deref();
        let keeps_token = !random.random_ratio(1, WITHOUT_TOKEN);
        self.site.set_token(token.filter(|_| keeps_token))?;
        let closely = random.random_ratio(1, CLOSELY);
        let seed = random.random();
        let done = replay.acknowledged().unwrap_or(0);
        Ok(self
            .examine(recording, done, closely, seed)
            .unwrap_or_else(|error| Verdict::Broken(format!("{error:#}"))))
    }

    fn examine(
        &self,
        recording: &Recording,
        done: usize,
        closely: bool,
        seed: u64,
    ) -> anyhow::Result<Verdict> {
        let core = self.site.open_core(seed, recording.further_steps)?;
        let store = core.store();
        let kept = store.list_kept()?;
        let states = recording.states.iter().enumerate().skip(done).take(2);
        let matching = states.filter(|(_, state)| **state == kept);
        let Some(found) = matching.map(|(number, _)| number).next() else {
            return Ok(Verdict::Broken(differ(recording, done, &kept)));
        };
        let wrong = store.check_integrity()?;
        anyhow::ensure!(wrong.is_empty(), "not sound: {}", wrong.join("; "));
        if closely {
            examine_closely(store)?;
        }
        self.work_on(&core, recording)?;
        if closely {
            let kept = store.list_kept()?;
            drop(core);
            let core = self.site.open_core(seed ^ 1, recording.further_steps)?;
            anyhow::ensure!(
                core.store().list_kept()? == kept,
                "work after the power cut was lost by closing and opening"
            );
        }
        Ok(if found == done {
            Verdict::AsAcknowledged
        } else {
            Verdict::OneAhead
        })
    }

    /// The phone can be worked with as before.
    fn work_on(&self, core: &Core, recording: &Recording) -> anyhow::Result<()> {
        self.site.clock.advance_millis(1);
        let mut draft = core.new_draft(RecordKind::Visit, Some(Office::grid()), None);
        draft.edits.clone_from(&recording.afterwards);
        core.save_draft(&draft)?;
        match core.finish_draft(draft.id) {
            Ok(record) => {
                anyhow::ensure!(
                    core.find_record(record)?.is_some(),
                    "a record saved after the power cut is not there"
                );
                Ok(())
            }
            // Power failed before the phone was enrolled.
            Err(wangge_core::Error::NotEnrolled) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Every document opens, and what is computed from them is right.
fn examine_closely(store: &Store) -> anyhow::Result<()> {
    for id in store.list_record_ids()? {
        store.find_document(id)?;
    }
    for (stored, summed) in store.check_digests()? {
        anyhow::ensure!(stored == summed, "a grid's digest is wrong");
    }
    let differed = store.rebuild_projections()?;
    anyhow::ensure!(differed == 0, "{differed} list rows are wrong");
    Ok(())
}

/// The first row that is missing or should not be there.
fn differ(recording: &Recording, done: usize, kept: &[String]) -> String {
    let Some(expected) = recording.states.get(done) else {
        return format!("no state {done}");
    };
    let short = |row: &String| row.chars().take(120).collect::<String>();
    let lost = expected.iter().filter(|row| !kept.contains(row));
    let extra = kept.iter().filter(|row| !expected.contains(row));
    format!(
        "neither what was acknowledged nor one piece more: {} rows missing (first: {}), {} too many (first: {})",
        lost.clone().count(),
        lost.clone().next().map_or_else(String::new, short),
        extra.clone().count(),
        extra.clone().next().map_or_else(String::new, short),
    )
}
