//! Reports that may be one, and what was merged.

use wangge_model::{
    ActorId, FieldPath, FieldValue, RecordId, RecordKind, Timestamp,
    case::CaseState,
    document::{FieldEdit, RecordDocument},
};

use super::{NOW, Storage, commit, id16, person, town, work};
use crate::storage::{CaseFilter, ChangeBy, Compared, NewChange, RecordWork, StoredRecord};

const HOUR: i64 = 3_600_000;

fn set(path: &str, value: FieldValue) -> FieldEdit {
    FieldEdit::set(FieldPath::new(path).unwrap(), value)
}

/// A report by person `reporter` about light 4006 at so many metres to the east.
struct Report {
    id: u8,
    place: u8,
    reporter: u8,
    title: &'static str,
    east_m: Option<i32>,
    state: CaseState,
    merged_into: Option<u8>,
    due: Option<Timestamp>,
}

fn report(id: u8, place: u8, title: &'static str, east_m: Option<i32>) -> Report {
    Report {
        id,
        place,
        reporter: 10,
        title,
        east_m,
        state: CaseState::Reported,
        merged_into: None,
        due: None,
    }
}

fn author() -> ActorId {
    ActorId::from_bytes(id16(0xac))
}

fn server() -> ActorId {
    ActorId::from_bytes(id16(0xad))
}

impl Report {
    /// What people wrote.
    fn fields(&self) -> Vec<FieldEdit> {
        let mut edits = vec![
            set("category", FieldValue::text("4006")),
            set("title", FieldValue::text(self.title)),
            set("occurred_at", FieldValue::Time(NOW)),
        ];
        if let Some(east) = self.east_m {
            let longitude = 117.0 + f64::from(east) / 89_800.0;
            edits.push(set("point.longitude", FieldValue::Number(longitude)));
            edits.push(set("point.latitude", FieldValue::Number(36.65)));
        }
        edits
    }

    /// What the server decided.
    fn case(&self) -> Vec<FieldEdit> {
        let word = |text: &str| FieldValue::text(text);
        let merged = FieldPath::new("case.merged_into").unwrap();
        let into = self.merged_into.map(|into| {
            let into = RecordId::from_bytes(id16(into));
            word(&into.to_string())
        });
        let mut edits = vec![
            set("case.number", word(&format!("SJ{}", self.id))),
            set("case.stage", word(self.state.as_str())),
            set("case.version", FieldValue::Integer(1)),
            set("case.received_at", FieldValue::Time(NOW)),
            set("case.reporter", word(&person(self.reporter).to_string())),
            FieldEdit {
                path: merged,
                value: into,
            },
        ];
        if let Some(due) = self.due {
            edits.extend([
                set("case.limit", word("1d")),
                set("case.started_at", FieldValue::Time(NOW)),
                set("case.due_at", FieldValue::Time(due)),
            ]);
        }
        edits
    }

    /// It, as new or onto how it stands.
    fn work(&self, base: Option<&StoredRecord>) -> RecordWork {
        let mut document = match base {
            None => RecordDocument::new(RecordKind::Incident),
            Some(stored) => RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap(),
        };
        let told = document.edit(&self.fields(), author(), NOW).unwrap();
        let decided = document
            .edit_as_server(&self.case(), server(), NOW)
            .unwrap();
        let told = told.map(|change| NewChange::written(0, change, author(), ChangeBy::Sender));
        let decided =
            decided.map(|change| NewChange::written(0, change, server(), ChangeBy::Server));
        RecordWork {
            id: RecordId::from_bytes(id16(self.id)),
            kind: RecordKind::Incident,
            base_version: base.map_or(0, |stored| stored.version),
            base_heads: base.map_or_else(Vec::new, |stored| stored.heads.clone()),
            saved: document.save(),
            heads: document.heads(),
            summary: document.summary(),
            changes: told.into_iter().chain(decided).collect(),
            ..work(None, self.id, self.place, 0, "501")
        }
    }
}

async fn put(storage: &dyn Storage, reports: &[Report]) {
    let works = reports.iter().map(|report| report.work(None)).collect();
    storage.commit(commit(works, None)).await.unwrap();
}

/// Writes a report that is there anew.
async fn put_again(storage: &dyn Storage, report: &Report) {
    let id = RecordId::from_bytes(id16(report.id));
    let stored = storage.find_record(&id).await.unwrap().unwrap();
    let work = report.work(Some(&stored));
    storage.commit(commit(vec![work], None)).await.unwrap();
}

async fn alike(storage: &dyn Storage, viewer: u8, id: u8) -> Vec<(u8, Option<u32>)> {
    let id = RecordId::from_bytes(id16(id));
    let found = storage.list_alike(&id, &person(viewer), NOW).await.unwrap();
    found
        .iter()
        .map(|alike| (alike.record.id.as_bytes()[0], alike.likeness.metres))
        .collect()
}

async fn compare_all(storage: &dyn Storage) -> Compared {
    let mut all = Compared::default();
    loop {
        let step = storage.compare_incidents(2).await.unwrap();
        if step.count == 0 {
            return all;
        }
        all.count += step.count;
        all.tangled.extend(step.tangled);
    }
}

const LIGHT: &str = "3号楼前路灯不亮";

