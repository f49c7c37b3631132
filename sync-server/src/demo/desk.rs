//! The demo's office: a server on the real storage, a real street of the
//! national table of divisions with two grids, people, and enrolment links.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::Context;
use wangge_model::{
    AssignmentId, Clock, Entropy, GridId, OrgNodeId, PersonId, RecordId, SystemClock,
    SystemEntropy,
    case::CaseAction,
    document::RecordDocument,
    message::Language,
    protocol::{Digest, EnrolmentLink},
};

use super::tell::Teller;
use crate::{
    AppState, Settings,
    auth::{Scope, password::hash_password},
    enrolment,
    ingest::case_action,
    state::ServerIdentity,
    storage::{NewAssignment, NewOrgNode, NewPerson, OrgLevel, Role, SqliteStorage, Storage},
};

/// The way down to the demo's community: real codes and names of the national
/// table of divisions (NBS, 2023).
const DIVISIONS: [(OrgLevel, &str, &str); 5] = [
    (OrgLevel::Province, "37", "山东省"),
    (OrgLevel::Prefecture, "3701", "济南市"),
    (OrgLevel::County, "370102", "历下区"),
    (OrgLevel::Street, "370102002", "千佛山街道"),
    (OrgLevel::Community, "370102002008", "千佛山社区"),
];

/// The demo's grids: 19-digit codes of the Shandong scheme.
const GRIDS: [(&str, &str); 2] = [
    ("3701020020000800101", "第一网格"),
    ("3701020020000800201", "第二网格"),
];

/// Console sign-ins: user name, name, role, where, and the message that says
/// what the person is.
const SIGN_INS: [(&str, &str, Role, OrgLevel, &str); 3] = [
    (
        "shouli",
        "周受理",
        Role::ServiceDesk,
        OrgLevel::Community,
        "demo-scope-community",
    ),
    (
        "dudao",
        "孙督导",
        Role::Supervisor,
        OrgLevel::Street,
        "demo-scope-street",
    ),
    (
        "admin",
        "钱管理",
        Role::Admin,
        OrgLevel::Province,
        "demo-scope-admin",
    ),
];

/// A grid of the demo.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) grid: GridId,
}

/// The office.
#[derive(Debug)]
pub(super) struct Desk {
    state: AppState,
    address: String,
    places: [Place; 2],
    password: String,
    supervisor: PersonId,
    /// Who sits at the service desk (综合服务岗).
    at_service: PersonId,
}

