//! A self-test on the own grid (三个一口清): questions made from the files on this
//! phone, without a network. Nothing of it is sent anywhere: neither what was
//! asked, which names people, nor how it went.
//!
//! The same files, day and seed make the same questions.

use std::collections::{BTreeMap, BTreeSet};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wangge_model::{
    CivilDay, GridId, MaskingKind, RecordKind, Timestamp,
    document::schema::CARE_GROUP,
    message::{Language, choice_message_id, message, message_id},
    visit_plan::HouseholdFact,
};

use crate::{Core, Error, Result};

/// Most questions of one quiz.
pub const MOST_QUESTIONS: u32 = 20;
/// Answers to choose from, at most and at least.
const MOST_OPTIONS: usize = 4;
const LEAST_OPTIONS: usize = 3;
/// Fewest households of a building that is asked about: of fewer one is not
/// expected to know a number.
const LEAST_HOUSEHOLDS: usize = 3;

/// What a question is about. The texts are `quiz-<word>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuizKind {
    /// Who lives at an address.
    WhoLives,
    /// How many dwellings of a building are let.
    Tenants,
    /// Which care group there is in the grid.
    CareGroup,
    /// How many households of the grid are of a care group.
    CareHouseholds,
}

impl QuizKind {
    /// All.
    pub const ALL: [Self; 4] = [
        Self::WhoLives,
        Self::Tenants,
        Self::CareGroup,
        Self::CareHouseholds,
    ];

    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WhoLives => "who_lives",
            Self::Tenants => "tenants",
            Self::CareGroup => "care_group",
            Self::CareHouseholds => "care_households",
        }
    }
}

/// One question with its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuizQuestion {
    /// What it is about.
    pub kind: QuizKind,
    /// The address, building or care group; empty for [`QuizKind::CareGroup`].
    pub about: String,
    /// What to choose from: masked names, numbers, or codes of care groups.
    pub options: Vec<String>,
    /// Which of them is right.
    pub right: usize,
}

impl QuizQuestion {
    /// The question in words.
    pub fn text(&self, language: Language) -> String {
        let about = if self.kind == QuizKind::CareHouseholds {
            care_group(&self.about, language)
        } else {
            self.about.clone()
        };
        let id = message_id("quiz", self.kind.as_str());
        message(language, &id, &[("about", &about)])
    }

    /// An answer in words.
    pub fn option_text(&self, option: &str, language: Language) -> String {
        if self.kind == QuizKind::CareGroup {
            care_group(option, language)
        } else {
            option.to_owned()
        }
    }
}

/// What a care group is called.
fn care_group(code: &str, language: Language) -> String {
    let id = choice_message_id(RecordKind::Household, "labels.*.group", code);
    message(language, &id, &[])
}

/// How a quiz went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuizResult {
    /// Of which grid.
    pub grid: GridId,
    /// When it was done.
    pub at: Timestamp,
    /// How many questions.
    pub asked: u32,
    /// How many answers were right.
    pub right: u32,
}

impl Core {
    /// Questions on a grid of the person's, as many as asked for if the files give
    /// so many; none if they give nothing to ask. The seed is the shell's: another
    /// one, other questions.
    pub fn quiz(&self, grid: GridId, seed: u64, questions: u32) -> Result<Vec<QuizQuestion>> {
        let today = self.day_of(None)?;
        let source = self.store.load_plan_source(today)?;
        if !source.grids.contains_key(&grid) {
            return Err(Error::NotFound { what: "grid" });
        }
        let of_grid = source.households.iter().filter(|one| one.grid == grid);
        let facts: BTreeMap<_, &HouseholdFact> = of_grid
            .filter(|one| !one.fact.is_place)
            .map(|one| (one.id, &one.fact))
            .collect();
        let ids: Vec<_> = facts.keys().copied().collect();
        let rows = self.store.list_rows(&ids)?;
        let households: Vec<Household<'_>> = rows
            .iter()
            .filter_map(|row| {
                Some(Household {
                    address: &row.summary.title,
                    name: MaskingKind::Name.mask(&row.summary.person_name),
                    fact: facts.get(&row.id)?,
                })
            })
            .collect();
        let count = questions.min(MOST_QUESTIONS) as usize;
        Ok(make(&households, today, seed, count))
    }

    /// Keeps how a quiz went, on this phone only. [`Error::Empty`] if nothing was
    /// asked.
    pub fn note_quiz(&self, grid: GridId, asked: u32, right: u32) -> Result<()> {
        if asked == 0 {
            return Err(Error::Empty);
        }
        Ok(self.store.note_quiz(QuizResult {
            grid,
            at: self.clock.now(),
            asked,
            right: right.min(asked),
        })?)
    }

    /// How quizzes of a grid went, latest first.
    pub fn quiz_results(&self, grid: GridId) -> Result<Vec<QuizResult>> {
        Ok(self.store.list_quiz_results(grid)?)
    }
}

