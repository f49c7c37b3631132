//! What any backend must do. A backend's own tests call [`run_all`] with a way
//! to open an empty storage; every promise of the traits is checked here and
//! nowhere else.

#![expect(
    clippy::unwrap_used,
    reason = "a broken promise fails the test that runs this"
)]

mod access;
mod api_tokens;
mod assessment;
mod case;
mod duplicate;
mod duty;
mod emergency;
mod finding;
mod follow_up_mark;
mod hotline;
mod likeness;
mod moves;
mod reference;
mod register;
mod resident;
mod session;
mod survey;
mod task;
mod visit;
mod work;

use std::{future::Future, sync::Arc};

use wangge_model::{
    ActorId, AssignmentId, AuditId, ChangeHash, DeviceId, FieldPath, FieldValue, GridId,
    Incarnation, OrgNodeId, PersonId, QuarantineId, RecordId, RecordKind, Timestamp,
    derive_device_actor,
    document::{FieldEdit, RecordDocument},
    protocol::{Algorithm, Signature, SigningKey as _, SoftwareKey},
    testing::SeededEntropy,
};

use self::access::{
    a_leader_sees_the_team_and_a_worker_the_own_grid, a_reserve_has_access_while_called_out,
    a_successor_gets_the_place_and_authorship_stays, every_role_sees_what_the_matrix_says,
    roles_of_several_assignments_add_up, untrained_people_and_reserves_have_no_scope,
};
use self::api_tokens::api_tokens_end;
use self::assessment::{
    a_frozen_month_stays_as_it_was, a_unit_rates_itself_and_its_peers_once,
    cases_are_compared_found_again_and_traced_to_people,
    figures_of_incidents_are_what_the_model_judges, figures_open_to_their_rows_within_scope,
};
use self::case::{
    an_inbox_is_the_same_however_many_grids_are_looked_after,
    cases_come_due_and_one_server_at_a_time_looks, inboxes_show_cases_in_scope_by_state_and_light,
    what_somebody_was_asked_first_is_listed_within_scope,
};
use self::duplicate::{
    pairs_that_share_a_key_are_listed_in_scope, visits_of_a_merged_household_count_for_the_other,
};
use self::duty::{
    a_duty_is_planned_by_its_desk_once_per_person_and_hour,
    rates_are_counted_where_somebody_counted, where_workers_last_were_is_of_today_and_coarse,
};
use self::emergency::{
    a_roll_call_tells_who_came_and_whose_phone_was_heard_of,
    an_answer_from_a_phone_is_decided_once_and_the_last_counts,
    an_emergency_holds_below_its_place_and_ends_by_itself,
};
use self::finding::{lists_are_the_same_indexed_or_not, what_makes_households_the_same_is_found};
use self::follow_up_mark::{
    a_mark_counts_its_assignees_visits_and_ends_by_itself, a_mark_is_shown_to_two_people_only,
};
use self::hotline::{
    an_order_is_kept_once_and_what_differs_beside_it, an_order_waits_is_placed_done_and_given_back,
};
use self::likeness::{
    reporters_of_merged_incidents_are_counted_and_press, reports_that_may_be_one_are_found,
};
use self::moves::{
    a_move_leaves_one_feed_and_enters_the_other, what_was_judged_before_a_move_is_judged_again,
};
use self::reference::{
    a_phone_holds_the_sets_of_its_grids_and_above, contents_come_page_by_page,
    every_edition_of_a_set_is_kept, sets_are_published_all_or_none,
};
use self::register::{
    a_plan_that_is_out_of_date_changes_nothing, a_redivision_moves_everything_at_once,
    boundaries_are_kept_and_replaced, what_is_filed_in_a_closed_grid_comes_to_the_one_that_follows,
    what_was_drawn_before_is_kept_and_never_drawn_over_unseen,
};
use self::resident::{
    a_code_is_made_by_its_desk_follows_its_grid_and_is_revoked,
    a_notice_goes_once_per_number_within_scope, each_step_of_a_report_is_queued_once_with_its_case,
    messages_wait_are_tried_again_and_given_up,
};
use self::session::{a_code_enrols_one_device, console_sessions_end, sessions_end};
use self::survey::a_survey_is_asked_below_its_place_and_counted_in_scope;
use self::task::{a_task_enters_a_grid_only_when_it_is_let_in, what_is_on_the_list_enters_at_once};
use self::visit::{
    a_campaign_reaches_phones_and_is_counted_down,
    a_household_that_arrives_after_its_visit_is_counted,
    households_are_chosen_by_place_ledger_and_visits, rules_that_change_judge_visits_again,
    visits_are_counted_by_grid_and_period,
};
use self::work::{
    everything_screened_is_one_list_within_scope,
    figures_count_households_days_and_what_is_overdue, open_matters_are_told_by_grid,
    the_register_is_narrowed_to_each_of_the_four_kinds,
    what_is_handed_in_is_summed_by_day_grid_and_person,
};
use super::{
    AuditEntry, ChangeBy, Commit, CommitHooks, CommitManifest, ConsoleSession, Division,
    EnrolmentOutcome, FeedPlace, NewAssignment, NewChange, NewDevice, NewEnrolmentCode, NewMove,
    NewOrgNode, NewPerson, NewQuarantine, Numbering, OrgLevel, RecordFilter, RecordOrder,
    RecordWork, Role, SignInAttempt, Storage, StorageError, StorageResult, StoredRecord,
    Unnumbered,
};

