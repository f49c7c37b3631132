//! Surveys, what was handed in, figures and screenings, by HTTP requests.

use axum::http::StatusCode;
use wangge_model::{
    ActorId, Clock as _, FieldPath, FieldValue, RecordId, RecordKind, Timestamp,
    document::{FieldEdit, RecordDocument},
};

use super::client::{Browser, GRID, Server, WORKER, edits};

/// A visit of ten minutes that counts, begun now, by the worker.
async fn put_visit(server: &Server, byte: u8, household: RecordId, more: &[(&str, &str)]) {
    let now = server.clock.now();
    let time = |path: &str, at: Timestamp| {
        FieldEdit::set(FieldPath::new(path).unwrap(), FieldValue::Time(at))
    };
    let (household, visitor) = (household.to_string(), WORKER.to_string());
    let mut fields = edits(&[
        ("household", &household),
        ("kind", "household"),
        ("result", "met"),
        ("distance_reason", "手机无信号"),
        ("visitor", &visitor),
    ]);
    fields.extend(edits(more));
    fields.push(time("started_at", now));
    fields.push(time("ended_at", now.plus_millis(600_000)));
    let id = RecordId::from_bytes([byte; 16]);
    let mut document = RecordDocument::new(RecordKind::Visit);
    let change = document
        .edit(&fields, ActorId::from_bytes([1; 16]), now)
        .unwrap()
        .unwrap();
    server
        .put_record(id, GRID, &document, vec![change], Vec::new())
        .await;
    let storage = &server.state.storage;
    while storage.count_visits(50, now).await.unwrap() > 0 {}
}

