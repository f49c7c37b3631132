//! Coverage, campaigns and visit rules, by HTTP requests.

use axum::http::StatusCode;
use wangge_model::{
    GridId, PersonId,
    reference::VISIT_RULES,
    visit_plan::{Campaign, VisitRules},
};

use super::client::{GRID, OTHER_GRID, STREET, Server};
use crate::storage::Role;

/// The campaigns phones of a grid hold.
async fn campaigns(server: &Server, grid: GridId) -> Vec<Campaign> {
    let storage = &server.state.storage;
    let stamps = storage.list_reference_stamps(&[grid]).await.unwrap();
    let sets = storage.load_references(&stamps, usize::MAX).await.unwrap();
    sets.iter()
        .map(|(_, body)| serde_json::from_slice(body).unwrap())
        .collect()
}

#[tokio::test]
async fn coverage_shows_the_grids_of_the_scope() {
    let server = Server::start().await;
    server
        .put_household(7, GRID, &[("address.room", "501室")])
        .await;
    let mut supervisor = server.signed_in("wang").await;
    let page = supervisor.get("/coverage").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("第一网格") && page.body.contains("第二网格"));
    assert!(page.body.contains("0（0%）") && page.body.contains("value=\"2026-01\""));
    assert!(!page.body.contains("正在统计"));
    let page = supervisor.get("/coverage?month=2025-11").await;
    assert!(page.body.contains("value=\"2025-11\""));
    let page = supervisor.get("/coverage?month=%3Cscript").await;
    assert!(page.body.contains("value=\"2026-01\""));
    let mut worker = server.signed_in("li").await;
    let page = worker.get("/coverage").await.body;
    assert!(!page.contains("第二网格"));
}

#[tokio::test]
async fn a_campaign_is_counted_made_followed_and_closed() {
    let server = Server::start().await;
    for (id, grid, ledger) in [
        (7, GRID, "consistent"),
        (8, GRID, "tenant"),
        (9, OTHER_GRID, "tenant"),
    ] {
        server.put_household(id, grid, &[("ledger", ledger)]).await;
    }
    let mut browser = server.signed_in("wang").await;
    let new = "/campaigns/new";
    let node = GRID.to_string();
    let fields = |title: &'static str, node: &str, action: &'static str| {
        let node = node.to_owned();
        [
            ("title", title.to_owned()),
            ("kind", "campaign".to_owned()),
            ("starts_on", "2026-01-01".to_owned()),
            ("ends_on", "2026-01-15".to_owned()),
            ("checks", "软管是否老化\r\n\r\n报警器是否有效".to_owned()),
            ("node", node),
            ("ledger", "tenant".to_owned()),
            ("unvisited", "month".to_owned()),
            ("action", action.to_owned()),
        ]
    };
    let pairs = |fields: &[(&'static str, String)]| {
        let pairs: Vec<(&str, String)> = fields.to_vec();
        pairs
    };
    let mut submit = async |fields: &[(&'static str, String)]| {
        let owned = pairs(fields);
        let fields: Vec<(&str, &str)> = owned.iter().map(|(a, b)| (*a, b.as_str())).collect();
        browser.submit(new, new, &fields).await
    };
    let answer = submit(&fields("燃气排查", "", "count")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.body.contains("共 2 户"), "{}", answer.body);
    assert!(
        answer.body.contains("value=\"燃气排查\""),
        "what was typed stays"
    );
    let answer = submit(&fields("  ", "", "make")).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("请填写名称"));
    assert!(campaigns(&server, GRID).await.is_empty());
    let answer = submit(&fields("燃气排查", &node, "make")).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let address = answer.location().to_owned();
    let page = browser.get(&address).await.body;
    assert!(page.contains("已发布，共 1 户") && page.contains("报警器是否有效"));
    let held = campaigns(&server, GRID).await;
    assert_eq!((held.len(), held[0].checks.len()), (1, 2));
    assert!(campaigns(&server, OTHER_GRID).await.is_empty());
    let list = browser.get("/campaigns").await.body;
    assert!(list.contains("燃气排查") && list.contains("进行中"));

    let place = address.split('?').next().unwrap().to_owned();
    let mut worker = server.signed_in("li").await;
    assert!(worker.get("/campaigns").await.body.contains("燃气排查"));
    assert!(!worker.get(&place).await.body.contains("/close"));
    assert_eq!(worker.get(new).await.status, StatusCode::FORBIDDEN);
    let close = format!("{place}/close");
    assert_eq!(
        worker.submit("/", &close, &[]).await.status,
        StatusCode::FORBIDDEN
    );
    let answer = browser.submit(&place, &close, &[]).await;
    assert!(browser.get(answer.location()).await.body.contains("已结束"));
    assert!(campaigns(&server, GRID).await.is_empty());
    let audit = server.audit().await;
    let id = place.rsplit('/').next().unwrap();
    assert!(
        audit.contains(&format!("campaign_made {id} 燃气排查")),
        "{audit:?}"
    );
    assert!(audit.contains(&format!("campaign_closed {id} ")));
    for unknown in [
        "/campaigns/x",
        "/campaigns/00000000-0000-0000-0000-000000000000",
    ] {
        assert_eq!(browser.get(unknown).await.status, StatusCode::NOT_FOUND);
    }
}

/// The inputs of a page's main form as a browser would send them back.
fn inputs(html: &str) -> Vec<(String, String)> {
    let (_, html) = html.split_once("class=\"entry\"").expect("a form");
    let (html, _) = html.split_once("</form>").expect("its end");
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        Some(rest.split('"').next()?.replace("&#38;", "&"))
    };
    let mut found = Vec::new();
    let mut select = String::new();
    for tag in html.split('<').filter_map(|part| part.split('>').next()) {
        if tag.starts_with("select") {
            select = attribute(tag, "name").unwrap();
        } else if tag.starts_with("option") && tag.ends_with("selected") {
            found.push((select.clone(), attribute(tag, "value").unwrap()));
        } else if tag.starts_with("input") {
            let is_off = tag.contains("checkbox") && !tag.ends_with("checked");
            if let (false, Some(name)) = (is_off, attribute(tag, "name")) {
                found.push((name, attribute(tag, "value").unwrap_or_default()));
            }
        }
    }
    found
}