/// Runs every check, each on an empty storage of its own.
pub async fn run_all<F, O>(open: F)
where
    F: Fn() -> O,
    O: Future<Output = Arc<dyn Storage>>,
{
    macro_rules! check {
        ($($name:ident),* $(,)?) => {$(
            eprintln!("contract: {}", stringify!($name));
            $name(open().await.as_ref()).await;
        )*};
    }
    check!(
        meta_is_kept,
        a_mark_is_shown_to_two_people_only,
        a_mark_counts_its_assignees_visits_and_ends_by_itself,
        a_survey_is_asked_below_its_place_and_counted_in_scope,
        what_is_handed_in_is_summed_by_day_grid_and_person,
        figures_count_households_days_and_what_is_overdue,
        open_matters_are_told_by_grid,
        everything_screened_is_one_list_within_scope,
        a_reserve_has_access_while_called_out,
        a_task_enters_a_grid_only_when_it_is_let_in,
        a_code_is_made_by_its_desk_follows_its_grid_and_is_revoked,
        each_step_of_a_report_is_queued_once_with_its_case,
        messages_wait_are_tried_again_and_given_up,
        a_notice_goes_once_per_number_within_scope,
        an_order_is_kept_once_and_what_differs_beside_it,
        an_order_waits_is_placed_done_and_given_back,
        nodes_form_a_tree,
        scope_is_what_lies_below_assignments,
        every_role_sees_what_the_matrix_says,
        roles_of_several_assignments_add_up,
        untrained_people_and_reserves_have_no_scope,
        a_leader_sees_the_team_and_a_worker_the_own_grid,
        a_successor_gets_the_place_and_authorship_stays,
        people_are_unique_by_username,
        a_code_enrols_one_device,
        sessions_end,
        commits_number_changes_without_gaps,
        a_failed_commit_changes_nothing,
        a_record_changed_meanwhile_is_reworked,
        numbers_are_given_once,
        a_move_leaves_one_feed_and_enters_the_other,
        what_was_judged_before_a_move_is_judged_again,
        boundaries_are_kept_and_replaced,
        what_was_drawn_before_is_kept_and_never_drawn_over_unseen,
        a_redivision_moves_everything_at_once,
        a_plan_that_is_out_of_date_changes_nothing,
        what_is_filed_in_a_closed_grid_comes_to_the_one_that_follows,
        quarantine_is_kept_once_and_bounded,
        lists_show_what_is_in_scope,
        lists_are_the_same_indexed_or_not,
        what_makes_households_the_same_is_found,
        pairs_that_share_a_key_are_listed_in_scope,
        visits_of_a_merged_household_count_for_the_other,
        snapshots_come_in_order,
        console_sessions_end,
        divisions_are_added_or_renamed,
        api_tokens_end,
        audit_is_kept,
        every_edition_of_a_set_is_kept,
        a_phone_holds_the_sets_of_its_grids_and_above,
        contents_come_page_by_page,
        sets_are_published_all_or_none,
        visits_are_counted_by_grid_and_period,
        a_household_that_arrives_after_its_visit_is_counted,
        rules_that_change_judge_visits_again,
        a_campaign_reaches_phones_and_is_counted_down,
        households_are_chosen_by_place_ledger_and_visits,
        inboxes_show_cases_in_scope_by_state_and_light,
        an_inbox_is_the_same_however_many_grids_are_looked_after,
        cases_come_due_and_one_server_at_a_time_looks,
        what_somebody_was_asked_first_is_listed_within_scope,
        a_duty_is_planned_by_its_desk_once_per_person_and_hour,
        rates_are_counted_where_somebody_counted,
        where_workers_last_were_is_of_today_and_coarse,
        an_emergency_holds_below_its_place_and_ends_by_itself,
        a_roll_call_tells_who_came_and_whose_phone_was_heard_of,
        an_answer_from_a_phone_is_decided_once_and_the_last_counts,
        the_register_is_narrowed_to_each_of_the_four_kinds,
        what_is_on_the_list_enters_at_once,
        reports_that_may_be_one_are_found,
        reporters_of_merged_incidents_are_counted_and_press,
        figures_of_incidents_are_what_the_model_judges,
        figures_open_to_their_rows_within_scope,
        a_frozen_month_stays_as_it_was,
        a_unit_rates_itself_and_its_peers_once,
        cases_are_compared_found_again_and_traced_to_people,
    );
}

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn id16(byte: u8) -> [u8; 16] {
    [byte; 16]
}

