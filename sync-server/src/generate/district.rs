//! A planned district: put into a server's data, or its households handed out
//! grid by grid.

use std::{
    collections::HashMap,
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures_util::{Stream, StreamExt as _, stream};
use serde::Serialize;
use wangge_model::{
    Clock, Entropy, GridAttribute, GridId, OrgLevel, OrgNodeId, PersonId, document::Fields,
    message::Language,
};

use super::{
    GenerateError,
    household::HouseholdMaker,
    layout::Layout,
    people::{PeopleMaker, WORKERS_OF_GRID},
    table::Table,
};
use crate::{
    import::Progress,
    ingest::bulk::{BATCH, BulkError, BulkWriter, NewHousehold},
    ledger::export::{FileForm, LedgerFile},
    profile::Profile,
    state::ServerIdentity,
    storage::{NewOrgNode, Storage, StorageError},
};

/// Digits of each level of a community's code, top down.
const LEVELS: [(OrgLevel, usize); 5] = [
    (OrgLevel::Province, 2),
    (OrgLevel::Prefecture, 4),
    (OrgLevel::County, 6),
    (OrgLevel::Street, 9),
    (OrgLevel::Community, 12),
];
/// Grids whose households are made at the same time.
const GRIDS_AHEAD: usize = 2;

/// Records indexed in one write: many, so that their keys lie side by side.
const INDEXED_AT_ONCE: usize = 5_000;

/// A district that is planned and not made yet.
#[derive(Debug, Clone)]
pub struct District {
    layout: Arc<Layout>,
    names: Arc<HashMap<String, String>>,
}

/// What was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DistrictReport {
    /// Grids.
    pub grids: u64,
    /// Grid workers.
    pub workers: u64,
    /// Households.
    pub households: u64,
    /// Members of households.
    pub people: u64,
}

/// Where a district goes.
#[derive(Debug, Clone)]
pub struct Destination<'a> {
    /// Empty data.
    pub storage: Arc<dyn Storage>,
    /// Whose life the data is.
    pub identity: &'a ServerIdentity,
    /// Server time.
    pub clock: Arc<dyn Clock>,
    /// For ids of places and people.
    pub entropy: &'a dyn Entropy,
}

impl District {
    /// Plans so many grids in one county of a table of divisions (files, or the
    /// built-in one).
    pub fn plan(
        divisions: &[PathBuf],
        county: Option<&str>,
        grids: usize,
        seed: u64,
    ) -> Result<Self, GenerateError> {
        let table = Table::read(divisions)?;
        let communities = table.communities(county, grids, seed);
        let layout = Layout::plan(communities, grids, seed)?;
        let mut names = HashMap::new();
        for community in &layout.communities {
            for (_, digits) in LEVELS {
                if let Some(code) = community.code.get(..digits) {
                    names.insert(code.to_owned(), table.name(code));
                }
            }
        }
        Ok(Self {
            layout: Arc::new(layout),
            names: Arc::new(names),
        })
    }

    /// How many households it will have.
    pub fn households(&self) -> u64 {
        self.layout.households()
    }

    /// The households of every grid, in pieces of at most a batch. `id` says
    /// what a grid's code stands for.
    pub(super) fn make(
        &self,
        ids: Arc<HashMap<String, GridId>>,
    ) -> impl Stream<Item = Result<Vec<NewHousehold>, BulkError>> + use<> {
        let count = self.layout.grids().count();
        let layout = Arc::clone(&self.layout);
        stream::iter(0..count)
            .map(move |number| {
                let (layout, ids) = (Arc::clone(&layout), Arc::clone(&ids));
                tokio::task::spawn_blocking(move || make_grid(&layout, number, &ids))
            })
            .buffered(GRIDS_AHEAD)
            .flat_map(|made| {
                let pieces = match made {
                    Ok(mut households) => {
                        let mut pieces = Vec::new();
                        while !households.is_empty() {
                            let rest = households.split_off(households.len().min(BATCH));
                            pieces.push(Ok(std::mem::replace(&mut households, rest)));
                        }
                        pieces
                    }
                    Err(error) => vec![Err(StorageError::Database(error.to_string()).into())],
                };
                stream::iter(pieces)
            })
    }

