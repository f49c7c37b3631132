//! Ledgers brought in and taken out through the pages.

use std::time::Duration;

use axum::http::{StatusCode, header};
use wangge_model::{PersonId, RecordKind};

use super::client::{Answer, Browser, GRID, OTHER_GRID, Server, WORKER};
use crate::storage::{RecordFilter, Role};

const LEDGER: &str = "网格,小区,楼栋,室,姓名,与户主关系,手机号\n\
第一网格,阳光花园,3号楼,0501,王小明,户主,13800000011\n\
第一网格,阳光花园,3号楼,0502,李雷,户主,13800000012\n\
第二网格,幸福里,5号楼,502,赵大海,户主,\n";

/// Uploads a file; answers where its page is.
async fn upload(browser: &mut Browser, text: &str, fields: &[(&str, &str)]) -> Answer {
    let csrf = browser.get("/ledgers").await.csrf();
    let mut parts = vec![("csrf", csrf.as_str())];
    parts.extend(fields);
    browser
        .upload("/ledgers/import", &parts, "台账.csv", text.as_bytes())
        .await
}

/// The page once nothing is being done any more.
async fn settled(browser: &mut Browser, address: &str) -> Answer {
    let wait = async {
        loop {
            let page = browser.get(address).await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.body);
            if !page.headers.contains_key(header::REFRESH) {
                return page;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), wait)
        .await
        .expect("the job ends")
}

async fn titles(server: &Server) -> Vec<String> {
    let filter = RecordFilter {
        kind: Some(RecordKind::Household),
        limit: 100,
        ..RecordFilter::default()
    };
    let page = server
        .state
        .storage
        .list_records(
            &WORKER,
            wangge_model::Clock::now(server.clock.as_ref()),
            &filter,
        )
        .await
        .unwrap();
    let mut titles: Vec<String> = page
        .records
        .into_iter()
        .map(|record| record.summary.title)
        .collect();
    titles.sort();
    titles
}