impl Desk {
    /// Opens a new office in an empty folder.
    pub(super) async fn open(folder: &Path, address: &str) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).context("make the server's folder")?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
        let storage: Arc<dyn Storage> =
            Arc::new(SqliteStorage::open(&folder.join("wangge.db")).context("open the storage")?);
        let identity =
            ServerIdentity::open(folder, storage.as_ref(), clock.as_ref(), entropy.as_ref())
                .await?;
        let settings = Settings {
            public_url: address.to_owned(),
            ..Settings::default()
        };
        let state = AppState::new(storage, identity, settings, clock, entropy);
        let (places, nodes) = create_places(&state).await?;
        let password = enrolment::make_code(state.entropy.as_ref())
            .chars()
            .filter(|c| *c != '-')
            .take(16)
            .collect::<String>()
            .to_lowercase();
        let mut desk = Self {
            state,
            address: address.to_owned(),
            places,
            password,
            supervisor: PersonId::from_bytes([0; 16]),
            at_service: PersonId::from_bytes([0; 16]),
        };
        for (username, name, role, level, _) in SIGN_INS {
            let node = nodes
                .get(&level)
                .context("a level of the demo's tree is missing")?;
            let person = desk
                .create_person(name, Some(username), *node, role)
                .await?;
            let hash = hash_password(&desk.password, desk.state.entropy.as_ref())?;
            desk.state.storage.set_password_hash(&person, &hash).await?;
            match role {
                Role::Supervisor => desk.supervisor = person,
                Role::ServiceDesk => desk.at_service = person,
                _ => {}
            }
        }
        Ok(desk)
    }

    pub(super) fn state(&self) -> &AppState {
        &self.state
    }

    /// Who looks after the street.
    pub(super) fn supervisor(&self) -> PersonId {
        self.supervisor
    }

    /// The community's desk decides on a case.
    pub(super) async fn decide(&self, id: RecordId, action: CaseAction) -> anyhow::Result<()> {
        self.decide_as(&self.at_service, id, action).await
    }

    /// Whoever looks after the street does.
    pub(super) async fn watch(&self, id: RecordId, action: CaseAction) -> anyhow::Result<()> {
        self.decide_as(&self.supervisor, id, action).await
    }

    async fn decide_as(
        &self,
        person: &PersonId,
        id: RecordId,
        action: CaseAction,
    ) -> anyhow::Result<()> {
        let storage = self.state.storage.as_ref();
        let person = storage.find_person(person).await?;
        let person = person.context("the demo's people are gone")?;
        let scope = Scope::find(storage, &person, self.state.clock.now()).await?;
        let verb = action.verb();
        case_action::decide(&self.state, &scope, id, action, None)
            .await
            .with_context(|| format!("{}: {verb:?}", person.name))
    }

    pub(super) fn grids(&self) -> [&Place; 2] {
        self.places.each_ref()
    }

    /// Creates a grid worker and the link that makes their phone known.
    pub(super) async fn enrolment_link(
        &self,
        name: &str,
        place: &Place,
    ) -> anyhow::Result<EnrolmentLink> {
        let person = self
            .create_person(name, None, place.grid.into(), Role::GridWorker)
            .await?;
        let code = enrolment::create_code(
            self.state.storage.as_ref(),
            self.state.entropy.as_ref(),
            person,
            self.state.clock.now(),
        )
        .await?;
        Ok(EnrolmentLink {
            server: self.address.clone(),
            pin: None,
            code,
        })
    }

    async fn create_person(
        &self,
        name: &str,
        username: Option<&str>,
        node: OrgNodeId,
        role: Role,
    ) -> anyhow::Result<PersonId> {
        let (clock, entropy) = (self.state.clock.as_ref(), self.state.entropy.as_ref());
        let now = clock.now();
        let id = PersonId::make(clock, entropy);
        let storage = &self.state.storage;
        storage
            .create_person(&NewPerson {
                id,
                name: name.to_owned(),
                username: username.map(str::to_owned),
                phone: String::new(),
                trained_on: now.to_china_date(),
                created_at: now,
            })
            .await?;
        storage
            .create_assignment(&NewAssignment {
                id: AssignmentId::make(clock, entropy),
                person: id,
                node,
                role,
                full_time: true,
                reserve: false,
                duties: Vec::new(),
                valid_from: now,
            })
            .await?;
        Ok(id)
    }

    /// Every record the server holds of a grid.
    pub(super) async fn documents(
        &self,
        grid: &GridId,
    ) -> anyhow::Result<BTreeMap<RecordId, RecordDocument>> {
        let mut documents = BTreeMap::new();
        let mut after = None;
        loop {
            let rows = self
                .state
                .storage
                .list_snapshot(grid, after.as_ref(), 200, 1 << 20)
                .await?;
            let Some(last) = rows.last() else {
                return Ok(documents);
            };
            after = Some(last.record.id);
            for row in &rows {
                let document =
                    RecordDocument::load(row.record.kind, Some(&row.record.document), [])?;
                documents.insert(row.record.id, document);
            }
        }
    }

    /// The server's digest of a grid.
    pub(super) async fn digest(&self, grid: &GridId) -> anyhow::Result<Digest> {
        let heads = self.state.storage.list_feed_heads(&[*grid]).await?;
        Ok(heads
            .first()
            .context("the grid has no feed")?
            .digest
            .total())
    }

    /// Says where everything is.
    pub(super) fn introduce(&self, teller: Teller, seed: u64, folder: &Path) {
        teller.say(
            "demo-intro",
            &[
                ("address", &self.address),
                ("seed", &seed.to_string()),
                ("folder", &folder.display().to_string()),
            ],
        );
        let place: String = DIVISIONS.iter().skip(2).map(|(_, _, name)| *name).collect();
        let codes = GRIDS.map(|(code, _)| code).join("、");
        teller.say(
            "demo-place",
            &[
                ("place", &place),
                ("grids", &GRIDS.len().to_string()),
                ("codes", &codes),
            ],
        );
    }

    /// Says how to sign in.
    pub(super) fn invite(&self, teller: Teller) {
        teller.say("demo-console", &[("address", &self.address)]);
        for (username, _, _, _, scope) in SIGN_INS {
            for language in Language::ALL {
                let scope = wangge_model::message::message(language, scope, &[]);
                teller.say_in(
                    language,
                    "demo-sign-in",
                    &[
                        ("username", username),
                        ("password", &self.password),
                        ("scope", &scope),
                    ],
                );
            }
        }
        teller.say("demo-stop", &[]);
    }
}

async fn create_places(
    state: &AppState,
) -> anyhow::Result<([Place; 2], BTreeMap<OrgLevel, OrgNodeId>)> {
    let (clock, entropy) = (state.clock.as_ref(), state.entropy.as_ref());
    let now = clock.now();
    let mut nodes = BTreeMap::new();
    let mut parent = None;
    for (level, code, name) in DIVISIONS {
        let id = OrgNodeId::make(clock, entropy);
        state
            .storage
            .create_node(&node(id, parent, level, code, name, now))
            .await?;
        nodes.insert(level, id);
        parent = Some(id);
    }
    let mut grids = Vec::new();
    for (code, name) in GRIDS {
        let id = OrgNodeId::make(clock, entropy);
        state
            .storage
            .create_node(&node(id, parent, OrgLevel::Grid, code, name, now))
            .await?;
        grids.push(Place { grid: id.into() });
    }
    let places = grids
        .try_into()
        .map_err(|_| anyhow::anyhow!("the demo has two grids"))?;
    Ok((places, nodes))
}

fn node(
    id: OrgNodeId,
    parent: Option<OrgNodeId>,
    level: OrgLevel,
    code: &str,
    name: &str,
    valid_from: wangge_model::Timestamp,
) -> NewOrgNode {
    NewOrgNode {
        id,
        parent,
        level,
        code: Some(code.to_owned()),
        name: name.to_owned(),
        attribute: None,
        valid_from,
    }
}

#[cfg(test)]
mod tests {
    use wangge_model::grid_code::{GridCode, GridCodeScheme};

    use super::*;

    #[test]
    fn the_demos_grid_codes_lie_in_its_community() {
        let scheme = GridCodeScheme::shandong19();
        for (code, _) in GRIDS {
            let parts = GridCode::parse(code, &scheme)
                .unwrap()
                .parts(&scheme)
                .unwrap();
            assert_eq!(parts.village12().unwrap().to_string(), "370102002008");
        }
    }
}
