//! Pages and forms with a real database behind them.

use axum::http::{StatusCode, header};
use wangge_model::{FieldPath, RecordKind, Timestamp, document::RecordDocument};

use super::client::{DEVICE, GRID, OTHER_GRID, Server, WORKER};
use crate::{console::PageError, storage::NewReference};

/// Every form that changes something, on the server of these tests.
const FORMS: [&str; 18] = [
    "/sign-out",
    "/households/{id}/show",
    "/households/{id}/settle",
    "/households/{id}/move",
    "/visits/{id}/show",
    "/visits/{id}/settle",
    "/visits/{id}/move",
    "/incidents/{id}/show",
    "/incidents/{id}/settle",
    "/incidents/{id}/move",
    "/devices/15151515-1515-1515-1515-151515151515/revoke",
    "/quarantine/51515151-5151-5151-5151-515151515151/seen",
    "/review/53535353-5353-5353-5353-535353535353/accept",
    "/review/53535353-5353-5353-5353-535353535353/refuse",
    "/duplicates/{id}/{id}/merge",
    "/duplicates/{id}/{id}/different",
    "/merged/{id}/settle",
    "/merged/{id}/unmerge",
];

#[tokio::test]
async fn no_form_is_taken_without_its_token_or_from_another_site() {
    let server = Server::start().await;
    let (id, a, _) = server.put_conflicted_household(7).await;
    server.put_quarantine(0x51, GRID).await;
    let mut browser = server.signed_in("wang").await;
    let csrf = browser.get("/").await.csrf();
    let change = a.to_string();
    let before = server.audit().await;
    for form in FORMS {
        let path = form.replace("{id}", &id.to_string());
        let fields = [
            ("path", "contact.phone"),
            ("change", change.as_str()),
            ("reason", "核实"),
        ];
        let with = |token: &'static str| [fields.as_slice(), &[("csrf", token)]].concat();
        browser.site = Some("same-origin".to_owned());
        for token in ["", "00"] {
            let answer = browser.post(&path, &with(token)).await;
            assert_eq!(
                answer.status,
                StatusCode::FORBIDDEN,
                "{path} with token {token:?}"
            );
        }
        assert_eq!(
            browser.post(&path, &fields).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
        let good = [fields.as_slice(), &[("csrf", csrf.as_str())]].concat();
        for site in ["cross-site", "same-site", "none"] {
            browser.site = Some(site.to_owned());
            let answer = browser.post(&path, &good).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} from {site}");
        }
        browser.site = Some("same-origin".to_owned());
        let answer = browser.get(&path).await;
        assert_eq!(
            answer.status,
            StatusCode::METHOD_NOT_ALLOWED,
            "{path} with GET"
        );
    }
    assert_eq!(server.audit().await, before, "nothing was done");
    assert_eq!(
        browser.get("/").await.status,
        StatusCode::OK,
        "still signed in"
    );
}

#[tokio::test]
async fn nothing_outside_ones_grids_exists() {
    let server = Server::start().await;
    let own = server
        .put_household(7, GRID, &[("address.room", "本网格501")])
        .await;
    let other = server
        .put_household(8, OTHER_GRID, &[("address.room", "别网格502")])
        .await;
    server.put_quarantine(0x51, GRID).await;
    let mut worker = server.signed_in("li").await;
    assert_eq!(
        worker.get(&format!("/households/{own}")).await.status,
        StatusCode::OK
    );
    for path in [
        format!("/households/{other}"),
        format!("/visits/{own}"),
        "/households/00000000-0000-0000-0000-000000000000".to_owned(),
        "/households/not-an-id".to_owned(),
        "/nowhere".to_owned(),
    ] {
        let answer = worker.get(&path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.body.contains("别网格"), "{path}");
    }
    let list = worker.get("/households").await;
    assert!(list.body.contains("本网格501") && !list.body.contains("别网格502"));
    let home = worker.get("/").await;
    assert!(home.body.contains("第一网格") && !home.body.contains("第二网格"));
    let show = format!("/households/{other}/show");
    let fields = [("path", "contact.phone"), ("reason", "核实身份")];
    assert_eq!(
        worker.submit("/", &show, &fields).await.status,
        StatusCode::NOT_FOUND
    );
    let settle = format!("/households/{other}/settle");
    let change = "00".repeat(32);
    let fields = [("path", "contact.phone"), ("change", change.as_str())];
    assert_eq!(
        worker.submit("/", &settle, &fields).await.status,
        StatusCode::NOT_FOUND
    );
    let mut supervisor = server.signed_in("wang").await;
    assert_eq!(
        supervisor.get(&format!("/households/{other}")).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn a_page_shows_what_its_place_collects_and_what_is_missing() {
    let server = Server::start().await;
    let list = r#"{"id": "water", "title": {"zh": "水表", "en": "Water"}, "extra": [
        {"name": "supply", "kind": "household", "type": "choice",
         "choices": [{"code": "well", "label": {"zh": "自备井", "en": "Own well"}}],
         "label": {"zh": "供水方式", "en": "Water from"},
         "purpose": {"zh": "供水", "en": "Supply"}, "basis": "供水条例"},
        {"name": "water_meter", "kind": "household", "type": "text", "max": 20, "ask": "required",
         "label": {"zh": "水表号", "en": "Water meter"},
         "purpose": {"zh": "抄表", "en": "Reading"}, "basis": "供水条例"}]}"#;
    wangge_model::reference::check("collection_list.water", list.as_bytes()).unwrap();
    let set = NewReference {
        name: "collection_list.water".to_owned(),
        node: GRID.into(),
        body: Some(list.as_bytes().to_vec()),
        person: None,
        at: Timestamp::from_millis(0),
    };
    server
        .state
        .storage
        .publish_references(&[set])
        .await
        .unwrap();
    let fields = [
        ("address.room", "501室"),
        ("extra.supply", "well"),
        ("extra.gone", "旧值"),
        ("members.c.name", "王小宝"),
        ("members.c.birth_date", "2020-01-01"),
    ];
    let id = server.put_household(7, GRID, &fields).await;
    let mut browser = server.signed_in("wang").await;
    let page = browser.get(&format!("/households/{id}")).await.body;
    for text in [
        "供水方式",
        "自备井",
        "水表号",
        "这一项必填",
        "未满十四周岁",
        "旧值",
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("出租间数"), "not asked where nothing is let");
}