#[tokio::test]
async fn a_ledger_is_checked_committed_and_brought_in_again_without_effect() {
    let server = Server::start().await;
    let mut worker = server.signed_in("li").await;
    let answer = upload(&mut worker, LEDGER, &[]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let place = answer.location().to_owned();
    let page = settled(&mut worker, &place).await.body;
    assert!(
        page.contains("已检查，尚未写入") && page.contains("写入 2 户"),
        "{page}"
    );
    assert!(
        page.contains("您的管理范围内没有这个网格"),
        "not the worker's"
    );
    assert!(titles(&server).await.is_empty(), "a check writes nothing");

    let report = worker.get(&format!("{place}/report")).await;
    assert!(
        report.body.contains("A4") || report.body.contains("\r\n4,A"),
        "{}",
        report.body
    );
    assert!(
        report.headers[header::CONTENT_DISPOSITION]
            .to_str()
            .unwrap()
            .starts_with("attachment; filename=\"ledger-report.csv\"")
    );

    let commit = format!("{place}/commit");
    worker
        .submit(&place, &commit, &[("template", "表一")])
        .await;
    let page = settled(&mut worker, &place).await.body;
    assert!(
        page.contains("已导入") && page.contains("已全部写入"),
        "{page}"
    );
    assert_eq!(titles(&server).await.len(), 2);
    let audit = server.audit().await;
    assert!(
        audit.contains(&"ledger_imported  new 2, changed 0, filled 0".to_owned()),
        "{audit:?}"
    );
    // Pressing again does nothing.
    worker
        .submit(&place, &commit, &[("template", "表一")])
        .await;
    assert_eq!(settled(&mut worker, &place).await.body, page);

    let again = upload(&mut worker, LEDGER, &[]).await;
    let page = settled(&mut worker, again.location()).await.body;
    assert!(page.contains("没有要写入的住户"), "{page}");
    assert!(page.contains("已沿用列设置“表一”"), "{page}");
    assert!(!page.contains("/commit"));
    assert_eq!(
        worker.get(&place).await.status,
        StatusCode::NOT_FOUND,
        "the later file takes its place"
    );
}

#[tokio::test]
async fn what_a_column_is_can_be_said_and_is_remembered() {
    let server = Server::start().await;
    let mut worker = server.signed_in("li").await;
    let grid = GRID.to_string();
    let text = "甲,乙,丙\n阳光花园,0501,王小明\n";
    let answer = upload(&mut worker, text, &[("grid", &grid)]).await;
    let place = answer.location().to_owned();
    let page = settled(&mut worker, &place).await.body;
    assert!(
        page.contains("找不到表头") && page.contains("name=\"column_2\""),
        "{page}"
    );
    let columns = format!("{place}/columns");
    let fields = [
        ("grid", grid.as_str()),
        ("column_0", "address.estate"),
        ("column_1", "address.room"),
        ("column_2", "members.*.name"),
    ];
    worker.submit(&place, &columns, &fields).await;
    let page = settled(&mut worker, &place).await.body;
    assert!(page.contains("写入 1 户"), "{page}");
    assert!(page.contains("value=\"address.room\" selected"));
    let commit = format!("{place}/commit");
    worker
        .submit(&place, &commit, &[("template", "甲乙丙")])
        .await;
    settled(&mut worker, &place).await;
    assert_eq!(titles(&server).await.len(), 1);

    let other = "甲,乙,丙\n阳光花园,0502,李雷\n";
    let answer = upload(&mut worker, other, &[("grid", &grid)]).await;
    let page = settled(&mut worker, answer.location()).await.body;
    assert!(
        page.contains("写入 1 户") && page.contains("“甲乙丙”"),
        "{page}"
    );
    let gone = format!("{}/drop", answer.location());
    worker.submit(answer.location(), &gone, &[]).await;
    assert_eq!(
        worker.get(answer.location()).await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_household_the_register_has_is_shown_before_anything_is_written() {
    let server = Server::start().await;
    let fields = [
        ("address.estate", "阳光花园"),
        ("address.building", "3号楼"),
        ("address.room", "0501"),
    ];
    server.put_household(7, GRID, &fields).await;
    let mut worker = server.signed_in("li").await;
    let answer = upload(&mut worker, LEDGER, &[("duplicates", "fill")]).await;
    let place = answer.location().to_owned();
    let page = settled(&mut worker, &place).await.body;
    assert!(
        page.contains("系统中已有这一户") && page.contains("可能重复"),
        "{page}"
    );
    assert!(page.contains("写入 2 户"), "one new, one filled: {page}");
    worker
        .submit(
            &place,
            &format!("{place}/columns"),
            &[("duplicates", "skip")],
        )
        .await;
    let page = settled(&mut worker, &place).await.body;
    assert!(page.contains("写入 1 户"), "{page}");
}

#[tokio::test]
async fn a_file_that_is_none_is_refused_in_words() {
    let server = Server::start().await;
    let mut worker = server.signed_in("li").await;
    let answer = upload(&mut worker, "", &[]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("没有选择文件"), "{}", answer.body);

    let large = "x".repeat((32 << 20) + 1);
    let answer = upload(&mut worker, &large, &[]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.body.contains("文件太大"), "{}", answer.body);

    let csrf = worker.get("/ledgers").await.csrf();
    let old = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1rest";
    let fields = [("csrf", csrf.as_str())];
    let answer = worker
        .upload("/ledgers/import", &fields, "a.xls", old)
        .await;
    let page = settled(&mut worker, answer.location()).await.body;
    assert!(page.contains("旧版 Excel 文件"), "{page}");
}

#[tokio::test]
async fn only_who_writes_households_imports_and_nobody_sees_anothers_file() {
    let server = Server::start().await;
    let other = PersonId::from_bytes([31; 16]);
    server
        .add_person(other, "钱网格", "qian", OTHER_GRID.into(), Role::GridWorker)
        .await;
    let mut worker = server.signed_in("li").await;
    let place = upload(&mut worker, LEDGER, &[]).await.location().to_owned();
    settled(&mut worker, &place).await;
    let mut colleague = server.signed_in("qian").await;
    for path in [place.clone(), format!("{place}/report")] {
        assert_eq!(colleague.get(&path).await.status, StatusCode::NOT_FOUND);
    }
    let commit = format!("{place}/commit");
    let answer = colleague.submit("/ledgers", &commit, &[]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    // A supervisor of the street reads and does not write.
    let mut supervisor = server.signed_in("wang").await;
    assert!(supervisor.get("/ledgers").await.body.contains("不能导入"));
    assert_eq!(
        upload(&mut supervisor, LEDGER, &[]).await.status,
        StatusCode::FORBIDDEN
    );
    // A grid of somebody else's is as good as none.
    let grid = GRID.to_string();
    let text = "小区,室,姓名\n阳光花园,0501,王小明\n";
    let answer = upload(&mut colleague, text, &[("grid", &grid)]).await;
    let page = settled(&mut colleague, answer.location()).await.body;
    assert!(page.contains("没有网格。请填写网格列"), "{page}");

    let forged = [("csrf", "nothing")];
    let answer = worker
        .upload("/ledgers/import", &forged, "a.csv", b"x")
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    worker.site = Some("cross-site".to_owned());
    let answer = worker
        .upload("/ledgers/import", &forged, "a.csv", b"x")
        .await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_table_is_written_masked_unless_there_is_a_reason_and_both_are_noted() {
    let server = Server::start().await;
    for (byte, grid, room) in [(7, GRID, "0501"), (8, OTHER_GRID, "0602")] {
        let fields = [
            ("address.estate", "阳光花园"),
            ("address.room", room),
            ("contact.phone", "13800138000"),
        ];
        server.put_household(byte, grid, &fields).await;
    }
    let mut supervisor = server.signed_in("wang").await;
    let export = async |browser: &mut Browser, fields: &[(&str, &str)]| {
        browser.submit("/ledgers", "/ledgers/export", fields).await
    };
    let answer = export(&mut supervisor, &[("form", "csv")]).await;
    let place = answer.location().to_owned();
    let page = settled(&mut supervisor, &place).await.body;
    assert!(page.contains("已导出 2 户"), "{page}");
    let file = supervisor.get(&format!("{place}/file")).await;
    assert!(file.body.contains("0501") && file.body.contains("0602"));
    assert!(!file.body.contains("13800138000"), "masked");
    assert_eq!(file.headers[header::CACHE_CONTROL], "no-store");

    let answer = export(&mut supervisor, &[("form", "csv"), ("unmask", "1")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("请写明理由"));
    let grid = GRID.to_string();
    let fields = [
        ("form", "csv"),
        ("unmask", "1"),
        ("reason", "街道核对"),
        ("grid", grid.as_str()),
    ];
    let answer = export(&mut supervisor, &fields).await;
    let place = answer.location().to_owned();
    settled(&mut supervisor, &place).await;
    let file = supervisor.get(&format!("{place}/file")).await.body;
    assert!(
        file.contains("13800138000") && !file.contains("0602"),
        "{file}"
    );
    let audit = server.audit().await;
    assert!(
        audit.contains(&"ledger_exported  masked".to_owned()),
        "{audit:?}"
    );
    let unmasked = format!("ledger_exported {grid} unmasked: 街道核对");
    assert!(audit.contains(&unmasked), "{audit:?}");

    // A worker has the households of one grid; another's table is not theirs.
    let mut worker = server.signed_in("li").await;
    assert_eq!(
        worker.get(&format!("{place}/file")).await.status,
        StatusCode::NOT_FOUND
    );
    let answer = export(&mut worker, &[("form", "geojson")]).await;
    let page = settled(&mut worker, answer.location()).await.body;
    assert!(page.contains("已导出 1 户，0 行"), "{page}");
    let mut assessor = {
        let id = PersonId::from_bytes([32; 16]);
        let node = super::client::STREET;
        server
            .add_person(id, "周考评", "zhou", node, Role::Assessor)
            .await;
        server.signed_in("zhou").await
    };
    let answer = export_as(&mut assessor).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

async fn export_as(browser: &mut Browser) -> Answer {
    let csrf = browser.get("/").await.csrf();
    browser
        .post("/ledgers/export", &[("csrf", &csrf), ("form", "csv")])
        .await
}
