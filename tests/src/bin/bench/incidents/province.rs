//! The province in which incidents happen: its places from the whole down to the
//! grids, and whoever reports, decides and handles there.

use std::sync::Arc;

use anyhow::Context as _;
use tokio::{sync::Mutex, task::JoinSet};
use wangge_model::{
    ActorId, AssignmentId, DeviceId, GridId, Incarnation, OrgNodeId, PersonId, Timestamp,
    case::CaseLevel,
    derive_device_actor,
    protocol::{Manifest, PushItem, SignedManifest, SigningKey as _, SoftwareKey, items_digest},
};
use wangge_server::{
    AppState, enrolment, ingest,
    storage::{EnrolmentOutcome, NewAssignment, NewDevice, NewOrgNode, NewPerson, OrgLevel, Role},
};

/// Grids of a community, communities of a street, streets of a county, counties
/// of a prefecture: Shanxi's 76,800 grids make 12,800 communities, 1,280
/// streets, 117 counties and 11 prefectures.
const PER_PLACE: [usize; 4] = [6, 10, 11, 11];
/// Places and people created in one step.
const STEP: usize = 5_000;
/// Phones that enrol at the same time.
const AT_ONCE: usize = 128;

/// A place with its desk and whoever handles cases for it.
#[derive(Debug, Clone)]
pub(super) struct Office {
    pub(super) node: OrgNodeId,
    pub(super) code: String,
    parent: usize,
    pub(super) desk: PersonId,
    pub(super) handler: PersonId,
}

/// A grid with its worker and head.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    pub(super) id: GridId,
    pub(super) code: String,
    community: usize,
    pub(super) worker: PersonId,
    pub(super) head: PersonId,
}

/// A phone in use.
#[derive(Debug)]
pub(super) struct Handset {
    device: DeviceId,
    key: SoftwareKey,
    incarnation: Incarnation,
    pub(super) actor: ActorId,
    counter: u64,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Province {
    pub(super) code: String,
    pub(super) grids: Vec<Grid>,
    pub(super) communities: Vec<Office>,
    pub(super) streets: Vec<Office>,
    pub(super) counties: Vec<Office>,
    /// One for each grid's worker.
    pub(super) handsets: Vec<Arc<Mutex<Handset>>>,
}

/// What is to be created.
struct Plan<'a> {
    state: &'a AppState,
    since: Timestamp,
    nodes: Vec<NewOrgNode>,
    people: Vec<NewPerson>,
    assignments: Vec<NewAssignment>,
}

impl Plan<'_> {
    fn node(
        &mut self,
        parent: Option<OrgNodeId>,
        level: OrgLevel,
        code: &str,
        name: String,
    ) -> OrgNodeId {
        let id = OrgNodeId::make(self.state.clock.as_ref(), self.state.entropy.as_ref());
        self.nodes.push(NewOrgNode {
            id,
            parent,
            level,
            code: Some(code.to_owned()),
            name,
            attribute: None,
            valid_from: self.since,
        });
        id
    }

    fn person(&mut self, name: String) -> PersonId {
        let id = PersonId::make(self.state.clock.as_ref(), self.state.entropy.as_ref());
        self.people.push(NewPerson {
            id,
            name,
            username: None,
            phone: String::new(),
            trained_on: self.since.to_china_date(),
            created_at: self.since,
        });
        id
    }

    fn assign(&mut self, person: PersonId, node: OrgNodeId, role: Role) {
        self.assignments.push(NewAssignment {
            id: AssignmentId::make(self.state.clock.as_ref(), self.state.entropy.as_ref()),
            person,
            node,
            role,
            full_time: true,
            reserve: false,
            duties: Vec::new(),
            valid_from: self.since,
        });
    }

    fn somebody(&mut self, name: String, node: OrgNodeId, role: Role) -> PersonId {
        let person = self.person(name);
        self.assign(person, node, role);
        person
    }

    async fn store(self) -> anyhow::Result<()> {
        let storage = &self.state.storage;
        for nodes in self.nodes.chunks(STEP) {
            storage.create_nodes(nodes).await?;
        }
        for people in self.people.chunks(STEP) {
            storage.create_people(people, &[]).await?;
        }
        for assignments in self.assignments.chunks(STEP) {
            storage.create_people(&[], assignments).await?;
        }
        Ok(())
    }
}