#[tokio::test]
async fn a_hidden_number_is_shown_once_for_a_reason_that_is_noted() {
    let server = Server::start().await;
    let fields = [
        ("address.room", "501室"),
        ("members.m.name", "王小明"),
        ("members.m.citizen_id", "370102189912319991"),
    ];
    let id = server.put_household(7, GRID, &fields).await;
    let mut browser = server.signed_in("wang").await;
    let page = format!("/households/{id}");
    let hidden = browser.get(&page).await;
    assert!(hidden.body.contains("370102********9991"));
    assert!(!hidden.body.contains("370102189912319991"));
    let show = format!("{page}/show");
    let path = ("path", "members.m.citizen_id");
    let answer = browser.submit(&page, &show, &[path, ("reason", " ")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(!answer.body.contains("370102189912319991"));
    let answer = browser
        .submit(&page, &show, &[("path", "ledger"), ("reason", "核实")])
        .await;
    assert_eq!(
        answer.status,
        StatusCode::BAD_REQUEST,
        "nothing is hidden there"
    );
    let answer = browser
        .submit(&page, &show, &[path, ("reason", "核实身份")])
        .await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains("370102189912319991"));
    assert!(
        !browser.get(&page).await.body.contains("370102189912319991"),
        "hidden again"
    );
    let shown: Vec<String> = server
        .audit()
        .await
        .into_iter()
        .filter(|row| row.starts_with("field_shown"))
        .collect();
    assert_eq!(
        shown,
        [format!("field_shown {id} members.m.citizen_id: 核实身份")]
    );
}

#[tokio::test]
async fn a_chosen_value_becomes_a_change_in_the_feed_by_the_person_at_the_console() {
    let server = Server::start().await;
    let (id, a, b) = server.put_conflicted_household(7).await;
    let mut hints = server.state.hints();
    let mut browser = server.signed_in("wang").await;
    let page = format!("/households/{id}");
    let before = browser.get(&page).await;
    assert!(before.body.contains("138****0001") && before.body.contains("138****0002"));
    let settle = format!("{page}/settle");
    let chosen = a.to_string();
    let fields = [("path", "contact.phone"), ("change", chosen.as_str())];
    let answer = browser.submit(&page, &settle, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let after = browser.get(answer.location()).await;
    assert!(after.body.contains("已选定「联系电话」"), "{}", after.body);
    assert!(!after.body.contains("id=\"conflicts\""));

    let stored = server
        .state
        .storage
        .find_record(&id)
        .await
        .unwrap()
        .unwrap();
    let document = RecordDocument::load(RecordKind::Household, Some(&stored.document), []).unwrap();
    let path = FieldPath::new("contact.phone").unwrap();
    assert_eq!(document.value(&path).unwrap().to_display(), "13800000001");
    assert!(document.conflicts().is_empty());
    assert_eq!(
        hints.try_recv().unwrap().head_seq,
        4,
        "after the phones' three changes"
    );
    let authors = server.state.storage.list_authorship(&id).await.unwrap();
    let last = authors.last().unwrap();
    assert_eq!(last.person_name.as_deref(), Some("王社区"));
    assert_eq!(last.device, None);
    assert_ne!(last.person, Some(WORKER));

    let late = b.to_string();
    let fields = [("path", "contact.phone"), ("change", late.as_str())];
    let answer = browser.submit("/", &settle, &fields).await;
    assert_eq!(answer.location(), format!("{page}?gone=contact.phone"));
    assert!(
        browser
            .get(answer.location())
            .await
            .body
            .contains("notice problem")
    );
}

#[tokio::test]
async fn hostile_content_is_shown_as_text() {
    let server = Server::start().await;
    let hostile = "<script>x()</script>";
    let fields = [
        ("address.detail", hostile),
        ("contact.name", hostile),
        ("notes", "\"'><img src=x onerror=x()>"),
        ("members.m.name", hostile),
    ];
    let id = server.put_household(7, GRID, &fields).await;
    let mut browser = server.signed_in("wang").await;
    for path in [
        "/households".to_owned(),
        format!("/households/{id}"),
        "/households?q=<script>".to_owned(),
    ] {
        let path = path.replace('<', "%3C").replace('>', "%3E");
        let answer = browser.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.body.contains("&#60;script&#62;"), "{path}");
        assert!(
            !answer.body.contains("<script") && !answer.body.contains("<img"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn lists_are_searched_within_the_scope() {
    let server = Server::start().await;
    server
        .put_household(
            7,
            GRID,
            &[("address.room", "梧桐里"), ("contact.name", "王小明")],
        )
        .await;
    server
        .put_household(8, OTHER_GRID, &[("address.room", "银杏里")])
        .await;
    let mut browser = server.signed_in("wang").await;
    let found = browser.get("/households?q=%E7%8E%8B%E5%B0%8F").await.body;
    assert!(found.contains("梧桐里") && !found.contains("银杏里"));
    let found = browser
        .get(&format!("/households?grid={OTHER_GRID}"))
        .await
        .body;
    assert!(!found.contains("梧桐里") && found.contains("银杏里"));
    let found = browser.get("/households?conflicts=1").await.body;
    assert!(found.contains("没有符合条件的住户"));
    for path in [
        "/visits",
        "/incidents",
        "/visits?page=99999999999999999999",
        "/incidents?q=%00",
    ] {
        assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_supervisor_revokes_a_phone_and_a_worker_cannot() {
    let server = Server::start().await;
    let revoke = "/devices/15151515-1515-1515-1515-151515151515/revoke";
    let mut worker = server.signed_in("li").await;
    assert!(!worker.get("/devices").await.body.contains("/revoke"));
    assert_eq!(
        worker.submit("/devices", revoke, &[]).await.status,
        StatusCode::FORBIDDEN
    );
    let mut browser = server.signed_in("wang").await;
    assert!(browser.get("/devices").await.body.contains("1号手机"));
    let answer = browser.submit("/devices", revoke, &[]).await;
    assert!(
        browser
            .get(answer.location())
            .await
            .body
            .contains("已停用「1号手机」")
    );
    let unknown = "/devices/00000000-0000-0000-0000-000000000000/revoke";
    assert_eq!(
        browser.submit("/devices", unknown, &[]).await.status,
        StatusCode::NOT_FOUND
    );
    let audit = server.audit().await;
    assert!(
        audit
            .iter()
            .any(|row| row.starts_with("device_revoked 15151515")),
        "{audit:?}"
    );
}

#[tokio::test]
async fn quarantine_says_why_gives_the_bytes_and_remembers_who_looked() {
    let server = Server::start().await;
    let id = server.put_quarantine(0x51, GRID).await;
    let mut browser = server.signed_in("wang").await;
    let list = browser.get("/quarantine").await.body;
    assert!(list.contains("这一项只能由服务器填写") && list.contains("李网格"));
    assert!(browser.get("/").await.body.contains("badge warn"));
    let page = format!("/quarantine/{id}");
    let item = browser.get(&page).await.body;
    assert!(
        item.contains("case.number") && item.contains("9 字节"),
        "{item}"
    );
    let bytes = browser.get(&format!("{page}/bytes")).await;
    assert_eq!(bytes.body, "raw bytes");
    assert!(
        bytes.headers[header::CONTENT_DISPOSITION]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    let answer = browser.submit(&page, &format!("{page}/seen"), &[]).await;
    assert!(
        browser
            .get(answer.location())
            .await
            .body
            .contains("王社区 于 2026-01-01 08:00")
    );
    assert!(
        !browser.get("/").await.body.contains("badge warn"),
        "no longer counted as new"
    );
    let mut worker = server.signed_in("li").await;
    assert_eq!(
        worker.get(&page).await.status,
        StatusCode::OK,
        "it is the worker's own"
    );
    assert_eq!(
        worker.get(&format!("{page}/bytes")).await.status,
        StatusCode::FORBIDDEN
    );
    let actions: Vec<String> = server.audit().await;
    assert!(
        actions.contains(&format!("quarantine_downloaded {id} ")),
        "{actions:?}"
    );
    assert!(actions.contains(&format!("quarantine_seen {id} ")));
}

#[tokio::test]
async fn error_pages_speak_the_readers_language_and_tell_nothing() {
    let server = Server::start().await;
    let mut browser = server.signed_in("wang").await;
    browser.get("/preferences?lang=en").await;
    let answer = browser.get("/households/13800138000?name=secret").await;
    assert_eq!(answer.status, PageError::NotFound.status());
    assert!(answer.body.contains("Not found"));
    assert!(!answer.body.contains("13800138000") && !answer.body.contains("secret"));
}

#[tokio::test]
async fn a_form_that_is_too_large_or_not_a_form_is_refused() {
    let server = Server::start().await;
    let (id, ..) = server.put_conflicted_household(7).await;
    let mut browser = server.signed_in("wang").await;
    let show = format!("/households/{id}/show");
    let long = "x".repeat(100_000);
    let answer = browser
        .submit("/", &show, &[("path", "contact.phone"), ("reason", &long)])
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    let answer = browser
        .submit("/", &show, &[("path", "../x"), ("reason", "核实")])
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let answer = browser.submit("/", &show, &[("reason", "核实")]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_late_edit_shows_what_it_would_change_and_is_accepted_or_refused_with_a_reason() {
    let server = Server::start().await;
    let fields = [("contact.name", "周敏"), ("contact.phone", "13800000001")];
    let (id, taken) = server.put_late_edit(0x53, GRID, &fields).await;
    let (_, left) = server.put_late_edit(0x54, GRID, &[("notes", "改")]).await;
    let mut browser = server.signed_in("wang").await;
    assert!(browser.get("/").await.body.contains("href=\"/review\""));
    let list = browser.get("/review").await.body;
    assert!(list.contains("李网格") && list.contains(&format!("/review/{taken}")));
    assert!(!browser.get("/quarantine").await.body.contains("李网格"));
    let page = format!("/review/{taken}");
    let item = browser.get(&page).await.body;
    assert!(item.contains("周敏") && item.contains("未填写"), "{item}");
    assert!(!item.contains("13800000001"), "phone numbers stay masked");

    // Without a reason it is not refused.
    let other = format!("/review/{left}");
    let answer = browser
        .submit(&other, &format!("{other}/refuse"), &[("reason", "  ")])
        .await;
    let back = answer.headers[header::LOCATION]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(browser.get(&back).await.body.contains("请写明不采用的原因"));
    let reason = [("reason", "已由新网格员登记")];
    browser
        .submit(&other, &format!("{other}/refuse"), &reason)
        .await;
    assert_eq!(browser.get(&other).await.status, StatusCode::NOT_FOUND);

    browser.submit(&page, &format!("{page}/accept"), &[]).await;
    let record = browser.get(&format!("/households/{id}")).await.body;
    assert!(record.contains("周敏") && record.contains("李网格"));
    assert!(
        browser
            .get("/review")
            .await
            .body
            .contains("没有等待审核的修改")
    );

    let storage = &server.state.storage;
    let told = storage.list_decisions(&DEVICE, 0, 10).await.unwrap();
    let said: Vec<(bool, &str)> = told
        .iter()
        .map(|one| (one.accepted, one.reason.as_str()))
        .collect();
    assert_eq!(said, [(false, "已由新网格员登记"), (true, "")]);
    assert_eq!(told[1].grid, Some(GRID));
    let after = storage.list_decisions(&DEVICE, told[0].number, 10).await;
    assert_eq!(after.unwrap(), told[1..], "only what follows");
    let actions = server.audit().await;
    assert!(actions.contains(&format!("review_accepted {taken} ")));
    assert!(actions.contains(&format!("review_refused {left} ")));
}

#[tokio::test]
async fn a_worker_sees_own_late_edits_and_decides_on_none() {
    let server = Server::start().await;
    let (_, id) = server
        .put_late_edit(0x53, OTHER_GRID, &[("notes", "改")])
        .await;
    let mut worker = server.signed_in("li").await;
    let page = format!("/review/{id}");
    let item = worker.get(&page).await.body;
    assert!(item.contains("不在您的范围内"), "{item}");
    let csrf = worker.get("/").await.csrf();
    for action in ["accept", "refuse"] {
        let form = [("csrf", csrf.as_str()), ("reason", "x")];
        let answer = worker.post(&format!("{page}/{action}"), &form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
}
