//! Boundaries, versions of grids, and re-divisions.

use wangge_model::{
    AssignmentId, OrgNodeId, QuarantineId, RecordId, RedivisionId,
    boundary::{Boundary, GRID_MAP, GridMap, testing},
};

use super::{
    NOW, NewAssignment, NewOrgNode, OrgLevel, Role, Storage, StorageError, commit, find, grid,
    head, id16, kept, node, person, town, town_with_phone, work,
};
use crate::storage::{NewBoundary, NewRedivision};

fn place(id: u8) -> OrgNodeId {
    OrgNodeId::from_bytes(id16(id))
}

fn shapes() -> Vec<Boundary> {
    testing::tessellation(1, 2, 4, 1)
}

/// Grid 3 of community 2 becomes 33 and 34; 33 keeps its code.
pub(super) fn split(at: wangge_model::Timestamp, moves: &[(u8, u8)]) -> NewRedivision {
    let new = |id: u8, code: &str| NewOrgNode {
        code: Some(code.to_owned()),
        valid_from: at,
        ..node(id, Some(2), OrgLevel::Grid)
    };
    let mut shapes = shapes().into_iter();
    NewRedivision {
        id: RedivisionId::from_bytes(id16(0xee)),
        community: place(2),
        name: "一分为二".to_owned(),
        person: Some(person(11)),
        at,
        close: vec![place(3)],
        create: vec![
            (new(33, "0003"), shapes.next().unwrap()),
            (new(34, "0034"), shapes.next().unwrap()),
        ],
        successors: vec![(place(3), vec![place(33), place(34)])],
        moves: moves
            .iter()
            .map(|(record, to)| (RecordId::from_bytes(id16(*record)), grid(*to)))
            .collect(),
        assignments: vec![NewAssignment {
            id: AssignmentId::from_bytes(id16(0xa1)),
            person: person(10),
            node: place(34),
            role: Role::GridWorker,
            full_time: true,
            reserve: false,
            duties: Vec::new(),
            valid_from: at,
        }],
    }
}

/// The map phones of community 2 are sent: grids and their boundaries.
async fn map(storage: &dyn Storage) -> Vec<(u8, Boundary)> {
    let edition = storage.find_reference(GRID_MAP, &place(2)).await.unwrap();
    let Some(body) = edition.and_then(|edition| edition.body) else {
        return Vec::new();
    };
    let map: GridMap = serde_json::from_slice(&body).unwrap();
    map.grids
        .iter()
        .map(|grid| (grid.id.as_bytes()[0], grid.boundary().unwrap()))
        .collect()
}

pub(super) async fn boundaries_are_kept_and_replaced(storage: &dyn Storage) {
    town(storage).await;
    let [one, two] = shapes().try_into().unwrap();
    storage
        .put_boundaries(&[(place(3), one), (place(4), two.clone())], NOW)
        .await
        .unwrap();
    storage
        .put_boundaries(&[(place(3), two.clone())], NOW)
        .await
        .unwrap();
    let found = storage
        .list_boundaries(&[place(2), place(3)])
        .await
        .unwrap();
    assert_eq!(found, [(place(3), two.clone())]);
    let sent = [(3, two.clone()), (4, two.clone())];
    assert_eq!(map(storage).await, sent, "phones are sent what is in force");
    let nowhere = storage.put_boundaries(&[(place(99), two)], NOW).await;
    assert!(matches!(nowhere, Err(StorageError::Missing("org_node"))));
}

