//! A place where journeys happen, and what it means that all replicas agree.

use std::collections::BTreeMap;

use wangge_core::store::testing::CanonicalState;
use wangge_model::{
    FieldPath, FieldValue, GridId, PersonId, RecordId, RecordKind, SystemEntropy,
    document::{FieldEdit, RecordDocument},
    protocol::EnrolmentLink,
};
use wangge_tests::{
    admin::Admin, light_client::LightClient, phone::Phone, proxy::Proxy, server::Server,
};

/// A server with one grid and the person who works there.
pub(crate) struct Place {
    pub(crate) server: Server,
    pub(crate) admin: Admin,
    pub(crate) grid: GridId,
    pub(crate) worker: PersonId,
}

impl Place {
    pub(crate) fn open() -> Self {
        Self::with(Server::start().unwrap())
    }

    pub(crate) fn with(server: Server) -> Self {
        let admin = server.admin();
        let grid = admin.create_grid("第一网格").unwrap();
        let worker = admin.create_worker("王小明", grid).unwrap();
        Self {
            server,
            admin,
            grid,
            worker,
        }
    }

    pub(crate) fn link(&self) -> EnrolmentLink {
        self.admin.enrolment_link(self.worker).unwrap()
    }

    /// A new phone of the worker.
    pub(crate) async fn phone(&self) -> Phone {
        Phone::enrol(&self.link()).await.unwrap()
    }

    /// A new phone of the worker whose traffic goes through a proxy.
    pub(crate) async fn phone_behind_proxy(&self) -> (Phone, Proxy) {
        let proxy = Proxy::start(self.server.address(), None).await.unwrap();
        let link = EnrolmentLink {
            server: proxy.url(),
            ..self.link()
        };
        (Phone::enrol(&link).await.unwrap(), proxy)
    }

    /// A device that can send anything.
    pub(crate) async fn light_client(&self) -> LightClient {
        LightClient::enrol(&self.link(), None, &SystemEntropy)
            .await
            .unwrap()
    }

    /// Lets every code that was not used get too old, as an hour would.
    pub(crate) fn expire_enrolment_codes(&self) {
        self.database()
            .execute("UPDATE enrolment_code SET expires_at = created_at + 1", [])
            .unwrap();
    }

    /// Changes the server keeps apart.
    pub(crate) fn count_quarantined(&self) -> i64 {
        self.database()
            .query_row(
                "SELECT count(*) FROM quarantine WHERE length(bytes) > 0",
                [],
                |row| row.get(0),
            )
            .unwrap()
    }

    /// The server's database, beside the running server.
    fn database(&self) -> rusqlite::Connection {
        let database =
            rusqlite::Connection::open(self.server.data().join("wangge.sqlite")).unwrap();
        database
            .busy_timeout(std::time::Duration::from_secs(5))
            .unwrap();
        database
    }

    /// Every record of the grid as the server holds it.
    pub(crate) async fn server_state(&self) -> BTreeMap<RecordId, CanonicalState> {
        let mut client = self.light_client().await;
        let records = client.replicate(self.grid).await.unwrap();
        records
            .iter()
            .map(|(id, document)| (*id, canonical(document)))
            .collect()
    }

    /// The server and every phone hold the same records: heads, changes,
    /// fields, and every value of every conflict.
    pub(crate) async fn assert_all_agree(&self, phones: &[&Phone]) {
        let server = self.server_state().await;
        for (number, phone) in phones.iter().enumerate() {
            let store = phone.core.store();
            let ids = store.list_record_ids().unwrap();
            assert_eq!(
                ids,
                server.keys().copied().collect::<Vec<_>>(),
                "records of phone {number} and of the server"
            );
            for (id, state) in &server {
                assert_eq!(
                    store.canonical_state(*id).unwrap().as_ref(),
                    Some(state),
                    "record {id} on phone {number} and on the server"
                );
            }
            for (stored, summed) in store.check_digests().unwrap() {
                assert_eq!(stored, summed, "digest of phone {number}");
            }
        }
    }
}

/// A document as both ends compare it.
pub(crate) fn canonical(document: &RecordDocument) -> CanonicalState {
    CanonicalState {
        heads: document.heads(),
        changes: document
            .changes()
            .into_iter()
            .map(|change| change.hash)
            .collect(),
        fields: document.fields(),
        conflicts: document.conflicts(),
    }
}

pub(crate) fn edit(path: &str, text: &str) -> FieldEdit {
    FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
}

/// A household with one member.
pub(crate) fn household(phone: &Phone, room: &str) -> RecordId {
    phone
        .core
        .create_record(
            RecordKind::Household,
            phone.grid().unwrap(),
            &[
                edit("address.estate", "槐荫小区"),
                edit("address.room", room),
                edit("contact.name", "李秀英"),
                edit("contact.phone", "13800000001"),
                edit("ledger", "consistent"),
                edit("members.a.name", "李秀英"),
                edit("members.a.relation", "0"),
            ],
        )
        .unwrap()
}

/// The text of a field on a phone.
pub(crate) fn text(phone: &Phone, record: RecordId, path: &str) -> String {
    let path = FieldPath::new(path).unwrap();
    phone
        .document(record)
        .unwrap()
        .value(&path)
        .and_then(|value| value.as_text().map(str::to_owned))
        .unwrap_or_default()
}
