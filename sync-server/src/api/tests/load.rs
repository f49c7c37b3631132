//! How much a server takes. Run with
//! `cargo test --release -p wangge-server -- --ignored --nocapture load`.

use std::time::Instant;

use wangge_model::protocol::seal;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; needs a release build"]
async fn load_of_a_hundred_phones_with_twenty_new_households_each() {
    let server = TestServer::start(1).await;
    let person = server.add_worker("王小明", server.grids[0]).await;
    let mut bodies = Vec::new();
    let mut tokens = Vec::new();
    for _ in 0..100 {
        let mut phone = SimDevice::enrol(&server, person).await;
        for number in 0..20 {
            let room = format!("{number}室");
            let fields = [
                ("address.estate", "阳光花园"),
                ("address.building", "3号楼"),
                ("address.unit", "2单元"),
                ("address.room", room.as_str()),
                ("ledger", "consistent"),
                ("contact.name", "王小明"),
                ("contact.phone", "13800138000"),
                ("members.a.name", "王小明"),
                ("members.a.sex", "1"),
                ("members.a.birth_date", "1890-01-01"),
                ("members.a.relation", "0"),
                ("members.b.name", "李雷"),
                ("members.b.sex", "2"),
                ("members.b.relation", "1"),
                ("notes", "门前有台阶，老人行动不便"),
            ];
            phone.create(&server, RecordKind::Household, server.grids[0], &fields);
        }
        let items = std::mem::take(&mut phone.outbox);
        let request = phone.request(items);
        bodies.push(seal(&request));
        tokens.push(phone.token);
    }
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    let started = Instant::now();
    let pushes = bodies.into_iter().zip(&tokens).map(|(body, token)| {
        let server = &server;
        async move {
            let reply = server.post("/v1/sync", Some(token), body).await;
            assert_eq!(verdicts(&reply).len(), 20);
        }
    });
    futures_util::future::join_all(pushes).await;
    let seconds = started.elapsed().as_secs_f64();
    println!("2000 records, {bytes} bytes up, {seconds:.3} s, {:.0} records/s", 2000.0 / seconds);
    println!("{}", server.state.metrics.to_text().lines().filter(|l| l.contains("seconds")).collect::<Vec<_>>().join("\n"));
    let rss = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for line in rss.lines().filter(|line| line.starts_with("VmHWM") || line.starts_with("VmRSS")) {
        println!("{line}");
    }
}
