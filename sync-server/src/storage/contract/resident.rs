//! Codes for residents, their reports, and the messages that tell them how it
//! goes.

use wangge_model::{
    ActorId, FieldPath, FieldValue, MessageId, NoticeId, RecordId, RecordKind, Timestamp,
    case::CaseState,
    document::{FieldEdit, RecordDocument},
    resident::ReportStage,
};

use super::{
    ChangeBy, NOW, NewChange, RecordWork, Storage, StorageError, commit, grid, id16, person,
    register::split, task::join, town, visit,
};
use crate::storage::{
    Delivery, MessageFilter, MessagePage, MessageState, NewNotice, NewReportCode,
    NewResidentReport, NoticeOutcome, Role,
};

const CODE: &str = "7Q2K9M4T8R3X";
const PHONE: &str = "13800000001";
const DAY: i64 = 86_400_000;

fn record(id: u8) -> RecordId {
    RecordId::from_bytes(id16(id))
}

fn new_code(code: &str, place: u8, who: u8) -> NewReportCode {
    NewReportCode {
        code: code.to_owned(),
        grid: grid(place),
        place: None,
        label: "平安里东门".to_owned(),
        person: person(who),
        at: NOW,
    }
}

fn new_report(id: u8, tracking: u8, phone: Option<&str>) -> NewResidentReport {
    NewResidentReport {
        record: record(id),
        code: CODE.to_owned(),
        tracking: [tracking; 32],
        phone: phone.map(ToOwned::to_owned),
        at: NOW,
    }
}

/// The case of an incident comes to stand so; the first time it is made.
async fn step(storage: &dyn Storage, id: u8, place: u8, state: CaseState, at: Timestamp) {
    let actor = ActorId::from_bytes(id16(0xad));
    let set = |path: &str, text: &str| {
        FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::text(text))
    };
    let stored = storage.find_record(&record(id)).await.unwrap();
    let edits = [
        set("case.number", &format!("SJ{id}")),
        set("case.stage", state.as_str()),
        // Every step writes something, as every decision does.
        FieldEdit::set(
            FieldPath::new("case.version").unwrap(),
            FieldValue::Integer(at.as_millis()),
        ),
    ];
    let written = |document: &mut RecordDocument| {
        let change = document.edit_as_server(&edits, actor, at).unwrap().unwrap();
        vec![NewChange::written(0, change, actor, ChangeBy::Server)]
    };
    let work = if let Some(stored) = &stored {
        let mut document = RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap();
        let changes = written(&mut document);
        RecordWork::onto(stored, &document, changes)
    } else {
        let mut document = RecordDocument::new(RecordKind::Incident);
        let changes = written(&mut document);
        RecordWork {
            id: record(id),
            kind: RecordKind::Incident,
            saved: document.save(),
            heads: document.heads(),
            summary: document.summary(),
            changes,
            ..super::work(None, id, place, 0, "501")
        }
    };
    let mut commit = commit(vec![work], None);
    commit.at = at;
    storage.commit(commit).await.unwrap();
}

async fn messages(storage: &dyn Storage, who: u8) -> MessagePage {
    let filter = MessageFilter {
        limit: 50,
        ..MessageFilter::default()
    };
    let page = storage.list_messages(&filter, &person(who), NOW).await;
    page.unwrap()
}

