//! Records the server merged: shown as the one they stand for, everywhere.

use wangge_model::{
    ActorId, DeviceId, RecordId, RecordKind, Timestamp,
    document::FieldEdit,
    merge::{Merged, land, part},
    protocol::Frame,
};

use super::{Hub, Phone, START, grid, set};
use crate::record::{RecordQuery, RecordState};

const SERVER: ActorId = ActorId::from_bytes([250; 16]);

impl Hub {
    /// The server's own actor writes into a record.
    fn write(&mut self, id: RecordId, fields: &[FieldEdit], marks: &[FieldEdit]) {
        let at = Timestamp::from_millis(START);
        let (home, document) = self.records.get_mut(&id).unwrap();
        let changes = [
            document.edit(fields, SERVER, at).unwrap(),
            document.edit_as_server(marks, SERVER, at).unwrap(),
        ];
        let (home, kind) = (*home, document.kind());
        for change in changes.into_iter().flatten() {
            let frame = Frame {
                record: id,
                record_epoch: 0,
                kind,
                hash: change.hash,
                change: change.bytes,
            };
            let feed = self.feeds.entry(home).or_default();
            feed.push((DeviceId::from_bytes([0; 16]), frame));
        }
    }

    fn bring(&mut self, alias: RecordId, kept: RecordId) {
        let (_, theirs) = self.records[&alias].clone();
        let landing = land(&self.records[&kept].1.read(), alias, &theirs);
        self.write(kept, &landing.fields, &landing.marks);
    }

    fn merge(&mut self, alias: RecordId, kept: RecordId) {
        let mark = Merged {
            into: kept,
            at: Some(Timestamp::from_millis(START)),
            by: String::new(),
        };
        self.write(alias, &[], &mark.edits());
        self.bring(alias, kept);
    }

    fn part(&mut self, alias: RecordId, kept: RecordId) {
        let (mine, theirs) = (self.records[&kept].1.read(), self.records[&alias].1.read());
        let parting = part(RecordKind::Household, &mine, alias, &theirs);
        self.write(kept, &parting.kept, &parting.kept_marks);
        self.write(alias, &parting.alias, &parting.alias_marks);
    }
}

fn listed(phone: &Phone, query: &RecordQuery) -> Vec<RecordId> {
    let rows = phone.core().list_records(query).unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

fn households() -> RecordQuery {
    RecordQuery {
        kind: Some(RecordKind::Household),
        ..RecordQuery::default()
    }
}

fn visit(phone: &Phone, household: RecordId) -> RecordId {
    let edits = [
        set("household", &household.to_string()),
        set("kind", "household"),
        set("result", "met"),
        FieldEdit::set(
            super::path("started_at"),
            wangge_model::FieldValue::Time(Timestamp::from_millis(START)),
        ),
    ];
    let kind = RecordKind::Visit;
    phone.core().create_record(kind, grid(1), &edits).unwrap()
}

#[test]
fn a_merged_record_is_shown_as_the_one_it_stands_for() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let kept = phone.household(1, "阳光花园3号楼501");
    let alias = phone.household(1, "阳光花园三栋501室");
    let called = visit(&phone, alias);
    hub.sync(&phone);
    hub.merge(alias, kept);
    hub.sync(&phone);

    assert_eq!(listed(&phone, &households()), [kept]);
    let by_text = RecordQuery {
        text: Some("三栋".to_owned()),
        ..RecordQuery::default()
    };
    assert_eq!(listed(&phone, &by_text), []);
    let of_kept = RecordQuery {
        household: Some(kept),
        ..RecordQuery::default()
    };
    assert_eq!(listed(&phone, &of_kept), [called]);
    let view = phone.core().find_record(alias).unwrap().unwrap();
    assert_eq!((view.row.id, view.opened_as), (kept, Some(alias)));
    assert_eq!(view.aliases.len(), 1);
    let other: Vec<&str> = view.aliases[0]
        .differences
        .iter()
        .map(|difference| difference.path.as_str())
        .collect();
    assert_eq!(other, ["address.detail"]);
    let itself = phone.core().find_record_itself(alias).unwrap().unwrap();
    assert_eq!(itself.row.summary.merged_into, Some(kept));
    assert_eq!(
        phone.core().household(alias).unwrap().address.detail,
        "阳光花园3号楼501"
    );
    let coverage = phone.core().coverage(None).unwrap();
    assert_eq!(coverage[0].coverage.households, 1);
    assert_eq!(phone.core().count_states().unwrap().at_server, 2);

    // What was entered late is seen where it waits, and comes over.
    phone.edit(alias, "notes", "有楼梯");
    let waiting = RecordQuery {
        state: Some(RecordState::OnPhone),
        ..RecordQuery::default()
    };
    assert_eq!(listed(&phone, &waiting), [alias]);
    hub.sync(&phone);
    hub.bring(alias, kept);
    hub.sync(&phone);
    assert_eq!(phone.text(kept, "notes").as_deref(), Some("有楼梯"));

    hub.part(alias, kept);
    hub.sync(&phone);
    assert_eq!(listed(&phone, &households()).len(), 2);
    assert_eq!(listed(&phone, &of_kept), []);
    assert_eq!(phone.text(kept, "notes"), None);
    assert_eq!(phone.text(alias, "notes").as_deref(), Some("有楼梯"));
    let view = phone.core().find_record(alias).unwrap().unwrap();
    assert_eq!((view.row.id, view.opened_as), (alias, None));
}

#[test]
fn a_chain_of_merges_leads_to_its_end_and_typing_finds_that() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let home = |detail: &str| phone.household(1, detail);
    let (one, two, three) = (
        home("殷巷村东头第二家"),
        home("殷巷村东头2家"),
        home("幸福里一号"),
    );
    hub.sync(&phone);
    hub.merge(one, two);
    hub.merge(two, three);
    hub.sync(&phone);
    let view = phone.core().find_record(one).unwrap().unwrap();
    assert_eq!(view.row.id, three);
    assert_eq!(view.aliases.len(), 2);
    let typed = [set("address.detail", "殷巷村 东头 第二家")];
    let found = phone
        .core()
        .find_duplicates(RecordKind::Household, Some(grid(1)), None, &typed)
        .unwrap();
    let found: Vec<RecordId> = found.into_iter().map(|one| one.row.id).collect();
    assert_eq!(found, [three]);
}

#[test]
fn a_phone_cannot_merge_by_itself() {
    let (phone, mut hub) = (Phone::enrolled(1, &[1]), Hub::new());
    let (kept, alias) = (phone.household(1, "阳光花园"), phone.household(1, "阳光"));
    hub.sync(&phone);
    let mark = Merged {
        into: kept,
        at: None,
        by: String::new(),
    };
    let refused = phone.core().edit_record(alias, &mark.edits());
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(listed(&phone, &households()).len(), 2);
}
