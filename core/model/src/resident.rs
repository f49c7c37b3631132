//! What residents report by the code on a wall (随手拍、平安码, sources 001), and
//! what they are told as their report goes its way (分段向居民反馈, source 004).
//!
//! Owns the form of a report, its classes, and which step of a case is told.
//! Does not own how a case goes ([`crate::case`]) nor who delivers a message.

use crate::{
    FieldPath, FieldValue, MobileNumber, RecordId, TextRule, Timestamp,
    case::CaseState,
    document::FieldEdit,
    message::{Language, message, message_id},
};

/// The classes a resident chooses from: those of the tree of the domain
/// reference (5.1 d) that somebody in the street can tell. The texts are
/// `resident-class-<code>`. Not among them: whatever accuses a person.
pub const CLASSES: [&str; 18] = [
    "4001", "4002", "4004", "4005", "4006", "4007", "4008", "4009", "3001", "3005", "3006", "3007",
    "3010", "2006", "5011", "5012", "7001", "9099",
];

/// Longest description of a report, in characters; it must have four.
pub const DESCRIPTION_CHARS: usize = 1_000;
/// Longest place of a report, in characters.
pub const PLACE_CHARS: usize = 100;
/// Longest label of a code, in characters: where it hangs.
pub const LABEL_CHARS: usize = 60;
/// Longest text of a notice, in characters: three text messages.
pub const NOTICE_CHARS: usize = 200;
/// Most households one notice may go to.
pub const MOST_HOUSEHOLDS: usize = 500;
/// Most messages by notice that one person may cause in a day.
pub const MOST_A_DAY: usize = 2_000;

/// Least characters of a description: less says nothing.
const LEAST_CHARS: usize = 4;
/// Characters of a description that make the title of its incident.
const TITLE_CHARS: usize = 40;

/// A step of a case that whoever reported it is told. The texts of messages are
/// `resident-told-<word>`, those of pages `resident-stage-<word>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReportStage {
    /// The report came; its page says so, nobody is sent a message.
    Received,
    /// Taken in by a desk (受理).
    TakenIn,
    /// Given to whoever handles it (交办).
    Assigned,
    /// The result is handed in (办结).
    Done,
    /// It cannot be solved for now (解释说明).
    Explained,
    /// Closed (销号).
    Closed,
    /// Nothing the grid can do (不予受理).
    Declined,
    /// Handled with another report of the same (合并办理).
    Merged,
}

impl ReportStage {
    /// All of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Received,
        Self::TakenIn,
        Self::Assigned,
        Self::Done,
        Self::Explained,
        Self::Closed,
        Self::Declined,
        Self::Merged,
    ];

    /// Stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::TakenIn => "taken_in",
            Self::Assigned => "assigned",
            Self::Done => "done",
            Self::Explained => "explained",
            Self::Closed => "closed",
            Self::Declined => "declined",
            Self::Merged => "merged",
        }
    }

    /// The one with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == word)
    }

    /// What a case in this state means for whoever reported it.
    pub const fn of(state: CaseState) -> Self {
        match state {
            CaseState::Reported => Self::Received,
            CaseState::Filed => Self::TakenIn,
            CaseState::Assigned | CaseState::InProgress => Self::Assigned,
            CaseState::Handled | CaseState::Verified => Self::Done,
            CaseState::Explained => Self::Explained,
            CaseState::Closed | CaseState::Archived => Self::Closed,
            CaseState::Void => Self::Declined,
            CaseState::Merged => Self::Merged,
        }
    }

    /// How far along it is. A result that was found wanting and is handed in
    /// again is no news.
    const fn rank(self) -> u8 {
        match self {
            Self::Received => 0,
            Self::TakenIn => 1,
            Self::Assigned => 2,
            Self::Done | Self::Explained => 3,
            Self::Closed | Self::Declined | Self::Merged => 4,
        }
    }

    /// Nothing more comes unless it is opened again.
    const fn is_end(self) -> bool {
        matches!(
            self,
            Self::Explained | Self::Closed | Self::Declined | Self::Merged
        )
    }

    /// Whether somebody who was last told `self` is to be told `now`: a further
    /// step, or any step after an end, which is a case opened again.
    pub fn is_news(self, now: Self) -> bool {
        now != Self::Received && now != self && (self.is_end() || now.rank() > self.rank())
    }

    /// Id of the message that tells it.
    pub fn message_id(self) -> String {
        message_id("resident-told", self.as_str())
    }

    /// It in words, for a page.
    pub fn text(self, language: Language) -> String {
        message(language, &message_id("resident-stage", self.as_str()), &[])
    }
}

/// What a resident wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResidentReport {
    /// One of [`CLASSES`].
    pub class: String,
    /// Where, in words.
    pub place: String,
    /// What.
    pub description: String,
    /// Whom to tell; empty: nobody. Never part of the incident.
    pub phone: String,
}

