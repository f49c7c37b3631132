//! A simulation in which one fail point of phone or server fails, and one into
//! which a fault is planted.

use wangge_model::fault_point::{self, FailPoint};

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
    failing: Option<(FailPoint, u64)>,
    seed: u64,
) -> anyhow::Result<Fault> {
    let without = [Action::ServerRestore, Action::ClockJump];
    run(seed, &without, |_| {
        fault_point::plant(planted);
        if let Some((point, nth)) = failing {
            fault_point::arm(point, nth);
        }
    })
}

/// Plays with everything there is, and everybody dies when this point is reached
/// for the n-th time. Every phone begins with a session that is over.
pub fn run_failing(point: FailPoint, nth: u64, seed: u64) -> anyhow::Result<Fault> {
    run(seed, &[], |world| {
        world.pass_a_night();
        fault_point::arm(point, nth);
    })
}

fn run(seed: u64, without: &[Action], prepare: impl FnOnce(&mut World)) -> anyhow::Result<Fault> {
    let folder = super::folder()?;
    let size = Size {
        devices: 4,
        steps: STEPS,
        records: 16,
        without: without.to_vec(),
        follow: None,
    };
    fault_point::disarm();
    let mut world = World::new(folder.path(), &size, seed)?;
    world.network.is_armed = true;
    prepare(&mut world);
    let mut broken = Vec::new();
    let played = play(&mut world, &mut broken);
    let was_met = fault_point::has_failed();
    fault_point::disarm();
    if let Err(error) = played {
        broken.push(format!("{error:#}"));
    }
    Ok(Fault { was_met, broken })
}

fn play(world: &mut World, broken: &mut Vec<String>) -> anyhow::Result<()> {
    let mut has_died = false;
    for _ in 0..STEPS {
        let stepped = world.step();
        go_on_after(world, stepped, &mut has_died)?;
    }
    loop {
        let healed = world
            .heal()
            .and_then(|()| world.quiesce())
            .and_then(|found| Ok((found, world.compare()?)));
        let died_before = has_died;
        let healed = match healed {
            Ok((unquiet, unequal)) => {
                if fault_point::has_failed() == died_before {
                    broken.extend(unquiet);
                    broken.extend(unequal);
                    return Ok(());
                }
                Ok(())
            }
            Err(error) => Err(error),
        };
        go_on_after(world, healed, &mut has_died)?;
    }
}

/// A fail point stands for a process that died there, whether or not anybody
/// was told: everybody starts again. Any other error is the product's.
fn go_on_after(
    world: &mut World,
    played: anyhow::Result<()>,
    has_died: &mut bool,
) -> anyhow::Result<()> {
    if *has_died || !fault_point::has_failed() {
        return played;
    }
    *has_died = true;
    if let Err(error) = played {
        let is_told = format!("{error:#}").contains("fault point");
        if !is_told {
            return Err(error);
        }
    }
    world.restart_everybody()
}
