//! Every template with sample data in both languages, also with hostile text
//! in every field.

use std::{collections::HashMap, path::Path};

use askama::Template;
use wangge_model::{
    ActorId, CampaignId, CivilDay, DeviceId, FieldPath, FieldValue, GridId, OrgNodeId, PersonId,
    RecordId, RecordKind, RecordSummary, ReferenceVersion, Timestamp,
    collection::{
        Ask, CollectionList, CollectionLists, ExtraChoice, ExtraField, ExtraType, Texts, evaluate,
    },
    document::{
        FieldEdit, RecordDocument,
        schema::{self, FieldOwner, FieldType},
    },
    message::{Language, find_message},
    protocol::{Algorithm, PublicKey},
    visit_plan::{CheckItem, VisitRules},
};

use crate::{
    console::{
        campaign::{
            CampaignForm, CampaignGridView, CampaignPage, CampaignView, CampaignsPage,
            NewCampaignPage,
        },
        coverage::CoveragePage,
        devices::DevicesPage,
        duplicate::{
            AliasView, DifferenceView, DuplicatePairPage, DuplicatesPage, FieldPair, PairRow,
            PairView,
        },
        grid::{
            board::BoardPage,
            detail::{GridPage, GridView, RedivisionView, VersionView},
            line::LineView,
            list::{GridRow, GridsPage},
            outline::{Drawn, Outline},
            people::{MemberView, PeoplePage},
            public::{PublicGridsPage, PublicRow},
        },
        home::HomePage,
        list::{GridOption, ListFilter, ListForm, ListPage, ListRow, list_row, source_options},
        page::{Page, PersonBadge},
        quarantine::{Fact, QuarantineItem, QuarantineItemPage, QuarantinePage, QuarantineRow},
        record::{
            ConflictsPage, HouseholdsPage, IncidentsPage, PlacesPage, RecordPage, VisitsPage,
            build::record_view,
            view::{RecordInput, RelatedView},
        },
        review::{FieldChange, ReviewItem, ReviewItemPage, ReviewPage, ReviewRow},
        select::SelectOption,
        sign_in::SignInPage,
        visit_rules::{Place, RulesForm, RulesPage, RulesPlace, VisitRulesPage},
    },
    storage::{
        Authorship, CampaignGrid, CampaignRow, CoverageRow, Device, GridCounts, GridOverview,
        GridSizeCounts, ListedRecord, OrgLevel, OrgNode, RecordName, ReferenceEdition,
    },
};

/// Ends every attribute and element it could be in, and would run.
const HOSTILE: &str = "\"'></td><script>x()</script><img onerror=x()>";
const PLAIN: &str = "阳光花园";
const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

pub(super) fn page(language: Language, path: &str, text: &str) -> Page {
    let person = PersonBadge {
        name: format!("王社区{text}"),
        role: "主管".to_owned(),
    };
    Page {
        language,
        path: path.to_owned(),
        person: Some(person),
        csrf: "00".repeat(32),
        ..Page::default()
    }
    .with_notice(text.to_owned())
}

/// A value that fits the field, with `text` wherever a person may write.
fn sample_value(spec: &schema::FieldSpec, text: &str) -> FieldValue {
    match spec.kind {
        FieldType::Line(max) | FieldType::Extra(max) => {
            FieldValue::text(text.chars().take(max).collect::<String>())
        }
        FieldType::Paragraph(_) | FieldType::SharedText(_) => {
            FieldValue::text(format!("{text}\n第二行"))
        }
        FieldType::Choice(codes) => FieldValue::text(codes[0]),
        FieldType::Integer(low, _) => FieldValue::Integer(low),
        FieldType::Number(..) => FieldValue::Number(36.651),
        FieldType::Flag => FieldValue::Flag(true),
        FieldType::Date => FieldValue::text("1890-01-01"),
        FieldType::Time => FieldValue::Time(NOW),
        FieldType::PhoneNumber => FieldValue::text("13800138000"),
        FieldType::CitizenId => FieldValue::text("370102189912319991"),
        FieldType::RecordReference => FieldValue::text(RecordId::from_bytes([7; 16]).to_string()),
        FieldType::CreditCode => FieldValue::text("91370102000000000N"),
        FieldType::PermitNumber => FieldValue::text("H12345678"),
        FieldType::Code(_) => FieldValue::text("3701-02A"),
        FieldType::Sha256 => FieldValue::text("0a".repeat(32)),
    }
}

