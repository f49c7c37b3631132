//! Surveys: published below a place, counted without names within scope.

use wangge_model::{
    CivilDay, OrgNodeId, SurveyId,
    survey::{Question, QuestionKind, SURVEY},
};

use super::{NOW, Storage, StorageError, grid, id16, person, town, visit};
use crate::storage::NewSurvey;

fn new(id: u8, node: u8, who: u8) -> NewSurvey {
    let today = CivilDay::of(NOW);
    NewSurvey {
        id: SurveyId::from_bytes(id16(id)),
        node: OrgNodeId::from_bytes(id16(node)),
        title: "为老服务需求".to_owned(),
        note: String::new(),
        starts_on: today,
        ends_on: today.plus(30),
        questions: vec![Question {
            id: "1".to_owned(),
            text: "需要哪些服务".to_owned(),
            kind: QuestionKind::Several,
            choices: vec!["助餐".to_owned(), "家政".to_owned()],
        }],
        person: person(who),
        at: NOW,
    }
}

/// How many sets of surveys phones of a grid hold.
async fn held(storage: &dyn Storage, place: u8) -> usize {
    let stamps = storage.list_reference_stamps(&[grid(place)]).await.unwrap();
    stamps
        .iter()
        .filter(|stamp| stamp.name.starts_with(SURVEY))
        .count()
}

pub(super) async fn a_survey_is_asked_below_its_place_and_counted_in_scope(storage: &dyn Storage) {
    town(storage).await;
    // A worker makes none, and nobody in places of others.
    for (node, who) in [(3, 10), (5, 11), (1, 11), (99, 12)] {
        let refused = storage.create_survey(&new(1, node, who)).await;
        assert!(
            matches!(refused, Err(StorageError::Missing("org_node"))),
            "{node} {who}: {refused:?}"
        );
    }
    storage.create_survey(&new(1, 1, 12)).await.unwrap();
    assert_eq!((held(storage, 3).await, held(storage, 6).await), (1, 1));
    let id = SurveyId::from_bytes(id16(1));
    let answers = |codes: &str| {
        let path = format!("answers.{id}_1.chosen");
        visit::text(&path, codes)
    };
    for household in [40, 41] {
        visit::put_household(storage, household, 3, "consistent").await;
    }
    visit::put_household(storage, 42, 6, "consistent").await;
    // The same household twice: the later sheet counts.
    for (record, place, household, after, codes) in [
        (50, 3, 40, 0, "1"),
        (51, 3, 40, visit::DAY, "2"),
        (52, 3, 41, 0, "1,2"),
        (53, 6, 42, 0, "1"),
    ] {
        let mut edits = visit::met(household, after);
        edits.push(answers(codes));
        visit::put_visit(storage, record, place, &edits).await;
    }
    visit::count_all(storage).await;
    let counts = async |who: u8| {
        let counted = storage.count_survey(&person(who), NOW, &id).await.unwrap();
        let figures = counted.into_iter().map(|grid| {
            let chosen: Vec<(String, u64)> = grid
                .chosen
                .into_iter()
                .map(|(_, code, count)| (code, count))
                .collect();
            (grid.grid.as_bytes()[0], grid.sheets, chosen)
        });
        figures.collect::<Vec<_>>()
    };
    let of_three = (3, 2, vec![("1".to_owned(), 1), ("2".to_owned(), 2)]);
    let of_six = (6, 1, vec![("1".to_owned(), 1)]);
    assert_eq!(counts(12).await, [of_three.clone(), of_six]);
    assert_eq!(counts(10).await, [of_three], "only the own grid");
    // A sheet that is corrected is counted as it is now.
    visit::change_visit(storage, 52, &[answers("1")]).await;
    visit::count_all(storage).await;
    assert_eq!(
        counts(10).await,
        [(3, 2, vec![("1".to_owned(), 1), ("2".to_owned(), 1)])]
    );

    let list = async |who: u8| storage.list_surveys(&person(who), NOW, None).await.unwrap();
    assert!(list(12).await[0].may_close);
    assert!(!list(10).await[0].may_close, "seen, not closed");
    let refused = storage.close_survey(&id, &person(10), NOW).await;
    assert!(matches!(refused, Err(StorageError::Missing("survey"))));
    assert!(storage.close_survey(&id, &person(12), NOW).await.unwrap());
    assert!(!storage.close_survey(&id, &person(12), NOW).await.unwrap());
    assert_eq!((held(storage, 3).await, held(storage, 6).await), (0, 0));
    assert_eq!(counts(12).await.len(), 2, "what was counted stays");

    storage.create_survey(&new(2, 3, 11)).await.unwrap();
    let over = CivilDay::of(NOW).plus(31);
    let closed = storage.close_surveys_before(over.plus(-1), NOW).await;
    assert_eq!(closed.unwrap(), 0);
    assert_eq!(storage.close_surveys_before(over, NOW).await.unwrap(), 1);
    assert_eq!(held(storage, 3).await, 0);
}