    /// Puts tree and people, and unless told otherwise the households, into
    /// data that nobody has used yet, and marks it as a test.
    pub async fn fill(
        &self,
        to: &Destination<'_>,
        with_households: bool,
        progress: &mut dyn Progress,
    ) -> Result<DistrictReport, GenerateError> {
        let storage = to.storage.as_ref();
        if storage.count_nodes().await? > 0 || !Profile::mark_test(storage).await? {
            return Err(GenerateError::NotEmpty);
        }
        let (nodes, ids) = self.nodes(to);
        storage.create_nodes(&nodes).await?;
        let office = self.create_people(to, &ids).await?;
        let grids: HashMap<String, GridId> = self
            .layout
            .grids()
            .filter_map(|(_, grid)| Some((grid.code.clone(), (*ids.get(&grid.code)?).into())))
            .collect();
        let mut report = DistrictReport {
            grids: grids.len() as u64,
            workers: (grids.len() * WORKERS_OF_GRID) as u64,
            ..DistrictReport::default()
        };
        if with_households {
            let writer = BulkWriter {
                storage: Arc::clone(&to.storage),
                actor: to.identity.actor,
                person: office,
                clock: Arc::clone(&to.clock),
            };
            let total = self.households();
            writer
                .write_all(self.make(Arc::new(grids)), |outcome| {
                    report.households += outcome.works.len() as u64;
                    report.people += outcome
                        .works
                        .iter()
                        .map(|written| u64::from(written.work.summary.member_count))
                        .sum::<u64>();
                    progress.at(report.households, total, report.households);
                })
                .await?;
            // So that the server that is started on it finds everything at once.
            while storage.index_some(INDEXED_AT_ONCE).await? {}
            progress.finish();
        }
        Ok(report)
    }

    /// Writes a ledger for each street and a list of the grids into a new folder.
    pub async fn write_files(
        &self,
        folder: &Path,
        form: FileForm,
        language: Language,
        progress: &mut dyn Progress,
    ) -> Result<DistrictReport, GenerateError> {
        let file_error = |path: &Path| {
            let path = path.to_owned();
            move |source| GenerateError::File { path, source }
        };
        std::fs::create_dir_all(folder).map_err(file_error(folder))?;
        let mut report = DistrictReport {
            grids: self.layout.grids().count() as u64,
            ..DistrictReport::default()
        };
        let total = self.households();
        let mut street = String::new();
        let mut open: Option<LedgerFile<BufWriter<File>>> = None;
        for (number, (community, grid)) in self.layout.grids().enumerate() {
            let code = community.code.get(..9).unwrap_or_default();
            if street != code {
                if let Some(file) = open.take() {
                    file.finish()?;
                }
                code.clone_into(&mut street);
                let path = folder.join(format!("{code}.{}", form.as_str()));
                let file = File::create_new(&path).map_err(file_error(&path))?;
                open = Some(LedgerFile::begin(form, language, BufWriter::new(file))?);
            }
            let (layout, id) = (Arc::clone(&self.layout), GridId::from_bytes([0; 16]));
            let ids = HashMap::from([(grid.code.clone(), id)]);
            let made = tokio::task::spawn_blocking(move || make_grid(&layout, number, &ids))
                .await
                .map_err(|error| StorageError::Database(error.to_string()))?;
            for household in made {
                let mut fields = Fields::default();
                for edit in household.fields {
                    fields.set(edit.path, edit.value);
                }
                report.households += 1;
                report.people += fields.entries("members").len() as u64;
                if let Some(file) = &mut open {
                    file.write(&grid.code, &community.name, &fields)?;
                }
            }
            progress.at(report.households, total, report.households);
        }
        if let Some(file) = open {
            file.finish()?;
        }
        progress.finish();
        Ok(report)
    }

