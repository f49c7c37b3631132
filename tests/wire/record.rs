//! Writes the recordings of the present version: phones that never were, with
//! the messages of today, against the server of today.

use std::{collections::BTreeMap, fs};

use anyhow::{Context as _, ensure};
use wangge_model::{
    ActorId, DeviceId, Entropy as _, FieldPath, FieldValue, GridId, Incarnation, PersonId,
    RecordId, RecordKind, ServerEpoch, Timestamp, derive_device_actor,
    document::{FieldEdit, RecordDocument},
    protocol::{
        Cursor, Digest, EnrolRequest, EnrolResponse, GiveBackRequest, Manifest, PROTOCOL, Problem,
        Proof, PushItem, ReturnedChange, ReturnedRecord, SessionRequest, SignedManifest,
        SigningKey as _, SoftwareKey, SyncRequest, SyncResponse, enrol_message, items_digest, open,
        seal, session_message, to_cbor,
    },
    testing::SeededEntropy,
};
use wangge_server::{
    enrolment,
    storage::{NewAssignment, NewOrgNode, NewPerson, OrgLevel, Role},
};

use crate::{
    fixture::{self, Recorded, RecordedDevice, Scenario, Step},
    server::WireServer,
};

/// 2026-12-01 08:00 in China.
const AT: i64 = 1_796_083_200_000;
/// Behind the recorded challenges.
const SECRET: [u8; 32] = [0x5e; 32];
/// Code that is left for the recorded enrolment.
const STREET: &str = "379999001";

/// What is recorded of every version.
pub(crate) const SCENARIOS: &[&str] = &[
    "enrolment",
    "session",
    "first_push",
    "idle",
    "conflict",
    "pages",
    "snapshot",
    "kept_apart",
    "other_life",
    "give_back",
];

/// A phone of the recording.
struct Phone {
    name: &'static str,
    id: DeviceId,
    key: SoftwareKey,
    token: String,
    incarnation: Incarnation,
    actor: ActorId,
    counter: u64,
    grants_version: u64,
}

impl Phone {
    fn manifest(&self, epoch: ServerEpoch, items: &[PushItem]) -> anyhow::Result<SignedManifest> {
        let manifest = Manifest {
            device: self.id,
            incarnation: self.incarnation,
            server_epoch: epoch,
            counter: self.counter,
            count: u32::try_from(items.len())?,
            items_digest: items_digest(items).to_vec(),
            blobs: Vec::new(),
        };
        Ok(SignedManifest::sign(&manifest, &self.key)?)
    }

    fn request(
        &mut self,
        epoch: ServerEpoch,
        cursors: &[(GridId, u64)],
        items: Vec<PushItem>,
    ) -> anyhow::Result<SyncRequest> {
        let manifest = if items.is_empty() {
            None
        } else {
            self.counter += 1;
            Some(self.manifest(epoch, &items)?)
        };
        Ok(SyncRequest {
            protocol: PROTOCOL,
            app_version: "0.1.0".to_owned(),
            server_epoch: Some(epoch),
            grants_version: self.grants_version,
            cursors: cursors
                .iter()
                .map(|(grid, seq)| Cursor {
                    grid: *grid,
                    seq: *seq,
                    digest: Digest::default(),
                })
                .collect(),
            manifest,
            items,
            page_bytes: 1 << 20,
            whole: None,
            knows_moves: None,
            decisions_after: None,
            newest_kind: None,
            reference: None,
            wants_reference: None,
            roster: None,
            roll_answers: None,
        })
    }

    /// One edit of a record as an item; the document has it afterwards.
    fn edit(
        &self,
        document: &mut RecordDocument,
        record: RecordId,
        grid: GridId,
        fields: &[(&str, &str)],
        minute: i64,
    ) -> anyhow::Result<PushItem> {
        let edits: Vec<FieldEdit> = fields
            .iter()
            .map(|(path, text)| {
                Ok(FieldEdit::set(
                    FieldPath::new(*path)?,
                    FieldValue::text(*text),
                ))
            })
            .collect::<anyhow::Result<_>>()?;
        let at = Timestamp::from_millis(AT + minute * 60_000);
        let change = document
            .edit(&edits, self.actor, at)?
            .context("an edit that changes nothing")?;
        Ok(PushItem {
            record,
            record_epoch: 0,
            kind: document.kind(),
            grid,
            hash: change.hash,
            change: change.bytes,
        })
    }
}