#[tokio::test]
async fn a_survey_is_made_answered_counted_and_exported() {
    let server = Server::start().await;
    let mut desk = server.signed_in("wang").await;
    let new = "/surveys/new";
    let node = super::client::STREET.to_string();
    let fields = |questions: &'static str| {
        [
            ("title", "为老服务需求"),
            ("starts_on", "2026-01-01"),
            ("ends_on", "2026-01-31"),
            ("questions", questions),
        ]
    };
    let asked = "对社区满意吗\r\n* 需要哪些服务｜助餐｜家政";
    for (form, node, said) in [
        (
            fields("只有一个选项｜甲"),
            node.as_str(),
            "选项应为 2 至 20 个",
        ),
        (fields(asked), "", "请选择调查范围"),
    ] {
        let mut form = form.to_vec();
        form.push(("node", node));
        let answer = desk.submit(new, new, &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains(said) && answer.body.contains("为老服务需求"));
    }
    let mut form = fields(asked).to_vec();
    form.push(("node", &node));
    let answer = desk.submit(new, new, &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let place = answer.location().split('?').next().unwrap().to_owned();
    let id = place.rsplit('/').next().unwrap().to_owned();
    let chosen = |question: &str| format!("answers.{id}_{question}.chosen");
    let (first, second) = (chosen("1"), chosen("2"));
    for byte in 0..5 {
        let room = format!("{byte}01室");
        let household = server
            .put_household(20 + byte, GRID, &[("address.room", &room)])
            .await;
        let answers: &[(&str, &str)] = if byte == 0 {
            &[(&first, "1"), (&second, "1,2")]
        } else {
            &[(&first, "5"), (&second, "2")]
        };
        if byte == 4 {
            let page = desk.get(&place).await.body;
            assert!(page.contains("问卷不足 5 份") && !page.contains("很满意"));
        }
        put_visit(&server, 40 + byte, household, answers).await;
    }
    let page = desk.get(&place).await.body;
    assert!(
        page.contains("4（80%）") && page.contains("5（100%）"),
        "{page}"
    );
    assert!(!page.contains("01室"), "nobody is named");
    let file = desk.get(&format!("{place}/export.csv")).await;
    assert_eq!(file.headers["content-type"], "text/csv; charset=utf-8");
    assert!(
        file.body.contains("需要哪些服务,助餐,1,5\r\n"),
        "{}",
        file.body
    );
    // The visit's page does not show the sheet.
    let visit = RecordId::from_bytes([40; 16]);
    let shown = desk.get(&format!("/visits/{visit}")).await.body;
    assert!(!shown.contains("<h2>answers") && !shown.contains("console-group-answers"));

    let mut worker = server.signed_in("li").await;
    assert!(worker.get(&place).await.body.contains("4（80%）"));
    assert_eq!(worker.get(new).await.status, StatusCode::FORBIDDEN);
    let close = format!("{place}/close");
    let refused = worker.submit("/", &close, &[]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let answer = desk.submit(&place, &close, &[]).await;
    assert!(
        desk.get(answer.location())
            .await
            .body
            .contains("调查已结束")
    );
    let audit = server.audit().await;
    for action in ["survey_made", "survey_exported", "survey_closed"] {
        assert!(audit.contains(&format!("{action} {id} ")), "{audit:?}");
    }
}

#[tokio::test]
async fn a_day_shows_who_handed_in_nothing_and_a_month_what_is_open() {
    let server = Server::start().await;
    let mut desk = server.signed_in("wang").await;
    let page = desk.get("/work").await.body;
    assert!(page.contains("1 名网格员没有上报") && page.contains("李网格"));
    assert!(
        page.contains("2026-01-01 08:00"),
        "when the phone last came"
    );
    let household = server
        .put_household(7, GRID, &[("address.room", "501室")])
        .await;
    put_visit(&server, 8, household, &[("demands", "recorded")]).await;
    let page = desk.get("/work").await.body;
    assert!(!page.contains("没有上报"), "{page}");
    assert!(!page.contains("汇总与未办结事项"), "a day has no sheet");
    let next = desk.get("/work?on=2026-01-02").await.body;
    assert!(next.contains("1 名网格员没有上报"));
    let month = desk.get("/work?period=month&on=2026-01-20").await.body;
    assert!(month.contains("2026-01-01") && month.contains("2026-01-31"));
    assert!(month.contains("汇总与未办结事项") && month.contains("1（100%）"));
    let week = desk.get("/work?period=week&on=2026-01-20").await.body;
    assert!(week.contains("2026-01-19") && week.contains("2026-01-25"));
    let nonsense = desk.get("/work?period=%3Cscript&on=x").await.body;
    assert!(!nonsense.contains("没有上报"));
    let file = desk
        .get("/work/export.csv?period=month&on=2026-01-20")
        .await;
    assert!(file.body.contains("第一网格"), "{}", file.body);
    assert!(file.body.contains("李网格,1,1,0,1,0,"), "{}", file.body);
    let audit = server.audit().await;
    assert!(
        audit.contains(&"work_exported  month 2026-01-01".to_owned()),
        "{audit:?}"
    );
    // A worker sees the own line, and not the street's sheet.
    let mut worker = server.signed_in("li").await;
    let own = worker.get("/work?period=month&on=2026-01-20").await.body;
    assert!(own.contains("李网格") && !own.contains("第二网格"));
    assert!(!own.contains("汇总与未办结事项"));
}

#[tokio::test]
async fn a_figure_leads_to_its_rows_and_the_register_is_exported() {
    let server = Server::start().await;
    let household = server
        .put_household(7, GRID, &[("address.estate", "阳光花园")])
        .await;
    put_visit(&server, 8, household, &[]).await;
    let mut desk = server.signed_in("wang").await;
    let page = desk.get("/figures?month=2026-01").await.body;
    assert!(page.contains("1 户，本月覆盖率 100%"), "{page}");
    assert!(page.contains("/ 15") && page.contains("/ 2") && page.contains("不足"));
    let (_, rest) = page.split_once("href=\"/screenings?").unwrap();
    let link = rest.split('"').next().unwrap().replace("&amp;", "&");
    let link = link.replace("&#38;", "&");
    let rows = desk.get(&format!("/screenings?{link}")).await.body;
    assert!(
        rows.contains("阳光花园") && rows.contains("李网格"),
        "{rows}"
    );
    let none = desk.get("/screenings?what=hazard").await.body;
    assert!(none.contains("这些日期没有登记"));
    let file = desk.get("/screenings/export.csv?from=2026-01-01").await;
    assert!(
        file.body
            .contains("2026-01-01,走访,第一网格,阳光花园,入户走访,见到,李网格")
    );
    let audit = server.audit().await;
    assert!(
        audit
            .iter()
            .any(|line| line.starts_with("screenings_exported")),
        "{audit:?}"
    );
    let nonsense = desk
        .get("/screenings?from=x&to=y&grid=z&what=w&page=-1")
        .await;
    assert_eq!(nonsense.status, StatusCode::OK);
    let other = desk.get("/figures?month=%3Cscript").await;
    assert_eq!(other.status, StatusCode::OK);
}

#[tokio::test]
async fn reserves_are_called_out_and_their_access_ends_by_itself() {
    use wangge_model::{AssignmentId, PersonId};

    use crate::{
        auth::Scope,
        storage::{NewAssignment, NewPerson, Role},
    };

    let server = Server::start().await;
    let reserve = PersonId::from_bytes([15; 16]);
    let storage = &server.state.storage;
    let somebody = NewPerson {
        id: reserve,
        name: "孙干部".to_owned(),
        username: None,
        phone: String::new(),
        trained_on: Timestamp::from_millis(0).to_china_date(),
        created_at: Timestamp::from_millis(0),
    };
    let works = NewAssignment {
        id: AssignmentId::from_bytes([15; 16]),
        person: reserve,
        node: GRID.into(),
        role: Role::GridWorker,
        full_time: false,
        reserve: true,
        duties: Vec::new(),
        valid_from: Timestamp::from_millis(0),
    };
    storage.create_people(&[somebody], &[works]).await.unwrap();
    let seats = async || {
        let person = storage.find_person(&reserve).await.unwrap().unwrap();
        let at = server.clock.now();
        let scope = Scope::find(storage.as_ref(), &person, at).await.unwrap();
        scope.seats.len()
    };
    assert_eq!(seats().await, 0);
    let mut desk = server.signed_in("wang").await;
    let node = super::client::STREET.to_string();
    let fields = |reason: &'static str| {
        [
            ("starts_on", "2026-01-01"),
            ("ends_on", "2026-01-02"),
            ("reason", reason),
        ]
    };
    let mut unfit = fields("").to_vec();
    unfit.push(("node", &node));
    let answer = desk.submit("/call-outs", "/call-outs", &unfit).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("请填写事由"));
    let mut form = fields("防汛值守").to_vec();
    form.push(("node", &node));
    let answer = desk.submit("/call-outs", "/call-outs", &form).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    let page = desk.get(answer.location()).await.body;
    assert!(page.contains("调用中") && page.contains("孙干部") && page.contains("防汛值守"));
    assert_eq!(seats().await, 1);
    let mut worker = server.signed_in("li").await;
    assert!(!worker.get("/call-outs").await.body.contains("防汛值守"));
    let refused = worker.submit("/", "/call-outs", &form).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);

    server.clock.advance_millis(2 * 24 * 3_600_000);
    assert_eq!(seats().await, 0, "by itself");
    let audit = server.audit().await;
    assert!(
        audit
            .iter()
            .any(|line| line.starts_with("call_out_ordered")),
        "{audit:?}"
    );
}