    /// The tree, parents first, and every node's id by its code.
    fn nodes(&self, to: &Destination<'_>) -> (Vec<NewOrgNode>, HashMap<String, OrgNodeId>) {
        let now = to.clock.now();
        let mut nodes = Vec::new();
        let mut ids: HashMap<String, OrgNodeId> = HashMap::new();
        let mut put = |code: &str, name: String, level, parent: Option<OrgNodeId>, attribute| {
            if let Some(id) = ids.get(code) {
                return *id;
            }
            let id = OrgNodeId::make(to.clock.as_ref(), to.entropy);
            nodes.push(NewOrgNode {
                id,
                parent,
                level,
                code: Some(code.to_owned()),
                name,
                attribute,
                valid_from: now,
            });
            ids.insert(code.to_owned(), id);
            id
        };
        for community in self
            .layout
            .communities
            .iter()
            .filter(|c| !c.grids.is_empty())
        {
            let mut parent = None;
            for (level, digits) in LEVELS {
                let Some(code) = community.code.get(..digits) else {
                    continue;
                };
                let name = self.names.get(code).map_or(code, String::as_str);
                parent = Some(put(code, name.to_owned(), level, parent, None));
            }
            for grid in &community.grids {
                let attribute = Some(if community.is_village {
                    GridAttribute::Rural
                } else {
                    GridAttribute::UrbanCommunity
                });
                put(
                    &grid.code,
                    grid.name.clone(),
                    OrgLevel::Grid,
                    parent,
                    attribute,
                );
            }
        }
        (nodes, ids)
    }

    async fn create_people(
        &self,
        to: &Destination<'_>,
        ids: &HashMap<String, OrgNodeId>,
    ) -> Result<PersonId, GenerateError> {
        let mut maker = PeopleMaker::new(self.layout.seed, to.clock.as_ref(), to.entropy);
        let county = self
            .layout
            .communities
            .first()
            .and_then(|community| ids.get(community.code.get(..6)?))
            .ok_or(GenerateError::NoCommunities)?;
        let office = maker.office(*county);
        let mut last_street = "";
        for community in &self.layout.communities {
            let street = community.code.get(..9).unwrap_or_default();
            if let Some(id) = ids.get(street).filter(|_| street != last_street) {
                maker.supervisor(*id, street);
                last_street = street;
            }
            if let Some(id) = ids.get(&community.code) {
                maker.desk(*id, &community.code);
            }
            let grids: Vec<(u32, OrgNodeId)> = community
                .grids
                .iter()
                .filter_map(|grid| Some((grid.number, *ids.get(&grid.code)?)))
                .collect();
            maker.workers(&grids);
        }
        let made = maker.finish();
        to.storage
            .create_people(&made.people, &made.assignments)
            .await?;
        Ok(office)
    }
}

/// The households of the grid with this number among all.
fn make_grid(layout: &Layout, number: usize, ids: &HashMap<String, GridId>) -> Vec<NewHousehold> {
    let Some((community, grid)) = layout.grids().nth(number) else {
        return Vec::new();
    };
    let Some(id) = ids.get(&grid.code) else {
        return Vec::new();
    };
    let mut maker = HouseholdMaker::new(layout.seed, community, grid);
    (0..grid.households).map(|_| maker.household(*id)).collect()
}

#[cfg(test)]
mod tests {
    use wangge_model::{
        CitizenIdPolicy, RecordKind, SystemEntropy, Timestamp,
        document::schema::find_field,
        document::{FieldEdit, RecordDocument},
        testing::{FakeClock, SeededEntropy},
    };

    use super::*;
    use crate::storage::{RecordFilter, SqliteStorage, sqlite::verify};

    #[derive(Debug, Default)]
    struct Silent(u64);

    impl Progress for Silent {
        fn at(&mut self, done: u64, _: u64, _: u64) {
            self.0 = done;
        }

        fn line(&mut self, _: &str) {}

        fn finish(&mut self) {}
    }