/// A household as questions see it.
struct Household<'a> {
    address: &'a str,
    /// Masked.
    name: String,
    fact: &'a HouseholdFact,
}

/// The questions, of each kind in turn.
fn make(
    households: &[Household<'_>],
    today: CivilDay,
    seed: u64,
    count: usize,
) -> Vec<QuizQuestion> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut pools = [
        who_lives(households, &mut rng),
        tenants(households, &mut rng),
        care_groups(households, today, &mut rng),
        care_households(households, today, &mut rng),
    ];
    for pool in &mut pools {
        shuffle(pool, &mut rng);
    }
    let mut questions = Vec::with_capacity(count);
    while questions.len() < count {
        let before = questions.len();
        for pool in &mut pools {
            if questions.len() < count {
                questions.extend(pool.pop());
            }
        }
        if questions.len() == before {
            break;
        }
    }
    questions
}

fn shuffle<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, rng.random_range(0..=last));
    }
}

/// The right answer among wrong ones; nothing if there are too few of these.
fn ask(
    kind: QuizKind,
    about: &str,
    right: &str,
    mut wrong: Vec<String>,
    rng: &mut ChaCha8Rng,
) -> Option<QuizQuestion> {
    shuffle(&mut wrong, rng);
    wrong.truncate(MOST_OPTIONS - 1);
    let mut options = wrong;
    options.push(right.to_owned());
    if options.len() < LEAST_OPTIONS {
        return None;
    }
    shuffle(&mut options, rng);
    Some(QuizQuestion {
        kind,
        about: about.to_owned(),
        right: options.iter().position(|option| option == right)?,
        options,
    })
}

/// A number among others that are possible, in order.
fn ask_number(
    kind: QuizKind,
    about: &str,
    right: usize,
    of: usize,
    rng: &mut ChaCha8Rng,
) -> Option<QuizQuestion> {
    let wrong = (0..=of.max(MOST_OPTIONS - 1)).filter(|number| *number != right);
    let wrong = wrong.map(|number| number.to_string()).collect();
    let right = right.to_string();
    let mut question = ask(kind, about, &right, wrong, rng)?;
    question
        .options
        .sort_by_key(|option| option.parse::<usize>().unwrap_or(usize::MAX));
    question.right = question
        .options
        .iter()
        .position(|option| *option == right)?;
    Some(question)
}