pub(super) async fn reports_that_may_be_one_are_found(storage: &dyn Storage) {
    town(storage).await;
    let reports = [
        report(40, 3, LIGHT, Some(0)),
        report(41, 3, "3号楼旁路灯坏了不亮", Some(20)),
        report(42, 3, LIGHT, Some(90)),
        // A neighbouring grid, as its caller sees it.
        report(43, 4, LIGHT, Some(10)),
        // No place: only its own grid's.
        report(44, 3, LIGHT, None),
        report(45, 3, "下水道堵塞", Some(0)),
    ];
    put(storage, &reports).await;
    assert_eq!(alike(storage, 12, 40).await, [], "not compared yet");
    assert_eq!(compare_all(storage).await.count, 6);
    // Person 12 looks after both grids, person 10 after one.
    let mut found = alike(storage, 12, 40).await;
    found.sort_unstable();
    assert_eq!(found, [(41, Some(20)), (43, Some(10)), (44, None)]);
    let mut found = alike(storage, 10, 40).await;
    found.sort_unstable();
    assert_eq!(found, [(41, Some(20)), (44, None)]);
    let page = |viewer: u8| async move {
        let filter = CaseFilter {
            limit: 10,
            ..CaseFilter::default()
        };
        let page = storage.list_cases(&filter, &person(viewer), NOW).await;
        let cases = page.unwrap().cases;
        let of = cases.iter().find(|case| case.record.id.as_bytes()[0] == 40);
        of.unwrap().alike
    };
    assert_eq!((page(12).await, page(10).await), (3, 2));
    // What is over is nothing to merge into.
    let closed = Report {
        state: CaseState::Closed,
        ..report(41, 3, LIGHT, Some(20))
    };
    put_again(storage, &closed).await;
    assert_eq!(compare_all(storage).await.count, 1);
    assert_eq!(alike(storage, 10, 40).await, [(44, None)]);
    assert_eq!(alike(storage, 10, 41).await, []);
    // Nor what the rules of the place hold apart.
    let far = Report {
        title: "垃圾无人清运",
        ..report(44, 3, LIGHT, None)
    };
    put_again(storage, &far).await;
    compare_all(storage).await;
    assert_eq!(alike(storage, 10, 40).await, []);
}

pub(super) async fn reporters_of_merged_incidents_are_counted_and_press(storage: &dyn Storage) {
    town(storage).await;
    let due = |hours: i64| Some(NOW.plus_millis(hours * HOUR));
    let of = |id: u8, reporter: u8, hours: i64| Report {
        reporter,
        state: CaseState::Filed,
        due: due(hours),
        ..report(id, 3, LIGHT, Some(0))
    };
    put(
        storage,
        &[
            of(40, 10, 20),
            of(41, 11, 21),
            of(42, 12, 30),
            of(43, 12, 16),
        ],
    )
    .await;
    let list = || async {
        let filter = CaseFilter {
            limit: 10,
            ..CaseFilter::default()
        };
        let page = storage.list_cases(&filter, &person(12), NOW).await.unwrap();
        page.cases
            .iter()
            .map(|case| (case.record.id.as_bytes()[0], case.reporters))
            .collect::<Vec<_>>()
    };
    assert_eq!(list().await, [(43, 1), (40, 1), (41, 1), (42, 1)]);
    let merged = |report: Report, into: u8| Report {
        state: CaseState::Merged,
        merged_into: Some(into),
        ..report
    };
    // 42 into 40 and 40 into 41: three people, so four hours nearer.
    put_again(storage, &merged(of(42, 12, 30), 40)).await;
    assert_eq!(list().await, [(43, 1), (40, 2), (41, 1)]);
    put_again(storage, &merged(of(40, 10, 20), 41)).await;
    assert_eq!(list().await, [(43, 1), (41, 3)], "21 h less 4 h is 17 h");
    put_again(storage, &of(43, 12, 18)).await;
    assert_eq!(list().await, [(41, 3), (43, 1)]);
    let id = |id: u8| RecordId::from_bytes(id16(id));
    let reports = storage
        .list_merged(&id(41), &person(12), NOW)
        .await
        .unwrap();
    let reports: Vec<u8> = reports
        .iter()
        .map(|report| report.id.as_bytes()[0])
        .collect();
    assert_eq!(reports, [40, 42]);
    // The same person again is no reporter more, and nothing is lost by taking back.
    put_again(storage, &merged(of(43, 12, 18), 41)).await;
    assert_eq!(list().await, [(41, 3)]);
    put_again(storage, &of(40, 10, 20)).await;
    assert_eq!(list().await, [(40, 2), (41, 2)]);
    // Nothing is merged into what is merged itself, or out of sight.
    let targets = |viewer: u8| async move {
        let wanted = [id(40), id(41), id(42)];
        let found = storage
            .list_merge_targets(&wanted, &person(viewer), NOW)
            .await;
        let mut found: Vec<u8> = found.unwrap().iter().map(|id| id.as_bytes()[0]).collect();
        found.sort_unstable();
        found
    };
    assert_eq!(targets(12).await, [40, 41]);
    assert_eq!(targets(99).await, [] as [u8; 0]);
    compare_all(storage).await;
    // Merged into one another at the same moment.
    put_again(storage, &merged(of(40, 10, 20), 41)).await;
    put_again(storage, &merged(of(41, 11, 21), 40)).await;
    let mut tangled = compare_all(storage).await.tangled;
    tangled.sort_unstable();
    assert_eq!(tangled, [id(40), id(41)]);
    assert_eq!(storage.count_reporters(&id(42)).await.unwrap(), 1);
}
