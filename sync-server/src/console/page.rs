//! What every page has: language, size of type, who is signed in, the form
//! token, a notice. Owns the texts' way into templates. Does not own what a
//! page is about.

use std::fmt::Display;

use wangge_model::message::{Language, message};

use super::link::encode;

/// The frame of one page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Page {
    /// Language of every text.
    pub language: Language,
    /// Large type instead of normal.
    pub is_large: bool,
    /// Who is signed in; nobody on the sign-in page.
    pub person: Option<PersonBadge>,
    /// The token every form of this page carries.
    pub csrf: String,
    /// Path and query of this page, to come back to.
    pub path: String,
    /// What just happened, if anything.
    pub notice: Option<Notice>,
    /// What is going on that everybody should know, each with where it leads.
    pub alerts: Vec<(String, &'static str)>,
}

/// The signed-in person, as the head of the page names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PersonBadge {
    /// Name.
    pub name: String,
    /// Role in words.
    pub role: String,
}

/// A sentence at the top of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The sentence.
    pub text: String,
    /// Something went wrong, rather than went well.
    pub is_problem: bool,
}

/// One entry of the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NavigationItem {
    /// Where it leads.
    pub href: &'static str,
    /// Its text.
    pub label: String,
    /// Whether this page belongs to it.
    pub is_current: bool,
}

/// The navigation: what belongs together under one heading, the first entry
/// being where the heading leads.
const NAVIGATION: [(&str, &[(&str, &str)]); 7] = [
    ("console-nav-home", &[("/", "console-nav-home")]),
    (
        "console-nav-section-files",
        &[
            ("/households", "console-nav-households"),
            ("/places", "console-nav-places"),
            ("/ledgers", "console-nav-ledgers"),
        ],
    ),
    (
        "console-nav-section-visits",
        &[
            ("/visits", "console-nav-visits"),
            ("/coverage", "console-nav-coverage"),
            ("/campaigns", "console-nav-campaigns"),
            ("/tasks", "console-nav-tasks"),
            ("/surveys", "console-nav-surveys"),
            ("/follow-up-marks", "console-nav-follow-up-marks"),
            ("/rules", "console-nav-rules"),
        ],
    ),
    (
        "console-nav-section-incidents",
        &[
            ("/cases", "console-nav-cases"),
            ("/first-asked", "console-nav-first-asked"),
            ("/incidents", "console-nav-incidents"),
            ("/orders", "console-nav-orders"),
            ("/report-codes", "console-nav-report-codes"),
            ("/messages", "console-nav-messages"),
            ("/notices", "console-nav-notices"),
            ("/archive", "console-nav-archive"),
            ("/emergencies", "console-nav-emergencies"),
        ],
    ),
    (
        "console-nav-section-figures",
        &[
            ("/work", "console-nav-work"),
            ("/figures", "console-nav-figures"),
            ("/assessment", "console-nav-assessment"),
            ("/screenings", "console-nav-screenings"),
        ],
    ),
    (
        "console-nav-section-checks",
        &[
            ("/conflicts", "console-nav-conflicts"),
            ("/review", "console-nav-review"),
            ("/duplicates", "console-nav-duplicates"),
            ("/quarantine", "console-nav-quarantine"),
        ],
    ),
    (
        "console-nav-section-places",
        &[
            ("/grids", "console-nav-grids"),
            ("/people", "console-nav-people"),
            ("/duty", "console-nav-duty"),
            ("/on-duty", "console-nav-on-duty"),
            ("/call-outs", "console-nav-call-outs"),
            ("/devices", "console-nav-devices"),
        ],
    ),
];

impl Page {
    /// The text with this id.
    pub(crate) fn t(&self, id: &str) -> String {
        message(self.language, id, &[])
    }

    /// The text with this id and one value filled in.
    pub(crate) fn t1(&self, id: &str, name: &str, value: impl Display) -> String {
        message(self.language, id, &[(name, &value.to_string())])
    }

    /// The text with this id and two values filled in.
    pub(crate) fn t2(
        &self,
        id: &str,
        first: &str,
        first_value: impl Display,
        second: &str,
        second_value: impl Display,
    ) -> String {
        let (first_value, second_value) = (first_value.to_string(), second_value.to_string());
        message(
            self.language,
            id,
            &[(first, &first_value), (second, &second_value)],
        )
    }