impl Province {
    /// Creates a province of so many grids, with a phone for each worker.
    pub(super) async fn create(
        state: &AppState,
        grids: usize,
        since: Timestamp,
    ) -> anyhow::Result<Self> {
        let mut plan = Plan {
            state,
            since,
            nodes: Vec::new(),
            people: Vec::new(),
            assignments: Vec::new(),
        };
        let mut province = Self {
            code: "14".to_owned(),
            grids: Vec::with_capacity(grids),
            communities: Vec::new(),
            streets: Vec::new(),
            counties: Vec::new(),
            handsets: Vec::with_capacity(grids),
        };
        let [per_community, per_street, per_county, per_prefecture] = PER_PLACE;
        let root = plan.node(None, OrgLevel::Province, "14", "示例省".to_owned());
        let (mut prefecture, mut head) = (root, PersonId::from_bytes([0; 16]));
        for number in 0..grids {
            let community = number / per_community;
            let (street, county) = (community / per_street, community / per_street / per_county);
            let first = county / per_prefecture;
            if province.counties.len() == county {
                if county.is_multiple_of(per_prefecture) {
                    let code = format!("14{:02}", first + 1);
                    prefecture = plan.node(
                        Some(root),
                        OrgLevel::Prefecture,
                        &code,
                        format!("第{}市", first + 1),
                    );
                }
                let code = format!("14{:02}{:02}", first + 1, county % per_prefecture + 1);
                let level = (OrgLevel::County, Role::CentreStaff);
                let office = office(&mut plan, prefecture, 0, level, code);
                province.counties.push(office);
            }
            let of_county = province.counties.get(county).context("no county")?.clone();
            if province.streets.len() == street {
                let code = format!("{}{:03}", of_county.code, street % per_county + 1);
                let level = (OrgLevel::Street, Role::StreetStaff);
                let office = office(&mut plan, of_county.node, county, level, code);
                province.streets.push(office);
            }
            let of_street = province.streets.get(street).context("no street")?.clone();
            if province.communities.len() == community {
                let code = format!("{}{:03}", of_street.code, community % per_street + 1);
                let level = (OrgLevel::Community, Role::ServiceDesk);
                let office = office(&mut plan, of_street.node, street, level, code);
                province.communities.push(office);
                // One head for all grids of a community (一人可兼多个网格).
                head = plan.person("网格长".to_owned());
            }
            let of = province
                .communities
                .get(community)
                .context("no community")?
                .clone();
            let digits = (of.code.get(..9), of.code.get(9..));
            let (Some(town), Some(last)) = digits else {
                anyhow::bail!("a community's code is {}", of.code);
            };
            let serial = number % per_community + 1;
            let code = format!("{town}00{last}{serial:03}01");
            let name = format!("第{serial}网格");
            let node = plan.node(Some(of.node), OrgLevel::Grid, &code, name);
            let worker = plan.somebody("网格员".to_owned(), node, Role::GridWorker);
            plan.assign(head, node, Role::GridHead);
            province.grids.push(Grid {
                id: node.into(),
                code,
                community,
                worker,
                head,
            });
        }
        plan.store().await?;
        province.enrol(state, since).await?;
        Ok(province)
    }

    async fn enrol(&mut self, state: &AppState, since: Timestamp) -> anyhow::Result<()> {
        for grids in self.grids.chunks(AT_ONCE) {
            let mut tasks = JoinSet::new();
            for (place, grid) in grids.iter().enumerate() {
                let (state, worker) = (state.clone(), grid.worker);
                tasks.spawn(async move {
                    let handset = Handset::enrol(&state, worker, since).await?;
                    Ok::<_, anyhow::Error>((place, handset))
                });
            }
            let mut handsets = Vec::new();
            while let Some(done) = tasks.join_next().await {
                handsets.push(done??);
            }
            handsets.sort_unstable_by_key(|(place, _)| *place);
            let shared = handsets
                .into_iter()
                .map(|(_, handset)| Arc::new(Mutex::new(handset)));
            self.handsets.extend(shared);
        }
        Ok(())
    }