pub(super) async fn a_code_is_made_by_its_desk_follows_its_grid_and_is_revoked(
    storage: &dyn Storage,
) {
    town(storage).await;
    join(storage, 13, 5, Role::ServiceDesk).await;
    // A worker of the grid, and the desk of another community.
    for who in [10, 13] {
        let refused = storage.create_report_code(&new_code(CODE, 3, who)).await;
        assert!(
            matches!(refused, Err(StorageError::Missing("org_node"))),
            "{who}"
        );
    }
    // A community is no grid.
    let refused = storage.create_report_code(&new_code(CODE, 2, 12)).await;
    assert!(matches!(refused, Err(StorageError::Missing("org_node"))));
    storage
        .create_report_code(&new_code(CODE, 3, 12))
        .await
        .unwrap();
    let twice = storage.create_report_code(&new_code(CODE, 4, 12)).await;
    assert!(matches!(twice, Err(StorageError::Taken("report_code"))));
    let open = storage.find_open_code(CODE).await.unwrap().unwrap();
    assert_eq!((open.grid, open.label.as_str()), (grid(3), "平安里东门"));
    assert_eq!(storage.find_open_code("7Q2K9M4T8R3Y").await.unwrap(), None);

    // A code of a place, whose reports go where the place is.
    let name = [visit::text("name", "平安超市")];
    let place = visit::work(None, 60, RecordKind::Place, 6, &name);
    visit::put(storage, place).await;
    let at_place = NewReportCode {
        place: Some(record(60)),
        ..new_code("7Q2K9M4T8R3Z", 6, 13)
    };
    let elsewhere = NewReportCode {
        grid: grid(3),
        person: person(12),
        ..at_place.clone()
    };
    let refused = storage.create_report_code(&elsewhere).await;
    assert!(matches!(refused, Err(StorageError::Missing("org_node"))));
    storage.create_report_code(&at_place).await.unwrap();
    let open = storage.find_open_code("7Q2K9M4T8R3Z").await.unwrap();
    assert_eq!(open.map(|open| open.place), Some(Some(record(60))));

    let seen = async |who: u8| {
        let codes = storage.list_report_codes(&person(who), NOW).await.unwrap();
        codes.into_iter().map(|code| code.code).collect::<Vec<_>>()
    };
    assert_eq!(seen(12).await.len(), 2);
    assert_eq!(seen(13).await, ["7Q2K9M4T8R3Z"]);
    assert!(seen(10).await.is_empty());

    // The grid is divided: the printed code goes on, for the grid that follows.
    let at = NOW.plus_millis(1_000);
    storage.redivide(&split(at, &[])).await.unwrap();
    let open = storage.find_open_code(CODE).await.unwrap();
    assert_eq!(open.map(|open| open.grid), Some(grid(33)));

    let revoke = async |who: u8| storage.revoke_report_code(CODE, &person(who), at).await;
    let refused = revoke(13).await;
    assert!(matches!(refused, Err(StorageError::Missing("report_code"))));
    assert!(storage.find_open_code(CODE).await.unwrap().is_some());
    assert!(revoke(12).await.unwrap());
    assert!(!revoke(12).await.unwrap(), "somebody did");
    assert_eq!(storage.find_open_code(CODE).await.unwrap(), None);
    let kept = storage.find_report_code(CODE, &person(12), at).await;
    assert!(kept.unwrap().unwrap().revoked_at.is_some());
}