#[tokio::test]
async fn a_task_off_the_list_needs_the_countys_permission() {
    use wangge_model::{GridId, OrgNodeId, PersonId, task::TASK_MATTERS};

    use crate::storage::{NewOrgNode, NewReference, OrgLevel, Role};

    let server = Server::start().await;
    let storage = &server.state.storage;
    let county = OrgNodeId::from_bytes([0x50; 16]);
    let street = OrgNodeId::from_bytes([0x51; 16]);
    let grid = GridId::from_bytes([0x52; 16]);
    let node = |id: OrgNodeId, parent, level, name: &str| NewOrgNode {
        id,
        parent,
        level,
        code: Some(hex::encode(&id.as_bytes()[..4])),
        name: name.to_owned(),
        attribute: None,
        valid_from: Timestamp::from_millis(0),
    };
    let nodes = [
        node(county, None, OrgLevel::County, "示例县"),
        node(street, Some(county), OrgLevel::Street, "示例街道"),
        node(grid.into(), Some(street), OrgLevel::Grid, "示例网格"),
    ];
    storage.create_nodes(&nodes).await.unwrap();
    for (byte, name, username, role) in [
        (0x53, "燃气办", "gas", Role::Handler),
        (0x54, "县中心", "county", Role::Supervisor),
    ] {
        let id = PersonId::from_bytes([byte; 16]);
        server.add_person(id, name, username, county, role).await;
    }
    server
        .put_household(0x55, grid, &[("address.room", "101室")])
        .await;
    let list = r#"{"rows": [{"code": "gas", "title": "燃气安全入户检查",
        "basis": "城镇燃气管理条例", "kind": "campaign", "most_days": 31}]}"#;
    let set = NewReference {
        name: TASK_MATTERS.to_owned(),
        node: county,
        body: Some(list.as_bytes().to_vec()),
        person: None,
        at: server.clock.now(),
    };
    storage.publish_references(&[set]).await.unwrap();
    let mut department = server.signed_in("gas").await;
    let page = department.get("/tasks").await.body;
    assert!(page.contains("事项清单") && page.contains("城镇燃气管理条例"));
    let place = street.to_string();
    let form = |matter: &'static str, ends_on: &'static str| {
        [
            ("matter", matter),
            ("title", "入户检查燃气管"),
            ("kind", "campaign"),
            ("starts_on", "2026-01-01"),
            ("ends_on", ends_on),
            ("basis", "城镇燃气管理条例"),
        ]
    };
    let with_place = |form: [(&'static str, &'static str); 6]| {
        let mut form: Vec<(&str, &str)> = form.to_vec();
        form.push(("node", place.as_str()));
        form
    };
    for unfit in [form("water", "2026-01-31"), form("gas", "2026-02-01")] {
        let answer = department
            .submit("/tasks", "/tasks", &with_place(unfit))
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("不在清单内"), "{}", answer.body);
    }
    let listed = with_place(form("gas", "2026-01-31"));
    let answer = department.submit("/tasks", "/tasks", &listed).await;
    assert_eq!(answer.location(), "/tasks?done=listed");
    let page = department.get(answer.location()).await.body;
    assert!(page.contains("已直接下达") && page.contains("已准入") && page.contains("清单内"));
    let off = with_place(form("", "2026-02-28"));
    let answer = department.submit("/tasks", "/tasks", &off).await;
    assert_eq!(answer.location(), "/tasks?done=filed");
    let mut desk = server.signed_in("county").await;
    let page = desk.get("/tasks").await.body;
    let admit = page
        .split("action=\"")
        .filter_map(|part| part.split('"').next())
        .find(|action| action.ends_with("/admit"))
        .unwrap()
        .to_owned();
    let mute = desk.submit("/tasks", &admit, &[("reason", " ")]).await;
    assert_eq!(mute.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(mute.body.contains("请填写准入或不予准入的理由"));
    let refuse = admit.replace("/admit", "/refuse");
    let reason = [("reason", "与清单内检查重复")];
    let done = desk.submit("/tasks", &refuse, &reason).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let told = department.get("/tasks").await.body;
    assert!(told.contains("不予准入") && told.contains("与清单内检查重复"));
    let answer = department.submit("/tasks", "/tasks", &off).await;
    assert_eq!(answer.location(), "/tasks?done=filed");
    let page = desk.get("/tasks").await.body;
    let admit = page
        .split("action=\"")
        .filter_map(|part| part.split('"').next())
        .find(|action| action.ends_with("/admit"))
        .unwrap()
        .to_owned();
    let reason = [("reason", "汛前必须完成")];
    let done = desk.submit("/tasks", &admit, &reason).await;
    assert_eq!(done.location(), "/tasks?done=admitted", "{}", done.body);
    assert!(department.get("/tasks").await.body.contains("汛前必须完成"));
    let audit = server.audit().await.join("\n");
    for action in ["task_filed", "task_refused", "task_admitted"] {
        assert!(audit.contains(action), "{audit}");
    }
}