    pub(super) fn grid(&self, number: usize) -> anyhow::Result<&Grid> {
        self.grids.get(number).context("no such grid")
    }

    /// The office of this level above a grid.
    pub(super) fn office(&self, grid: &Grid, level: CaseLevel) -> anyhow::Result<&Office> {
        let community = self.communities.get(grid.community);
        let street = community.and_then(|one| self.streets.get(one.parent));
        match level {
            CaseLevel::Community => community,
            CaseLevel::Street => street,
            CaseLevel::County => street.and_then(|one| self.counties.get(one.parent)),
        }
        .context("no such office")
    }
}

fn office(
    plan: &mut Plan<'_>,
    above: OrgNodeId,
    parent: usize,
    (level, role): (OrgLevel, Role),
    code: String,
) -> Office {
    let node = plan.node(Some(above), level, &code, format!("示例{code}"));
    let desk = plan.somebody("受理员".to_owned(), node, role);
    let handler = if level == OrgLevel::Community {
        desk
    } else {
        plan.somebody("承办人".to_owned(), node, Role::Handler)
    };
    Office {
        node,
        code,
        parent,
        desk,
        handler,
    }
}

impl Handset {
    /// Makes a phone known, as `POST /v1/enrol` does once it has read the request.
    async fn enrol(state: &AppState, person: PersonId, at: Timestamp) -> anyhow::Result<Self> {
        let (storage, entropy) = (state.storage.as_ref(), state.entropy.as_ref());
        let code = enrolment::create_code(storage, entropy, person, at).await?;
        let device = DeviceId::make(state.clock.as_ref(), entropy);
        let key = SoftwareKey::make(entropy);
        let incarnation = Incarnation::make(entropy);
        let actor = derive_device_actor(&device, &incarnation);
        let mut session_hash = [0; 32];
        entropy.fill(&mut session_hash);
        let new = NewDevice {
            id: device,
            name: "手机".to_owned(),
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            public_key: key.public_key()?,
            incarnation,
            actor,
            session_hash,
            session_expires_at: at,
        };
        let hash = enrolment::hash_code(&code);
        let outcome = storage.enrol_device(&hash, &new, at).await?;
        let is_known = matches!(outcome, EnrolmentOutcome::Enrolled { .. });
        anyhow::ensure!(is_known, "the phone was refused: {outcome:?}");
        Ok(Self {
            device,
            key,
            incarnation,
            actor,
            counter: 0,
        })
    }

    /// Pushes one signed item as `POST /v1/sync` does once it has read the request.
    pub(super) async fn push(&mut self, state: &AppState, item: PushItem) -> anyhow::Result<()> {
        self.counter += 1;
        let items = vec![item];
        let manifest = Manifest {
            device: self.device,
            incarnation: self.incarnation,
            server_epoch: state.identity.epoch,
            counter: self.counter,
            count: 1,
            items_digest: items_digest(&items).to_vec(),
            blobs: Vec::new(),
        };
        let signed = SignedManifest::sign(&manifest, &self.key)?;
        let storage = &state.storage;
        let device = storage.find_device(&self.device).await?;
        let device = device.context("the phone is unknown")?;
        let granted = storage
            .list_granted_grids(&device.person, state.clock.now())
            .await?;
        let pushed = ingest::push(state, &device, &granted, signed, items)
            .await
            .map_err(|error| anyhow::anyhow!("a push was refused: {:?}", error.code))?;
        let accepted = pushed.places.len();
        anyhow::ensure!(accepted == 1, "not taken: {:?}", pushed.receipt);
        Ok(())
    }
}
