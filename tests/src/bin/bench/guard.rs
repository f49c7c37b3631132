//! What one new record costs the server's processor before the database: the
//! guard's stages one by one, on one thread. Explains S4.

use std::{hint::black_box, time::Instant};

use wangge_model::{
    ActorId, Clock as _, RecordKind, SystemClock,
    document::RecordDocument,
    guard::{Writer, admit_first, inspect},
};
use wangge_tests::{
    statistics::{median, micros},
    workload::Workload,
};

use crate::report::Figures;

/// Times of the stages of one kind of record, in microseconds.
#[derive(Default)]
struct Stages {
    inspect: Vec<f64>,
    first: Vec<f64>,
    new: Vec<f64>,
    admit: Vec<f64>,
    save: Vec<f64>,
    summary: Vec<f64>,
}

/// Times `count` records of the workload.
pub(crate) fn run(count: usize, seed: u64, figures: &mut Figures) -> anyhow::Result<()> {
    let actor = ActorId::from_bytes([7; 16]);
    let mut workload = Workload::new(seed, SystemClock.now());
    let mut stages: [Stages; 3] = Default::default();
    let mut weighted = 0.0;
    for _ in 0..count {
        let record = workload.next_authored(actor)?;
        let kind = record.document.kind();
        let Some(stage) = stages.get_mut(usize::from(kind.number()) - 1) else {
            continue;
        };
        let begun = Instant::now();
        let change = inspect(&record.change.hash, &record.change.bytes)?;
        stage.inspect.push(micros(begun.elapsed()));
        let begun = Instant::now();
        black_box(admit_first(kind, &change, Writer::Device(actor)));
        stage.first.push(micros(begun.elapsed()));
        let begun = Instant::now();
        let document = RecordDocument::new(kind);
        stage.new.push(micros(begun.elapsed()));
        let begun = Instant::now();
        let admitted = document.admit(&change, Writer::Device(actor))?;
        stage.admit.push(micros(begun.elapsed()));
        let begun = Instant::now();
        black_box(admitted.save());
        stage.save.push(micros(begun.elapsed()));
        let begun = Instant::now();
        black_box(admitted.summary());
        stage.summary.push(micros(begun.elapsed()));
    }
    for (kind, share) in [
        (RecordKind::Household, 0.25),
        (RecordKind::Visit, 0.65),
        (RecordKind::Incident, 0.10),
    ] {
        let Some(stage) = stages.get(usize::from(kind.number()) - 1) else {
            continue;
        };
        figures.set(format!("guard.{kind}_first_us"), median(&stage.first));
        let mut whole = 0.0;
        for (name, times) in [
            ("inspect", &stage.inspect),
            ("new", &stage.new),
            ("admit", &stage.admit),
            ("save", &stage.save),
            ("summary", &stage.summary),
        ] {
            let time = median(times);
            figures.set(format!("guard.{kind}_{name}_us"), time);
            whole += time;
        }
        figures.set(format!("guard.{kind}_us"), whole);
        weighted += share * whole;
    }
    figures.set("guard.record_us", weighted);
    Ok(())
}