fn node(id: u8, parent: Option<u8>, level: OrgLevel) -> NewOrgNode {
    NewOrgNode {
        id: OrgNodeId::from_bytes(id16(id)),
        parent: parent.map(|parent| OrgNodeId::from_bytes(id16(parent))),
        level,
        code: Some(format!("{id:04}")),
        name: format!("地{id}"),
        attribute: None,
        valid_from: Timestamp::from_millis(0),
    }
}

fn grid(id: u8) -> GridId {
    GridId::from_bytes(id16(id))
}

fn person(id: u8) -> PersonId {
    PersonId::from_bytes(id16(id))
}

/// Street 1 with community 2 (grids 3, 4) and community 5 (grid 6); person 10
/// works in grid 3, person 11 looks after community 2, person 12 the street.
async fn town(storage: &dyn Storage) {
    storage
        .create_nodes(&[
            node(1, None, OrgLevel::Street),
            node(2, Some(1), OrgLevel::Community),
            node(3, Some(2), OrgLevel::Grid),
            node(4, Some(2), OrgLevel::Grid),
            node(5, Some(1), OrgLevel::Community),
            node(6, Some(5), OrgLevel::Grid),
        ])
        .await
        .unwrap();
    let somebody = |id: u8| NewPerson {
        id: person(id),
        name: format!("人{id}"),
        username: Some(format!("user{id}")),
        phone: String::new(),
        trained_on: NOW.to_china_date(),
        created_at: NOW,
    };
    let works = |id: u8, place: u8, role| NewAssignment {
        id: AssignmentId::from_bytes(id16(id)),
        person: person(id),
        node: OrgNodeId::from_bytes(id16(place)),
        role,
        full_time: true,
        reserve: false,
        duties: Vec::new(),
        valid_from: NOW,
    };
    storage
        .create_people(
            &[somebody(10), somebody(11), somebody(12)],
            &[
                works(10, 3, Role::GridWorker),
                works(11, 2, Role::GridHead),
                works(12, 1, Role::Supervisor),
            ],
        )
        .await
        .unwrap();
}

fn device_id() -> DeviceId {
    DeviceId::from_bytes(id16(20))
}

fn new_device() -> NewDevice {
    let incarnation = Incarnation::from_bytes(id16(21));
    NewDevice {
        id: device_id(),
        name: "测试机".to_owned(),
        app_version: "0.1.0".to_owned(),
        public_key: SoftwareKey::make(&SeededEntropy::new(1))
            .public_key()
            .unwrap(),
        incarnation,
        actor: derive_device_actor(&device_id(), &incarnation),
        session_hash: [22; 32],
        session_expires_at: NOW.plus_millis(1_000),
    }
}

/// [`town`] with a phone of person 10.
async fn town_with_phone(storage: &dyn Storage) {
    town(storage).await;
    let code = NewEnrolmentCode {
        code_hash: [1; 32],
        person: person(10),
        created_at: NOW,
        expires_at: NOW.plus_millis(900_000),
    };
    storage.create_enrolment_code(&code).await.unwrap();
    storage
        .enrol_device(&[1; 32], &new_device(), NOW)
        .await
        .unwrap();
}