pub(super) async fn each_step_of_a_report_is_queued_once_with_its_case(storage: &dyn Storage) {
    town(storage).await;
    join(storage, 13, 5, Role::ServiceDesk).await;
    storage
        .create_report_code(&new_code(CODE, 3, 12))
        .await
        .unwrap();
    let kept = storage
        .put_resident_report(&new_report(40, 1, Some(PHONE)))
        .await;
    assert_eq!(kept.unwrap(), record(40));
    let again = storage.put_resident_report(&new_report(41, 1, None)).await;
    assert_eq!(again.unwrap(), record(40), "sent twice, it is one");
    storage
        .put_resident_report(&new_report(42, 2, None))
        .await
        .unwrap();

    let stage = async |tracking: u8| {
        let found = storage.find_tracked_report(&[tracking; 32]).await.unwrap();
        found.map(|found| found.stage)
    };
    assert_eq!(stage(1).await, Some(ReportStage::Received));
    assert_eq!(stage(9).await, None);
    let at = |minutes: i64| NOW.plus_millis(minutes * 60_000);
    for (minute, state) in (1..).zip([
        CaseState::Reported,
        CaseState::Filed,
        CaseState::Filed,
        CaseState::InProgress,
        CaseState::Handled,
        CaseState::Closed,
        CaseState::Archived,
    ]) {
        step(storage, 40, 3, state, at(minute)).await;
        step(storage, 42, 3, state, at(minute)).await;
    }
    // An incident that nobody outside reported tells nobody.
    step(storage, 43, 3, CaseState::Filed, at(1)).await;
    assert_eq!(stage(1).await, Some(ReportStage::Closed));
    assert_eq!(stage(2).await, Some(ReportStage::Closed));
    let told = messages(storage, 12).await;
    let mut texts: Vec<_> = told
        .messages
        .iter()
        .map(|row| (row.message.created_at, row.message.text_id.as_str()))
        .collect();
    texts.sort_unstable();
    let expected = [
        (at(2), "resident-told-taken-in"),
        (at(4), "resident-told-assigned"),
        (at(5), "resident-told-done"),
        (at(6), "resident-told-closed"),
    ];
    assert_eq!(texts, expected);
    for row in &told.messages {
        assert_eq!(row.message.phone, PHONE);
        assert_eq!(row.message.arguments["number"], "SJ40");
        assert_eq!(row.incident, Some(record(40)));
        assert_eq!(row.state, MessageState::Queued);
    }
    assert_eq!(messages(storage, 13).await.total, 0, "another desk");
    assert_eq!(messages(storage, 10).await.total, 0, "no desk");
    let codes = storage.list_report_codes(&person(12), NOW).await.unwrap();
    assert_eq!(codes[0].reports, 2);

    // Long after, nobody needs the number any more.
    let due = storage.list_due_messages(at(10), 50).await.unwrap();
    assert_eq!(due.len(), 4);
    for message in &due {
        let sent = storage.note_delivery(&message.id, at(10), &Delivery::Sent);
        sent.await.unwrap();
    }
    assert_eq!(storage.forget_numbers(at(5)).await.unwrap(), 0);
    assert_eq!(storage.forget_numbers(at(11)).await.unwrap(), 5);
    assert_eq!(storage.forget_numbers(at(11)).await.unwrap(), 0);
    let told = messages(storage, 12).await;
    assert!(told.messages.iter().all(|row| row.message.phone.is_empty()));
    // Opened again, there is nobody to tell, and the page still says it.
    step(storage, 40, 3, CaseState::InProgress, at(20)).await;
    assert_eq!(messages(storage, 12).await.total, 4);
    assert_eq!(stage(1).await, Some(ReportStage::Assigned));
}

pub(super) async fn messages_wait_are_tried_again_and_given_up(storage: &dyn Storage) {
    town(storage).await;
    storage
        .create_report_code(&new_code(CODE, 3, 12))
        .await
        .unwrap();
    storage
        .put_resident_report(&new_report(40, 1, Some(PHONE)))
        .await
        .unwrap();
    step(storage, 40, 3, CaseState::Filed, NOW).await;
    let due = async |at: Timestamp| storage.list_due_messages(at, 10).await.unwrap();
    assert!(due(NOW.plus_millis(-1)).await.is_empty());
    let message = due(NOW).await.remove(0);
    let later = NOW.plus_millis(30_000);
    let busy = Delivery::Later("busy 503".to_owned(), later);
    storage
        .note_delivery(&message.id, NOW, &busy)
        .await
        .unwrap();
    assert!(due(NOW).await.is_empty());
    assert_eq!(due(later).await[0].attempts, 1);
    let failed = Delivery::Failed("refused 422".to_owned());
    storage
        .note_delivery(&message.id, later, &failed)
        .await
        .unwrap();
    assert!(due(later.plus_millis(DAY)).await.is_empty());
    // What was given up cannot be sent by somebody who is late.
    storage
        .note_delivery(&message.id, later, &Delivery::Sent)
        .await
        .unwrap();
    let row = messages(storage, 12).await.messages.remove(0);
    assert_eq!(
        (row.state, row.problem.as_str()),
        (MessageState::Failed, "refused 422")
    );
    assert_eq!(row.message.attempts, 2);

    let retry =
        async |id: MessageId, who: u8| storage.retry_message(&id, &person(who), later).await;
    let refused = retry(message.id, 10).await;
    assert!(matches!(refused, Err(StorageError::Missing("message"))));
    let unknown = retry(MessageId::from_bytes(id16(0x77)), 12).await;
    assert!(matches!(unknown, Err(StorageError::Missing("message"))));
    assert!(retry(message.id, 12).await.unwrap());
    assert!(!retry(message.id, 12).await.unwrap(), "it waits already");
    let again = due(later).await.remove(0);
    assert_eq!((again.id, again.attempts), (message.id, 0));
    storage
        .note_delivery(&message.id, later, &Delivery::Sent)
        .await
        .unwrap();
    let by_state = MessageFilter {
        state: Some(MessageState::Sent),
        offset: 0,
        limit: 10,
    };
    let sent = storage
        .list_messages(&by_state, &person(12), NOW)
        .await
        .unwrap();
    assert_eq!((sent.total, sent.messages.len()), (1, 1));
}

