//! Tasks that a department pushes down to grids (条线任务到块), and the control of
//! what may enter them (事项准入, source 004): temporary tasks need consent and an
//! end date, and say on what basis they are asked. What is on the county's list of
//! matters ([`MatterList`]) enters at once; everything else needs the county's
//! permission, with a reason either way.

use serde::{Deserialize, Serialize};

use crate::{
    CivilDay,
    document::schema::VISIT_KIND,
    message::{Language, message, message_id},
};

/// Name of the set of matters that departments may give to grids (事项清单), see
/// [`MatterList`].
pub const TASK_MATTERS: &str = "task_matters";
/// Most matters of a list.
const MOST_MATTERS: usize = 200;

/// Longest task, in days.
pub const MOST_DAYS: i32 = 366;
/// Longest basis and longest reason of a refusal, in characters; both must have two.
pub const BASIS_CHARS: usize = 200;

/// Where a task stands. The texts are `task-state-<word>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TaskState {
    /// Filed by a department; grids do not know it.
    Filed,
    /// Let in: it is a campaign of its grids.
    Admitted,
    /// Not let in, with a reason.
    Refused,
}

impl TaskState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Filed, Self::Admitted, Self::Refused];

    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Filed => "filed",
            Self::Admitted => "admitted",
            Self::Refused => "refused",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// The matters that departments may give to grids without asking.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatterList {
    /// Its rows, in the order they are shown.
    pub rows: Vec<Matter>,
}

/// One matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matter {
    /// Names it within the list: 1 to 32 letters, digits, `_` and `-`.
    pub code: String,
    /// What it is called.
    pub title: String,
    /// The law, rule or order it rests on.
    pub basis: String,
    /// Kind its visits are entered as.
    pub kind: String,
    /// Longest it may take, in days.
    pub most_days: u16,
}

/// Why a list cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MatterListError {
    /// More than 200.
    #[error("more than {MOST_MATTERS} matters")]
    TooMany,
    /// A code that is none or repeated, or a title, basis, kind or length that no
    /// task may have.
    #[error("matter {0} cannot be used")]
    Row(usize),
}

impl MatterList {
    /// The list in the content of a set; one that cannot be read has no matters, so
    /// that everything needs permission.
    pub fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// The matter of this code.
    pub fn find(&self, code: &str) -> Option<&Matter> {
        self.rows.iter().find(|matter| matter.code == code)
    }

    /// Whether it may be published.
    pub fn check(&self) -> Result<(), MatterListError> {
        if self.rows.len() > MOST_MATTERS {
            return Err(MatterListError::TooMany);
        }
        let mut codes = std::collections::BTreeSet::new();
        for (place, matter) in self.rows.iter().enumerate() {
            let is_code = (1..=32).contains(&matter.code.len())
                && matter
                    .code
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            let fits = is_code
                && codes.insert(&matter.code)
                && (1..=60).contains(&matter.title.trim().chars().count())
                && is_reason(&matter.basis)
                && VISIT_KIND.contains(&matter.kind.as_str())
                && (1..=MOST_DAYS).contains(&i32::from(matter.most_days));
            if !fits {
                return Err(MatterListError::Row(place + 1));
            }
        }
        Ok(())
    }
}

impl Matter {
    /// Whether a task is this matter: its kind, and no longer.
    pub fn admits(&self, order: &TaskOrder) -> bool {
        let days = order.ends_on.days_since(order.starts_on) + 1;
        order.matter == self.code && order.kind == self.kind && days <= i32::from(self.most_days)
    }
}

/// What a department asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskOrder {
    /// What it is called.
    pub title: String,
    /// What is to be done.
    pub note: String,
    /// Kind its visits are entered as.
    pub kind: String,
    /// First day.
    pub starts_on: CivilDay,
    /// Last day.
    pub ends_on: CivilDay,
    /// The law, rule or order it rests on.
    pub basis: String,
    /// Code of the matter of the list that it is; empty: none, so that it needs
    /// permission.
    pub matter: String,
}

/// What is wrong with a task. The texts are `task-<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// No title, or one too long.
    #[error("the title must have 1 to 60 characters")]
    Title,
    /// A note too long.
    #[error("the note may have 500 characters")]
    Note,
    /// No such kind of visit.
    #[error("there is no such kind of visit")]
    Kind,
    /// The last day is past, before the first, or too far off.
    #[error("the days must be in order, not past and within a year")]
    Days,
    /// No basis, or one too long.
    #[error("the basis must have 2 to {BASIS_CHARS} characters")]
    Basis,
    /// No place, or one that is not the person's.
    #[error("a place in scope must be chosen")]
    Place,
    /// It is on no list that holds there, or is another kind or longer than the
    /// list allows.
    #[error("the list does not allow it")]
    Matter,
    /// A permission or refusal without a reason.
    #[error("the reason must have 2 to {BASIS_CHARS} characters")]
    Reason,
    /// There is no household in its grids.
    #[error("there is no household there")]
    Nobody,
    /// More households than a campaign may name.
    #[error("there are too many households")]
    TooMany,
}

