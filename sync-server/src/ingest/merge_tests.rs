//! Merging and parting at the server, with phones that are out.

use wangge_model::{FieldPath, RecordId, RecordKind, Role, access::Seat};

use super::{
    merge::{MergeError, Word, bring_over, merge, settle, unmerge},
    record_edit,
};
use crate::{
    auth::Scope,
    storage::RecordFilter,
    testing::{SimDevice, TestServer},
};

struct Town {
    server: TestServer,
    scope: Scope,
    phone: SimDevice,
}

impl Town {
    async fn new() -> Self {
        let server = TestServer::start(28).await;
        let desk = server
            .add_person("主任", server.street, Role::Supervisor)
            .await;
        let worker = server.add_worker("网格员", server.grids[0]).await;
        let phone = SimDevice::enrol(&server, worker).await;
        Self {
            scope: Scope {
                person: desk,
                at: server.state.clock.now(),
                role: Some(Role::Supervisor),
                seats: vec![Seat::Street],
            },
            server,
            phone,
        }
    }

    async fn household(&mut self, fields: &[(&str, &str)]) -> RecordId {
        let grid = self.server.grids[0];
        let id = self
            .phone
            .create(&self.server, RecordKind::Household, grid, fields);
        self.phone.sync(&self.server).await;
        id
    }

    async fn listed(&self) -> Vec<RecordId> {
        let filter = RecordFilter {
            kind: Some(RecordKind::Household),
            limit: 50,
            ..RecordFilter::default()
        };
        let storage = &self.server.state.storage;
        let page = storage
            .list_records(&self.scope.person, self.scope.at, &filter)
            .await
            .unwrap();
        assert_eq!(page.total, page.records.len() as u64);
        page.records.iter().map(|record| record.id).collect()
    }

    async fn merge(&self, alias: RecordId, kept: RecordId) -> Result<RecordId, MergeError> {
        merge(&self.server.state, &self.scope, alias, kept).await
    }

    async fn text(&self, id: RecordId, path: &str) -> Option<String> {
        let stored = self.server.state.storage.find_record(&id).await.unwrap();
        let stored = stored.unwrap();
        wangge_model::document::RecordDocument::load(stored.kind, Some(&stored.document), [])
            .unwrap()
            .text(path)
    }
}

#[tokio::test]
async fn a_merge_shows_one_record_and_late_edits_of_the_alias_land_on_it() {
    let mut town = Town::new().await;
    let kept = town.household(&[("contact.name", "王小明")]).await;
    let alias = town
        .household(&[("contact.name", "李雷"), ("members.m.name", "韩梅梅")])
        .await;
    town.merge(alias, kept).await.unwrap();
    assert_eq!(town.listed().await, [kept]);
    assert_eq!(
        town.text(kept, "members.m.name").await.as_deref(),
        Some("韩梅梅")
    );
    assert_eq!(
        town.text(kept, "contact.name").await.as_deref(),
        Some("王小明")
    );
    let aliases = town.server.state.storage.list_aliases(&kept).await.unwrap();
    assert_eq!(aliases.len(), 1);

    // The phone was out and knows nothing of it.
    let server = &town.server;
    town.phone
        .edit(server, alias, &[("members.m.phone", "13800138000")]);
    town.phone.sync(server).await;
    assert_eq!(bring_over(&server.state, 10).await.unwrap(), 1);
    assert_eq!(
        town.text(kept, "members.m.phone").await.as_deref(),
        Some("13800138000")
    );
    let authors = server.state.storage.list_authorship(&kept).await.unwrap();
    assert_eq!(
        authors.last().unwrap().person,
        Some(town.phone.person),
        "by whoever wrote it"
    );
    while bring_over(&server.state, 10).await.unwrap() > 0 {}
    town.phone.sync(server).await;
    assert_eq!(
        town.phone.text(&kept, "members.m.phone").as_deref(),
        Some("13800138000")
    );

    assert_eq!(
        unmerge(&server.state, &town.scope, alias).await.unwrap(),
        kept
    );
    assert_eq!(town.listed().await.len(), 2);
    assert_eq!(town.text(kept, "members.m.name").await, None);
    assert_eq!(
        town.text(alias, "members.m.phone").await.as_deref(),
        Some("13800138000")
    );
}