/// The place everything happens in.
struct Scene {
    recorded: Recorded,
    grid: GridId,
    epoch: ServerEpoch,
    code: String,
    phones: Vec<Phone>,
    entropy: SeededEntropy,
    records: u128,
}

impl Scene {
    /// Opens a server, enrols two phones, and writes its folder down.
    fn open() -> anyhow::Result<Self> {
        let server = WireServer::start(AT, &SECRET)?;
        let entropy = SeededEntropy::new(u64::from(PROTOCOL));
        let (grid, person) = people(&server)?;
        let mut phones = Vec::new();
        let mut devices = BTreeMap::new();
        for name in ["one", "two"] {
            let key = SoftwareKey::make(&entropy);
            let incarnation = Incarnation::make(&entropy);
            let request = enrol_request(&code(&server, person)?, &key, incarnation)?;
            let reply = server.request("POST", "/v1/enrol", None, &seal(&request))?;
            ensure!(reply.status == 200, "not enrolled");
            let answer: EnrolResponse = open(&reply.body)?;
            devices.insert(
                name.to_owned(),
                RecordedDevice {
                    id: answer.device.to_string(),
                    key: key.to_bytes().to_vec(),
                    token: answer.session.token.clone(),
                },
            );
            phones.push(Phone {
                name,
                id: answer.device,
                key,
                token: answer.session.token,
                incarnation,
                actor: derive_device_actor(&answer.device, &incarnation),
                counter: 0,
                grants_version: answer.grants.version,
            });
        }
        let code = code(&server, person)?;
        let recorded = Recorded {
            at: AT,
            challenge_secret: SECRET.to_vec(),
            grid: grid.to_string(),
            server_key: to_cbor(&server.state.identity.public_key),
            devices,
        };
        let epoch = server.state.identity.epoch;
        fs::create_dir_all(fixture::folder(PROTOCOL))?;
        fixture::store(PROTOCOL, "world", &recorded)?;
        server.store_folder(PROTOCOL)?;
        Ok(Self {
            recorded,
            grid,
            epoch,
            code,
            phones,
            entropy,
            records: 0,
        })
    }

    /// Begins a scenario, on the folder as it was written.
    fn take(&mut self, name: &str, says: &str) -> anyhow::Result<Take> {
        for phone in &mut self.phones {
            phone.counter = 0;
        }
        Ok(Take {
            server: WireServer::recorded(PROTOCOL, &self.recorded)?,
            scenario: Scenario {
                name: name.to_owned(),
                says: says.to_owned(),
                steps: Vec::new(),
                effect: fixture::Effect::default(),
            },
        })
    }

    fn record(&mut self) -> RecordId {
        self.records += 1;
        let mut bytes = [0; 16];
        self.entropy.fill(&mut bytes);
        RecordId::from_bytes(bytes)
    }
}

/// A scenario while it is recorded.
struct Take {
    server: WireServer,
    scenario: Scenario,
}

impl Take {
    fn send(
        &mut self,
        says: &str,
        (method, path): (&str, &str),
        sender: Option<(&str, &str)>,
        body: Vec<u8>,
    ) -> anyhow::Result<Vec<u8>> {
        let token = sender.map(|(_, token)| token);
        let reply = self.server.request(method, path, token, &body)?;
        self.scenario.steps.push(Step {
            says: says.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            as_device: sender.map(|(name, _)| name.to_owned()),
            body,
            status: reply.status,
            answer: reply.body.clone(),
        });
        Ok(reply.body)
    }

    fn sync(
        &mut self,
        says: &str,
        phone: &Phone,
        request: &SyncRequest,
    ) -> anyhow::Result<Vec<u8>> {
        let sender = Some((phone.name, phone.token.as_str()));
        self.send(says, ("POST", "/v1/sync"), sender, seal(request))
    }

    /// Ends the scenario and writes it down.
    fn end(mut self, recorded: &Recorded) -> anyhow::Result<()> {
        self.scenario.effect = self.server.effect(&recorded.grid)?;
        fixture::store(PROTOCOL, &self.scenario.name, &self.scenario)
    }
}