pub(super) async fn what_was_drawn_before_is_kept_and_never_drawn_over_unseen(
    storage: &dyn Storage,
) {
    town(storage).await;
    let [one, two] = shapes().try_into().unwrap();
    let draw = |boundary: &Boundary, seen: u32| NewBoundary {
        node: place(3),
        boundary: boundary.clone(),
        seen,
        person: person(11),
        at: NOW,
    };
    storage
        .put_boundaries(&[(place(3), one.clone())], NOW)
        .await
        .unwrap();
    assert_eq!(storage.draw_boundary(&draw(&two, 1)).await.unwrap(), 2);
    assert_eq!(map(storage).await, [(3, two.clone())]);
    let unseen = storage.draw_boundary(&draw(&one, 1)).await;
    assert!(matches!(unseen, Err(StorageError::Changed)), "{unseen:?}");
    // The same again is no new edition.
    assert_eq!(storage.draw_boundary(&draw(&two, 2)).await.unwrap(), 2);
    assert_eq!(storage.draw_boundary(&draw(&one, 2)).await.unwrap(), 3);
    let editions = storage.list_boundary_editions(&place(3), 10).await.unwrap();
    let told: Vec<(u32, &Boundary, bool)> = editions
        .iter()
        .map(|edition| {
            let drawn_by_hand = edition.person_name.is_some();
            (edition.number, &edition.boundary, drawn_by_hand)
        })
        .collect();
    assert_eq!(told, [(3, &one, true), (2, &two, true), (1, &one, false)]);
    let last = storage.list_boundary_editions(&place(3), 1).await.unwrap();
    assert_eq!(last[0].number, 3);
    let nowhere = NewBoundary {
        node: place(99),
        ..draw(&one, 0)
    };
    assert!(matches!(
        storage.draw_boundary(&nowhere).await,
        Err(StorageError::Missing("org_node"))
    ));
}

pub(super) async fn a_redivision_moves_everything_at_once(storage: &dyn Storage) {
    town_with_phone(storage).await;
    let works = [40, 41, 42]
        .map(|id| work(None, id, 3, 0, "一"))
        .into_iter()
        .collect();
    storage.commit(commit(works, None)).await.unwrap();
    let waiting = kept(50, 5);
    let mut push = commit(vec![work(None, 43, 4, 0, "二")], Some(1));
    push.quarantine = vec![waiting];
    storage.commit(push).await.unwrap();

    let at = NOW.plus_millis(1_000);
    let moves = [(40, 33), (41, 34), (42, 34)];
    let outcome = storage.redivide(&split(at, &moves)).await.unwrap();
    assert_eq!(outcome.moved, 3);
    assert_eq!(outcome.ended, [AssignmentId::from_bytes(id16(10))]);
    let grids: Vec<u8> = outcome
        .grids
        .iter()
        .map(|(grid, _)| grid.as_bytes()[0])
        .collect();
    assert_eq!(grids, [3, 33, 34]);
    assert_eq!(find(storage, 40).await.grid, grid(33));
    assert_eq!(find(storage, 42).await.grid, grid(34));
    assert_eq!(find(storage, 43).await.grid, grid(4), "of another grid");
    for place in [3, 33, 34] {
        assert_eq!(
            storage.compute_digest(&grid(place)).await.unwrap(),
            head(storage, place).await.digest
        );
    }
    let [one, two] = shapes().try_into().unwrap();
    assert_eq!(map(storage).await, [(33, one), (34, two)]);
    // The code is the new grid's; the old one is known by its id.
    let in_use = storage.find_node_by_code("0003").await.unwrap().unwrap();
    assert_eq!(in_use.id, place(33));
    let old = storage.find_node(&place(3)).await.unwrap().unwrap();
    assert_eq!(
        (old.code.as_deref(), old.valid_to),
        (Some("0003"), Some(at))
    );
    // Scope follows at that moment.
    let scope = |at| async move {
        let grids = storage.list_granted_grids(&person(10), at).await.unwrap();
        grids
            .iter()
            .map(|granted| granted.grid.as_bytes()[0])
            .collect::<Vec<_>>()
    };
    assert_eq!(scope(at.plus_millis(-1)).await, [3]);
    assert_eq!(scope(at).await, [34]);
    // Somebody has to see what waits, although its record does not exist.
    let seen = storage
        .find_quarantine(&QuarantineId::from_bytes(id16(50)), &person(11), at)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(seen.change.grid, grid(33));
    // The register shows both versions.
    let versions = storage.list_grid_versions(&place(2)).await.unwrap();
    let shown: Vec<(u8, usize, usize)> = versions
        .iter()
        .map(|version| {
            (
                version.node.id.as_bytes()[0],
                version.predecessors.len(),
                version.successors.len(),
            )
        })
        .collect();
    assert_eq!(shown, [(33, 1, 0), (34, 1, 0), (4, 0, 0), (3, 0, 2)]);
    let done = storage.list_redivisions(&place(2)).await.unwrap();
    assert_eq!(done.len(), 1);
    assert_eq!(done[0].records, 3);
    assert_eq!(done[0].person_name.as_deref(), Some("人11"));
    let sizes = storage
        .list_grid_sizes(&[place(33), place(34), place(3)])
        .await
        .unwrap();
    let households: Vec<u32> = sizes.iter().map(|size| size.households).collect();
    assert_eq!(households, [1, 2, 0]);
}

