//! A simulation in which one fail point of phone or server fails, and one into
//! which a fault is planted.

use wangge_model::fault_point;

use super::{
    Action,
    world::{Size, World},
};

/// What came of it.
#[derive(Debug)]
pub struct Fault {
    /// Whether the point was reached while it was armed.
    pub was_met: bool,
    /// What is wrong; empty if the promises held.
    pub broken: Vec<String>,
}

/// Steps of such a simulation.
const STEPS: u64 = 700;

/// Plays with a planted fault, and with a fail point failing if one is given.
pub fn run_planted(
    planted: &str,
    failing: Option<(&str, u64)>,
    seed: u64,
) -> anyhow::Result<Fault> {
    run(seed, || {
        fault_point::plant(planted);
        if let Some((point, nth)) = failing {
            fault_point::arm(point, nth);
        }
    })
}

fn run(seed: u64, prepare: impl FnOnce()) -> anyhow::Result<Fault> {
    let folder = super::folder()?;
    let size = Size {
        devices: 4,
        steps: STEPS,
        records: 16,
        without: vec![Action::ServerRestore, Action::ClockJump],
    };
    fault_point::disarm();
    let mut world = World::new(folder.path(), &size, seed)?;
    world.network.is_armed = true;
    prepare();
    let mut broken = Vec::new();
    let mut was_met = false;
    let played = play(&mut world, &mut was_met, &mut broken);
    let answered = world.counts.get("server_failures").is_some();
    fault_point::disarm();
    if let Err(error) = played {
        broken.push(format!("{error:#}"));
    }
    Ok(Fault {
        was_met: was_met || answered,
        broken,
    })
}

fn play(world: &mut World, was_met: &mut bool, broken: &mut Vec<String>) -> anyhow::Result<()> {
    for _ in 0..STEPS {
        if let Err(error) = world.step() {
            go_on_after(world, error, was_met)?;
        }
    }
    loop {
        let healed = world
            .heal()
            .and_then(|()| world.quiesce())
            .and_then(|found| Ok((found, world.compare()?)));
        match healed {
            Ok((unquiet, unequal)) => {
                broken.extend(unquiet);
                broken.extend(unequal);
                return Ok(());
            }
            Err(error) => go_on_after(world, error, was_met)?,
        }
    }
}

/// A fail point stands for a process that died there: everybody starts again.
/// Any other error is the product's.
fn go_on_after(world: &mut World, error: anyhow::Error, was_met: &mut bool) -> anyhow::Result<()> {
    if *was_met || !format!("{error:#}").contains("fault point") {
        return Err(error);
    }
    *was_met = true;
    world.restart_everybody()
}
