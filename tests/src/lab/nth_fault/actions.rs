//! What a person or sync does with a phone, an action each.

use anyhow::Context as _;
use wangge_core::{Core, Error, RecordQuery, StoreError, sync::SyncStore as _};
use wangge_model::{FieldPath, FieldValue, RecordKind, document::FieldEdit, protocol::Directive};

use super::scene::{Scene, Stage};
use crate::lab::disk_phone::{FURTHER_STEPS, Office, START, Step};

/// What is tried.
pub(super) struct Action {
    pub(super) name: &'static str,
    pub(super) stage: Stage,
    pub(super) work: Work,
}

pub(super) enum Work {
    /// Switching the phone on, as an app that knows these further steps.
    Open(&'static [Step]),
    /// Something done with the open phone.
    Do(fn(&Core, &Scene) -> anyhow::Result<()>),
}

/// Every action.
pub(super) fn all() -> Vec<Action> {
    let open = |name, stage, steps| Action {
        name,
        stage,
        work: Work::Open(steps),
    };
    let act = |name, stage, work| Action {
        name,
        stage,
        work: Work::Do(work),
    };
    vec![
        open("first start", Stage::New, &[]),
        open("open", Stage::Working, &[]),
        open("upgrade", Stage::Working, FURTHER_STEPS),
        act("enrol", Stage::Unknown, |core, _| {
            Office::enrol(core.store()).map_err(as_told)
        }),
        act("create record", Stage::Working, create),
        act("edit", Stage::Working, |core, scene| {
            Ok(core.edit_record(scene.household, &[text("notes", "楼道灯已修好")?])?)
        }),
        act("settle conflict", Stage::Working, |core, scene| {
            let path = FieldPath::new("notes")?;
            let value = Some(FieldValue::text("本机补记"));
            Ok(core.settle_conflict(scene.disputed, path, value)?)
        }),
        act("discard refused", Stage::Working, |core, scene| {
            Ok(core.discard_refused(scene.refused)?)
        }),
        act("save draft", Stage::Working, |core, scene| {
            let mut draft = core.find_draft(scene.draft)?.context("no draft")?;
            draft.edits = vec![text("diary", "又写了一些")?];
            Ok(core.save_draft(&draft)?)
        }),
        act("finish draft", Stage::Working, |core, scene| {
            core.finish_draft(scene.draft)?;
            Ok(())
        }),
        act("delete draft", Stage::Working, |core, scene| {
            Ok(core.delete_draft(scene.draft)?)
        }),
        act("find record", Stage::Working, |core, scene| {
            core.find_record(scene.household)?.context("no record")?;
            Ok(())
        }),
        act("list", Stage::Working, |core, _| {
            let rows = core.list_records(&RecordQuery::default())?;
            anyhow::ensure!(!rows.is_empty(), "an empty list");
            core.count_states()?;
            core.list_refusals()?;
            Ok(())
        }),
        act("search", Stage::Working, |core, _| {
            for words in ["次补记", "补记"] {
                let query = RecordQuery {
                    text: Some(words.to_owned()),
                    ..RecordQuery::default()
                };
                anyhow::ensure!(!core.list_records(&query)?.is_empty(), "nothing found");
            }
            Ok(())
        }),
        act("next push", Stage::Working, |core, _| {
            let push = in_core(core.store().next_push(20, 1 << 20))?;
            anyhow::ensure!(push.is_some(), "nothing to push");
            Ok(())
        }),
        act("store manifest", Stage::Working, |core, scene| {
            in_core(core.store().store_manifest(&scene.push, &scene.manifest))
        }),
        act("drop manifest", Stage::Pushing, |core, scene| {
            in_core(
                core.store()
                    .drop_manifest(scene.push.counter, scene.push.counter),
            )
        }),
        act("receipt", Stage::Pushing, |core, scene| {
            answer(core, Some(scene), false, &[])
        }),
        act("receipt and news", Stage::Pushing, |core, scene| {
            answer(core, Some(scene), true, &[])
        }),
        act("grid lost", Stage::Working, |core, _| {
            let grid = Office::grid();
            answer(core, None, false, &[Directive::GridLost { grid }])
        }),
        act("offer again", Stage::Pushing, |core, _| {
            answer(core, None, false, &[Directive::Reoffer])
        }),
        act("fetch anew", Stage::Working, |core, _| {
            let grid = Office::grid();
            answer(core, None, false, &[Directive::DigestMismatch { grid }])
        }),
        act("bootstrap page", Stage::Fetching, |core, scene| {
            in_core(core.store().apply_snapshot(&scene.snapshot))?;
            Ok(())
        }),
        act("new app life", Stage::Working, |core, _| {
            in_core(core.store().rotate_incarnation())
        }),
        act("end of sync", Stage::Working, |core, _| {
            in_core(core.store().store_synced_at(START))
        }),
        act("compaction", Stage::Working, |core, _| Ok(core.tidy()?)),
        act("rebuild lists", Stage::Working, |core, _| {
            in_core(core.store().rebuild_projections())?;
            Ok(())
        }),
    ]
}

fn create(core: &Core, _: &Scene) -> anyhow::Result<()> {
    let edits = [text("diary", "老人身体状况良好，嘱咐按时服药。")?];
    core.create_record(RecordKind::Visit, Office::grid(), &edits)?;
    Ok(())
}

fn answer(
    core: &Core,
    pushed: Option<&Scene>,
    with_news: bool,
    directives: &[Directive],
) -> anyhow::Result<()> {
    let news = pushed.filter(|_| with_news).map(|scene| &scene.news[..]);
    let receipt = pushed.map(|scene| &scene.receipt);
    let applied = Office::answer(core.store(), receipt, news.unwrap_or(&[]), None, directives);
    in_core(applied)?;
    Ok(())
}

fn as_told(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<StoreError>() {
        Ok(error) => Error::from(error).into(),
        Err(error) => error,
    }
}

/// What a shell would be told of an error of the store.
fn in_core<T>(result: Result<T, StoreError>) -> anyhow::Result<T> {
    Ok(result.map_err(Error::from)?)
}

fn text(path: &str, text: &str) -> anyhow::Result<FieldEdit> {
    super::scene::text(path, text)
}
