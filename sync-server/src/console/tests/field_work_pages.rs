//! The pages of the field work with sample data: follow-up marks, surveys, what
//! was handed in, figures, screenings.

use askama::Template as _;
use wangge_model::{
    CallOutId, CampaignId, CivilDay, EmergencyId, FollowUpMarkId, GridId, OrgNodeId, PersonId,
    RecordId, RecordKind, SurveyId, TaskId, Timestamp,
    emergency::EmergencyLevel,
    follow_up_mark::FollowUpRule,
    survey::{Question, QuestionKind},
    task::{TaskOrder, TaskState},
    visit_plan::Period,
};

use crate::{
    console::{
        call_out::{CallOutForm, CallOutView, CallOutsPage},
        emergency::{EmergenciesPage, EmergencyForm, EmergencyPage, EmergencyView, RollView},
        follow_up_mark::{
            FollowUpMarkPage, FollowUpMarkView, FollowUpMarksPage, NewFollowUpMarkPage, OrderForm,
        },
        list::GridOption,
        page::Page,
        screening::{ScreeningForm, ScreeningsPage},
        select::SelectOption,
        study::{Studied, StudyView},
        survey::{NewSurveyPage, Results, SurveyForm, SurveyPage, SurveyView, SurveysPage},
        task::{MatterView, TaskForm, TaskView, TasksPage},
        work::{FiguresPage, WorkPage, WorkQuery},
    },
    storage::{
        CallOut, CaseAnalysis, CaseCount, CoverageRow, EmergencyRow, FollowUpCount, FollowUpMark,
        MatterRow, OpinionCount, Repetition, Screening, ScreeningKind, ScreeningPage, SurveyCounts,
        SurveyRow, Task, WorkRow, WorkSpan, WorkerFigures, YearOnYear,
    },
};

const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

fn today() -> CivilDay {
    CivilDay::of(NOW)
}

fn options(text: &str) -> Vec<SelectOption> {
    vec![SelectOption::new(text, text.to_owned(), text)]
}

/// All of them, by name.
pub(super) fn pages(at: &dyn Fn(&str) -> Page, text: &str) -> Vec<(&'static str, String)> {
    let mut pages = follow_ups(at, text);
    pages.extend(surveys(at, text));
    pages.extend(sums(at, text));
    pages.push(("call-outs", call_outs(at, text)));
    pages.push(("tasks", tasks(at, text)));
    pages.extend(emergencies(at, text));
    pages
}

fn emergencies(at: &dyn Fn(&str) -> Page, text: &str) -> Vec<(&'static str, String)> {
    let emergency = |ends_at, may: bool| EmergencyRow {
        id: EmergencyId::from_bytes([1; 16]),
        node_name: text.to_owned(),
        level: EmergencyLevel::Response,
        reason: text.to_owned(),
        ordered_by: text.to_owned(),
        starts_at: NOW,
        ends_at,
        declared_by: text.to_owned(),
        declared_at: NOW,
        ended_by: text.to_owned(),
        may_end: may,
        may_keep_roll: may,
    };
    let page = at("/emergencies");
    let view = |ends_at, may| EmergencyView::new(&emergency(ends_at, may), NOW, &page);
    let on = view(NOW.plus_millis(1), true);
    let list = EmergenciesPage {
        emergencies: vec![on.clone(), view(NOW, false)],
        may_declare: true,
        levels: options(text),
        nodes: options(text),
        form: EmergencyForm {
            reason: text.to_owned(),
            ordered_by: text.to_owned(),
            ..EmergencyForm::default()
        },
        page: page.clone(),
    };
    let person = |phone_at: &str, arrived_at: &str| RollView {
        person: text.to_owned(),
        name: text.to_owned(),
        node_name: text.to_owned(),
        is_reserve: true,
        phone_at: phone_at.to_owned(),
        arrived_at: arrived_at.to_owned(),
        noted_by: text.to_owned(),
        said: arrived_at.to_owned(),
        said_at: arrived_at.to_owned(),
        said_reason: arrived_at.to_owned(),
    };
    let detail = |emergency, roll: Vec<RollView>| EmergencyPage {
        emergency,
        came: roll.len(),
        in_touch: 1,
        on_the_way: 1,
        cannot_come: 1,
        roll,
        page: page.clone(),
    };
    let roll = vec![person("", ""), person(text, text)];
    vec![
        ("emergencies", list.render().unwrap()),
        ("emergency", detail(on.clone(), roll).render().unwrap()),
        ("emergency-empty", detail(on, Vec::new()).render().unwrap()),
        (
            "emergency-over",
            detail(view(NOW, true), vec![person("", "")])
                .render()
                .unwrap(),
        ),
    ]
}