/// A record with every field filled, two of everything in collections, and one
/// field with two values.
fn sample_record(kind: RecordKind, text: &str) -> RecordDocument {
    let mut document = RecordDocument::new(kind);
    let actor = ActorId::from_bytes([1; 16]);
    let mut edits = Vec::new();
    for spec in schema::fields(kind) {
        for entry in ["e1", "e2"] {
            let path = FieldPath::new(spec.path.replace('*', entry)).unwrap();
            let edit = FieldEdit::set(path, sample_value(spec, text));
            match spec.owner {
                FieldOwner::Server => drop(document.edit_as_server(&[edit], actor, NOW).unwrap()),
                FieldOwner::People | FieldOwner::Requester => edits.push(edit),
            }
        }
    }
    document.edit(&edits, actor, NOW).unwrap();
    let path = match kind {
        RecordKind::Household => "contact.phone",
        RecordKind::Visit => "person_met",
        RecordKind::Incident => "place",
        RecordKind::Place => "name",
    };
    let path = FieldPath::new(path).unwrap();
    let mut other = document.clone();
    let value = |text: &str| {
        let other: String = format!("乙{text}").chars().take(50).collect();
        let value = if kind == RecordKind::Household {
            "13800138001"
        } else {
            &other
        };
        [FieldEdit::set(path.clone(), FieldValue::text(value))]
    };
    let two = other
        .edit(&value(text), ActorId::from_bytes([2; 16]), NOW)
        .unwrap()
        .unwrap();
    let cleared = [FieldEdit::clear(path.clone())];
    document
        .edit(&cleared, actor, NOW.plus_millis(60_000))
        .unwrap();
    document.apply_own([two.bytes.as_slice()]).unwrap();
    assert_eq!(document.conflicts().len(), 1);
    document
}

/// A list that adds a field with `text` wherever somebody may write one.
fn sample_list(kind: RecordKind, text: &str) -> CollectionList {
    let texts = Texts {
        zh: text.to_owned(),
        en: text.to_owned(),
    };
    CollectionList {
        id: "sample".to_owned(),
        title: texts.clone(),
        rules: Vec::new(),
        extra: vec![ExtraField {
            name: "colour".to_owned(),
            kind,
            of: None,
            label: texts.clone(),
            help: None,
            value: ExtraType::Choice {
                choices: vec![ExtraChoice {
                    code: "red".to_owned(),
                    label: texts.clone(),
                }],
            },
            ask: Ask::Required,
            when: None,
            areas: Vec::new(),
            purpose: texts,
            basis: text.to_owned(),
        }],
    }
}

fn record_page(kind: RecordKind, language: Language, text: &str) -> String {
    let document = sample_record(kind, text);
    let id = RecordId::from_bytes([7; 16]);
    let authorship: Vec<Authorship> = document
        .changes()
        .iter()
        .enumerate()
        .map(|(index, change)| Authorship {
            hash: change.hash,
            person: (index != 0).then(|| PersonId::from_bytes([1; 16])),
            person_name: (index != 0).then(|| format!("李网格{text}")),
            device: (index == 1).then(|| DeviceId::from_bytes([2; 16])),
            device_name: (index == 1).then(|| format!("1号手机{text}")),
            manifest_counter: None,
            received_at: NOW,
        })
        .collect();
    let name = RecordName {
        kind: RecordKind::Household,
        title: format!("3号楼{text}"),
    };
    let names = HashMap::from([(id, name)]);
    let grid_name = format!("第一网格{text}");
    let lists = CollectionLists::over_built_in(vec![sample_list(kind, text)]);
    let today = NOW.to_china_date().unwrap();
    let form = evaluate(&lists, kind, "3701", &document.read(), today);
    let mut record = record_view(&RecordInput {
        form: &form,
        id,
        grid_name: &grid_name,
        grid_code: "370102001001001",
        document: &document,
        authorship: &authorship,
        names: &names,
        language,
        shown: None,
        seats: &[wangge_model::access::Seat::Community],
        today: today.into(),
    });
    record.related = Some(vec![RelatedView {
        title: "走访".to_owned(),
        rows: vec![row(RecordKind::Visit, language, text)],
    }]);
    record.merged_into = Some((text.to_owned(), "/households/2".to_owned()));
    record.aliases = vec![AliasView {
        id: "3".to_owned(),
        href: "/households/3?itself=1".to_owned(),
        title: text.to_owned(),
        merged_at: NOW.to_china_text(),
        differences: vec![DifferenceView {
            path: "contact.name".to_owned(),
            label: text.to_owned(),
            mine: String::new(),
            theirs: vec![text.to_owned(), format!("乙{text}")],
        }],
        state: "00".to_owned(),
    }];
    record.move_to = vec![GridOption {
        id: "1".to_owned(),
        name: format!("第二网格{text}"),
    }];
    let page = page(language, &record.href.clone(), text);
    RecordPage { page, record }.render().unwrap()
}

