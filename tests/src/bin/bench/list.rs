//! A phone with 50,000 records: how long it takes to open, to show a page of a
//! list and to find something.

use std::time::Instant;

use wangge_core::{RecordQuery, RecordState, sync::SyncStore as _};
use wangge_model::{ActorId, RecordKind, protocol::SnapshotPage};
use wangge_tests::{
    batch::Batch,
    phone::Phone,
    statistics::{count, median, millis},
    workload::AuthoredRecord,
};

use crate::report::Figures;

/// Records on each page the phone takes in while it is filled.
const PER_PAGE: usize = 500;
/// Words of two and more characters; some are in half of all records, some in
/// few, some in none.
const WORDS: &[&str] = &[
    "楼道",
    "王伟",
    "燃气",
    "电信诈骗",
    "欧阳秀英",
    "泉城家园",
    "已联系物业",
    "13800001234",
    "查无此词",
    "楼道 物业",
];

/// Fills a phone as a server's snapshot would, record by record authored.
pub(crate) fn fill(
    phone: &Phone,
    records: usize,
    seed: u64,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let grid = phone.grid()?;
    let batch = Batch {
        seed,
        from: phone.config().clock.now(),
        // Other people's records: this phone entered none of them.
        actor: ActorId::from_bytes([9; 16]),
        pages: records.div_ceil(PER_PAGE),
        per_page: PER_PAGE,
    };
    let total = (batch.pages * batch.per_page) as u64;
    let begun = Instant::now();
    batch.for_each_page(
        |record: AuthoredRecord| record.snapshot_entry(),
        |page, entries| {
            let next_after = match entries.last() {
                Some(last) if page + 1 < batch.pages => Some(last.record),
                _ => None,
            };
            let page = SnapshotPage {
                signature: None,
                grid,
                as_of: 1,
                entries,
                next_after,
                total,
            };
            phone.core.store().apply_snapshot(&page)?;
            Ok(())
        },
    )?;
    figures.set("fill.records", count(total));
    figures.set("fill.ms", millis(begun.elapsed()));
    phone.core.tidy().map_err(Into::into)
}

/// Opens the phone again and again.
pub(crate) fn open(mut phone: Phone, runs: usize, figures: &mut Figures) -> anyhow::Result<Phone> {
    let mut took = Vec::new();
    for _ in 0..runs {
        let (opened, time) = phone.restart_timed()?;
        phone = opened;
        took.push(millis(time));
    }
    figures.set("open_ms", median(&took));
    Ok(phone)
}

/// Pages of 50 and searches; the worst of each kind counts.
pub(crate) fn list(phone: &Phone, runs: usize, figures: &mut Figures) -> anyhow::Result<()> {
    let grid = phone.grid()?;
    let all = RecordQuery {
        limit: 50,
        ..RecordQuery::default()
    };
    // The last record of the 40th page: a list scrolled far down.
    let far = RecordQuery {
        limit: 500,
        ..RecordQuery::default()
    };
    let mut after = None;
    for _ in 0..4 {
        let page = phone.core.list_records(&RecordQuery {
            after,
            ..far.clone()
        })?;
        after = page.last().map(|row| row.id);
    }
    let pages = [
        ("all", all.clone()),
        (
            "far",
            RecordQuery {
                after,
                ..all.clone()
            },
        ),
        (
            "household",
            RecordQuery {
                kind: Some(RecordKind::Household),
                ..all.clone()
            },
        ),
        (
            "incident",
            RecordQuery {
                kind: Some(RecordKind::Incident),
                ..all.clone()
            },
        ),
        (
            "grid",
            RecordQuery {
                grid: Some(grid),
                kind: Some(RecordKind::Visit),
                ..all.clone()
            },
        ),
        (
            "state",
            RecordQuery {
                state: Some(RecordState::OnPhone),
                ..all.clone()
            },
        ),
    ];
    let mut worst: f64 = 0.0;
    for (name, query) in pages {
        let took = time(phone, &query, runs)?;
        figures.set(format!("list.{name}_ms"), took);
        worst = worst.max(took);
    }
    figures.set("list_ms", worst);
    let mut worst: f64 = 0.0;
    for (place, word) in WORDS.iter().enumerate() {
        let query = RecordQuery {
            text: Some((*word).to_owned()),
            ..all.clone()
        };
        let found = phone.core.list_records(&query)?.len();
        let took = time(phone, &query, runs)?;
        figures.set(format!("search.word_{place}_ms"), took);
        figures.set(format!("search.word_{place}_rows"), count(found as u64));
        worst = worst.max(took);
    }
    figures.set("search_ms", worst);
    Ok(())
}

fn time(phone: &Phone, query: &RecordQuery, runs: usize) -> anyhow::Result<f64> {
    let mut took = Vec::new();
    for _ in 0..runs {
        let begun = Instant::now();
        phone.core.list_records(query)?;
        took.push(millis(begun.elapsed()));
    }
    Ok(median(&took))
}
