//! Pairs that may be the same, merging, settling and parting, by HTTP requests.

use axum::http::{StatusCode, header};

use super::client::{GRID, OTHER_GRID, Server};

const HOME: [(&str, &str); 3] = [
    ("address.estate", "阳光花园"),
    ("address.building", "3号楼"),
    ("address.room", "501室"),
];

async fn index(server: &Server) {
    while server.state.storage.index_some(100).await.unwrap() {}
}

fn with<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [HOME.as_slice(), more].concat()
}

#[tokio::test]
async fn pairs_are_compared_merged_settled_and_parted_on_the_page() {
    let server = Server::start().await;
    let kept = server
        .put_household(
            7,
            GRID,
            &with(&[("contact.name", "王小明"), ("contact.phone", "13800138000")]),
        )
        .await;
    let alias = server
        .put_household(
            8,
            GRID,
            &with(&[("contact.name", "李雷"), ("notes", "有楼梯")]),
        )
        .await;
    // The same address in another grid is another home.
    server.put_household(9, OTHER_GRID, &HOME).await;
    index(&server).await;
    let mut browser = server.signed_in("wang").await;
    let list = browser.get("/duplicates").await;
    let pair = format!("/duplicates/{kept}/{alias}");
    assert_eq!(list.status, StatusCode::OK);
    assert!(list.body.contains(&pair) && list.body.contains("地址相同"));
    assert_eq!(list.body.matches("/duplicates/0").count(), 1);
    let compared = browser.get(&pair).await;
    assert!(compared.body.contains("王小明") && compared.body.contains("李雷"));
    assert!(compared.body.contains("138****8000") && !compared.body.contains("13800138000"));

    let merged = browser
        .submit(&pair, &format!("{pair}/merge"), &[("keep", "one")])
        .await;
    assert_eq!(merged.status, StatusCode::SEE_OTHER);
    let page = browser.get(&format!("/households/{kept}?merged=1")).await;
    assert!(page.body.contains("已合并到本记录") && page.body.contains("李雷"));
    assert!(page.body.contains("有楼梯"), "what it lacked came over");
    let list = browser.get("/households").await;
    assert_eq!(
        list.body.matches(&format!("/households/{alias}")).count(),
        0
    );
    index(&server).await;
    assert!(!browser.get("/duplicates").await.body.contains(&pair));
    let opened = browser.get(&format!("/households/{alias}")).await;
    assert_eq!(opened.status, StatusCode::SEE_OTHER);
    let location = opened.headers[header::LOCATION].to_str().unwrap();
    assert!(location.starts_with(&format!("/households/{kept}?alias=")));
    let itself = browser.get(&format!("/households/{alias}?itself=1")).await;
    assert!(itself.body.contains("这份记录已合并到另一份"));

    let stored = server.state.storage.find_record(&alias).await.unwrap();
    let heads: Vec<String> = stored
        .unwrap()
        .heads
        .iter()
        .map(ToString::to_string)
        .collect();
    let state = heads.join(".");
    let word = [
        ("path", "contact.name"),
        ("choice", "0"),
        ("state", state.as_str()),
    ];
    let from = format!("/households/{kept}");
    let settle = format!("/merged/{alias}/settle");
    let settled = browser.submit(&from, &settle, &word).await;
    assert_eq!(settled.status, StatusCode::SEE_OTHER);
    let page = browser.get(&from).await;
    assert!(page.body.contains("没有不同的内容"));

    let unmerge = format!("/merged/{alias}/unmerge");
    let parted = browser.submit(&from, &unmerge, &[]).await;
    assert_eq!(parted.status, StatusCode::SEE_OTHER);
    let list = browser.get("/households").await;
    assert!(list.body.contains(&format!("/households/{alias}")));
    let audited: Vec<String> = server
        .audit()
        .await
        .into_iter()
        .filter(|entry| entry.starts_with("record_"))
        .collect();
    assert_eq!(audited.len(), 2, "{audited:?}");
}

#[tokio::test]
async fn two_that_are_not_the_same_are_not_shown_as_a_pair_again() {
    let server = Server::start().await;
    let one = server.put_household(7, GRID, &HOME).await;
    let other = server.put_household(8, GRID, &HOME).await;
    index(&server).await;
    let pair = format!("/duplicates/{one}/{other}");
    // A worker sees the two and does not decide.
    let mut worker = server.signed_in("li").await;
    assert!(!worker.get("/duplicates").await.body.contains(&pair));
    let refused = worker
        .submit(&pair, &format!("{pair}/different"), &[])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let refused = worker
        .submit(&pair, &format!("{pair}/merge"), &[("keep", "one")])
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let mut browser = server.signed_in("wang").await;
    let said = browser
        .submit(&pair, &format!("{pair}/different"), &[])
        .await;
    assert_eq!(said.status, StatusCode::SEE_OTHER);
    let list = browser.get("/duplicates?done=different").await;
    assert!(list.body.contains("不再列为疑似重复") && !list.body.contains(&pair));
}