pub(super) async fn a_plan_that_is_out_of_date_changes_nothing(storage: &dyn Storage) {
    town(storage).await;
    let works = [40, 41]
        .map(|id| work(None, id, 3, 0, "一"))
        .into_iter()
        .collect();
    storage.commit(commit(works, None)).await.unwrap();
    let at = NOW.plus_millis(1_000);
    for moves in [
        vec![(40, 33)],
        vec![(40, 33), (41, 34), (42, 34)],
        vec![(40, 33), (40, 34)],
    ] {
        let refused = storage.redivide(&split(at, &moves)).await;
        assert!(matches!(refused, Err(StorageError::Changed)), "{refused:?}");
    }
    let mut taken = split(at, &[(40, 33), (41, 34)]);
    taken.create[1].0.code = Some("0004".to_owned());
    let refused = storage.redivide(&taken).await;
    assert!(matches!(refused, Err(StorageError::Taken("code"))));
    let mut elsewhere = split(at, &[(40, 33), (41, 34)]);
    elsewhere.community = place(5);
    let refused = storage.redivide(&elsewhere).await;
    assert!(matches!(refused, Err(StorageError::Missing("grid"))));
    assert_eq!(find(storage, 40).await.grid, grid(3));
    assert_eq!(storage.count_nodes().await.unwrap(), 6);
    assert!(
        storage
            .list_redivisions(&place(2))
            .await
            .unwrap()
            .is_empty()
    );
}

pub(super) async fn what_is_filed_in_a_closed_grid_comes_to_the_one_that_follows(
    storage: &dyn Storage,
) {
    town_with_phone(storage).await;
    storage.redivide(&split(NOW, &[])).await.unwrap();
    assert_eq!(
        storage.list_open_successors(&grid(3), NOW).await.unwrap(),
        [grid(33), grid(34)]
    );
    // 33 is closed in its turn.
    let again = NewRedivision {
        id: RedivisionId::from_bytes(id16(0xef)),
        close: vec![place(33)],
        create: vec![(
            NewOrgNode {
                code: Some("0035".to_owned()),
                ..node(35, Some(2), OrgLevel::Grid)
            },
            shapes().remove(0),
        )],
        successors: vec![(place(33), vec![place(35)])],
        assignments: Vec::new(),
        ..split(NOW.plus_millis(10), &[])
    };
    storage.redivide(&again).await.unwrap();
    let later = NOW.plus_millis(10);
    assert_eq!(
        storage.list_open_successors(&grid(3), later).await.unwrap(),
        [grid(35), grid(34)],
        "what takes the rest of the rest comes first"
    );
    assert!(
        storage
            .list_open_successors(&grid(34), later)
            .await
            .unwrap()
            .is_empty(),
        "it is in use"
    );
    // Judged while grid 33 was still there, stored after it was closed.
    let mut push = commit(vec![work(None, 40, 33, 0, "一")], Some(1));
    push.at = later;
    let mut late = kept(51, 5);
    late.grid = grid(33);
    push.quarantine = vec![late];
    storage.commit(push).await.unwrap();
    assert_eq!(find(storage, 40).await.grid, grid(35));
    let waiting = storage
        .find_quarantine(&QuarantineId::from_bytes(id16(51)), &person(12), later)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(waiting.change.grid, grid(35));
}