fn row(kind: RecordKind, language: Language, text: &str) -> ListRow {
    let record = ListedRecord {
        id: RecordId::from_bytes([7; 16]),
        kind,
        grid: GridId::from_bytes([3; 16]),
        grid_name: format!("第一网格{text}"),
        summary: RecordSummary {
            title: text.to_owned(),
            person_name: text.to_owned(),
            phone: "13800138000".to_owned(),
            state: text.to_owned(),
            category: text.to_owned(),
            urgency: "emergency".to_owned(),
            number: text.to_owned(),
            household: Some(RecordId::from_bytes([7; 16])),
            occurred_at: Some(NOW),
            member_count: 3,
            conflict_count: 1,
            edited_at: NOW,
            search_text: String::new(),
            place: None,
            residence: Some("resident_only".to_owned()),
            merged_into: None,
            source: Some("hotline".to_owned()),
            case: None,
        },
        created_at: NOW,
        changed_at: NOW,
    };
    let name = RecordName {
        kind: RecordKind::Household,
        title: text.to_owned(),
    };
    let names = HashMap::from([(RecordId::from_bytes([7; 16]), name)]);
    list_row(&record, &names, language)
}

fn list<R>(action: &'static str, rows: Vec<R>, text: &str) -> ListPage<R> {
    let grid = |byte: u8| GridOption {
        id: GridId::from_bytes([byte; 16]).to_string(),
        name: format!("第{byte}网格{text}"),
    };
    let form = ListForm {
        q: text.to_owned(),
        grid: grid(1).id,
        source: "hotline".to_owned(),
        conflicts: "1".to_owned(),
        page: "2".to_owned(),
    };
    ListPage {
        action,
        filter: ListFilter::from(form),
        grids: vec![grid(1), grid(2)],
        sources: source_options(Some("hotline"), Language::Chinese),
        rows,
        total: 130,
        number: 2,
    }
}