fn tasks(at: &dyn Fn(&str) -> Page, text: &str) -> String {
    let task = |state, campaign: Option<CampaignId>| Task {
        id: TaskId::from_bytes([1; 16]),
        node_name: text.to_owned(),
        order: TaskOrder {
            title: text.to_owned(),
            note: text.to_owned(),
            kind: "campaign".to_owned(),
            starts_on: today(),
            ends_on: today().plus(30),
            basis: text.to_owned(),
            matter: text.to_owned(),
        },
        filed_by: text.to_owned(),
        filed_at: NOW,
        state,
        reason: text.to_owned(),
        decided_by: text.to_owned(),
        campaign,
        households: 300,
        done: 120,
        may_decide: state == TaskState::Filed,
    };
    let page = at("/tasks");
    let view = |task: Task| TaskView::new(&task, &page);
    let page = TasksPage {
        tasks: vec![
            view(task(TaskState::Filed, None)),
            view(task(
                TaskState::Admitted,
                Some(CampaignId::from_bytes([2; 16])),
            )),
            view(task(TaskState::Refused, None)),
        ],
        may_file: true,
        form: TaskForm {
            title: text.to_owned(),
            basis: text.to_owned(),
            ..TaskForm::default()
        },
        nodes: options(text),
        kinds: options(text),
        matters: options(text),
        list: vec![MatterView {
            title: text.to_owned(),
            basis: text.to_owned(),
            kind: text.to_owned(),
            most_days: 31,
        }],
        page,
    };
    page.render().unwrap()
}

fn call_outs(at: &dyn Fn(&str) -> Page, text: &str) -> String {
    let call_out = |ends_at, people: Vec<(String, String)>| CallOut {
        id: CallOutId::from_bytes([1; 16]),
        node_name: text.to_owned(),
        starts_at: NOW,
        ends_at,
        reason: text.to_owned(),
        ordered_by: text.to_owned(),
        people,
        may_end: true,
    };
    let named = vec![(text.to_owned(), text.to_owned())];
    let page = at("/call-outs");
    let view = |call_out: CallOut| CallOutView::new(&call_out, NOW, &page);
    let page = CallOutsPage {
        call_outs: vec![
            view(call_out(NOW.plus_millis(1), named)),
            view(call_out(NOW, Vec::new())),
        ],
        may_call: true,
        form: CallOutForm {
            starts_on: text.to_owned(),
            reason: text.to_owned(),
            ..CallOutForm::default()
        },
        nodes: options(text),
        page,
    };
    page.render().unwrap()
}