/// Hooks that must not be needed.
#[derive(Debug)]
struct NoHooks;

impl CommitHooks for NoHooks {
    fn rework(&self, _: &RecordWork, _: &StoredRecord) -> StorageResult<RecordWork> {
        Err(StorageError::Corrupt("unexpected rework"))
    }
    fn number(&self, _: RecordWork, _: Numbering, _: u64) -> StorageResult<RecordWork> {
        Err(StorageError::Corrupt("unexpected number"))
    }
}

/// One edit of a household, computed from `base`.
fn work(base: Option<&StoredRecord>, id: u8, place: u8, item: u32, room: &str) -> RecordWork {
    let mut document = match base {
        None => RecordDocument::new(RecordKind::Household),
        Some(stored) => RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap(),
    };
    let actor = ActorId::from_bytes(id16(0xac));
    let edit = FieldEdit::set(
        FieldPath::new("address.room").unwrap(),
        FieldValue::text(room),
    );
    let change = document.edit(&[edit], actor, NOW).unwrap().unwrap();
    RecordWork {
        id: RecordId::from_bytes(id16(id)),
        kind: RecordKind::Household,
        grid: grid(place),
        record_epoch: 0,
        base_version: base.map_or(0, |stored| stored.version),
        base_heads: base.map(|stored| stored.heads.clone()).unwrap_or_default(),
        saved: document.save(),
        heads: document.heads(),
        summary: document.summary(),
        changes: vec![NewChange::written(item, change, actor, ChangeBy::Sender)],
        quarantine: Vec::new(),
        numbering: None,
    }
}

fn commit(works: Vec<RecordWork>, counter: Option<u64>) -> Commit {
    let incarnation = Incarnation::from_bytes(id16(21));
    Commit {
        at: NOW,
        person: person(10),
        manifest: counter.map(|counter| CommitManifest {
            device: device_id(),
            actor: derive_device_actor(&device_id(), &incarnation),
            incarnation,
            counter,
            digest: [u8::try_from(counter).unwrap(); 32],
            manifest: vec![1],
            signature: Signature {
                algorithm: Algorithm::EcdsaP256Sha256,
                bytes: vec![2],
            },
            quarantine_limit: 1_000,
        }),
        works,
        quarantine: Vec::new(),
        hooks: Arc::new(NoHooks),
    }
}

fn kept(byte: u8, bytes: usize) -> NewQuarantine {
    NewQuarantine {
        id: QuarantineId::from_bytes(id16(byte)),
        record: RecordId::from_bytes(id16(byte)),
        kind: RecordKind::Visit,
        grid: grid(3),
        hash: ChangeHash::from_bytes([byte; 32]),
        bytes: vec![byte; bytes],
        code: "malformed".to_owned(),
        detail: String::new(),
    }
}

async fn find(storage: &dyn Storage, id: u8) -> StoredRecord {
    storage
        .find_record(&RecordId::from_bytes(id16(id)))
        .await
        .unwrap()
        .unwrap()
}

async fn head(storage: &dyn Storage, place: u8) -> super::FeedHead {
    storage
        .list_feed_heads(&[grid(place)])
        .await
        .unwrap()
        .remove(0)
}

async fn meta_is_kept(storage: &dyn Storage) {
    assert_eq!(storage.find_meta("a").await.unwrap(), None);
    storage.put_meta("a", b"1").await.unwrap();
    storage.put_meta("a", b"2").await.unwrap();
    assert_eq!(
        storage.find_meta("a").await.unwrap().as_deref(),
        Some(b"2".as_slice())
    );
    storage.ping().await.unwrap();
}