fn people(server: &WireServer) -> anyhow::Result<(GridId, PersonId)> {
    let (clock, entropy) = (&server.state.clock, &server.state.entropy);
    let node = |level, code: String, name: &str, parent| NewOrgNode {
        id: wangge_model::OrgNodeId::make(clock.as_ref(), entropy.as_ref()),
        parent,
        level,
        code: Some(code),
        name: name.to_owned(),
        attribute: None,
        valid_from: Timestamp::from_millis(0),
    };
    let street = node(OrgLevel::Street, STREET.to_owned(), "示例街道", None);
    let community = node(
        OrgLevel::Community,
        format!("{STREET}001"),
        "示例社区",
        Some(street.id),
    );
    let grid = node(
        OrgLevel::Grid,
        format!("{STREET}0010000001"),
        "第一网格",
        Some(community.id),
    );
    let id = grid.id;
    let storage = &server.state.storage;
    server.wait(storage.create_nodes(&[street, community, grid]))?;
    let person = NewPerson {
        id: PersonId::make(clock.as_ref(), entropy.as_ref()),
        name: "名册员".to_owned(),
        username: None,
        phone: String::new(),
        trained_on: clock.now().to_china_date(),
        created_at: clock.now(),
    };
    let assignment = NewAssignment {
        id: wangge_model::AssignmentId::make(clock.as_ref(), entropy.as_ref()),
        person: person.id,
        node: id,
        role: Role::GridWorker,
        full_time: true,
        reserve: false,
        duties: Vec::new(),
        valid_from: Timestamp::from_millis(0),
    };
    let person_id = person.id;
    server.wait(storage.create_people(&[person], &[assignment]))?;
    Ok((id.into(), person_id))
}

fn code(server: &WireServer, person: PersonId) -> anyhow::Result<String> {
    let state = &server.state;
    Ok(server.wait(enrolment::create_code(
        state.storage.as_ref(),
        state.entropy.as_ref(),
        person,
        state.clock.now(),
    ))?)
}

fn enrol_request(
    code: &str,
    key: &SoftwareKey,
    incarnation: Incarnation,
) -> anyhow::Result<EnrolRequest> {
    let public_key = key.public_key()?;
    let signature = key.sign(&enrol_message(code, &public_key, &incarnation))?;
    Ok(EnrolRequest {
        protocol: PROTOCOL,
        code: code.to_owned(),
        public_key,
        incarnation,
        device_name: "测试机".to_owned(),
        app_version: "0.1.0".to_owned(),
        signature,
    })
}

fn record_enrolment(scene: &mut Scene) -> anyhow::Result<()> {
    let mut take = scene.take("enrolment", "a new phone is enrolled, then asks for news")?;
    let key = SoftwareKey::make(&scene.entropy);
    let incarnation = Incarnation::make(&scene.entropy);
    let request = seal(&enrol_request(&scene.code, &key, incarnation)?);
    let enrol = ("POST", "/v1/enrol");
    take.send("with the code", enrol, None, request.clone())?;
    let answer: EnrolResponse = {
        let step = take.scenario.steps.last().context("a step")?;
        open(&step.answer)?
    };
    take.send("the code again", enrol, None, request)?;
    let mut new = SyncRequest {
        grants_version: answer.grants.version,
        ..idle(scene)?
    };
    new.cursors.clear();
    let sender = Some(("new", answer.session.token.as_str()));
    take.send(
        "nothing to say yet",
        ("POST", "/v1/sync"),
        sender,
        seal(&new),
    )?;
    take.end(&scene.recorded)
}

fn idle(scene: &mut Scene) -> anyhow::Result<SyncRequest> {
    let (epoch, grid) = (scene.epoch, scene.grid);
    phone(scene, 0)?.request(epoch, &[(grid, 0)], Vec::new())
}

fn phone(scene: &mut Scene, number: usize) -> anyhow::Result<&mut Phone> {
    scene.phones.get_mut(number).context("no such phone")
}