#[tokio::test]
async fn rules_are_changed_in_a_form_and_withdrawn() {
    let server = Server::start().await;
    let admin = PersonId::from_bytes([0x77; 16]);
    server
        .add_person(admin, "赵管理", "zhao", STREET, Role::Admin)
        .await;
    let page = format!("/rules/{STREET}");
    let mut worker = server.signed_in("li").await;
    let seen = worker.get(&format!("/rules/{GRID}")).await;
    assert_eq!(seen.status, StatusCode::OK);
    assert!(seen.body.contains("内置规则") && !seen.body.contains("发布</button>"));
    assert_eq!(worker.get(&page).await.status, StatusCode::NOT_FOUND);
    let fields = [("min_duration_s", "1")];
    assert_eq!(
        worker
            .submit("/", &format!("/rules/{GRID}"), &fields)
            .await
            .status,
        StatusCode::FORBIDDEN
    );

    let mut browser = server.signed_in("zhao").await;
    let form = inputs(&browser.get(&page).await.body);
    let send = async |browser: &mut super::client::Browser, changes: &[(&str, &str)]| {
        let mut form = form.clone();
        for (name, value) in changes {
            form.retain(|(key, _)| key != name);
            form.push(((*name).to_owned(), (*value).to_owned()));
        }
        let pairs: Vec<(&str, &str)> = form.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        browser.post(&page, &pairs).await
    };
    let answer = send(&mut browser, &[("max_distance_m", "1")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("距住户最远"), "{}", answer.body);
    let answer = send(
        &mut browser,
        &[("max_distance_m", "300"), ("removed_0", "1")],
    )
    .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    assert!(browser.get(answer.location()).await.body.contains("已发布"));
    let storage = &server.state.storage;
    let held = storage.find_reference(VISIT_RULES, &STREET).await.unwrap();
    let held = held.unwrap();
    let rules: VisitRules = serde_json::from_slice(held.body.as_deref().unwrap()).unwrap();
    let usual = VisitRules::default();
    assert_eq!(rules.validity.max_distance_m, 300);
    assert_eq!(rules.rules, usual.rules[1..]);
    assert_eq!(held.person_name, "赵管理");

    let answer = send(&mut browser, &[("max_distance_m", "400")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.body.contains("别人已发布"),
        "the page was of an older edition"
    );
    let seen = worker.get(&format!("/rules/{GRID}")).await.body;
    assert!(seen.contains("沿用上级：泉城街道") && seen.contains("value=\"300\""));
    let list = browser.get("/rules").await.body;
    assert!(list.contains(&format!("href=\"{page}\"")));
    let answer = browser
        .submit(&page, &format!("{page}/withdraw"), &[])
        .await;
    let after = browser.get(answer.location()).await.body;
    assert!(after.contains("已撤回") && after.contains("内置规则"));
    let audit = server.audit().await;
    for action in ["reference_published", "reference_withdrawn"] {
        let entry = format!("{action} {VISIT_RULES} {STREET} ");
        assert!(audit.contains(&entry), "{audit:?}");
    }
}
