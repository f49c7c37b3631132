//! Tasks that departments push down: entry is controlled, and what is let in is
//! a campaign.

use wangge_model::{
    AssignmentId, CampaignId, CivilDay, OrgNodeId, TaskId,
    reference::CAMPAIGN,
    task::{TaskOrder, TaskState},
};

use super::{NOW, Storage, StorageError, grid, id16, person, town, visit};
use crate::storage::{NewAssignment, NewPerson, NewTask, Role, TaskDecision, TaskOutcome};

/// Somebody more, with a role at a place.
pub(super) async fn join(storage: &dyn Storage, id: u8, place: u8, role: Role) {
    let somebody = NewPerson {
        id: person(id),
        name: format!("人{id}"),
        username: None,
        phone: String::new(),
        trained_on: NOW.to_china_date(),
        created_at: NOW,
    };
    let works = NewAssignment {
        id: AssignmentId::from_bytes(id16(id)),
        person: person(id),
        node: OrgNodeId::from_bytes(id16(place)),
        role,
        full_time: true,
        reserve: false,
        duties: Vec::new(),
        valid_from: NOW,
    };
    storage.create_people(&[somebody], &[works]).await.unwrap();
}

/// A county 90 above the town's street, with a desk (31) and a department (32).
async fn county(storage: &dyn Storage) {
    let county = super::node(90, None, super::OrgLevel::County);
    let street = super::node(91, Some(90), super::OrgLevel::Street);
    let community = super::node(92, Some(91), super::OrgLevel::Community);
    let place = super::node(93, Some(92), super::OrgLevel::Grid);
    storage
        .create_nodes(&[county, street, community, place])
        .await
        .unwrap();
    join(storage, 31, 90, Role::Supervisor).await;
    join(storage, 32, 90, Role::Handler).await;
    join(storage, 33, 93, Role::GridWorker).await;
}

fn new(id: u8, node: u8, who: u8) -> NewTask {
    let today = CivilDay::of(NOW);
    NewTask {
        id: TaskId::from_bytes(id16(id)),
        node: OrgNodeId::from_bytes(id16(node)),
        order: TaskOrder {
            title: "燃气安全入户检查".to_owned(),
            note: String::new(),
            kind: "campaign".to_owned(),
            starts_on: today,
            ends_on: today.plus(30),
            basis: "城镇燃气管理条例".to_owned(),
            matter: String::new(),
        },
        listed: None,
        person: person(who),
        at: NOW,
    }
}

pub(super) async fn a_task_enters_a_grid_only_when_it_is_let_in(storage: &dyn Storage) {
    town(storage).await;
    county(storage).await;
    visit::put_household(storage, 40, 93, "consistent").await;
    for (node, who) in [(93, 33), (3, 32), (99, 32)] {
        let refused = storage.file_task(&new(1, node, who)).await;
        assert!(
            matches!(refused, Err(StorageError::Missing("org_node"))),
            "{node} {who}: {refused:?}"
        );
    }
    for id in 1..=3 {
        let node = if id == 3 { 92 } else { 91 };
        storage.file_task(&new(id, node, 32)).await.unwrap();
    }
    let held = async || {
        let stamps = storage.list_reference_stamps(&[grid(93)]).await.unwrap();
        let campaigns = stamps.iter().filter(|one| one.name.starts_with(CAMPAIGN));
        campaigns.count()
    };
    assert_eq!(held().await, 0, "phones do not know it");
    let decide = async |id: u8, who: u8, decision: TaskDecision| {
        let id = TaskId::from_bytes(id16(id));
        storage.decide_task(&id, &person(who), NOW, &decision).await
    };
    let admit = || {
        let campaign = CampaignId::from_bytes(id16(70));
        TaskDecision::Admit(campaign, "防火季前完成".to_owned())
    };
    let none = || TaskDecision::Refuse("与已有事项重复".to_owned());
    for who in [32, 33, 12] {
        let refused = decide(1, who, admit()).await;
        assert!(
            matches!(refused, Err(StorageError::Missing("task"))),
            "{who}"
        );
    }
    assert_eq!(decide(1, 31, admit()).await.unwrap(), TaskOutcome::Done);
    assert_eq!(decide(1, 31, none()).await.unwrap(), TaskOutcome::Decided);
    assert_eq!(decide(2, 31, none()).await.unwrap(), TaskOutcome::Done);
    assert_eq!(held().await, 1, "it is a campaign now");

    // Its visits count for it.
    let mut edits = visit::met(40, 0);
    edits.push(visit::text("kind", "campaign"));
    visit::put_visit(storage, 50, 93, &edits).await;
    visit::count_all(storage).await;
    let tasks = storage.list_tasks(&person(32), NOW).await.unwrap();
    assert_eq!(tasks.len(), 3);
    let of = |id: u8| {
        tasks
            .iter()
            .find(|one| one.id == TaskId::from_bytes(id16(id)))
            .unwrap()
    };
    assert_eq!(
        (of(1).state, of(1).households, of(1).done),
        (TaskState::Admitted, 1, 1)
    );
    assert_eq!(of(1).reason, "防火季前完成");
    assert_eq!(
        (of(2).state, of(2).reason.as_str()),
        (TaskState::Refused, "与已有事项重复")
    );
    assert_eq!(of(3).state, TaskState::Filed);
    assert!(
        tasks.iter().all(|task| !task.may_decide),
        "not the department"
    );
    let seen = storage.list_tasks(&person(31), NOW).await.unwrap();
    assert_eq!(seen.iter().filter(|task| task.may_decide).count(), 1);
    assert!(
        storage
            .list_tasks(&person(12), NOW)
            .await
            .unwrap()
            .is_empty()
    );
    let worker = storage.list_tasks(&person(33), NOW).await.unwrap();
    assert!(
        worker.is_empty(),
        "a task of a street is not a grid's before"
    );
}

pub(super) async fn what_is_on_the_list_enters_at_once(storage: &dyn Storage) {
    town(storage).await;
    county(storage).await;
    let listed = |id: u8, node: u8, who: u8| {
        let mut new = new(id, node, who);
        "gas".clone_into(&mut new.order.matter);
        new.listed = Some(CampaignId::from_bytes(id16(id + 100)));
        new
    };
    let filed = storage.file_task(&listed(1, 91, 32)).await.unwrap();
    assert_eq!(filed, TaskOutcome::Nobody, "no household there");
    let tasks = async |who: u8| storage.list_tasks(&person(who), NOW).await.unwrap();
    assert!(tasks(32).await.is_empty(), "nothing was filed");
    visit::put_household(storage, 40, 93, "consistent").await;
    let refused = storage.file_task(&listed(1, 3, 32)).await;
    assert!(matches!(refused, Err(StorageError::Missing("org_node"))));
    let filed = storage.file_task(&listed(1, 91, 32)).await.unwrap();
    assert_eq!(filed, TaskOutcome::Done);
    let task = tasks(31).await.remove(0);
    assert_eq!((task.state, task.households), (TaskState::Admitted, 1));
    assert_eq!(
        (task.order.matter.as_str(), task.may_decide),
        ("gas", false)
    );
    assert!(task.decided_by.is_empty() && task.reason.is_empty());
    let stamps = storage.list_reference_stamps(&[grid(93)]).await.unwrap();
    assert!(stamps.iter().any(|one| one.name.starts_with(CAMPAIGN)));
    let decided = storage
        .decide_task(
            &TaskId::from_bytes(id16(1)),
            &person(31),
            NOW,
            &TaskDecision::Refuse("已准入".to_owned()),
        )
        .await;
    assert_eq!(decided.unwrap(), TaskOutcome::Decided);
}