fn record_session(scene: &mut Scene) -> anyhow::Result<()> {
    let mut take = scene.take("session", "a session is opened by signing a challenge")?;
    let idle = seal(&idle(scene)?);
    let sync = ("POST", "/v1/sync");
    let refused = take.send("without a session", sync, None, idle.clone())?;
    let problem: Problem = open(&refused)?;
    let challenge = problem.challenge.context("no challenge")?;
    let one = phone(scene, 0)?;
    let request = SessionRequest {
        device: one.id,
        signature: one.key.sign(&session_message(&one.id, &challenge))?,
        challenge,
    };
    let answer = take.send(
        "the challenge signed",
        ("POST", "/v1/session"),
        None,
        seal(&request),
    )?;
    let session: wangge_model::protocol::Session = open(&answer)?;
    take.send("again", sync, Some(("new", &session.token)), idle)?;
    take.end(&scene.recorded)
}

/// A household, a visit and an incident with an edit on top of the first.
fn collected(scene: &mut Scene) -> anyhow::Result<(Vec<PushItem>, RecordId, RecordDocument)> {
    let grid = scene.grid;
    let (household, visit, incident) = (scene.record(), scene.record(), scene.record());
    let one = phone(scene, 0)?;
    let mut home = RecordDocument::new(RecordKind::Household);
    let fields = [
        ("address.estate", "槐荫小区"),
        ("address.room", "501"),
        ("contact.name", "李秀英"),
        ("contact.phone", "13800000001"),
        ("members.a.name", "李秀英"),
        ("notes", "养了一只狗，夜里不叫"),
    ];
    let mut items = vec![one.edit(&mut home, household, grid, &fields, 0)?];
    let mut call = RecordDocument::new(RecordKind::Visit);
    let fields = [("person_met", "李秀英"), ("diary", "老人身体状况良好")];
    items.push(one.edit(&mut call, visit, grid, &fields, 1)?);
    let mut report = RecordDocument::new(RecordKind::Incident);
    let fields = [("title", "路灯不亮"), ("description", "三号楼前路灯不亮")];
    items.push(one.edit(&mut report, incident, grid, &fields, 2)?);
    let fields = [("contact.phone", "13800000002"), ("notes", "狗送人了")];
    items.push(one.edit(&mut home, household, grid, &fields, 3)?);
    Ok((items, household, home))
}

fn record_first_push(scene: &mut Scene) -> anyhow::Result<()> {
    let mut take = scene.take("first_push", "records handed in, again, and in a replay")?;
    let (items, ..) = collected(scene)?;
    let (epoch, grid) = (scene.epoch, scene.grid);
    let one = phone(scene, 0)?;
    let request = one.request(epoch, &[(grid, 0)], items.clone())?;
    take.sync("four changes of three records", one, &request)?;
    take.sync("the answer was lost: the same again", one, &request)?;
    let repacked = one.request(epoch, &[(grid, 0)], items)?;
    take.sync("the same changes under a new manifest", one, &repacked)?;
    take.sync("the first manifest once more", one, &request)?;
    take.end(&scene.recorded)
}

fn record_idle(scene: &mut Scene) -> anyhow::Result<()> {
    let mut take = scene.take("idle", "nothing new on either side")?;
    let request = idle(scene)?;
    take.sync("a cursor at the head", phone(scene, 0)?, &request)?;
    let other_grants = SyncRequest {
        grants_version: 0,
        ..request
    };
    take.sync("without grants", phone(scene, 0)?, &other_grants)?;
    take.end(&scene.recorded)
}

fn record_conflict(scene: &mut Scene) -> anyhow::Result<()> {
    let mut take = scene.take("conflict", "two phones change one field apart")?;
    let (epoch, grid, record) = (scene.epoch, scene.grid, scene.record());
    let mut mine = RecordDocument::new(RecordKind::Household);
    let one = phone(scene, 0)?;
    let fields = [("address.room", "501"), ("contact.phone", "13800000001")];
    let first = one.edit(&mut mine, record, grid, &fields, 0)?;
    let request = one.request(epoch, &[(grid, 0)], vec![first.clone()])?;
    take.sync("one phone enters it", one, &request)?;
    let mut theirs = RecordDocument::new(RecordKind::Household);
    theirs.apply_own([first.change.as_slice()])?;
    let two = phone(scene, 1)?;
    let request = two.request(epoch, &[(grid, 0)], Vec::new())?;
    take.sync("the other reads it", two, &request)?;
    let fields = [("contact.phone", "13800000022")];
    let second = two.edit(&mut theirs, record, grid, &fields, 5)?;
    let request = two.request(epoch, &[(grid, 0)], vec![second])?;
    take.sync("and changes it", two, &request)?;
    let one = phone(scene, 0)?;
    let fields = [("contact.phone", "13800000011"), ("address.room", "502")];
    let third = one.edit(&mut mine, record, grid, &fields, 6)?;
    let request = one.request(epoch, &[(grid, 0)], vec![third])?;
    take.sync("as the first did meanwhile", one, &request)?;
    let request = phone(scene, 1)?.request(epoch, &[(grid, 0)], Vec::new())?;
    take.sync("both see both", phone(scene, 1)?, &request)?;
    take.end(&scene.recorded)
}