#[tokio::test]
async fn chains_lead_to_their_end_and_rings_are_refused() {
    let mut town = Town::new().await;
    let one = town.household(&[("contact.name", "一")]).await;
    let two = town.household(&[("contact.name", "二")]).await;
    let three = town.household(&[("contact.name", "三")]).await;
    town.merge(one, two).await.unwrap();
    assert!(matches!(town.merge(two, one).await, Err(MergeError::Same)));
    assert!(matches!(town.merge(two, two).await, Err(MergeError::Same)));
    town.merge(two, three).await.unwrap();
    assert!(matches!(
        town.merge(three, one).await,
        Err(MergeError::Same)
    ));
    assert!(matches!(
        town.merge(one, three).await,
        Err(MergeError::Merged)
    ));
    let storage = &town.server.state.storage;
    assert_eq!(storage.resolve_merged(&one).await.unwrap(), three);
    assert_eq!(storage.list_aliases(&three).await.unwrap().len(), 2);
    assert_eq!(town.listed().await, [three]);
    let missing = RecordId::from_bytes([9; 16]);
    assert!(matches!(
        town.merge(missing, three).await,
        Err(MergeError::NotFound)
    ));
    assert!(matches!(
        unmerge(&town.server.state, &town.scope, three).await,
        Err(MergeError::NotMerged)
    ));
}

#[tokio::test]
async fn a_change_of_the_alias_goes_down_a_chain() {
    let mut town = Town::new().await;
    let one = town.household(&[("contact.name", "一")]).await;
    let two = town.household(&[("contact.name", "二")]).await;
    let three = town.household(&[("contact.name", "三")]).await;
    town.merge(one, two).await.unwrap();
    town.merge(two, three).await.unwrap();
    let server = &town.server;
    town.phone.edit(server, one, &[("notes", "有楼梯")]);
    town.phone.sync(server).await;
    while bring_over(&server.state, 1).await.unwrap() > 0 {}
    assert_eq!(town.text(three, "notes").await.as_deref(), Some("有楼梯"));
}

#[tokio::test]
async fn a_difference_is_settled_once_and_not_over_an_unseen_change() {
    let mut town = Town::new().await;
    let kept = town.household(&[("contact.name", "王小明")]).await;
    let alias = town.household(&[("contact.name", "李雷")]).await;
    town.merge(alias, kept).await.unwrap();
    let state = &town.server.state;
    let stored = state.storage.find_record(&alias).await.unwrap().unwrap();
    let word = Word {
        path: FieldPath::new("contact.name").unwrap(),
        choice: Some(0),
        heads: stored.heads,
    };
    let unseen = Word {
        heads: Vec::new(),
        ..word.clone()
    };
    assert!(matches!(
        settle(state, &town.scope, alias, unseen).await,
        Err(MergeError::Gone)
    ));
    settle(state, &town.scope, alias, word.clone())
        .await
        .unwrap();
    assert_eq!(
        town.text(kept, "contact.name").await.as_deref(),
        Some("李雷")
    );
    assert!(matches!(
        settle(state, &town.scope, alias, word).await,
        Err(MergeError::Gone)
    ));
}

#[tokio::test]
async fn whoever_does_not_decide_in_both_grids_cannot_merge() {
    let mut town = Town::new().await;
    let kept = town.household(&[("contact.name", "王小明")]).await;
    let alias = town.household(&[("contact.name", "李雷")]).await;
    let head = town
        .server
        .add_person("网格长", town.server.grids[1].into(), Role::GridHead)
        .await;
    let other = Scope {
        person: head,
        ..town.scope.clone()
    };
    let refused = merge(&town.server.state, &other, alias, kept).await;
    assert!(matches!(refused, Err(MergeError::NotFound)));
    let worker = Scope {
        person: town.phone.person,
        ..town.scope.clone()
    };
    let refused = merge(&town.server.state, &worker, alias, kept).await;
    assert!(matches!(refused, Err(MergeError::Forbidden)));
    assert_eq!(town.listed().await.len(), 2);
    // Editing the alias by program goes to its own document, and over.
    town.merge(alias, kept).await.unwrap();
    let edit = wangge_model::document::FieldEdit::set(
        FieldPath::new("notes").unwrap(),
        wangge_model::FieldValue::text("有楼梯"),
    );
    record_edit::edit(&town.server.state, &town.scope, alias, vec![edit], None)
        .await
        .unwrap();
    while bring_over(&town.server.state, 5).await.unwrap() > 0 {}
    assert_eq!(town.text(kept, "notes").await.as_deref(), Some("有楼梯"));
}

#[test]
fn every_reason_against_a_merge_has_a_text_in_both_languages() {
    use wangge_model::message::{Language, find_message, message_id};
    for code in MergeError::CODES {
        for language in Language::ALL {
            let id = message_id("merge", code);
            assert!(find_message(language, &id, &[]).is_some(), "{id}");
        }
    }
}