/// All pages, by name.
fn pages(language: Language, text: &str) -> Vec<(&'static str, String)> {
    let rows = |kind| vec![row(kind, language, text), row(kind, language, text)];
    let overview = |counts| GridOverview {
        id: OrgNodeId::from_bytes([1; 16]),
        name: format!("第一网格{text}"),
        code: text.to_owned(),
        counts,
        last_sync_at: (counts != GridCounts::default()).then_some(NOW),
    };
    let busy = GridCounts {
        households: 312,
        visits: 1_204,
        incidents: 7,
        places: 21,
        conflicts: 2,
        quarantined: 1,
    };
    let device = |byte: u8, revoked_at| Device {
        id: DeviceId::from_bytes([byte; 16]),
        person: PersonId::from_bytes([1; 16]),
        person_name: format!("李网格{text}"),
        is_person_active: true,
        name: format!("{byte}号手机{text}"),
        app_version: text.to_owned(),
        public_key: PublicKey {
            algorithm: Algorithm::EcdsaP256Sha256,
            bytes: Vec::new(),
        },
        enrolled_at: NOW,
        last_seen_at: revoked_at,
        revoked_at,
        last_counter: 0,
        last_manifest_digest: None,
        quarantine_bytes: 0,
    };
    let quarantined = |is_seen| QuarantineRow {
        href: "/quarantine/1".to_owned(),
        received_at: NOW.to_china_text(),
        reason: text.to_owned(),
        person: text.to_owned(),
        device: text.to_owned(),
        grid_name: text.to_owned(),
        is_seen,
    };
    let item = |seen: Option<String>| QuarantineItem {
        href: "/quarantine/1".to_owned(),
        reason: text.to_owned(),
        facts: vec![
            Fact {
                label: "标识".to_owned(),
                value: text.to_owned(),
                is_code: true,
                link: None,
            },
            Fact {
                label: "记录".to_owned(),
                value: text.to_owned(),
                is_code: false,
                link: Some("/households/1".to_owned()),
            },
        ],
        may_mark: true,
        may_accept: true,
        is_accepted: false,
        seen,
    };
    let late = ReviewRow {
        href: "/review/1".to_owned(),
        received_at: NOW.to_china_text(),
        title: text.to_owned(),
        kind: text.to_owned(),
        person: text.to_owned(),
        device: text.to_owned(),
        grid_name: text.to_owned(),
        changes: 2,
    };
    let late_item = |unfit: Option<String>| ReviewItem {
        href: "/review/1".to_owned(),
        title: text.to_owned(),
        link: Some("/households/1".to_owned()),
        facts: vec![("来自".to_owned(), text.to_owned())],
        fields: vec![
            FieldChange {
                label: text.to_owned(),
                now: text.to_owned(),
                late: text.to_owned(),
            },
            FieldChange {
                label: "电话".to_owned(),
                now: String::new(),
                late: String::new(),
            },
        ],
        may_decide: unfit.is_none(),
        unfit,
    };
    let at = |path: &str| page(language, path, text);
    let member = MemberView {
        name: format!("李网格{text}"),
        role: "网格员".to_owned(),
        place: format!("第一网格{text}"),
        phone: "053182012345".to_owned(),
        time: "专职".to_owned(),
        duties: "巡逻".to_owned(),
        card: Some("/people/1/card".to_owned()),
        marks: vec![text.to_owned()],
    };
    let (community, shapes) = wangge_model::boundary::testing::community(1, 2, 4, 1);
    let drawn: Vec<Drawn<'_>> = std::iter::once(&community)
        .chain(&shapes)
        .enumerate()
        .map(|(number, boundary)| Drawn {
            boundary,
            label: text,
            is_own: number == 1,
            is_around: number == 0,
        })
        .collect();
    let outline = Outline::draw(&drawn);
    let version = |is_before| VersionView {
        href: "/grids/1".to_owned(),
        name: text.to_owned(),
        code: text.to_owned(),
        since: "2026-01-01".to_owned(),
        until: String::new(),
        is_before,
    };
    let redivision = |person: &str| RedivisionView {
        name: text.to_owned(),
        at: "2026-01-01 08:00".to_owned(),
        person: person.to_owned(),
        records: 312,
    };
    let grid = GridView {
        href: "/grids/1".to_owned(),
        name: format!("第一网格{text}"),
        code: text.to_owned(),
        attribute: "城市社区".to_owned(),
        place: text.to_owned(),
        since: "2026-01-01".to_owned(),
        until: None,
        size: Some(GridSizeCounts {
            households: 312,
            people: 940,
        }),
        area_m2: Some(48_400),
        warnings: vec![text.to_owned(), "没有网格长".to_owned()],
        members: vec![member.clone()],
        line: vec![LineView {
            label: text.to_owned(),
            members: vec![member.clone()],
        }],
        may_draw: true,
        may_see_map: true,
        outline: outline.clone(),
        versions: vec![version(true), version(false)],
        redivisions: vec![redivision(""), redivision(text)],
    };
    let closed = GridView {
        until: Some("2026-02-01".to_owned()),
        size: None,
        area_m2: None,
        members: Vec::new(),
        outline: None,
        ..grid.clone()
    };
    let grid_row = GridRow {
        href: "/grids/1".to_owned(),
        name: format!("第一网格{text}"),
        code: text.to_owned(),
        attribute: String::new(),
        community: text.to_owned(),
        size: grid.size,
        staff: 2,
        warnings: vec![text.to_owned()],
    };
    let uncounted = GridRow {
        size: None,
        ..grid_row.clone()
    };
    let public_row = PublicRow {
        name: text.to_owned(),
        code: text.to_owned(),
        attribute: text.to_owned(),
        community: text.to_owned(),
        heads: vec![(text.to_owned(), text.to_owned())],
    };
    let signed_out = Page {
        person: None,
        ..at("/sign-in")
    };
    vec![
        (
            "grids",
            GridsPage {
                page: at("/grids"),
                list: list("/grids", vec![grid_row, uncounted], text),
            }
            .render()
            .unwrap(),
        ),
        (
            "grid",
            GridPage {
                page: at("/grids/1"),
                grid: grid.clone(),
            }
            .render()
            .unwrap(),
        ),
        (
            "grid-closed",
            GridPage {
                page: at("/grids/1"),
                grid: closed,
            }
            .render()
            .unwrap(),
        ),
        (
            "board",
            BoardPage {
                page: at("/grids/1/board"),
                href: grid.href.clone(),
                name: grid.name.clone(),
                code: grid.code.clone(),
                attribute: grid.attribute.clone(),
                place: grid.place.clone(),
                members: grid.members.clone(),
                outline,
            }
            .render()
            .unwrap(),
        ),
        (
            "people",
            PeoplePage {
                page: at("/people"),
                list: list("/people", vec![member], text),
            }
            .render()
            .unwrap(),
        ),
        (
            "public-grids",
            PublicGridsPage {
                page: Page {
                    person: None,
                    ..at("/public/grids")
                },
                list: list("/public/grids", vec![public_row], text),
            }
            .render()
            .unwrap(),
        ),
        (
            "sign-in",
            SignInPage {
                page: signed_out,
                username: text.to_owned(),
                next: text.to_owned(),
            }
            .render()
            .unwrap(),
        ),
        (
            "home",
            HomePage::new(
                at("/"),
                vec![overview(busy), overview(GridCounts::default())],
                3,
            )
            .render()
            .unwrap(),
        ),
        (
            "home-empty",
            HomePage::new(at("/"), Vec::new(), 0).render().unwrap(),
        ),
        (
            "households",
            HouseholdsPage {
                page: at("/households"),
                list: list("/households", rows(RecordKind::Household), text),
            }
            .render()
            .unwrap(),
        ),
        (
            "visits",
            VisitsPage {
                page: at("/visits"),
                list: list("/visits", rows(RecordKind::Visit), text),
            }
            .render()
            .unwrap(),
        ),
        (
            "incidents",
            IncidentsPage {
                page: at("/incidents"),
                list: list("/incidents", rows(RecordKind::Incident), text),
            }
            .render()
            .unwrap(),
        ),
        (
            "places",
            PlacesPage {
                page: at("/places"),
                list: list("/places", rows(RecordKind::Place), text),
            }
            .render()
            .unwrap(),
        ),
        ("place", record_page(RecordKind::Place, language, text)),
        (
            "conflicts",
            ConflictsPage {
                page: at("/conflicts"),
                list: list("/conflicts", rows(RecordKind::Incident), text),
            }
            .render()
            .unwrap(),
        ),
        (
            "incidents-empty",
            IncidentsPage {
                page: at("/incidents"),
                list: list("/incidents", Vec::new(), text),
            }
            .render()
            .unwrap(),
        ),
        (
            "household",
            record_page(RecordKind::Household, language, text),
        ),
        ("visit", record_page(RecordKind::Visit, language, text)),
        (
            "incident",
            record_page(RecordKind::Incident, language, text),
        ),
        (
            "devices",
            DevicesPage {
                page: at("/devices"),
                devices: vec![device(1, None), device(2, Some(NOW))],
                may_revoke: true,
            }
            .render()
            .unwrap(),
        ),
        (
            "quarantine",
            QuarantinePage {
                page: at("/quarantine"),
                list: list(
                    "/quarantine",
                    vec![quarantined(false), quarantined(true)],
                    text,
                ),
            }
            .render()
            .unwrap(),
        ),
        (
            "review",
            ReviewPage {
                page: at("/review"),
                list: list("/review", vec![late], text),
            }
            .render()
            .unwrap(),
        ),
        (
            "review-item",
            ReviewItemPage {
                page: at("/review/1"),
                item: late_item(None),
            }
            .render()
            .unwrap(),
        ),
        (
            "review-item-unfit",
            ReviewItemPage {
                page: at("/review/1"),
                item: late_item(Some(text.to_owned())),
            }
            .render()
            .unwrap(),
        ),
        (
            "quarantine-item",
            QuarantineItemPage {
                page: at("/quarantine/1"),
                item: item(None),
            }
            .render()
            .unwrap(),
        ),
        (
            "quarantine-item-seen",
            QuarantineItemPage {
                page: at("/quarantine/1"),
                item: item(Some(text.to_owned())),
            }
            .render()
            .unwrap(),
        ),
    ]
    .into_iter()
    .chain(visit_pages(language, text))
    .chain(duplicate_pages(language, text))
    .chain(super::render_ledgers::pages(language, text))
    .chain(super::render_maps::pages(language, text))
    .chain(super::field_work_pages::pages(&at, text))
    .chain(super::case_pages::pages(language, text))
    .chain(super::duty_pages::pages(language, text))
    .chain(super::resident_pages::pages(language, text))
    .chain(super::assessment_pages::pages(&at, text))
    .collect()
}

