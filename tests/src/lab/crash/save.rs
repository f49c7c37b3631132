//! Phones that save, each alone.

use std::thread;

use super::{
    CrashArguments, child,
    ward::{Tally, Ward},
};

/// A phone's files are made anew after so many kills, so that the first start
/// is hit too and stores stay of the size of a day.
const KILLS_PER_PHONE: u64 = 100;

/// Kills processes of several phones at a time.
pub(super) fn run(arguments: &CrashArguments, seed: u64) -> anyhow::Result<Tally> {
    let phones = arguments.phones.max(1);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..phones)
            .map(|number| {
                let share = arguments.kills / phones + u64::from(number < arguments.kills % phones);
                scope.spawn(move || kill_phones(arguments, seed, number, share))
            })
            .collect();
        let mut total = Tally::default();
        for thread in threads {
            total.add(
                thread
                    .join()
                    .map_err(|_| anyhow::anyhow!("a thread of the lab panicked"))??,
            );
        }
        Ok(total)
    })
}

fn kill_phones(
    arguments: &CrashArguments,
    seed: u64,
    number: u64,
    kills: u64,
) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    let mut phone = number;
    while tally.kills < kills {
        let folder = match &arguments.directory {
            Some(directory) => tempfile::tempdir_in(directory)?,
            None => tempfile::tempdir()?,
        };
        let mut ward = Ward::new(arguments, folder.path().to_owned(), phone, seed)?;
        let end = kills.min(tally.kills + KILLS_PER_PHONE);
        while tally.kills < end {
            ward.live_and_die(&mut tally)?;
        }
        let core = child::open(folder.path(), phone, seed)?;
        ward.check_all(&core, &mut tally)?;
        phone += arguments.phones.max(1);
    }
    Ok(tally)
}