impl TaskError {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::Title,
        Self::Note,
        Self::Kind,
        Self::Days,
        Self::Basis,
        Self::Place,
        Self::Matter,
        Self::Reason,
        Self::Nobody,
        Self::TooMany,
    ];

    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Note => "note",
            Self::Kind => "kind",
            Self::Days => "days",
            Self::Basis => "basis",
            Self::Place => "place",
            Self::Matter => "matter",
            Self::Reason => "reason",
            Self::Nobody => "nobody",
            Self::TooMany => "too_many",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(self, language: Language) -> String {
        message(language, &message_id("task", self.code()), &[])
    }
}

/// Whether this may be a basis, or the reason of a refusal.
pub fn is_reason(text: &str) -> bool {
    (2..=BASIS_CHARS).contains(&text.trim().chars().count())
}

impl TaskOrder {
    /// Whether it may be filed today; the first thing that is wrong.
    pub fn check(&self, today: CivilDay) -> Result<(), TaskError> {
        let length = |text: &str| text.trim().chars().count();
        if !(1..=60).contains(&length(&self.title)) {
            return Err(TaskError::Title);
        }
        if length(&self.note) > 500 {
            return Err(TaskError::Note);
        }
        if !VISIT_KIND.contains(&self.kind.as_str()) {
            return Err(TaskError::Kind);
        }
        if !(0..=MOST_DAYS).contains(&self.ends_on.days_since(self.starts_on))
            || self.ends_on < today
        {
            return Err(TaskError::Days);
        }
        if !is_reason(&self.basis) {
            return Err(TaskError::Basis);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_needs_a_basis_and_an_end() {
        let order = TaskOrder {
            title: "燃气安全入户检查".to_owned(),
            note: String::new(),
            kind: "campaign".to_owned(),
            starts_on: "2026-03-01".parse().unwrap(),
            ends_on: "2026-03-31".parse().unwrap(),
            basis: "城镇燃气管理条例".to_owned(),
            matter: String::new(),
        };
        let today: CivilDay = "2026-03-02".parse().unwrap();
        let code = |change: &dyn Fn(&mut TaskOrder)| {
            let mut order = order.clone();
            change(&mut order);
            order.check(today).err().map(TaskError::code)
        };
        assert_eq!(code(&|_| ()), None);
        assert_eq!(code(&|o| o.title.clear()), Some("title"));
        assert_eq!(code(&|o| o.note = "平".repeat(501)), Some("note"));
        assert_eq!(code(&|o| o.kind = "raid".to_owned()), Some("kind"));
        assert_eq!(code(&|o| o.ends_on = today.plus(-1)), Some("days"));
        assert_eq!(code(&|o| o.ends_on = o.starts_on.plus(367)), Some("days"));
        assert_eq!(code(&|o| o.basis = " 法 ".to_owned()), Some("basis"));
    }

    #[test]
    fn a_task_on_the_list_is_of_its_kind_and_no_longer() {
        let matter = |code: &str| Matter {
            code: code.to_owned(),
            title: "燃气安全入户检查".to_owned(),
            basis: "城镇燃气管理条例".to_owned(),
            kind: "campaign".to_owned(),
            most_days: 31,
        };
        let list = MatterList {
            rows: vec![matter("gas"), matter("flood-2")],
        };
        assert_eq!(list.check(), Ok(()));
        let order = |matter: &str, kind: &str, last: &str| TaskOrder {
            title: "一".to_owned(),
            note: String::new(),
            kind: kind.to_owned(),
            starts_on: "2026-03-01".parse().unwrap(),
            ends_on: last.parse().unwrap(),
            basis: "条例".to_owned(),
            matter: matter.to_owned(),
        };
        let gas = list.find("gas").unwrap();
        assert!(gas.admits(&order("gas", "campaign", "2026-03-31")));
        assert!(
            !gas.admits(&order("gas", "campaign", "2026-04-01")),
            "longer"
        );
        assert!(!gas.admits(&order("gas", "household", "2026-03-31")));
        assert!(!gas.admits(&order("", "campaign", "2026-03-31")));
        assert_eq!(list.find("water"), None);
        let broken = |change: &dyn Fn(&mut Matter)| {
            let mut rows = list.rows.clone();
            rows.iter_mut().skip(1).for_each(change);
            MatterList { rows }.check()
        };
        assert_eq!(
            broken(&|m| m.code = "gas".to_owned()),
            Err(MatterListError::Row(2))
        );
        assert_eq!(
            broken(&|m| m.code = "燃".to_owned()),
            Err(MatterListError::Row(2))
        );
        assert_eq!(broken(&|m| m.basis.clear()), Err(MatterListError::Row(2)));
        assert_eq!(
            broken(&|m| m.kind = "raid".to_owned()),
            Err(MatterListError::Row(2))
        );
        assert_eq!(broken(&|m| m.most_days = 0), Err(MatterListError::Row(2)));
        let many = MatterList {
            rows: (0..201).map(|number| matter(&number.to_string())).collect(),
        };
        assert_eq!(many.check(), Err(MatterListError::TooMany));
        assert_eq!(MatterList::read(b"nonsense"), MatterList::default());
    }

    #[test]
    fn every_mistake_and_state_has_a_text_in_both_languages() {
        for language in Language::ALL {
            for error in TaskError::ALL {
                let text = error.text(language);
                assert!(!text.contains("task-"), "{text}");
            }
            for state in TaskState::ALL {
                assert_eq!(TaskState::parse(state.as_str()), Some(state));
                let id = message_id("task-state", state.as_str());
                assert_ne!(message(language, &id, &[]), id);
            }
        }
    }
}
