//! Ledgers imported into a server: a messy workbook with its expected result,
//! the same file again, changed files, and what the register had already.

mod address;
mod again;
mod export;
mod messy;

use std::{collections::BTreeMap, fs::File, io::Write as _, sync::Arc};

use chrono::NaiveDate;
use wangge_model::{
    Clock, FieldPath, FieldValue, PersonId, RecordId, RecordKind, Role,
    document::{FieldEdit, RecordDocument},
    message::Language,
};

use super::{
    column::Columns,
    import::{ImportFailure, LedgerImport, Options, Summary},
    remark::Remarks,
    scope::Reach,
    sheet::{self, Limits, Sheet},
};
use crate::{
    auth::Scope,
    ingest::bulk::{BulkWriter, NewHousehold},
    storage::RecordFilter,
    testing::TestServer,
};

/// A server with a service desk for its community.
struct World {
    server: TestServer,
    person: PersonId,
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 1).unwrap()
}

fn read(file: &mut File) -> Sheet {
    sheet::read(file, None, &Limits::CONSOLE, &Columns::is_ledger, &|| false).unwrap()
}

fn sheet_of(csv: &str) -> Sheet {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(csv.as_bytes()).unwrap();
    read(&mut file)
}

impl World {
    async fn new(seed: u64) -> Self {
        let server = TestServer::start(seed).await;
        // As `wangge generate` marks its data: made-up numbers are taken.
        server
            .state
            .storage
            .put_meta("profile", b"test")
            .await
            .unwrap();
        let grid = server.grids[0].into();
        let community = server.state.storage.find_node(&grid).await.unwrap();
        let community = community.unwrap().parent.unwrap();
        let person = server
            .add_person("孙综服", community, Role::ServiceDesk)
            .await;
        Self { server, person }
    }

    async fn scope_of(&self, person: PersonId) -> Scope {
        let storage = self.server.state.storage.as_ref();
        let person = storage.find_person(&person).await.unwrap().unwrap();
        Scope::find(storage, &person, self.server.clock.now())
            .await
            .unwrap()
    }

    fn writer(&self) -> BulkWriter {
        BulkWriter {
            storage: Arc::clone(&self.server.state.storage),
            actor: self.server.state.identity.actor,
            person: self.person,
            clock: Arc::clone(&self.server.clock) as Arc<dyn Clock>,
        }
    }

    async fn open(
        &self,
        sheet: Sheet,
        options: Options,
    ) -> Result<Arc<LedgerImport>, ImportFailure> {
        let scope = self.scope_of(self.person).await;
        let storage = self.server.state.storage.as_ref();
        LedgerImport::open(sheet, storage, scope, Reach::MayWrite, today(), options).await
    }

    async fn check(&self, sheet: Sheet, options: Options) -> (Summary, Remarks) {
        let import = self.open(sheet, options).await.unwrap();
        import
            .check(self.server.state.storage.as_ref(), &mut |_| ())
            .await
            .unwrap()
    }

    /// Checks and commits, and holds the two against each other.
    async fn import(&self, sheet: Sheet, options: Options) -> (Summary, Remarks) {
        let import = self.open(sheet, options).await.unwrap();
        let storage = self.server.state.storage.as_ref();
        let (checked, remarks) = import.check(storage, &mut |_| ()).await.unwrap();
        let mut done = 0;
        let summary = import
            .commit(
                &self.writer(),
                self.server.entropy.as_ref(),
                |_| (),
                &mut |rows| done = rows,
            )
            .await
            .unwrap();
        assert_eq!(summary, checked, "what was checked is what was done");
        assert_eq!(done, summary.rows);
        (summary, remarks)
    }

    /// Every household of the register, by title.
    async fn households(&self) -> BTreeMap<String, RecordDocument> {
        let storage = &self.server.state.storage;
        let filter = RecordFilter {
            kind: Some(RecordKind::Household),
            limit: 1_000,
            ..RecordFilter::default()
        };
        let page = storage
            .list_records(&self.person, self.server.clock.now(), &filter)
            .await
            .unwrap();
        let mut households = BTreeMap::new();
        for listed in page.records {
            let document = self.document(&listed.id).await;
            let title = format!("{} {}", listed.grid_name, listed.summary.title);
            assert_eq!(listed.summary, document.summary());
            let before = households.insert(title.clone(), document);
            assert!(before.is_none(), "{title} is there twice");
        }
        households
    }

    /// The households whose title ends so or so followed by 室, in no order.
    async fn households_titled(&self, end: &str) -> Vec<RecordDocument> {
        let filter = RecordFilter {
            kind: Some(RecordKind::Household),
            limit: 1_000,
            ..RecordFilter::default()
        };
        let storage = &self.server.state.storage;
        let page = storage
            .list_records(&self.person, self.server.clock.now(), &filter)
            .await
            .unwrap();
        let mut found = Vec::new();
        for listed in page.records {
            if listed.summary.title.trim_end_matches('室').ends_with(end) {
                found.push(self.document(&listed.id).await);
            }
        }
        found
    }

    /// A household in the first grid that came from a phone.
    async fn collect(&self, fields: &[(&str, &str)]) {
        let set = |(path, text): &(&str, &str)| {
            FieldEdit::set(FieldPath::new(*path).unwrap(), FieldValue::text(*text))
        };
        let household = NewHousehold {
            id: RecordId::make(self.server.clock.as_ref(), self.server.entropy.as_ref()),
            grid: self.server.grids[0],
            at: self.server.clock.now(),
            fields: fields.iter().map(set).collect(),
        };
        let batch = futures_util::stream::iter([Ok(vec![household])]);
        self.writer().write_all(batch, |_| ()).await.unwrap();
    }

    async fn document(&self, id: &RecordId) -> RecordDocument {
        let stored = self
            .server
            .state
            .storage
            .find_record(id)
            .await
            .unwrap()
            .unwrap();
        RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap()
    }
}

/// A household's fields with its people in order of their names instead of
/// their ids.
fn plain(document: &RecordDocument) -> BTreeMap<String, String> {
    let name = |member: &str| {
        document
            .text(&format!("members.{member}.name"))
            .unwrap_or_default()
    };
    document
        .fields()
        .into_iter()
        .map(|(path, value)| {
            let parts: Vec<&str> = path.parts().collect();
            let path = match parts.as_slice() {
                ["members", member, field] => format!("members.{}.{field}", name(member)),
                ["labels", label, field] => {
                    let group = document.text(&format!("labels.{label}.group"));
                    let whom = document.text(&format!("labels.{label}.member"));
                    let whom = whom.map(|id| name(&id)).unwrap_or_default();
                    format!("labels.{} {whom}.{field}", group.unwrap_or_default())
                }
                _ => path.to_string(),
            };
            let shown = if path.ends_with(".member") {
                name(&value.to_display())
            } else {
                value.to_display()
            };
            (path, shown)
        })
        .collect()
}

#[test]
fn every_label_of_the_collection_list_is_recognised_in_both_languages() {
    use crate::ledger::column::{Mapping, Target, household_fields};
    for language in Language::ALL {
        for spec in household_fields() {
            let target = Target::Field(spec.path);
            // With nobody's name beside it a telephone is the household's.
            let text = format!("户号,{}\n1,x\n", target.label(language));
            let columns = Columns::find(&sheet_of(&text), &Mapping::new()).unwrap();
            let found = columns.columns[1].target;
            assert_eq!(found.label(language), target.label(language), "{text}");
        }
    }
}