async fn nodes_form_a_tree(storage: &dyn Storage) {
    town(storage).await;
    let same_code = NewOrgNode {
        code: Some("0003".to_owned()),
        ..node(30, Some(2), OrgLevel::Grid)
    };
    let code = storage.create_node(&same_code);
    assert!(matches!(code.await, Err(StorageError::Taken("code"))));
    let orphan = storage
        .create_node(&node(31, Some(99), OrgLevel::Grid))
        .await;
    assert!(matches!(orphan, Err(StorageError::Missing("org_node"))));
    let half = [
        node(32, Some(2), OrgLevel::Grid),
        node(3, None, OrgLevel::Grid),
    ];
    assert!(storage.create_nodes(&half).await.is_err());
    assert_eq!(storage.count_nodes().await.unwrap(), 6, "all or none");
    let found = storage.find_node_by_code("0004").await.unwrap().unwrap();
    assert_eq!(found.id, OrgNodeId::from_bytes(id16(4)));
    assert_eq!(
        found.path,
        format!(
            "/{}/{}/{}/",
            "01".repeat(16),
            "02".repeat(16),
            "04".repeat(16)
        )
    );
    let line = storage.list_ancestors(&found.id).await.unwrap();
    assert_eq!(
        line.iter().map(|node| node.level).collect::<Vec<_>>(),
        [OrgLevel::Street, OrgLevel::Community, OrgLevel::Grid]
    );
    let roots = storage.list_children(None).await.unwrap();
    assert_eq!(roots.len(), 1);
    assert_eq!(
        storage
            .list_children(Some(&roots[0].id))
            .await
            .unwrap()
            .len(),
        2
    );
}

async fn scope_is_what_lies_below_assignments(storage: &dyn Storage) {
    town(storage).await;
    let grids = |id: u8, at: Timestamp| async move {
        let nodes = storage.list_grids_in_scope(&person(id), at).await.unwrap();
        nodes
            .iter()
            .map(|node| node.id.as_bytes()[0])
            .collect::<Vec<_>>()
    };
    assert_eq!(grids(10, NOW).await, [3]);
    assert_eq!(grids(11, NOW).await, [3, 4]);
    assert_eq!(grids(12, NOW).await, [3, 4, 6]);
    assert_eq!(
        grids(12, NOW.plus_millis(-1)).await,
        Vec::<u8>::new(),
        "not yet"
    );
    assert_eq!(
        storage
            .list_nodes_in_scope(&person(11), NOW)
            .await
            .unwrap()
            .len(),
        3
    );
    assert!(
        storage
            .is_grid_held(&person(11), &grid(4), NOW)
            .await
            .unwrap()
    );
    assert!(
        !storage
            .is_grid_held(&person(11), &grid(6), NOW)
            .await
            .unwrap()
    );
    let granted = storage.list_granted_grids(&person(10), NOW).await.unwrap();
    assert_eq!(granted[0].place, "地1地2");
    assert_eq!(granted[0].role, Role::GridWorker);
    let below = storage
        .list_people_in_scope(&person(11), NOW)
        .await
        .unwrap();
    assert_eq!(
        below.iter().map(|p| p.id).collect::<Vec<_>>(),
        [person(10), person(11)]
    );
    let later = NOW.plus_millis(10);
    storage
        .end_assignment(&AssignmentId::from_bytes(id16(11)), later)
        .await
        .unwrap();
    assert_eq!(grids(11, NOW).await, [3, 4]);
    assert_eq!(grids(11, later).await, Vec::<u8>::new());
    assert_eq!(
        storage.list_assignments(&person(11)).await.unwrap()[0].valid_to,
        Some(later)
    );
    storage.set_person_active(&person(12), false).await.unwrap();
    assert_eq!(
        grids(12, NOW).await,
        Vec::<u8>::new(),
        "inactive people have no scope"
    );
}

async fn people_are_unique_by_username(storage: &dyn Storage) {
    town(storage).await;
    let twin = NewPerson {
        id: person(90),
        name: "同名".to_owned(),
        username: Some("user10".to_owned()),
        phone: String::new(),
        trained_on: NOW.to_china_date(),
        created_at: NOW,
    };
    assert!(matches!(
        storage.create_person(&twin).await,
        Err(StorageError::Taken("username"))
    ));
    let found = storage
        .find_person_by_username("user10")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.id, found.password_hash, found.active),
        (person(10), None, true)
    );
    storage
        .set_password_hash(&person(10), "hash")
        .await
        .unwrap();
    let found = storage.find_person(&person(10)).await.unwrap().unwrap();
    assert_eq!(found.password_hash.as_deref(), Some("hash"));
    let nobody = storage.set_password_hash(&person(91), "hash").await;
    assert!(matches!(nobody, Err(StorageError::Missing("person"))));
    assert_eq!(storage.list_people().await.unwrap().len(), 3);
}