fn record_pages(scene: &mut Scene) -> anyhow::Result<()> {
    let mut take = scene.take("pages", "a feed read in pages")?;
    let (epoch, grid) = (scene.epoch, scene.grid);
    let mut items = Vec::new();
    for number in 0..6 {
        let record = scene.record();
        let mut document = RecordDocument::new(RecordKind::Visit);
        // Long ones: no server cuts pages of a few bytes.
        let diary = format!("第{number}次走访，老人身体状况良好。").repeat(150);
        let fields = [("diary", diary.as_str())];
        items.push(phone(scene, 0)?.edit(&mut document, record, grid, &fields, number)?);
    }
    let request = phone(scene, 0)?.request(epoch, &[(grid, 0)], items)?;
    take.sync("six visits", phone(scene, 0)?, &request)?;
    let mut after = 0;
    for page in 1..=6 {
        let mut request = phone(scene, 1)?.request(epoch, &[(grid, after)], Vec::new())?;
        request.page_bytes = 1;
        let answer = take.sync(&format!("page {page}"), phone(scene, 1)?, &request)?;
        let answer: SyncResponse = open(&answer)?;
        let Some(read) = answer.pages.first() else {
            break;
        };
        after = read.to;
        if !read.more {
            break;
        }
    }
    ensure!(take.scenario.steps.len() > 2, "one page only");
    take.end(&scene.recorded)
}

fn record_snapshot(scene: &mut Scene) -> anyhow::Result<()> {
    let mut take = scene.take("snapshot", "a phone that starts fetches the grid whole")?;
    let (items, ..) = collected(scene)?;
    let (epoch, grid) = (scene.epoch, scene.grid);
    let one = phone(scene, 0)?;
    let request = one.request(epoch, &[(grid, 0)], items)?;
    take.sync("three records", one, &request)?;
    let path = format!("/v1/grids/{grid}/snapshot");
    let two = phone(scene, 1)?;
    let sender = Some((two.name, two.token.as_str()));
    take.send("from the beginning", ("GET", &path), sender, Vec::new())?;
    let elsewhere = format!("/v1/grids/{}/snapshot", GridId::from_bytes([9; 16]));
    take.send("of another grid", ("GET", &elsewhere), sender, Vec::new())?;
    take.end(&scene.recorded)
}

fn record_kept_apart(scene: &mut Scene) -> anyhow::Result<()> {
    let mut take = scene.take("kept_apart", "changes the server does not take as they are")?;
    let (epoch, grid) = (scene.epoch, scene.grid);
    let (items, household, mut home) = collected(scene)?;
    let mut before = RecordDocument::new(RecordKind::Household);
    if let Some(first) = items.first() {
        before.apply_own([first.change.as_slice()])?;
    }
    let one = phone(scene, 0)?;
    let fields = [("address.room", "502")];
    let missing = one.edit(&mut home, household, grid, &fields, 8)?;
    let first = items.into_iter().take(1).collect();
    let request = one.request(epoch, &[(grid, 0)], first)?;
    take.sync("the household", one, &request)?;
    let request = one.request(epoch, &[(grid, 0)], vec![missing])?;
    take.sync("an edit on one that is missing", one, &request)?;
    let fork = one.edit(&mut before, household, grid, &[("address.floor", "5")], 9)?;
    let request = one.request(epoch, &[(grid, 0)], vec![fork])?;
    take.sync("what comes after the first", one, &request)?;
    let incident = scene.record();
    let one = phone(scene, 0)?;
    let mut report = RecordDocument::new(RecordKind::Incident);
    let number = FieldEdit::set(FieldPath::new("case.number")?, FieldValue::text("SJ-1"));
    let at = Timestamp::from_millis(AT);
    let change = report
        .edit_as_server(&[number], one.actor, at)?
        .context("no change")?;
    let forged = PushItem {
        record: incident,
        record_epoch: 0,
        kind: RecordKind::Incident,
        grid,
        hash: change.hash,
        change: change.bytes,
    };
    let mut damaged = forged.clone();
    damaged.record = scene.record();
    damaged.change.pop();
    let one = phone(scene, 0)?;
    let request = one.request(epoch, &[(grid, 0)], vec![forged, damaged])?;
    take.sync("a case number and a damaged change", one, &request)?;
    take.end(&scene.recorded)
}