fn follow_ups(at: &dyn Fn(&str) -> Page, text: &str) -> Vec<(&'static str, String)> {
    let mark = FollowUpMark {
        id: FollowUpMarkId::from_bytes([1; 16]),
        household: RecordId::from_bytes([7; 16]),
        household_title: text.to_owned(),
        grid_name: text.to_owned(),
        member: "m".to_owned(),
        assignee_name: text.to_owned(),
        officer: PersonId::from_bytes([2; 16]),
        officer_name: text.to_owned(),
        rule: FollowUpRule {
            period: Period::HalfYear,
            count: 2,
            starts_on: today(),
            ends_on: today().plus(90),
        },
        basis: text.to_owned(),
        note: text.to_owned(),
        visited_on: vec![today()],
    };
    let view = |path: &str| FollowUpMarkView::new(&mark, "王小明", &at(path));
    let list = FollowUpMarksPage {
        page: at("/follow-up-marks"),
        marks: vec![view("/follow-up-marks")],
        counts: Some(vec![FollowUpCount {
            grid: GridId::from_bytes([3; 16]),
            name: text.to_owned(),
            code: text.to_owned(),
            marks: 3,
            met: 1,
        }]),
    };
    let empty = FollowUpMarksPage {
        page: at("/follow-up-marks"),
        marks: Vec::new(),
        counts: Some(Vec::new()),
    };
    let one = FollowUpMarkPage {
        page: at("/follow-up-marks/1"),
        mark: view("/follow-up-marks/1"),
        may_end: true,
    };
    let new = NewFollowUpMarkPage {
        page: at("/follow-up-marks/new"),
        form: OrderForm {
            household: text.to_owned(),
            count: text.to_owned(),
            starts_on: text.to_owned(),
            ends_on: text.to_owned(),
            basis: text.to_owned(),
            note: text.to_owned(),
            ..OrderForm::default()
        },
        household_title: text.to_owned(),
        household_href: "/households/1".to_owned(),
        members: options(text),
        assignees: options(text),
        periods: options(text),
    };
    vec![
        ("follow-up-marks", list.render().unwrap()),
        ("follow-up-marks-empty", empty.render().unwrap()),
        ("follow-up-mark", one.render().unwrap()),
        ("follow-up-mark-new", new.render().unwrap()),
    ]
}

fn surveys(at: &dyn Fn(&str) -> Page, text: &str) -> Vec<(&'static str, String)> {
    let question = |id: &str, kind, choices: Vec<String>| Question {
        id: id.to_owned(),
        text: text.to_owned(),
        kind,
        choices,
    };
    let row = SurveyRow {
        id: SurveyId::from_bytes([1; 16]),
        node: OrgNodeId::from_bytes([2; 16]),
        node_name: text.to_owned(),
        title: text.to_owned(),
        note: text.to_owned(),
        starts_on: today(),
        ends_on: today().plus(30),
        questions: vec![
            question("1", QuestionKind::Satisfaction, Vec::new()),
            question(
                "2",
                QuestionKind::Several,
                vec![text.to_owned(), text.to_owned()],
            ),
        ],
        created_by: text.to_owned(),
        closed_at: None,
        may_close: true,
    };
    let counts = |sheets| SurveyCounts {
        grid: GridId::from_bytes([3; 16]),
        name: text.to_owned(),
        code: text.to_owned(),
        sheets,
        chosen: vec![("1".to_owned(), "5".to_owned(), sheets)],
    };
    let page = |grids: &[SurveyCounts]| {
        let page = at("/surveys/1");
        let page = SurveyPage {
            survey: SurveyView::new(&row, &page, today()),
            results: Results::new(&row.questions, grids, &page),
            is_behind: true,
            page,
        };
        page.render().unwrap()
    };
    let list = |surveys: &[SurveyRow]| {
        let page = at("/surveys");
        let view = |row: &SurveyRow| SurveyView::new(row, &page, today());
        let page = SurveysPage {
            surveys: surveys.iter().map(view).collect(),
            may_make: true,
            page,
        };
        page.render().unwrap()
    };
    let new = NewSurveyPage {
        page: at("/surveys/new"),
        form: SurveyForm {
            title: text.to_owned(),
            note: text.to_owned(),
            questions: text.to_owned(),
            starts_on: text.to_owned(),
            ..SurveyForm::default()
        },
        nodes: options(text),
    };
    vec![
        ("surveys", list(std::slice::from_ref(&row))),
        ("surveys-empty", list(&[])),
        ("survey", page(&[counts(40), counts(3)])),
        ("survey-few", page(&[counts(3)])),
        ("survey-new", new.render().unwrap()),
    ]
}

