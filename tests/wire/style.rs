//! The recorded requests as phones before and after their version would send
//! them. There is one version today; this is what stands for the two before
//! and the one after it.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use wangge_model::protocol::{
    OLDEST_PROTOCOL, PROTOCOL, SigningKey as _, SoftwareKey, deflate, inflate,
};

use crate::{
    fixture::{self, Recorded, Scenario, Step},
    replay::{Replay, replay},
    tree::Tree,
    v1::{Answer, Synced},
};

/// A key of a message map that no version has.
const UNKNOWN: u64 = 9_000;
/// Keys of an exchange.
const PROTOCOL_KEY: u64 = 0;
const SERVER_EPOCH: u64 = 2;
const CURSORS: u64 = 4;
const MANIFEST: u64 = 5;
const ITEMS: u64 = 6;
const WHOLE: u64 = 8;

/// A request's map, changed.
fn rewritten(
    step: &Step,
    change: impl FnOnce(&mut Request) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<u8>> {
    if step.body.is_empty() {
        return Ok(Vec::new());
    }
    let Tree::Map(map) = Tree::read(&inflate(&step.body)?)? else {
        bail!("a request is a map");
    };
    let mut request = Request { map };
    change(&mut request)?;
    Ok(deflate(&Tree::Map(request.map).write()?))
}

struct Request {
    map: BTreeMap<u64, Tree>,
}

impl Request {
    fn lengthen_each(&mut self, key: u64) {
        if let Some(Tree::Array(elements)) = self.map.get_mut(&key) {
            for element in elements {
                lengthen(element);
            }
        }
    }

    /// Lengthens what the device signed, and signs it again.
    fn lengthen_manifest(&mut self, key: &SoftwareKey) -> anyhow::Result<()> {
        let Some(Tree::Array(signed)) = self.map.get_mut(&MANIFEST) else {
            return Ok(());
        };
        let [Tree::Bytes(manifest), Tree::Array(signature)] = signed.as_mut_slice() else {
            bail!("a signed manifest has two elements");
        };
        let mut tree = Tree::read(manifest)?;
        lengthen(&mut tree);
        *manifest = tree.write()?;
        let message = [b"wangge/manifest/v1\0".as_slice(), manifest].concat();
        let bytes = signature.get_mut(1).context("a signature's bytes")?;
        *bytes = Tree::Bytes(key.sign(&message)?.bytes);
        signed.push(Tree::Text("more".to_owned()));
        Ok(())
    }
}

fn lengthen(array: &mut Tree) {
    if let Tree::Array(elements) = array {
        elements.push(Tree::Null);
        elements.push(Tree::Text("more".to_owned()));
    }
}

/// Every recorded scenario of every version, sent in this style.
fn each(
    style: impl Fn(&Recorded, &Step) -> anyhow::Result<Vec<u8>>,
    check: impl Fn(&Scenario, &Replay),
) -> anyhow::Result<()> {
    let mut scenarios = 0;
    for version in OLDEST_PROTOCOL..=PROTOCOL {
        let recorded = fixture::load_recorded(version)?;
        for scenario in fixture::load_scenarios(version)? {
            let rewrite = |step: &Step| style(&recorded, step);
            let replayed = replay(version, &recorded, &scenario, &rewrite)
                .with_context(|| format!("version {version}, {}", scenario.name))?;
            check(&scenario, &replayed);
            scenarios += 1;
        }
    }
    assert!(scenarios > 5, "{scenarios}");
    Ok(())
}

fn verdicts(answer: &Answer) -> Vec<String> {
    match answer {
        Answer::Synced(Synced {
            receipt: Some(receipt),
            ..
        }) => receipt.verdicts.clone(),
        _ => Vec::new(),
    }
}

/// Everything arrived and every item had the verdict it had then.
fn assert_arrived(scenario: &Scenario, replayed: &Replay) {
    let name = &scenario.name;
    assert_eq!(replayed.effect, scenario.effect, "{name}");
    for (step, (then, now)) in scenario.steps.iter().zip(&replayed.answers) {
        assert_eq!(verdicts(now), verdicts(then), "{name}, {}", step.says);
    }
}

#[test]
fn a_phone_older_than_any_spoken_version_hands_in_everything_and_is_told_to_update() {
    let style = |_: &Recorded, step: &Step| {
        rewritten(step, |request| {
            // An enrolment and a giving back have the version there as well; a
            // session has none.
            if step.path == "/v1/sync" {
                let too_old = i128::from(OLDEST_PROTOCOL) - 1;
                request.map.insert(PROTOCOL_KEY, Tree::Int(too_old));
            }
            Ok(())
        })
    };
    each(style, |scenario, replayed| {
        assert_arrived(scenario, replayed);
        for (step, (_, now)) in scenario.steps.iter().zip(&replayed.answers) {
            let Answer::Synced(synced) = now else {
                continue;
            };
            assert_eq!(synced.directives, ["upgrade"], "{}", step.says);
            assert!(synced.pages.is_empty() && synced.grants.is_none());
        }
    })
    .unwrap();
}

#[test]
fn a_phone_that_lacks_the_optional_fields_hands_in_everything() {
    let style = |_: &Recorded, step: &Step| {
        rewritten(step, |request| {
            if step.path == "/v1/sync" {
                request.map.remove(&SERVER_EPOCH);
                request.map.remove(&WHOLE);
            }
            Ok(())
        })
    };
    each(style, assert_arrived).unwrap();
}

#[test]
fn a_phone_that_says_more_than_this_server_knows_is_understood_all_the_same() {
    let style = |recorded: &Recorded, step: &Step| {
        let device = step.as_device.as_ref();
        let device = device.and_then(|name| recorded.devices.get(name));
        let key = device.map(|device| SoftwareKey::from_bytes(&device.key));
        let key = key.transpose()?;
        rewritten(step, |request| {
            let more = Tree::Array(vec![Tree::Int(1), Tree::Map(BTreeMap::default())]);
            request.map.insert(UNKNOWN, more);
            if step.path == "/v1/sync" {
                request.lengthen_each(CURSORS);
                request.lengthen_each(ITEMS);
                if let Some(key) = &key {
                    request.lengthen_manifest(key)?;
                }
            }
            Ok(())
        })
    };
    each(style, |scenario, replayed| {
        assert_arrived(scenario, replayed);
        for (step, (then, now)) in scenario.steps.iter().zip(&replayed.answers) {
            if let (Answer::Synced(then), Answer::Synced(now)) = (then, now) {
                assert_eq!(now.directives, then.directives, "{}", step.says);
                assert_eq!(now.pages.len(), then.pages.len(), "{}", step.says);
            }
        }
    })
    .unwrap();
}

#[test]
fn a_phone_newer_than_the_server_is_told_so_and_nothing_of_it_is_taken() {
    let style = |_: &Recorded, step: &Step| {
        rewritten(step, |request| {
            if request.map.contains_key(&PROTOCOL_KEY) && step.path != "/v1/session" {
                let too_new = i128::from(PROTOCOL) + 1;
                request.map.insert(PROTOCOL_KEY, Tree::Int(too_new));
            }
            Ok(())
        })
    };
    each(style, |scenario, replayed| {
        assert_eq!(replayed.effect, fixture::Effect::default());
        for (step, (_, now)) in scenario.steps.iter().zip(&replayed.answers) {
            let has_version = ["/v1/sync", "/v1/enrol", "/v1/give-back"];
            if !has_version.contains(&step.path.as_str()) {
                continue;
            }
            let Answer::Problem { code, .. } = now else {
                panic!("{}, {}: {now:?}", scenario.name, step.says);
            };
            let refused = ["protocol_unsupported", "session_required"];
            assert!(refused.contains(&code.as_str()), "{}: {code}", step.says);
        }
    })
    .unwrap();
}