async fn commits_number_changes_without_gaps(storage: &dyn Storage) {
    town_with_phone(storage).await;
    // Items 0 and 2 belong to one grid, 1 to another.
    let works = vec![
        work(None, 40, 3, 2, "二"),
        work(None, 41, 4, 1, "一"),
        work(None, 42, 3, 0, "零"),
    ];
    let outcome = storage.commit(commit(works, Some(1))).await.unwrap();
    let seqs: Vec<_> = outcome.works.iter().map(|done| done.seqs.clone()).collect();
    assert_eq!(seqs, [[2], [1], [1]], "feed numbers follow the items");
    let mut grids = outcome.grids.clone();
    grids.sort_unstable();
    assert_eq!(grids, [(grid(3), 2), (grid(4), 1)]);
    let stored = find(storage, 40).await;
    let next = storage
        .commit(commit(vec![work(Some(&stored), 40, 3, 0, "三")], Some(2)))
        .await;
    assert_eq!(next.unwrap().works[0].seqs, [3]);
    let stored = find(storage, 40).await;
    assert_eq!(stored.version, 2);
    let at = head(storage, 3).await;
    assert_eq!((at.head_seq, at.floor_seq), (3, 0));
    assert_eq!(storage.compute_digest(&grid(3)).await.unwrap(), at.digest);
    let feed = storage
        .list_feed(&grid(3), 1, 3, None, usize::MAX)
        .await
        .unwrap();
    assert_eq!(feed.iter().map(FeedPlace::seq).collect::<Vec<_>>(), [2, 3]);
    assert!(feed.iter().all(|place| place.bytes() > 0));
    let actor = ActorId::from_bytes(id16(0xac));
    let one = storage
        .list_feed(&grid(3), 0, 3, Some(&actor), 1)
        .await
        .unwrap();
    assert_eq!(
        (one.len(), one[0].bytes()),
        (1, 0),
        "own changes come as names"
    );
    let authors = storage.list_authorship(&stored.id).await.unwrap();
    let counters: Vec<_> = authors.iter().map(|a| a.manifest_counter).collect();
    assert_eq!(counters, [Some(1), Some(2)]);
    let device = storage.find_device(&device_id()).await.unwrap().unwrap();
    assert_eq!(
        (device.last_counter, device.last_manifest_digest),
        (2, Some(vec![2; 32]))
    );
}

async fn a_failed_commit_changes_nothing(storage: &dyn Storage) {
    town_with_phone(storage).await;
    storage
        .commit(commit(vec![work(None, 40, 3, 0, "一")], Some(5)))
        .await
        .unwrap();
    let before = head(storage, 3).await;
    let older = storage
        .commit(commit(vec![work(None, 41, 3, 0, "二")], Some(4)))
        .await;
    assert!(matches!(older, Err(StorageError::CounterMoved)));
    // A change whose (record, actor, seq) is taken fails late, after rows.
    let mut clash = work(None, 40, 3, 1, "别的");
    clash.base_version = find(storage, 40).await.version;
    let works = vec![work(None, 42, 3, 0, "二"), clash];
    assert!(storage.commit(commit(works, Some(6))).await.is_err());
    assert_eq!(head(storage, 3).await, before);
    let device = storage.find_device(&device_id()).await.unwrap().unwrap();
    assert_eq!(device.last_counter, 5);
    assert!(
        storage
            .find_record(&RecordId::from_bytes(id16(42)))
            .await
            .unwrap()
            .is_none()
    );
    storage
        .commit(commit(vec![work(None, 43, 3, 0, "三")], Some(6)))
        .await
        .unwrap();
    assert_eq!(head(storage, 3).await.head_seq, 2, "no number was lost");
}

#[derive(Debug)]
struct Redo;

impl CommitHooks for Redo {
    fn rework(&self, before: &RecordWork, stored: &StoredRecord) -> StorageResult<RecordWork> {
        assert_eq!(before.base_version + 1, stored.version);
        let mut again = work(Some(stored), stored.id.as_bytes()[0], 3, 0, "后来");
        again.changes[0].actor_seq = 2;
        Ok(again)
    }
    fn number(&self, _: RecordWork, _: Numbering, _: u64) -> StorageResult<RecordWork> {
        Err(StorageError::Corrupt("unexpected number"))
    }
}