/// What is wrong with a report, a code or a notice. The texts are
/// `resident-<code>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ResidentError {
    /// Not one of the classes.
    #[error("a class must be chosen")]
    Class,
    /// No place, or one too long.
    #[error("the place must have 1 to {PLACE_CHARS} characters")]
    Place,
    /// No description, too short or too long.
    #[error("the description must have {LEAST_CHARS} to {DESCRIPTION_CHARS} characters")]
    Description,
    /// Not a mobile number.
    #[error("not a mobile number")]
    Phone,
    /// A field that people do not see is filled in.
    #[error("filled in by a program")]
    Program,
    /// No label, or one too long.
    #[error("the label must have 2 to {LABEL_CHARS} characters")]
    Label,
    /// No grid in which the person may do it.
    #[error("a grid or place in scope must be chosen")]
    Node,
    /// No text of a notice, or one too long.
    #[error("the notice must have 4 to {NOTICE_CHARS} characters")]
    Notice,
    /// Nobody was chosen, or nobody who was has a mobile number.
    #[error("nobody to send it to")]
    Nobody,
    /// More households than one notice may go to.
    #[error("at most {MOST_HOUSEHOLDS} households")]
    TooManyHouseholds,
    /// More messages in a day than one person may cause.
    #[error("at most {MOST_A_DAY} messages a day")]
    TooManyToday,
}

impl ResidentError {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Class,
        Self::Place,
        Self::Description,
        Self::Phone,
        Self::Program,
        Self::Label,
        Self::Node,
        Self::Notice,
        Self::Nobody,
        Self::TooManyHouseholds,
        Self::TooManyToday,
    ];

    /// Stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Place => "place",
            Self::Description => "description",
            Self::Phone => "phone",
            Self::Program => "program",
            Self::Label => "label",
            Self::Node => "node",
            Self::Notice => "notice",
            Self::Nobody => "nobody",
            Self::TooManyHouseholds => "too_many_households",
            Self::TooManyToday => "too_many_today",
        }
    }

    /// What is wrong and what to do about it.
    pub fn text(self, language: Language) -> String {
        message(language, &message_id("resident", self.code()), &[])
    }
}

/// A class in words; the code itself if this build does not know it.
pub fn class_text(code: &str, language: Language) -> String {
    if CLASSES.contains(&code) {
        message(language, &message_id("resident-class", code), &[])
    } else {
        code.to_owned()
    }
}

/// A number as it is kept and sent to, if it is a mobile number.
pub fn mobile(text: &str) -> Option<String> {
    let number = MobileNumber::parse(&crate::text::to_half_width(text)).ok()?;
    Some(number.as_str().to_owned())
}

/// The label of a code as it is kept.
pub fn label(text: &str) -> Result<String, ResidentError> {
    let label = TextRule::line(LABEL_CHARS).apply(text);
    label
        .ok()
        .filter(|label| label.chars().count() >= 2)
        .ok_or(ResidentError::Label)
}

/// The text of a notice as it is kept.
pub fn notice(text: &str) -> Result<String, ResidentError> {
    let text = TextRule::line(NOTICE_CHARS).apply(text);
    text.ok()
        .filter(|text| text.chars().count() >= LEAST_CHARS)
        .ok_or(ResidentError::Notice)
}

impl ResidentReport {
    /// The report as it is kept; the first thing that is wrong.
    pub fn checked(&self) -> Result<Self, ResidentError> {
        if !CLASSES.contains(&self.class.as_str()) {
            return Err(ResidentError::Class);
        }
        let place = TextRule::line(PLACE_CHARS).required().apply(&self.place);
        let description = TextRule::lines(DESCRIPTION_CHARS).apply(&self.description);
        let phone = match self.phone.trim() {
            "" => String::new(),
            phone => mobile(phone).ok_or(ResidentError::Phone)?,
        };
        Ok(Self {
            class: self.class.clone(),
            place: place.map_err(|_| ResidentError::Place)?,
            description: description
                .ok()
                .filter(|text| text.chars().count() >= LEAST_CHARS)
                .ok_or(ResidentError::Description)?,
            phone,
        })
    }