/// Pairs that may be the same, and one side by side.
fn duplicate_pages(language: Language, text: &str) -> Vec<(&'static str, String)> {
    let at = |path: &str| page(language, path, text);
    let household = || row(RecordKind::Household, language, text);
    let pair = |may_decide| PairView {
        href: "/duplicates/1/2".to_owned(),
        one: household(),
        other: household(),
        fields: vec![
            FieldPair {
                label: text.to_owned(),
                one: text.to_owned(),
                other: format!("乙{text}"),
            },
            FieldPair {
                label: text.to_owned(),
                one: String::new(),
                other: text.to_owned(),
            },
        ],
        may_decide,
    };
    let mut pages = vec![(
        "duplicates",
        DuplicatesPage {
            page: at("/duplicates"),
            list: list(
                "/duplicates",
                vec![PairRow {
                    href: "/duplicates/1/2".to_owned(),
                    one: household(),
                    other: household(),
                    shared: text.to_owned(),
                }],
                text,
            ),
        }
        .render()
        .unwrap(),
    )];
    for (name, may_decide) in [("duplicate-pair", true), ("duplicate-pair-seen", false)] {
        let page = DuplicatePairPage {
            page: at("/duplicates/1/2"),
            pair: pair(may_decide),
        };
        pages.push((name, page.render().unwrap()));
    }
    pages
}