async fn a_record_changed_meanwhile_is_reworked(storage: &dyn Storage) {
    town(storage).await;
    storage
        .commit(commit(vec![work(None, 40, 3, 0, "先")], None))
        .await
        .unwrap();
    let mut late = commit(vec![work(None, 40, 3, 0, "后")], None);
    late.hooks = Arc::new(Redo);
    let outcome = storage.commit(late).await.unwrap();
    assert_eq!(outcome.works[0].work.summary.title, "后来");
    let stored = find(storage, 40).await;
    assert_eq!(
        (stored.version, stored.heads),
        (2, outcome.works[0].work.heads.clone())
    );
    let at = head(storage, 3).await;
    assert_eq!(storage.compute_digest(&grid(3)).await.unwrap(), at.digest);
}

#[derive(Debug)]
struct Number;

impl CommitHooks for Number {
    fn rework(&self, _: &RecordWork, _: &StoredRecord) -> StorageResult<RecordWork> {
        Err(StorageError::Corrupt("unexpected rework"))
    }
    fn number(&self, mut work: RecordWork, _: Numbering, number: u64) -> StorageResult<RecordWork> {
        work.summary.number = number.to_string();
        Ok(work)
    }
}

async fn numbers_are_given_once(storage: &dyn Storage) {
    town(storage).await;
    let numbered = |id: u8, series: &str| {
        let mut work = work(None, id, 3, 0, "室");
        work.numbering = Some(Numbering {
            series: series.to_owned(),
            record: Unnumbered::Open(Box::new(RecordDocument::new(RecordKind::Household))),
        });
        let mut commit = commit(vec![work], None);
        commit.hooks = Arc::new(Number);
        commit
    };
    let mut given = Vec::new();
    for (id, series) in [(40, "a"), (41, "a"), (42, "b"), (43, "a")] {
        let outcome = storage.commit(numbered(id, series)).await.unwrap();
        given.push(outcome.works[0].work.summary.number.clone());
    }
    assert_eq!(given, ["1", "2", "1", "3"]);
}

async fn quarantine_is_kept_once_and_bounded(storage: &dyn Storage) {
    town_with_phone(storage).await;
    let keep = |counter: u64, change: NewQuarantine| {
        let mut commit = commit(Vec::new(), Some(counter));
        commit.quarantine = vec![change];
        commit
    };
    storage.commit(keep(1, kept(50, 600))).await.unwrap();
    let again = NewQuarantine {
        id: QuarantineId::from_bytes(id16(51)),
        ..kept(50, 600)
    };
    storage.commit(keep(2, again)).await.unwrap();
    let too_much = storage.commit(keep(3, kept(52, 600))).await;
    assert!(matches!(too_much, Err(StorageError::QuarantineFull)));
    let device = storage.find_device(&device_id()).await.unwrap().unwrap();
    assert_eq!((device.quarantine_bytes, device.last_counter), (600, 2));
    for viewer in [10, 11, 12] {
        assert_eq!(
            storage
                .count_quarantine(&person(viewer), NOW)
                .await
                .unwrap(),
            1
        );
    }
    let listed = storage
        .list_quarantine(&person(11), NOW, 0, 10)
        .await
        .unwrap();
    assert_eq!(listed[0].change, kept(50, 600));
    assert_eq!(
        (listed[0].device, listed[0].person_name.as_str()),
        (device_id(), "人10")
    );
    let id = QuarantineId::from_bytes(id16(50));
    assert!(
        storage
            .find_quarantine(&id, &person(10), NOW)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        storage
            .find_quarantine(&id, &person(99), NOW)
            .await
            .unwrap()
            .is_none()
    );
}

