//! What is fuzzed: each target knows its seeds and what must hold for any
//! input.

mod answer;
mod codec;
mod csv;
mod enrol;
mod guard;
mod push;
mod search;

use anyhow::bail;

/// Something that reads what a stranger wrote.
pub(super) trait Target {
    /// Valid inputs.
    fn seeds(&mut self) -> anyhow::Result<Vec<Vec<u8>>>;
    /// Tries an input; answers in a few words what came of it, or what should
    /// not have.
    fn try_input(&mut self, input: &[u8]) -> anyhow::Result<String>;
}

/// Every target by name.
pub(super) const NAMES: &[&str] = &[
    "frame", "guard", "push", "answer", "import", "search", "enrol",
];

/// A target by its name.
pub(super) fn make(name: &str) -> anyhow::Result<Box<dyn Target>> {
    Ok(match name {
        "frame" => Box::new(codec::Frame),
        "guard" => Box::new(guard::Guard::new()?),
        "push" => Box::new(push::Push::new()?),
        "answer" => Box::new(answer::Answer::new()?),
        "import" => Box::new(csv::Import::new()?),
        "search" => Box::new(search::Search::new()?),
        "enrol" => Box::new(enrol::Enrol::new()?),
        _ => bail!("no target {name}"),
    })
}

/// The first byte of an input, which says how the rest is meant, and the rest.
fn split(input: &[u8]) -> (u8, &[u8]) {
    input
        .split_first()
        .map_or((0, input), |(first, rest)| (*first, rest))
}

/// A runtime for targets that wait.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?)
}
