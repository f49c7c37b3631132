//! Work orders of the hotline: from coming in to their results.

use wangge_model::{
    ActorId, FieldPath, FieldValue, OrgNodeId, RecordId, RecordKind, Timestamp,
    case::CaseState,
    document::{FieldEdit, RecordDocument},
    hotline::HotlineOrder,
};

use super::{
    ChangeBy, NOW, NewChange, RecordWork, Storage, StorageError, commit, grid, id16, person,
    task::join, town,
};
use crate::storage::{
    NewHotlineOrder, OrderFilter, OrderPage, OrderState, PutOrder, Role, StoredOrder,
};

fn record(id: u8) -> RecordId {
    RecordId::from_bytes(id16(id))
}

fn new(number: &str, id: u8, node: u8, who: u8) -> NewHotlineOrder {
    NewHotlineOrder {
        order: HotlineOrder {
            number: number.to_owned(),
            class: "城市管理/路灯".to_owned(),
            title: "路灯不亮".to_owned(),
            ..HotlineOrder::default()
        },
        node: OrgNodeId::from_bytes(id16(node)),
        grid: None,
        category: String::new(),
        record: record(id),
        person: person(who),
        at: NOW,
    }
}

/// The incident with its case standing so, its result handed in then.
async fn put_case(
    storage: &dyn Storage,
    id: u8,
    place: u8,
    state: CaseState,
    ended_at: Option<Timestamp>,
) {
    let set = |path: &str, value| FieldEdit::set(FieldPath::new(path).unwrap(), value);
    let mut edits = vec![
        set("case.number", FieldValue::text(format!("SJ{id}"))),
        set("case.stage", FieldValue::text(state.as_str())),
    ];
    if let Some(at) = ended_at {
        edits.extend([
            set("case.version", FieldValue::Integer(at.as_millis())),
            set("case.limit", FieldValue::text("1d")),
            set("case.started_at", FieldValue::Time(NOW)),
            set("case.ended_at", FieldValue::Time(at)),
        ]);
    }
    let actor = ActorId::from_bytes(id16(0xad));
    let stored = storage.find_record(&record(id)).await.unwrap();
    let mut document = match &stored {
        Some(stored) => RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap(),
        None => RecordDocument::new(RecordKind::Incident),
    };
    let change = document
        .edit_as_server(&edits, actor, NOW)
        .unwrap()
        .unwrap();
    let changes = vec![NewChange::written(0, change, actor, ChangeBy::Server)];
    let work = match &stored {
        Some(stored) => RecordWork::onto(stored, &document, changes),
        None => RecordWork {
            id: record(id),
            kind: RecordKind::Incident,
            saved: document.save(),
            heads: document.heads(),
            summary: document.summary(),
            changes,
            ..super::work(None, id, place, 0, "501")
        },
    };
    storage.commit(commit(vec![work], None)).await.unwrap();
}

async fn list(storage: &dyn Storage, who: u8, state: Option<OrderState>) -> OrderPage {
    let filter = OrderFilter {
        state,
        offset: 0,
        limit: 50,
    };
    let who = person(who);
    let page = storage.list_hotline_orders(&filter, &who, NOW);
    page.await.unwrap()
}

fn states(page: &OrderPage) -> Vec<(&str, OrderState)> {
    let mut states: Vec<_> = page
        .orders
        .iter()
        .map(|row| (row.order.number.as_str(), row.state))
        .collect();
    states.sort_unstable_by_key(|(number, _)| *number);
    states
}

/// The order that is kept, if the put one says the same.
fn as_same(put: &PutOrder) -> Option<&StoredOrder> {
    match put {
        PutOrder::Same(kept) => Some(kept),
        PutOrder::New | PutOrder::Different(_) | PutOrder::Elsewhere => None,
    }
}