    async fn households(district: &District) -> Vec<NewHousehold> {
        let ids: HashMap<String, GridId> = district
            .layout
            .grids()
            .map(|(_, grid)| {
                let mut bytes = [0; 16];
                bytes[..4].copy_from_slice(&grid.number.to_be_bytes());
                (grid.code.clone(), GridId::from_bytes(bytes))
            })
            .collect();
        let made: Vec<_> = district.make(Arc::new(ids)).collect().await;
        made.into_iter().flat_map(Result::unwrap).collect()
    }

    fn value<'a>(fields: &'a [FieldEdit], end: &str) -> Vec<&'a str> {
        fields
            .iter()
            .filter(|edit| edit.path.as_str().ends_with(end))
            .filter_map(|edit| edit.value.as_ref()?.as_text())
            .collect()
    }

    #[tokio::test]
    async fn the_seed_alone_decides_what_is_made() {
        let plan = |seed| District::plan(&[], None, 3, seed).unwrap();
        let (one, again, other) = (plan(7), plan(7), plan(8));
        let made = households(&one).await;
        assert_eq!(made, households(&again).await);
        assert_ne!(made, households(&other).await);
        assert_eq!(made.len() as u64, one.households());
    }

    #[tokio::test]
    async fn nobody_in_it_can_exist_and_every_field_is_in_its_stored_form() {
        let district = District::plan(&[], None, 12, 1).unwrap();
        let made = households(&district).await;
        let today = chrono::NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        let mut numbers = std::collections::HashSet::new();
        let mut addresses = std::collections::HashSet::new();
        for household in &made {
            for edit in &household.fields {
                let spec = find_field(RecordKind::Household, &edit.path).unwrap();
                let value = edit.value.clone().unwrap();
                let stored = spec.normalise(value.clone(), today, CitizenIdPolicy::Synthetic);
                assert_eq!(stored.as_ref(), Ok(&value), "{}", edit.path);
            }
            for number in value(&household.fields, ".citizen_id") {
                assert!(number.starts_with("379"), "{number}");
                assert!(numbers.insert(number.to_owned()), "{number} twice");
            }
            for phone in value(&household.fields, "phone") {
                assert_eq!(phone.get(3..7), Some("0000"));
            }
            let address: String = household
                .fields
                .iter()
                .filter(|edit| edit.path.root() == "address")
                .filter_map(|edit| edit.value.as_ref()?.as_text())
                .collect();
            assert!(
                addresses.insert((household.grid, address.clone())),
                "{address}"
            );
        }
    }

    #[tokio::test]
    #[expect(clippy::cast_precision_loss, reason = "a few thousand households")]
    async fn the_proportions_are_those_of_the_sources() {
        let district = District::plan(&[], None, 12, 3).unwrap();
        let made = households(&district).await;
        let share = |count: usize| count as f64 / made.len() as f64;
        let count = |test: &dyn Fn(&NewHousehold) -> bool| made.iter().filter(|h| test(h)).count();
        let people: usize = made
            .iter()
            .map(|household| value(&household.fields, ".relation").len())
            .sum();
        let average = people as f64 / made.len() as f64;
        assert!((2.7..2.9).contains(&average), "{average}");
        let separated = share(count(&|h| value(&h.fields, "ledger") == ["separated"]));
        assert!((0.28..0.38).contains(&separated), "{separated}");
        let tenants = share(count(&|h| value(&h.fields, "ledger") == ["tenant"]));
        assert!((0.08..0.18).contains(&tenants), "{tenants}");
        let free_form = count(&|h| !value(&h.fields, "address.detail").is_empty());
        let villages: u32 = district
            .layout
            .grids()
            .filter(|(community, _)| community.is_village)
            .map(|(_, grid)| grid.households)
            .sum();
        assert_eq!(free_form, villages as usize);
        let leap = made
            .iter()
            .flat_map(|household| value(&household.fields, ".birth_date"))
            .filter(|birth| birth.ends_with("-02-29"))
            .count();
        assert!(leap > 0, "somebody was born on a leap day");
        assert!(count(&|h| !value(&h.fields, ".group").is_empty()) > 100);
    }

    #[tokio::test]
    async fn its_files_are_ledgers_and_fit_the_tree_of_the_same_seed() {
        use crate::{
            auth::Scope,
            ledger::{
                column::Columns,
                import::{LedgerImport, Options},
                scope::Reach,
                sheet,
            },
        };
        let folder = tempfile::tempdir().unwrap();
        let district = District::plan(&[], None, 2, 7).unwrap();
        let storage: Arc<dyn Storage> =
            Arc::new(SqliteStorage::open(&folder.path().join("wangge.sqlite")).unwrap());
        let clock = Arc::new(FakeClock::at(Timestamp::from_millis(1_767_225_600_000)));
        let (entropy, identity) = (
            SeededEntropy::new(1),
            ServerIdentity::make(&SystemEntropy).unwrap(),
        );
        let to = Destination {
            storage: Arc::clone(&storage),
            identity: &identity,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: &entropy,
        };
        let mut progress = Silent::default();
        district.fill(&to, false, &mut progress).await.unwrap();
        let office = storage
            .find_person_by_username("office")
            .await
            .unwrap()
            .unwrap();
        let scope = Scope::find(storage.as_ref(), &office, clock.now())
            .await
            .unwrap();
        for form in [FileForm::Csv, FileForm::Xlsx] {
            let files = folder.path().join(form.as_str());
            let written = district
                .write_files(&files, form, Language::Chinese, &mut progress)
                .await
                .unwrap();
            assert_eq!(written.households, district.households());
            let file = std::fs::read_dir(&files).unwrap().next().unwrap().unwrap();
            let table = sheet::read_path(
                &file.path(),
                None,
                &sheet::Limits::CONSOLE,
                &Columns::is_ledger,
                &|| false,
            )
            .unwrap();
            let import = LedgerImport::open(
                table,
                storage.as_ref(),
                scope.clone(),
                Reach::Places,
                chrono::NaiveDate::from_ymd_opt(2026, 3, 1).unwrap(),
                Options::default(),
            )
            .await
            .unwrap();
            let (checked, remarks) = import.check(storage.as_ref(), &mut |_| ()).await.unwrap();
            assert_eq!(remarks.errors, 0, "{:?}", remarks.kept.first());
            assert_eq!(
                (checked.new, checked.people),
                (written.households, written.people)
            );
        }
    }

    #[tokio::test]
    async fn it_fills_an_empty_folder_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wangge.sqlite");
        let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&path).unwrap());
        let clock = Arc::new(FakeClock::at(Timestamp::from_millis(1_767_225_600_000)));
        let entropy = SeededEntropy::new(1);
        let identity = ServerIdentity::make(&SystemEntropy).unwrap();
        let to = Destination {
            storage: Arc::clone(&storage),
            identity: &identity,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            entropy: &entropy,
        };
        let district = District::plan(&[], None, 3, 7).unwrap();
        let mut progress = Silent::default();
        let report = district.fill(&to, true, &mut progress).await.unwrap();
        assert_eq!((report.grids, report.workers), (3, 9));
        assert_eq!(report.households, district.households());
        assert_eq!(progress.0, report.households);
        assert!(report.people > report.households * 2);
        assert_eq!(
            Profile::find(storage.as_ref()).await.unwrap(),
            Profile::Test
        );

        let office = storage.find_person_by_username("office").await.unwrap();
        let filter = RecordFilter {
            limit: 5,
            ..RecordFilter::default()
        };
        let page = storage
            .list_records(&office.unwrap().id, clock.now(), &filter)
            .await
            .unwrap();
        assert_eq!(page.total, report.households);
        let stored = storage
            .find_record(&page.records[0].id)
            .await
            .unwrap()
            .unwrap();
        let document = RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap();
        assert_eq!(document.summary(), page.records[0].summary);

        let mut findings = Vec::new();
        let seen = verify(&path, &mut |finding| findings.push(finding)).unwrap();
        assert_eq!(findings, []);
        assert_eq!(seen.records, report.households);

        assert!(matches!(
            district.fill(&to, true, &mut progress).await,
            Err(GenerateError::NotEmpty)
        ));
    }
}