/// An incident of the worker's, taken in by a desk and counted.
async fn put_filed(server: &Server, desk: &mut Browser, byte: u8) {
    let id = super::cases::put_incident(server, byte).await;
    let page = format!("/cases/{id}");
    let file = [("verb", "file"), ("version", "0")];
    let done = desk.submit(&page, &format!("{page}/act"), &file).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    while server.state.storage.read_cases(50).await.unwrap() > 0 {}
}

#[tokio::test]
async fn a_fortnight_is_a_sheet_that_compares_incidents_with_the_one_before() {
    let server = Server::start().await;
    let mut desk = server.signed_in("wang").await;
    put_filed(&server, &mut desk, 7).await;
    // Two weeks later: two more, in the fortnight after that of the first.
    server.clock.advance_millis(14 * 86_400_000);
    let mut desk = server.signed_in("wang").await;
    put_filed(&server, &mut desk, 8).await;
    put_filed(&server, &mut desk, 9).await;
    let sheet = desk.get("/work?period=fortnight&on=2026-01-15").await;
    assert_eq!(sheet.status, StatusCode::OK);
    // 1 January lies in the fortnight from 29 December, 15 January in the next.
    let said = ["2026-01-12 至 2026-01-25", "每两周", "事件研判：泉城街道"];
    for said in said {
        assert!(sheet.body.contains(said), "{said}: {}", sheet.body);
    }
    assert!(sheet.body.contains("+100.0%"), "two instead of one");
    assert!(sheet.body.contains("城市管理 / 公用设施") && sheet.body.contains("第一网格"));
    let before = desk.get("/work?period=fortnight&on=2026-01-11").await.body;
    assert!(before.contains("2025-12-29 至 2026-01-11") && !before.contains("+100.0%"));
    let day = desk.get("/work?period=day&on=2026-01-15").await.body;
    assert!(!day.contains("事件研判"));
    let file = desk
        .get("/work/export.csv?period=fortnight&on=2026-01-15")
        .await;
    assert_eq!(file.status, StatusCode::OK);
    // A worker has the own work of the fortnight and no figures of others.
    let mut worker = server.signed_in("li").await;
    let own = worker
        .get("/work?period=fortnight&on=2026-01-15")
        .await
        .body;
    assert!(own.contains("2026-01-12 至 2026-01-25") && !own.contains("事件研判"));
}
