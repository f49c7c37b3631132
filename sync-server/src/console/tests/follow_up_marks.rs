//! Restricted follow-up marks, by HTTP requests: who sees them, that nothing of
//! them is anywhere else, that every look is noted.

use axum::http::StatusCode;
use wangge_model::{PersonId, document::RecordDocument};

use super::client::{GRID, SUPERVISOR, Server, WORKER};
use crate::storage::Role;

const COLLEAGUE: PersonId = PersonId::from_bytes([13; 16]);
const NOTE: &str = "每月上门两次，先电话联系";
const BASIS: &str = "某条例第三条";

fn order<'a>(household: &'a str, assignee: &'a str, basis: &'a str) -> [(&'a str, &'a str); 9] {
    [
        ("household", household),
        ("member", "m"),
        ("assignee", assignee),
        ("period", "month"),
        ("count", "2"),
        ("starts_on", "2026-01-01"),
        ("ends_on", "2026-03-31"),
        ("basis", basis),
        ("note", NOTE),
    ]
}

#[tokio::test]
async fn a_mark_is_ordered_read_by_two_and_ended() {
    let server = Server::start().await;
    let node = GRID.into();
    server
        .add_person(COLLEAGUE, "赵网格", "zhao", node, Role::GridWorker)
        .await;
    let fields = [("address.room", "501室"), ("members.m.name", "王小明")];
    let household = server.put_household(7, GRID, &fields).await.to_string();
    let file = format!("/households/{household}");
    let new = format!("/follow-up-marks/new?household={household}");
    let mut officer = server.signed_in("wang").await;
    assert!(officer.get(&file).await.body.contains(&new));
    let form = officer.get(&new).await.body;
    assert!(form.contains("李网格") && form.contains("赵网格") && form.contains("501室"));

    let worker_id = WORKER.to_string();
    let officer_id = SUPERVISOR.to_string();
    let post = "/follow-up-marks/new";
    for (fields, said) in [
        (order(&household, &worker_id, " "), "请填写法律依据"),
        (order(&household, "", BASIS), "请从列表中指定"),
        (order(&household, &officer_id, BASIS), "请从列表中指定"),
    ] {
        let answer = officer.submit(&new, post, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(said), "{said}");
        assert!(answer.body.contains(NOTE), "what was typed stays");
    }
    let answer = officer
        .submit(&new, post, &order(&household, &worker_id, BASIS))
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let place = answer.location().to_owned();
    let mark = place.split('?').next().unwrap().to_owned();
    let id = mark.rsplit('/').next().unwrap().to_owned();
    let shown = officer.get(&place).await.body;
    assert!(shown.contains(NOTE) && shown.contains(BASIS) && shown.contains("已下达"));
    assert!(
        shown.contains("王**") && !shown.contains("王小明"),
        "masked"
    );

    // Who is named sees it; neither may they end it nor order one.
    let mut worker = server.signed_in("li").await;
    assert!(worker.get("/follow-up-marks").await.body.contains(&mark));
    let shown = worker.get(&mark).await.body;
    assert!(shown.contains(NOTE) && !shown.contains("/end"));
    let end = format!("{mark}/end");
    let refused = worker.submit("/", &end, &[]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert_eq!(worker.get(&new).await.status, StatusCode::FORBIDDEN);
    let refused = worker
        .submit("/", post, &order(&household, &worker_id, BASIS))
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);

    // A colleague of the same grid sees nothing of it, anywhere.
    let mut colleague = server.signed_in("zhao").await;
    assert_eq!(colleague.get(&mark).await.status, StatusCode::NOT_FOUND);
    let search = format!(
        "/households?q={}",
        crate::console::link::encode("先电话联系")
    );
    let lists = [
        "/",
        "/follow-up-marks",
        "/visits",
        "/conflicts",
        &file,
        &search,
    ];
    for page in lists {
        let body = colleague.get(page).await.body;
        assert!(!body.contains(&id) && !body.contains(NOTE), "{page}");
        assert!(!body.contains(BASIS), "{page}");
    }
    // Nor does anything that leaves the server for phones, programs or files.
    let storage = &server.state.storage;
    let record = wangge_model::RecordId::from_bytes([7; 16]);
    let stored = storage.find_record(&record).await.unwrap().unwrap();
    let document = RecordDocument::load(stored.kind, Some(&stored.document), []).unwrap();
    assert_eq!(document.changes().len(), 1, "no change was written");
    let heads = storage.list_feed_heads(&[GRID]).await.unwrap();
    assert_eq!(heads[0].head_seq, 1);
    assert!(
        storage
            .list_reference_stamps(&[GRID])
            .await
            .unwrap()
            .is_empty()
    );

    let answer = officer.submit(&mark, &end, &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert!(
        officer
            .get(answer.location())
            .await
            .body
            .contains("已结束并删除")
    );
    assert_eq!(worker.get(&mark).await.status, StatusCode::NOT_FOUND);
    let audit = server.audit().await;
    let count = |line: &str| audit.iter().filter(|one| *one == line).count();
    assert_eq!(
        count(&format!("follow_up_mark_ordered {id} ")),
        1,
        "{audit:?}"
    );
    assert_eq!(count(&format!("follow_up_mark_read {id} ")), 3, "{audit:?}");
    assert_eq!(
        count(&format!("follow_up_marks_listed  {id}")),
        1,
        "{audit:?}"
    );
    assert_eq!(
        count(&format!("follow_up_mark_ended {id} ")),
        1,
        "{audit:?}"
    );
    assert!(
        !audit.iter().any(|line| line.contains(&household)),
        "{audit:?}"
    );
}

#[tokio::test]
async fn an_assessor_sees_how_many_and_nothing_more() {
    let server = Server::start().await;
    let assessor = PersonId::from_bytes([14; 16]);
    let node = super::client::STREET;
    server
        .add_person(assessor, "钱考评", "qian", node, Role::Assessor)
        .await;
    let household = server
        .put_household(7, GRID, &[("address.room", "501室")])
        .await
        .to_string();
    let mut officer = server.signed_in("wang").await;
    let new = format!("/follow-up-marks/new?household={household}");
    let worker_id = WORKER.to_string();
    let answer = officer
        .submit(
            &new,
            "/follow-up-marks/new",
            &order(&household, &worker_id, BASIS),
        )
        .await;
    let mark = answer.location().split('?').next().unwrap().to_owned();
    assert!(
        !officer
            .get("/follow-up-marks")
            .await
            .body
            .contains("各网格数量")
    );
    let mut assessor = server.signed_in("qian").await;
    let page = assessor.get("/follow-up-marks").await.body;
    assert!(page.contains("各网格数量") && page.contains("第一网格"));
    assert!(!page.contains(&mark) && !page.contains("501室") && !page.contains(BASIS));
    assert_eq!(assessor.get(&mark).await.status, StatusCode::NOT_FOUND);
}