pub(super) async fn a_notice_goes_once_per_number_within_scope(storage: &dyn Storage) {
    town(storage).await;
    join(storage, 13, 5, Role::ServiceDesk).await;
    let numbers = [
        (40, 3, "13800000001"),
        (41, 3, "13800000001"),
        (42, 4, "13800000002"),
        (43, 3, "053182012345"),
        (44, 6, "13800000003"),
    ];
    for (id, place, phone) in numbers {
        let edits = [visit::text("contact.phone", phone)];
        let household = visit::work(None, id, RecordKind::Household, place, &edits);
        visit::put(storage, household).await;
    }
    let notice = |id: u8, who: u8, most_a_day: u64, households: &[u8]| NewNotice {
        id: NoticeId::from_bytes(id16(id)),
        text: "明天上午停水".to_owned(),
        households: households.iter().map(|id| record(*id)).collect(),
        most_a_day,
        person: person(who),
        at: NOW,
    };
    let send = async |notice: NewNotice| storage.create_notice(&notice).await.unwrap();
    let all = [40, 41, 42, 43, 44, 45];
    assert_eq!(
        send(notice(1, 10, 100, &all)).await,
        NoticeOutcome::Nobody,
        "no desk"
    );
    assert_eq!(
        send(notice(1, 13, 100, &[40, 43])).await,
        NoticeOutcome::Nobody
    );
    assert_eq!(
        send(notice(1, 13, 100, &all)).await,
        NoticeOutcome::Queued(1)
    );
    assert_eq!(
        send(notice(2, 12, 2, &all)).await,
        NoticeOutcome::TooManyToday
    );
    assert_eq!(send(notice(2, 12, 3, &all)).await, NoticeOutcome::Queued(3));
    assert_eq!(
        send(notice(3, 12, 3, &[40])).await,
        NoticeOutcome::TooManyToday
    );
    let tomorrow = NewNotice {
        at: NOW.plus_millis(DAY),
        ..notice(3, 12, 3, &[40])
    };
    assert_eq!(send(tomorrow).await, NoticeOutcome::Queued(1));
    let due = storage.list_due_messages(NOW, 50).await.unwrap();
    let mut phones: Vec<_> = due.iter().map(|one| one.phone.as_str()).collect();
    phones.sort_unstable();
    let expected = ["13800000001", "13800000002", "13800000003", "13800000003"];
    assert_eq!(phones, expected);
    assert!(
        due.iter()
            .all(|one| one.arguments["text"] == "明天上午停水")
    );
    let seen = messages(storage, 13).await;
    assert_eq!(seen.total, 2, "of its own grid, whoever sent them");
    assert!(seen.messages.iter().all(|row| row.incident.is_none()));
}