    /// BCP 47 tag of this page's language.
    pub(crate) fn language_tag(&self) -> &'static str {
        self.language.tag()
    }

    fn other_language(&self) -> Language {
        match self.language {
            Language::Chinese => Language::English,
            Language::English => Language::Chinese,
        }
    }

    /// BCP 47 tag of the other language.
    pub(crate) fn other_language_tag(&self) -> &'static str {
        self.other_language().tag()
    }

    /// Leads to this page in the other language.
    pub(crate) fn language_link(&self) -> String {
        format!(
            "/preferences?lang={}&back={}",
            self.other_language_tag(),
            encode(&self.path)
        )
    }

    /// Leads to this page in the other size of type.
    pub(crate) fn type_link(&self) -> String {
        let size = if self.is_large { "normal" } else { "large" };
        format!("/preferences?type={size}&back={}", encode(&self.path))
    }

    /// The headings of the navigation, with this page's marked.
    pub(crate) fn navigation(&self) -> Vec<NavigationItem> {
        NAVIGATION
            .iter()
            .filter_map(|(label, entries)| {
                let (href, _) = entries.first()?;
                Some(NavigationItem {
                    href,
                    label: self.t(label),
                    is_current: entries.iter().any(|(href, _)| self.lies_under(href)),
                })
            })
            .collect()
    }

    /// The entries under this page's heading, with this page's marked; none if
    /// there is but one.
    pub(crate) fn section(&self) -> Vec<NavigationItem> {
        let entries = NAVIGATION
            .iter()
            .map(|(_, entries)| entries)
            .find(|entries| entries.iter().any(|(href, _)| self.lies_under(href)))
            .filter(|entries| entries.len() > 1);
        entries
            .into_iter()
            .flat_map(|entries| entries.iter())
            .map(|(href, label)| NavigationItem {
                href,
                label: self.t(label),
                is_current: self.lies_under(href),
            })
            .collect()
    }

    /// Whether this page is the one at `href` or belongs to it.
    fn lies_under(&self, href: &str) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        match path.strip_prefix(href) {
            Some("") => true,
            Some(rest) => href != "/" && rest.starts_with('/'),
            None => false,
        }
    }

    /// The page with a notice that something went well.
    #[must_use]
    pub(crate) fn with_notice(mut self, text: String) -> Self {
        self.notice = Some(Notice {
            text,
            is_problem: false,
        });
        self
    }

    /// The page with a notice that something did not go well.
    #[must_use]
    pub(crate) fn with_problem(mut self, text: String) -> Self {
        self.notice = Some(Notice {
            text,
            is_problem: true,
        });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_of_the_page_is_marked_and_no_other() {
        let marked = |path: &str| -> (Vec<&'static str>, Vec<&'static str>) {
            let page = Page {
                path: path.to_owned(),
                ..Page::default()
            };
            let current = |items: Vec<NavigationItem>| -> Vec<&'static str> {
                let marked = items.into_iter().filter(|item| item.is_current);
                marked.map(|item| item.href).collect()
            };
            (current(page.navigation()), current(page.section()))
        };
        assert_eq!(marked("/"), (vec!["/"], vec![]));
        let households = (vec!["/households"], vec!["/households"]);
        assert_eq!(marked("/households?q=%E7%8E%8B"), households);
        assert_eq!(marked("/visits/0190"), (vec!["/visits"], vec!["/visits"]));
        let archive = (vec!["/cases"], vec!["/archive"]);
        assert_eq!(marked("/archive?year=2026"), archive);
        assert_eq!(marked("/visitsx"), (vec![], vec![]));
    }

    #[test]
    fn every_entry_stands_under_one_heading() {
        let mut all: Vec<&str> = NAVIGATION
            .iter()
            .flat_map(|(_, entries)| entries.iter().map(|(href, _)| *href))
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        for language in Language::ALL {
            let page = Page {
                language,
                ..Page::default()
            };
            for item in page.navigation() {
                assert!(!item.label.contains("console-"), "{}", item.label);
            }
        }
    }

    #[test]
    fn the_way_back_is_kept_whole_in_a_link() {
        let page = Page {
            path: "/households?q=王&grid=1".to_owned(),
            ..Page::default()
        };
        assert_eq!(
            page.language_link(),
            "/preferences?lang=en&back=%2Fhouseholds%3Fq%3D%E7%8E%8B%26grid%3D1"
        );
    }
}