fn record_other_life(scene: &mut Scene) -> anyhow::Result<()> {
    let mut take = scene.take(
        "other_life",
        "a phone that knows another life of the server",
    )?;
    let grid = scene.grid;
    let other = ServerEpoch::from_bytes([0xee; 16]);
    let (items, ..) = collected(scene)?;
    let one = phone(scene, 0)?;
    let request = one.request(other, &[(grid, 7)], items.clone())?;
    take.sync("hands in for that life", one, &request)?;
    let request = one.request(other, &[(grid, 7)], Vec::new())?;
    take.sync("asks for news of it", one, &request)?;
    let epoch = scene.epoch;
    let one = phone(scene, 0)?;
    let request = one.request(epoch, &[], items)?;
    take.sync("offers everything to the present one", one, &request)?;
    take.end(&scene.recorded)
}

fn record_give_back(scene: &mut Scene) -> anyhow::Result<()> {
    // What the server once signed, on a server that is not the one below.
    let (items, ..) = collected(scene)?;
    let items: Vec<PushItem> = items.into_iter().take(2).collect();
    let (epoch, grid) = (scene.epoch, scene.grid);
    let mut lost = scene.take("lost", "")?;
    let request = phone(scene, 0)?.request(epoch, &[(grid, 0)], items.clone())?;
    lost.sync("", phone(scene, 0)?, &request)?;
    let request = phone(scene, 1)?.request(epoch, &[(grid, 0)], Vec::new())?;
    let answer: SyncResponse = open(&lost.sync("", phone(scene, 1)?, &request)?)?;
    let page = answer.pages.first().context("no page")?;
    let proof = Proof::of_page(&epoch, page).context("no signature")?;
    drop(lost);

    let mut take = scene.take("give_back", "a server gets back what it had signed")?;
    let returned = |item: &PushItem| ReturnedRecord {
        record: item.record,
        record_epoch: 0,
        kind: item.kind,
        changes: vec![ReturnedChange {
            hash: item.hash,
            change: item.change.clone(),
        }],
    };
    let request = |proofs| GiveBackRequest {
        protocol: PROTOCOL,
        server_epoch: epoch,
        proofs,
        records: items.iter().map(returned).collect(),
    };
    let two = phone(scene, 1)?;
    let sender = Some((two.name, two.token.as_str()));
    let path = ("POST", "/v1/give-back");
    take.send("without proof", path, sender, seal(&request(Vec::new())))?;
    take.send(
        "with its signature",
        path,
        sender,
        seal(&request(vec![proof])),
    )?;
    take.end(&scene.recorded)
}

fn record_all() -> anyhow::Result<()> {
    let folder = fixture::folder(PROTOCOL);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut scene = Scene::open()?;
    record_enrolment(&mut scene)?;
    record_session(&mut scene)?;
    record_first_push(&mut scene)?;
    record_idle(&mut scene)?;
    record_conflict(&mut scene)?;
    record_pages(&mut scene)?;
    record_snapshot(&mut scene)?;
    record_kept_apart(&mut scene)?;
    record_other_life(&mut scene)?;
    record_give_back(&mut scene)
}

#[test]
fn recording_is_done_only_when_asked_for() {
    // Phones of a released version are out there: their requests do not
    // change any more.
    if std::env::var_os("WANGGE_RELEASE_WIRE").is_some() {
        record_all().unwrap();
    }
    assert!(fixture::folder(PROTOCOL).join("world.json").is_file());
}