    /// The fields of the incident it becomes. Without the phone number: a
    /// record goes to every phone of its grid and is kept for good, and the
    /// number is for telling how it went and nothing else.
    pub fn edits(&self, concerned: Option<RecordId>, at: Timestamp) -> Vec<FieldEdit> {
        let first = self.description.lines().next().unwrap_or_default();
        let title: String = first.chars().take(TITLE_CHARS).collect();
        let concerned = concerned.map(|id| id.to_string()).unwrap_or_default();
        let texts = [
            ("category", self.class.clone()),
            ("urgency", "normal".to_owned()),
            ("source", "resident".to_owned()),
            ("title", title),
            ("description", self.description.clone()),
            ("place", self.place.clone()),
            ("concerned_place", concerned),
        ];
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        texts
            .map(|(path, text)| (path, FieldValue::Text(text)))
            .chain([("occurred_at", FieldValue::Time(at))])
            .filter_map(|(path, value)| Some(FieldEdit::set(FieldPath::new(path).ok()?, value)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActorId, RecordKind, document::RecordDocument, incident::Incident};

    fn report() -> ResidentReport {
        ResidentReport {
            class: "4006".to_owned(),
            place: "平安里 2 号楼前".to_owned(),
            description: "路灯不亮\r\n已经三天".to_owned(),
            phone: "138 0000 0001".to_owned(),
        }
    }

    #[test]
    fn a_report_says_what_is_wrong_with_it() {
        let code = |change: &dyn Fn(&mut ResidentReport)| {
            let mut report = report();
            change(&mut report);
            report.checked().err().map(ResidentError::code)
        };
        assert_eq!(code(&|_| ()), None);
        assert_eq!(code(&|r| r.phone.clear()), None, "nobody has to be told");
        assert_eq!(code(&|r| r.class = "2001".to_owned()), Some("class"));
        assert_eq!(code(&|r| r.place = " \u{3000}".to_owned()), Some("place"));
        assert_eq!(code(&|r| r.place = "平".repeat(101)), Some("place"));
        assert_eq!(
            code(&|r| r.description = "坏".to_owned()),
            Some("description")
        );
        let long = "平".repeat(DESCRIPTION_CHARS + 1);
        assert_eq!(
            code(&|r| r.description.clone_from(&long)),
            Some("description")
        );
        assert_eq!(
            code(&|r| r.description = "路灯\0不亮".to_owned()),
            Some("description")
        );
        assert_eq!(
            code(&|r| r.phone = "0531-82012345".to_owned()),
            Some("phone")
        );
        assert_eq!(code(&|r| r.phone = "1380000".to_owned()), Some("phone"));
    }

    #[test]
    fn a_report_becomes_an_incident_without_the_number() {
        let report = report().checked().unwrap();
        assert_eq!(report.phone, "13800000001");
        let at = Timestamp::from_millis(1_767_225_600_000);
        let place = RecordId::from_bytes([7; 16]);
        let mut document = RecordDocument::new(RecordKind::Incident);
        let edits = report.edits(Some(place), at);
        document
            .edit(&edits, ActorId::from_bytes([1; 16]), at)
            .unwrap()
            .unwrap();
        let incident = Incident::read(&document);
        assert_eq!(incident.title, "路灯不亮");
        assert_eq!(incident.description, "路灯不亮\n已经三天");
        assert_eq!(incident.source, "resident");
        assert_eq!(incident.concerned_place, Some(place));
        assert_eq!(incident.occurred_at, Some(at));
        assert!(incident.parties.is_empty());
        let saved = document.save();
        assert!(!String::from_utf8_lossy(&saved).contains("13800000001"));
    }

    #[test]
    fn each_step_is_told_once_and_again_after_it_was_opened_again() {
        use CaseState as S;
        let told = |states: &[S]| {
            let mut last = ReportStage::Received;
            let mut told = Vec::new();
            for state in states {
                let now = ReportStage::of(*state);
                if last.is_news(now) {
                    told.push(now.as_str());
                    last = now;
                }
            }
            told
        };
        assert_eq!(
            told(&[
                S::Reported,
                S::Filed,
                S::Assigned,
                S::InProgress,
                S::Handled,
                S::InProgress,
                S::Handled,
                S::Verified,
                S::Closed,
                S::Archived,
            ]),
            ["taken_in", "assigned", "done", "closed"]
        );
        assert_eq!(
            told(&[S::Filed, S::Explained, S::InProgress, S::Handled, S::Closed]),
            ["taken_in", "explained", "assigned", "done", "closed"]
        );
        assert_eq!(told(&[S::Closed, S::InProgress]), ["closed", "assigned"]);
        assert_eq!(told(&[S::Filed, S::Assigned, S::Filed, S::Void]).len(), 3);
    }

    #[test]
    fn every_class_stage_and_mistake_has_a_text_in_both_languages() {
        for language in Language::ALL {
            for class in CLASSES {
                assert!(!class_text(class, language).contains(class));
            }
            for stage in ReportStage::ALL {
                assert_eq!(ReportStage::parse(stage.as_str()), Some(stage));
                assert!(!stage.text(language).contains("resident-"));
                if stage != ReportStage::Received {
                    let told = message(language, &stage.message_id(), &[("number", "SJ1")]);
                    assert!(told.contains("SJ1"), "{told}");
                }
            }
            for error in ResidentError::ALL {
                assert!(!error.text(language).contains("resident-"));
            }
        }
    }

    #[test]
    fn labels_and_notices_have_their_lengths() {
        assert_eq!(label(" 平安里\n东门 "), Ok("平安里 东门".to_owned()));
        assert_eq!(label("东"), Err(ResidentError::Label));
        assert_eq!(label(&"东".repeat(61)), Err(ResidentError::Label));
        assert_eq!(notice("停水"), Err(ResidentError::Notice));
        assert_eq!(notice(&"水".repeat(201)), Err(ResidentError::Notice));
        assert!(notice("明天上午八点至十点停水").is_ok());
    }
}