pub(super) async fn an_order_is_kept_once_and_what_differs_beside_it(storage: &dyn Storage) {
    town(storage).await;
    join(storage, 13, 5, Role::ServiceDesk).await;
    for who in [10, 13] {
        let refused = storage.put_hotline_order(&new("A1", 40, 2, who)).await;
        assert!(
            matches!(refused, Err(StorageError::Missing("org_node"))),
            "{who}"
        );
    }
    let put = async |order: NewHotlineOrder| storage.put_hotline_order(&order).await.unwrap();
    assert_eq!(put(new("A1", 40, 2, 12)).await, PutOrder::New);
    let same = put(new("A1", 41, 2, 12)).await;
    let kept = as_same(&same).unwrap();
    assert_eq!((kept.record, kept.is_opened), (record(40), false));
    // The map knows the class by now, and somebody the grid.
    let known = NewHotlineOrder {
        category: "4006".to_owned(),
        grid: Some(grid(3)),
        ..new("A1", 42, 2, 12)
    };
    let same = put(known).await;
    let kept = as_same(&same).unwrap();
    assert_eq!((kept.category.as_str(), kept.grid), ("4006", Some(grid(3))));
    let mut other = new("A1", 43, 2, 12);
    "路灯整夜不亮".clone_into(&mut other.order.title);
    assert!(matches!(put(other).await, PutOrder::Different(_)));
    let row = list(storage, 12, None).await.orders.remove(0);
    assert_eq!(row.order.title, "路灯不亮", "what came first stands");
    assert_eq!(row.later.unwrap().0.title, "路灯整夜不亮");
    // Of another community's desk there is nothing to learn.
    let elsewhere = put(new("A1", 44, 5, 13)).await;
    assert_eq!(elsewhere, PutOrder::Elsewhere);
    assert_eq!(list(storage, 13, None).await.total, 0);
}

pub(super) async fn an_order_waits_is_placed_done_and_given_back(storage: &dyn Storage) {
    town(storage).await;
    join(storage, 13, 5, Role::ServiceDesk).await;
    let mapped = NewHotlineOrder {
        category: "4006".to_owned(),
        ..new("A2", 41, 2, 12)
    };
    for order in [new("A1", 40, 2, 12), mapped, new("B1", 42, 5, 13)] {
        storage.put_hotline_order(&order).await.unwrap();
    }
    let all = list(storage, 12, None).await;
    assert_eq!((all.total, all.waiting), (3, 3));
    assert_eq!(
        states(&all),
        [
            ("A1", OrderState::Unmapped),
            ("A2", OrderState::Unplaced),
            ("B1", OrderState::Unmapped)
        ]
    );
    assert_eq!(
        states(&list(storage, 13, None).await),
        [("B1", OrderState::Unmapped)]
    );
    let unmapped = list(storage, 12, Some(OrderState::Unmapped)).await;
    assert_eq!((unmapped.total, unmapped.waiting), (2, 3));

    let place = async |id: u8, at: u8, who: u8| {
        let (record, grid, who) = (record(id), grid(at), person(who));
        storage
            .place_hotline_order(&record, "4006", &grid, &who, NOW)
            .await
    };
    let foreign = place(40, 3, 13).await;
    assert!(matches!(
        foreign,
        Err(StorageError::Missing("hotline_order"))
    ));
    for (id, at, who) in [(42, 3, 13), (40, 2, 12)] {
        let refused = place(id, at, who).await;
        assert!(
            matches!(refused, Err(StorageError::Missing("org_node"))),
            "{id} {at}: {refused:?}"
        );
    }
    place(40, 3, 12).await.unwrap();
    let found = storage
        .find_hotline_order(&record(40), &person(12), NOW)
        .await;
    assert_eq!(found.unwrap().unwrap().grid, Some(grid(3)));
    put_case(storage, 40, 3, CaseState::Filed, None).await;
    let late = place(40, 4, 12).await;
    assert!(
        matches!(late, Err(StorageError::Missing("hotline_order"))),
        "an incident by now"
    );
    let finished = async |again: bool| {
        let orders = storage
            .list_finished_orders(&person(12), NOW, again, 10)
            .await;
        let orders = orders.unwrap().into_iter().map(|order| order.number);
        orders.collect::<Vec<_>>()
    };
    assert!(finished(true).await.is_empty());
    let done = NOW.plus_millis(1_000);
    put_case(storage, 40, 3, CaseState::Closed, Some(done)).await;
    assert_eq!(finished(false).await, ["A1"]);
    let mark = async |who: u8, at: Timestamp| {
        let numbers = ["A1", "A2", "B1", "?"].map(ToOwned::to_owned);
        let marked = storage
            .mark_orders_exported(&numbers, &person(who), at)
            .await;
        marked.unwrap()
    };
    assert_eq!(mark(13, done).await, 0, "not that desk's");
    assert_eq!(mark(12, done).await, 1);
    assert!(finished(false).await.is_empty());
    assert_eq!(finished(true).await, ["A1"]);
    let row = list(storage, 12, Some(OrderState::Exported))
        .await
        .orders
        .remove(0);
    assert_eq!(
        (row.case_number.as_str(), row.exported_at),
        ("SJ40", Some(done))
    );
    // Opened again and done anew, its result is to be given back again.
    put_case(storage, 40, 3, CaseState::InProgress, None).await;
    assert!(finished(true).await.is_empty());
    put_case(storage, 40, 3, CaseState::Closed, Some(done.plus_millis(1))).await;
    assert_eq!(finished(false).await, ["A1"]);
}