/// Coverage, campaigns and rules.
fn visit_pages(language: Language, text: &str) -> Vec<(&'static str, String)> {
    let at = |path: &str| page(language, path, text);
    let coverage = |byte: u8| CoverageRow {
        grid: GridId::from_bytes([byte; 16]),
        name: format!("第{byte}网格{text}"),
        code: text.to_owned(),
        households: 300,
        month: 15,
        quarter: 40,
        year: 299,
    };
    let campaign = |closed_at| {
        let row = CampaignRow {
            id: CampaignId::from_bytes([1; 16]),
            title: text.to_owned(),
            note: format!("{text}\n第二行"),
            kind: "campaign".to_owned(),
            starts_on: CivilDay::of(NOW),
            ends_on: CivilDay::of(NOW).plus(14),
            checks: vec![CheckItem {
                id: "1".to_owned(),
                text: text.to_owned(),
            }],
            created_by: text.to_owned(),
            closed_at,
            households: 120,
            done: 31,
        };
        CampaignView::new(&row, &at("/campaigns"), CivilDay::of(NOW))
    };
    let grid = CampaignGrid {
        grid: GridId::from_bytes([1; 16]),
        name: text.to_owned(),
        code: text.to_owned(),
        households: 120,
        done: 31,
    };
    let options = || vec![SelectOption::new("a", text.to_owned(), "a")];
    let node = OrgNode {
        id: OrgNodeId::from_bytes([1; 16]),
        parent: None,
        level: OrgLevel::Street,
        code: None,
        name: text.to_owned(),
        path: "/01010101010101010101010101010101/".to_owned(),
        attribute: None,
        valid_from: NOW,
        valid_to: None,
    };
    let edition = ReferenceEdition {
        name: "visit_rules".to_owned(),
        node: node.id,
        node_name: text.to_owned(),
        number: 3,
        version: ReferenceVersion::from_bytes([1; 16]),
        body: None,
        is_current: true,
        person_name: text.to_owned(),
        at: NOW,
    };
    let rules = |may_write: bool| {
        let place = Place {
            node: node.clone(),
            holds: may_write.then(|| edition.clone()),
            editions: vec![edition.clone()],
            may_write,
        };
        let mut rules = VisitRules::default();
        rules.rules[0].zh = text.to_owned();
        rules.rules[0].en = text.to_owned();
        rules.rules[0].source = text.to_owned();
        rules.rules[1].active = false;
        let form = RulesForm::of(&rules);
        VisitRulesPage::new(at("/rules/1"), place, &form)
            .render()
            .unwrap()
    };
    let rows = [coverage(1), coverage(2)];
    let on = CivilDay::of(NOW);
    let coverage = |rows: &[CoverageRow]| {
        CoveragePage::new(at("/coverage"), on, rows, true)
            .render()
            .unwrap()
    };
    vec![
        ("coverage", coverage(&rows)),
        ("coverage-empty", coverage(&[])),
        (
            "campaigns",
            CampaignsPage {
                page: at("/campaigns"),
                campaigns: vec![campaign(None), campaign(Some(NOW))],
                may_make: true,
                is_behind: true,
            }
            .render()
            .unwrap(),
        ),
        (
            "campaign",
            CampaignPage {
                page: at("/campaigns/1"),
                campaign: campaign(None),
                grids: vec![CampaignGridView::from(grid)],
                may_close: true,
                is_behind: true,
            }
            .render()
            .unwrap(),
        ),
        (
            "campaign-new",
            NewCampaignPage {
                page: at("/campaigns/new"),
                form: CampaignForm {
                    title: text.to_owned(),
                    note: text.to_owned(),
                    starts_on: text.to_owned(),
                    checks: text.to_owned(),
                    ..CampaignForm::default()
                },
                kinds: options(),
                nodes: options(),
                ledgers: options(),
                periods: options(),
            }
            .render()
            .unwrap(),
        ),
        (
            "rules",
            RulesPage {
                page: at("/rules"),
                places: vec![RulesPlace {
                    href: "/rules/1".to_owned(),
                    name: text.to_owned(),
                    edition: 3,
                    by: text.to_owned(),
                    at: NOW.to_china_text(),
                }],
                nodes: options(),
            }
            .render()
            .unwrap(),
        ),
        ("rules-edit", rules(true)),
        ("rules-read", rules(false)),
    ]
}