fn who_lives(households: &[Household<'_>], rng: &mut ChaCha8Rng) -> Vec<QuizQuestion> {
    let names: BTreeSet<&str> = households
        .iter()
        .map(|household| household.name.as_str())
        .filter(|name| !name.is_empty())
        .collect();
    let mut questions = Vec::new();
    for household in households {
        // Two files of one address have no one answer.
        let is_alone = households
            .iter()
            .filter(|other| other.address == household.address)
            .count()
            == 1;
        if household.name.is_empty() || household.address.is_empty() || !is_alone {
            continue;
        }
        let others = names.iter().filter(|name| **name != household.name);
        let wrong = others.map(|name| (*name).to_owned()).collect();
        let (about, right) = (household.address, &household.name);
        questions.extend(ask(QuizKind::WhoLives, about, right, wrong, rng));
    }
    questions
}

fn tenants(households: &[Household<'_>], rng: &mut ChaCha8Rng) -> Vec<QuizQuestion> {
    let mut buildings: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for household in households {
        let fact = household.fact;
        if fact.building.is_empty() {
            continue;
        }
        let building = format!("{}{}", fact.estate, fact.building);
        let (all, let_out) = buildings.entry(building).or_default();
        *all += 1;
        *let_out += usize::from(fact.is_tenant);
    }
    buildings
        .into_iter()
        .filter(|(_, (all, _))| *all >= LEAST_HOUSEHOLDS)
        .filter_map(|(building, (all, let_out))| {
            ask_number(QuizKind::Tenants, &building, let_out, all, rng)
        })
        .collect()
}

/// Households of each care group that holds today.
fn care(households: &[Household<'_>], today: CivilDay) -> BTreeMap<&'static str, usize> {
    let mut groups = BTreeMap::new();
    for group in CARE_GROUP {
        let holds = |household: &&Household<'_>| {
            household.fact.labels.iter().any(|label| {
                label.group == *group
                    && label.since.is_none_or(|since| since <= today)
                    && label.until.is_none_or(|until| today <= until)
            })
        };
        let count = households.iter().filter(holds).count();
        if count > 0 {
            groups.insert(*group, count);
        }
    }
    groups
}

fn care_groups(
    households: &[Household<'_>],
    today: CivilDay,
    rng: &mut ChaCha8Rng,
) -> Vec<QuizQuestion> {
    let present = care(households, today);
    let absent = || {
        CARE_GROUP
            .iter()
            .filter(|group| !present.contains_key(*group))
    };
    // Asked about once: every further question would give the first away.
    let groups: Vec<&str> = present.keys().copied().collect();
    if groups.is_empty() {
        return Vec::new();
    }
    let Some(right) = groups.get(rng.random_range(0..groups.len())) else {
        return Vec::new();
    };
    let wrong = absent().map(|group| (*group).to_owned()).collect();
    ask(QuizKind::CareGroup, "", right, wrong, rng)
        .into_iter()
        .collect()
}

fn care_households(
    households: &[Household<'_>],
    today: CivilDay,
    rng: &mut ChaCha8Rng,
) -> Vec<QuizQuestion> {
    care(households, today)
        .into_iter()
        .filter_map(|(group, count)| {
            let of = households.len().min(count + LEAST_HOUSEHOLDS);
            ask_number(QuizKind::CareHouseholds, group, count, of, rng)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use wangge_model::{message::find_message, visit_plan::LabelSpan};

    use super::*;

    fn today() -> CivilDay {
        "2026-03-01".parse().unwrap()
    }

    fn fact(building: &str, is_tenant: bool, label: Option<(&str, Option<&str>)>) -> HouseholdFact {
        HouseholdFact {
            estate: "阳光花园".to_owned(),
            building: building.to_owned(),
            is_tenant,
            labels: label
                .into_iter()
                .map(|(group, until)| LabelSpan {
                    group: group.to_owned(),
                    level: String::new(),
                    since: None,
                    until: until.map(|day| day.parse().unwrap()),
                })
                .collect(),
            ..HouseholdFact::default()
        }
    }

    fn nameless(facts: &[HouseholdFact]) -> Vec<Household<'_>> {
        let household = |fact| Household {
            address: "",
            name: String::new(),
            fact,
        };
        facts.iter().map(household).collect()
    }

    #[test]
    fn numbers_are_counted_and_stand_in_order() {
        let facts = [
            fact("3号楼", true, None),
            fact("3号楼", true, None),
            fact("3号楼", false, None),
            fact("4号楼", true, None),
        ];
        let households = nameless(&facts);
        let questions = make(&households, today(), 7, 20);
        assert_eq!(questions.len(), 1, "of one building, and nobody has a name");
        let question = &questions[0];
        assert_eq!(question.about, "阳光花园3号楼");
        assert_eq!(question.options, ["0", "1", "2", "3"]);
        assert_eq!(question.options[question.right], "2");
        assert!(question.text(Language::Chinese).contains("阳光花园3号楼"));
    }

    #[test]
    fn care_groups_count_while_their_label_holds() {
        let facts = [
            fact("", false, Some(("dibao", None))),
            fact("", false, Some(("solo_elder", Some("2026-02-28")))),
        ];
        let households = nameless(&facts);
        for seed in 0..20 {
            let questions = make(&households, today(), seed, 20);
            let [which, how_many] = &questions[..] else {
                panic!("{questions:?}")
            };
            assert_eq!(which.kind, QuizKind::CareGroup);
            assert_eq!(which.options[which.right], "dibao");
            assert_eq!(which.options.len(), 4);
            assert_eq!(which.option_text("dibao", Language::Chinese), "低保户");
            assert_eq!(how_many.options[how_many.right], "1");
            assert!(how_many.text(Language::Chinese).contains("低保户"));
        }
    }

    #[test]
    fn who_lives_where_is_asked_with_masked_names_and_one_right_one() {
        let plain = fact("", false, None);
        let household = |address, name: &str| Household {
            address,
            name: MaskingKind::Name.mask(name),
            fact: &plain,
        };
        let households = [
            household("1号楼101", "王小明"),
            household("1号楼102", "李雷"),
            household("1号楼103", "韩梅梅"),
            household("1号楼104", "王大明"),
            // One home in two files, and one nobody is named of.
            household("1号楼105", "赵一"),
            household("1号楼105", "钱二"),
            household("1号楼106", ""),
        ];
        let mut orders = BTreeSet::new();
        for seed in 0..50 {
            let questions = make(&households, today(), seed, 20);
            assert_eq!(
                questions,
                make(&households, today(), seed, 20),
                "by its seed"
            );
            assert_eq!(questions.len(), 4);
            for question in &questions {
                let right = &question.options[question.right];
                let lives = households
                    .iter()
                    .find(|household| household.address == question.about);
                assert_eq!(*right, lives.unwrap().name);
                let distinct: BTreeSet<&String> = question.options.iter().collect();
                assert_eq!(distinct.len(), question.options.len(), "{question:?}");
                assert!(question.options.iter().all(|name| name.contains('*')));
            }
            orders.insert(format!("{questions:?}"));
        }
        assert!(orders.len() > 10, "other seeds, other questions");
        assert_eq!(
            make(&households[..2], today(), 1, 5),
            [],
            "too few to choose from"
        );
    }

    #[test]
    fn every_kind_has_words() {
        for kind in QuizKind::ALL {
            for language in Language::ALL {
                let id = message_id("quiz", kind.as_str());
                assert!(
                    find_message(language, &id, &[("about", "x")]).is_some(),
                    "{id}"
                );
            }
        }
    }
}