async fn lists_show_what_is_in_scope(storage: &dyn Storage) {
    town(storage).await;
    let works = vec![
        work(None, 40, 3, 0, "101室"),
        work(None, 41, 3, 1, "100%"),
        work(None, 42, 4, 2, "101室"),
        work(None, 43, 6, 3, "301室"),
    ];
    storage.commit(commit(works, None)).await.unwrap();
    let list = |viewer: u8, filter: RecordFilter| async move {
        let page = storage
            .list_records(&person(viewer), NOW, &filter)
            .await
            .unwrap();
        let ids: Vec<u8> = page.records.iter().map(|r| r.id.as_bytes()[0]).collect();
        (page.total, ids)
    };
    let all = RecordFilter {
        limit: 10,
        order: RecordOrder::Title,
        ..RecordFilter::default()
    };
    assert_eq!(list(10, all.clone()).await, (2, vec![41, 40]));
    assert_eq!(list(12, all.clone()).await.0, 4);
    let text = |text: &str| RecordFilter {
        text: text.to_owned(),
        ..all.clone()
    };
    assert_eq!(list(12, text("101")).await, (2, vec![40, 42]));
    assert_eq!(
        list(12, text("0%")).await,
        (1, vec![41]),
        "signs mean themselves"
    );
    assert_eq!(
        list(12, text("1 室 3")).await,
        (1, vec![43]),
        "every word counts"
    );
    let page = RecordFilter {
        limit: 1,
        offset: 1,
        ..all.clone()
    };
    assert_eq!(list(12, page).await, (4, vec![40]));
    let one = RecordFilter {
        grid: Some(grid(4)),
        kind: Some(RecordKind::Household),
        ..all.clone()
    };
    assert_eq!(list(11, one.clone()).await, (1, vec![42]));
    assert_eq!(
        list(10, one).await,
        (0, vec![]),
        "naming a grid opens no door"
    );
    let visits = RecordFilter {
        kind: Some(RecordKind::Visit),
        ..all.clone()
    };
    assert_eq!(list(12, visits).await.0, 0);
    let conflicts = RecordFilter {
        has_conflict: true,
        ..all
    };
    assert_eq!(list(12, conflicts).await.0, 0);
    let id = RecordId::from_bytes(id16(42));
    assert!(
        storage
            .find_record_in_scope(&id, &person(10), NOW)
            .await
            .unwrap()
            .is_none()
    );
    let (stored, listed) = storage
        .find_record_in_scope(&id, &person(11), NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (stored.id, listed.id, listed.grid_name.as_str()),
        (id, id, "地4")
    );
    assert_eq!(storage.rebuild_summaries().await.unwrap(), 0);
}

async fn snapshots_come_in_order(storage: &dyn Storage) {
    town(storage).await;
    let works = (40..50)
        .map(|id| work(None, id, 3, u32::from(id), "室"))
        .collect();
    storage.commit(commit(works, None)).await.unwrap();
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = storage
            .list_snapshot(&grid(3), after.as_ref(), 3, usize::MAX)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.record.id);
        seen.extend(page.iter().map(|row| row.record.id.as_bytes()[0]));
        assert!(page.iter().all(|row| row.summary.title == "室"));
    }
    assert_eq!(seen, (40..50).collect::<Vec<u8>>());
    let least = storage.list_snapshot(&grid(3), None, 10, 1).await.unwrap();
    assert_eq!(least.len(), 1, "at least one");
    assert_eq!(storage.count_records(&grid(3)).await.unwrap(), 10);
    let ids = [
        RecordId::from_bytes(id16(40)),
        RecordId::from_bytes(id16(99)),
    ];
    assert_eq!(storage.list_stored_records(&ids).await.unwrap().len(), 1);
}

async fn divisions_are_added_or_renamed(storage: &dyn Storage) {
    let division = |code: &str, name: &str, parent: Option<&str>| Division {
        code: code.to_owned(),
        name: name.to_owned(),
        level: "province".to_owned(),
        parent: parent.map(str::to_owned),
    };
    let first = vec![
        division("37", "山东", None),
        division("3701", "济南市", Some("37")),
    ];
    assert_eq!(storage.put_divisions(first).await.unwrap(), 2);
    let second = vec![
        division("37", "山东省", None),
        division("3702", "青岛市", Some("37")),
    ];
    assert_eq!(storage.put_divisions(second).await.unwrap(), 1);
    assert_eq!(
        storage.find_division("37").await.unwrap().unwrap().name,
        "山东省"
    );
    assert_eq!(storage.list_divisions(None).await.unwrap().len(), 1);
    let below = storage.list_divisions(Some("37")).await.unwrap();
    assert_eq!(
        below.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(),
        ["3701", "3702"]
    );
    assert_eq!(storage.count_divisions().await.unwrap(), 3);
}

async fn audit_is_kept(storage: &dyn Storage) {
    town(storage).await;
    let entry = |id: u8| AuditEntry {
        id: AuditId::from_bytes(id16(id)),
        at: NOW.plus_millis(i64::from(id)),
        person: Some(person(10)),
        device: None,
        action: "tested".to_owned(),
        target: String::new(),
        detail: String::new(),
    };
    storage.create_audit(&entry(1)).await.unwrap();
    storage.create_audit(&entry(2)).await.unwrap();
    assert_eq!(storage.list_audit(1).await.unwrap(), [entry(2)]);
    assert_eq!(storage.list_audit(9).await.unwrap().len(), 2);
}
