//! Every recorded version's requests against the server of today: the data
//! arrives, and each answer says to a phone of that version what it said then.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail, ensure};
use wangge_model::protocol::{OLDEST_PROTOCOL, PROTOCOL, PublicKey, from_cbor, inflate};

use crate::{
    fixture::{self, Recorded, Scenario, Step},
    server::WireServer,
    tree::Tree,
    v1::{self, Answer, Synced},
};

/// Reads an answer as a phone of this version does.
fn read(
    version: u32,
    step: &Step,
    status: u16,
    body: &[u8],
    key: &PublicKey,
    epoch: &[u8],
) -> anyhow::Result<Answer> {
    match version {
        1 => v1::read(&step.path, status, body, key, epoch),
        other => bail!("no decoder is kept for version {other}"),
    }
}

/// What becomes of a scenario today.
pub(crate) struct Replay {
    /// Each step's answer then and now.
    pub(crate) answers: Vec<(Answer, Answer)>,
    /// What the server holds.
    pub(crate) effect: fixture::Effect,
}

/// Sends a scenario's requests, each changed by `rewrite`, to a server on the
/// folder recorded for the version.
pub(crate) fn replay(
    version: u32,
    recorded: &Recorded,
    scenario: &Scenario,
    rewrite: &dyn Fn(&Step) -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<Replay> {
    let server = WireServer::recorded(version, recorded)?;
    let key: PublicKey = from_cbor(&recorded.server_key)?;
    let epoch = *server.state.identity.epoch.as_bytes();
    let mut answers = Vec::new();
    // Of the session this scenario opened, then and now.
    let mut opened = None;
    for step in &scenario.steps {
        let about = || format!("{}: {}", scenario.name, step.says);
        let token = match step.as_device.as_deref() {
            None => None,
            Some("new") => opened.clone(),
            Some(name) => recorded
                .devices
                .get(name)
                .map(|device| device.token.clone()),
        };
        let body = rewrite(step).with_context(about)?;
        let reply = server.request(&step.method, &step.path, token.as_deref(), &body)?;
        let then = read(version, step, step.status, &step.answer, &key, &epoch)
            .with_context(about)
            .context("the answer given then cannot be read")?;
        let now = read(version, step, reply.status, &reply.body, &key, &epoch)
            .with_context(about)
            .context("the answer given today cannot be read")?;
        if let Answer::Enrolled { token, .. } | Answer::Session { token } = &now {
            opened = Some(token.clone());
        }
        answers.push((then, now));
    }
    Ok(Replay {
        answers,
        effect: server.effect(&recorded.grid)?,
    })
}

/// Whether today's answer tells a phone what the recorded one did. What the
/// server may decide anew (device ids, tokens, how pages are cut, its own
/// changes) is left open.
fn agree(then: &Answer, now: &Answer) -> anyhow::Result<()> {
    match (then, now) {
        (
            Answer::Enrolled {
                person_name,
                epoch,
                server_key,
                grids,
                ..
            },
            Answer::Enrolled {
                person_name: name_now,
                epoch: epoch_now,
                server_key: key_now,
                grids: grids_now,
                ..
            },
        ) => ensure!(
            (person_name, epoch, server_key, grids) == (name_now, epoch_now, key_now, grids_now),
            "{now:?} instead of {then:?}"
        ),
        (Answer::Session { .. }, Answer::Session { .. }) => {}
        (Answer::Synced(then), Answer::Synced(now)) => agree_synced(then, now)?,
        (
            Answer::Snapshot { grid, records, .. },
            Answer::Snapshot {
                grid: grid_now,
                records: records_now,
                ..
            },
        ) => {
            let names = |records: &[(String, u64, Vec<String>)]| -> Vec<(String, u64)> {
                records.iter().map(|one| (one.0.clone(), one.1)).collect()
            };
            ensure!(grid == grid_now && names(records) == names(records_now));
        }
        (Answer::Problem { .. } | Answer::GivenBack { .. }, _) => {
            ensure!(then == now, "{now:?} instead of {then:?}");
        }
        _ => bail!("{now:?} instead of {then:?}"),
    }
    Ok(())
}

fn agree_synced(then: &Synced, now: &Synced) -> anyhow::Result<()> {
    ensure!(then.epoch == now.epoch, "another server life");
    ensure!(
        then.receipt == now.receipt,
        "receipt {:?} instead of {:?}",
        now.receipt,
        then.receipt
    );
    // After an upgrade grants are sent once more, because they say more now;
    // they must name the grids of every page.
    let grants_agree = match (&then.grants, &now.grants) {
        (Some(then), now) => now.as_ref() == Some(then),
        (None, Some(now)) => then.pages.iter().all(|page| now.contains(&page.grid)),
        (None, None) => true,
    };
    ensure!(
        grants_agree && then.directives == now.directives,
        "{now:?} instead of {then:?}"
    );
    let by_grid = |synced: &Synced| -> BTreeMap<String, bool> {
        let pages = synced.pages.iter();
        pages
            .map(|page| (page.grid.clone(), page.more || page.has_digest))
            .collect()
    };
    ensure!(
        by_grid(then) == by_grid(now),
        "pages {:?} instead of {:?}",
        now.pages,
        then.pages
    );
    Ok(())
}

/// Hashes of the changes a scenario hands in.
fn handed_in(scenario: &Scenario) -> anyhow::Result<BTreeSet<String>> {
    let mut hashes = BTreeSet::new();
    for step in scenario.steps.iter().filter(|step| step.path == "/v1/sync") {
        let request = Tree::read(&inflate(&step.body)?)?;
        for item in request.need(6)?.items()? {
            hashes.insert(item.need(4)?.hex()?);
        }
    }
    Ok(hashes)
}

/// Hashes that the feed gave.
fn given<'a>(answers: impl Iterator<Item = &'a Answer>) -> BTreeSet<String> {
    answers
        .filter_map(|answer| match answer {
            Answer::Synced(synced) => Some(&synced.pages),
            _ => None,
        })
        .flatten()
        .flat_map(|page| page.hashes.iter().cloned())
        .collect()
}

#[test]
fn every_recorded_phone_hands_in_its_data_and_reads_the_answers() {
    let mut steps = 0;
    for version in OLDEST_PROTOCOL..=PROTOCOL {
        let recorded = fixture::load_recorded(version).unwrap();
        for scenario in fixture::load_scenarios(version).unwrap() {
            let name = &scenario.name;
            let as_sent = |step: &Step| Ok(step.body.clone());
            let replayed = replay(version, &recorded, &scenario, &as_sent)
                .unwrap_or_else(|error| panic!("version {version}, {name}: {error:#}"));
            for (step, (then, now)) in scenario.steps.iter().zip(&replayed.answers) {
                agree(then, now).unwrap_or_else(|error| {
                    panic!("version {version}, {name}, {}: {error:#}", step.says)
                });
                steps += 1;
            }
            let handed_in = handed_in(&scenario).unwrap();
            let then = given(replayed.answers.iter().map(|(then, _)| then));
            let now = given(replayed.answers.iter().map(|(_, now)| now));
            let missing: Vec<_> = then
                .intersection(&handed_in)
                .filter(|hash| !now.contains(*hash))
                .collect();
            assert!(missing.is_empty(), "version {version}, {name}: {missing:?}");
            assert_eq!(
                replayed.effect, scenario.effect,
                "version {version}, {name}"
            );
        }
    }
    assert!(steps > 20, "{steps}");
}