#[test]
fn every_page_is_whole_in_both_languages() {
    for language in Language::ALL {
        for (name, html) in pages(language, PLAIN) {
            assert!(
                html.contains(&format!("<html lang=\"{}\"", language.tag())),
                "{name}"
            );
            assert!(html.trim_end().ends_with("</html>"), "{name}");
            // A text nobody wrote shows as its id.
            for unwritten in [
                ">console-",
                "\"console-",
                ">role-",
                ">kind-",
                ">household-",
                ">case-",
            ] {
                assert!(
                    !html.contains(unwritten),
                    "{name} {}: {unwritten}",
                    language.tag()
                );
            }
            if let Some(folder) = std::env::var_os("WANGGE_SAMPLE_PAGES") {
                let file = format!("{name}.{}.html", language.tag());
                std::fs::write(Path::new(&folder).join(file), &html).unwrap();
            }
        }
    }
}

#[test]
fn hostile_text_in_any_field_is_shown_as_text() {
    for language in Language::ALL {
        for (name, html) in pages(language, HOSTILE) {
            let html = html.replace("<script src=\"/assets/", "");
            for live in ["<script", "<img", "\"'>"] {
                assert!(!html.contains(live), "{name}: {live}");
            }
        }
    }
}

#[test]
fn identity_and_phone_numbers_are_hidden_everywhere() {
    for (name, html) in pages(Language::Chinese, PLAIN) {
        for secret in ["370102189912319991", "13800138000", "13800138001"] {
            assert!(!html.contains(secret), "{name}: {secret}");
        }
    }
}

fn templates() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap(),
            )
        })
        .collect()
}

#[test]
fn templates_name_only_texts_that_exist() {
    let mut named = 0;
    for (name, source) in templates() {
        for id in source
            .split('"')
            .filter(|part| part.starts_with("console-"))
        {
            named += 1;
            for language in Language::ALL {
                assert!(find_message(language, id, &[]).is_some(), "{name}: {id}");
            }
        }
    }
    assert!(named > 100, "only {named} texts were found");
}

#[test]
fn templates_have_nothing_the_content_policy_forbids() {
    for (name, source) in templates() {
        for forbidden in [
            " style=",
            "<style",
            "<script",
            " onclick",
            "javascript:",
            "|safe",
            "http://",
            "https://",
        ] {
            let source = source
                .replace("http://www.w3.org/2000/svg", "")
                .replace("<script src=\"{{ crate::console::assets::address(", "");
            assert!(!source.contains(forbidden), "{name}: {forbidden}");
        }
        // Residents are not signed in: there is no session that a form of
        // somebody else's could use.
        if name.ends_with("resident_track.html") || name.ends_with("resident_report.html") {
            continue;
        }
        // Every form that changes something carries the token.
        let posts = source.matches("method=\"post\"").count();
        assert_eq!(posts, source.matches("name=\"csrf\"").count(), "{name}");
    }
}
