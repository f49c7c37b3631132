//! The pages of a list: how many there are and where the next one is.

use super::{link::with_query, list::PAGE_ROWS};

/// Which page of a list this is. The template's `pager` shows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pager {
    /// Rows of the whole list.
    pub(crate) total: u64,
    /// Number of this page, from 1.
    pub(crate) number: u64,
    /// The list's address.
    path: &'static str,
    /// What narrows it: a name and its word.
    filter: (&'static str, String),
}

impl Pager {
    /// The page `number` (as an address says it) of the list at `path`.
    pub(crate) fn new(path: &'static str, filter: (&'static str, &str), number: &str) -> Self {
        Self {
            total: 0,
            number: number.parse().unwrap_or(1).clamp(1, u64::from(u32::MAX)),
            path,
            filter: (filter.0, filter.1.to_owned()),
        }
    }

    /// Rows before this page.
    pub(crate) fn offset(&self) -> u64 {
        (self.number - 1).saturating_mul(u64::from(PAGE_ROWS))
    }

    /// Number of pages, at least 1.
    pub(crate) fn pages(&self) -> u64 {
        self.total.div_ceil(u64::from(PAGE_ROWS)).max(1)
    }

    fn link(&self, number: u64) -> String {
        let page = if number > 1 {
            number.to_string()
        } else {
            String::new()
        };
        let (name, word) = &self.filter;
        with_query(self.path, &[(name, word.as_str()), ("page", page.as_str())])
    }

    /// Where the page before is.
    pub(crate) fn previous(&self) -> Option<String> {
        (self.number > 1).then(|| self.link(self.number - 1))
    }

    /// Where the next page is.
    pub(crate) fn next(&self) -> Option<String> {
        (self.number < self.pages()).then(|| self.link(self.number + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lead_to_each_other_and_keep_what_narrows_the_list() {
        let mut pager = Pager::new("/messages", ("state", "failed"), "2");
        pager.total = 150;
        assert_eq!((pager.offset(), pager.pages()), (50, 3));
        assert_eq!(pager.previous().as_deref(), Some("/messages?state=failed"));
        assert_eq!(
            pager.next().as_deref(),
            Some("/messages?state=failed&page=3")
        );
        for odd in ["", "0", "-1", "x", "99999999999999999999"] {
            let pager = Pager::new("/messages", ("state", ""), odd);
            assert_eq!((pager.number, pager.previous()), (1, None), "{odd}");
        }
    }
}
