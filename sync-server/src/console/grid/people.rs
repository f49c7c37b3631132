//! `GET /people`: the team, as whoever leads it sees it.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use wangge_model::{
    OrgNodeId, Timestamp,
    message::{Language, message},
};

use crate::{
    AppState,
    auth::SignedIn,
    console::{
        error::PageError,
        frame::{Frame, render},
        list::{ListFilter, ListForm, ListPage, PAGE_ROWS},
        page::Page,
    },
    storage::TeamMember,
};

#[derive(Template)]
#[template(path = "people.html")]
pub(crate) struct PeoplePage {
    pub(crate) page: Page,
    pub(crate) list: ListPage<MemberView>,
}

/// Somebody at a place.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemberView {
    /// Name.
    pub name: String,
    /// Role in words.
    pub role: String,
    /// The place's name.
    pub place: String,
    /// Phone number for residents.
    pub phone: String,
    /// Full-time or part-time, in words.
    pub time: String,
    /// Duties in words.
    pub duties: String,
    /// Where the work card is, if the reader may open it.
    pub card: Option<String>,
    /// What to know: not trained, shut out, assigned beforehand; in words.
    pub marks: Vec<String>,
}

impl MemberView {
    /// In words, as of `at`.
    pub(crate) fn of(member: &TeamMember, place: &str, at: Timestamp, language: Language) -> Self {
        let say = |id: &str| message(language, id, &[]);
        let assignment = &member.assignment;
        let is_trained = member
            .trained_on
            .zip(at.to_china_date())
            .is_some_and(|(trained_on, today)| trained_on <= today);
        let mut marks = Vec::new();
        if !member.active {
            marks.push(say("console-person-inactive"));
        }
        if assignment.reserve {
            marks.push(say("console-person-reserve"));
        }
        if assignment.role.spec().needs_training && !is_trained {
            marks.push(match member.trained_on {
                None => say("console-person-untrained"),
                Some(date) => message(
                    language,
                    "console-person-trained-later",
                    &[("date", &date.to_string())],
                ),
            });
        }
        let duties: Vec<String> = assignment
            .duties
            .iter()
            .map(|duty| say(&duty.message_id()))
            .collect();
        Self {
            name: member.name.clone(),
            role: say(&assignment.role.message_id()),
            place: place.to_owned(),
            phone: member.phone.clone(),
            time: say(if assignment.full_time {
                "console-person-full-time"
            } else {
                "console-person-part-time"
            }),
            duties: duties.join(&say("list-separator")),
            card: None,
            marks,
        }
    }
}

/// `GET /people`
pub(super) async fn get(
    State(state): State<AppState>,
    frame: Frame,
    signed_in: SignedIn,
    Query(form): Query<ListForm>,
) -> Result<Response, PageError> {
    let filter = ListFilter::from(form);
    let scope = &signed_in.scope;
    let storage = state.storage.as_ref();
    let places: HashMap<OrgNodeId, String> = storage
        .list_nodes_in_scope(&scope.person, scope.at)
        .await?
        .into_iter()
        .map(|node| (node.id, node.name))
        .collect();
    let team = storage.list_team(&scope.person, scope.at).await?;
    let views: Vec<MemberView> = team
        .iter()
        .map(|member| {
            let place = places.get(&member.assignment.node);
            let place = place.map_or("", String::as_str);
            MemberView {
                card: Some(format!("/people/{}/card", member.assignment.person)),
                ..MemberView::of(member, place, scope.at, frame.language)
            }
        })
        .filter(|view| {
            filter.q.split_whitespace().all(|word| {
                view.name.contains(word) || view.place.contains(word) || view.role.contains(word)
            })
        })
        .collect();
    let total = views.len() as u64;
    let first = (filter.page - 1).saturating_mul(u64::from(PAGE_ROWS));
    let rows = views
        .into_iter()
        .skip(usize::try_from(first).unwrap_or(usize::MAX))
        .take(PAGE_ROWS as usize)
        .collect();
    let list = ListPage {
        action: "/people",
        number: filter.page,
        filter,
        grids: Vec::new(),
        sources: Vec::new(),
        rows,
        total,
    };
    render(&PeoplePage {
        page: frame.page_for(&signed_in),
        list,
    })
}