fn sums(at: &dyn Fn(&str) -> Page, text: &str) -> Vec<(&'static str, String)> {
    let work = |byte: u8, days: u64| WorkRow {
        grid: GridId::from_bytes([byte; 16]),
        grid_name: text.to_owned(),
        grid_code: text.to_owned(),
        person: PersonId::from_bytes([byte; 16]),
        person_name: text.to_owned(),
        is_member: byte < 3,
        days,
        households: 3,
        places: 1,
        visits: 4,
        incidents: 1,
        last_seen_at: (days > 0).then_some(NOW),
    };
    let rows = [work(1, 2), work(1, 0), work(3, 1)];
    let matter = MatterRow {
        grid: GridId::from_bytes([1; 16]),
        name: text.to_owned(),
        code: text.to_owned(),
        households: 312,
        visited: 200,
        visits: 240,
        open_demands: 3,
        overdue: 2,
        opinions: vec![OpinionCount {
            category: "city".to_owned(),
            heard: 5,
            settled: 3,
        }],
        hazards_found: 4,
        hazards_open: 2,
        rechecks_due: 1,
        incidents: 6,
    };
    let span = WorkSpan {
        first: today(),
        last: today().plus(30),
    };
    let page = |query: WorkQuery, rows: &[WorkRow], matters: &[MatterRow]| {
        let mut shown = WorkPage::new(at("/work"), &query, span, rows, matters, true);
        if !matters.is_empty() {
            let counts = |now, before| (text.to_owned(), CaseCount { now, before });
            let cases = CaseAnalysis {
                classes: vec![counts(4, 2), counts(1, 0)],
                places: vec![counts(5, 2)],
            };
            let repetition = Repetition {
                subject: RecordId::from_bytes([7; 16]),
                kind: Some(RecordKind::Household),
                title: text.to_owned(),
                class: text.to_owned(),
                grid_name: text.to_owned(),
                count: 3,
                last_on: today(),
            };
            let studied = Studied {
                place_name: text,
                days: YearOnYear {
                    now: span,
                    before: span,
                },
                cases: &cases,
                repeated_from: 3,
                repetitions: &[repetition],
            };
            shown.study = Some(StudyView::new(&at("/work"), &studied));
        }
        shown.render().unwrap()
    };
    let month = WorkQuery::of("month", "2026-01-01");
    let coverage = CoverageRow {
        grid: GridId::from_bytes([1; 16]),
        name: text.to_owned(),
        code: text.to_owned(),
        households: 312,
        month: 200,
        quarter: 250,
        year: 300,
    };
    let figures = WorkerFigures {
        grid: GridId::from_bytes([1; 16]),
        person: PersonId::from_bytes([1; 16]),
        person_name: text.to_owned(),
        households: 14,
        days_out: 1,
        visits: 20,
        not_counted: 2,
        overdue: 1,
    };
    let figures = |coverage: &[CoverageRow]| {
        let workers = [(figures.clone(), (Some(15), Some(2)))];
        FiguresPage::new(at("/figures"), span, coverage, &workers, true)
            .render()
            .unwrap()
    };
    let screening = |kind, record_kind| Screening {
        day: today(),
        kind,
        record: RecordId::from_bytes([7; 16]),
        record_kind,
        grid_name: text.to_owned(),
        title: text.to_owned(),
        class: text.to_owned(),
        state: text.to_owned(),
        person_name: text.to_owned(),
    };
    let found = ScreeningPage {
        rows: vec![
            screening(ScreeningKind::Visit, RecordKind::Visit),
            screening(ScreeningKind::Hazard, RecordKind::Place),
            screening(ScreeningKind::Incident, RecordKind::Incident),
        ],
        total: 120,
    };
    let screenings = |found: &ScreeningPage| {
        let form = ScreeningForm {
            person: text.to_owned(),
            from: text.to_owned(),
            page: "2".to_owned(),
            ..ScreeningForm::default()
        };
        let grids = ["1", "2"].map(|id| GridOption {
            id: id.to_owned(),
            name: text.to_owned(),
        });
        ScreeningsPage::new(at("/screenings"), form, grids.to_vec(), found, true)
            .render()
            .unwrap()
    };
    vec![
        ("work-day", page(WorkQuery::default(), &rows, &[])),
        (
            "work-month",
            page(month, &rows, std::slice::from_ref(&matter)),
        ),
        ("work-empty", page(WorkQuery::default(), &[], &[])),
        ("figures", figures(std::slice::from_ref(&coverage))),
        ("figures-empty", figures(&[])),
        ("screenings", screenings(&found)),
        ("screenings-empty", screenings(&ScreeningPage::default())),
    ]
}
