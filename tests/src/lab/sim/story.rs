//! What became of one record, step by step, for whoever looks into a seed that
//! failed: every phone's rows about it, and the server's, whenever they change.

use std::collections::HashMap;

use wangge_model::RecordId;

use super::world::World;

/// The record that is followed, and what was last told of it.
#[derive(Debug)]
pub(super) struct Story {
    record: RecordId,
    /// By phone; the server under `None`.
    told: HashMap<Option<usize>, Vec<String>>,
}

impl Story {
    pub(super) fn of(record: RecordId) -> Self {
        Self {
            record,
            told: HashMap::new(),
        }
    }
}

/// Characters of an id or a hash that tell it from others well enough.
const SHORT: usize = 12;

/// Whole ids make lines nobody can read.
fn shorten(line: &str) -> String {
    let words = line.split(' ').map(|word| {
        let is_long = word.len() > 2 * SHORT && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_long {
            // The end differs where ids were made in the same moment.
            let (start, _) = word.split_at_checked(SHORT).unwrap_or((word, ""));
            let (_, end) = word
                .split_at_checked(word.len() - SHORT)
                .unwrap_or(("", word));
            format!("{start}~{end}")
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

impl World {
    /// Tells what changed about the followed record, after `what` was done.
    #[expect(clippy::print_stderr, reason = "asked for by `--follow`")]
    pub(super) fn tell_story(&mut self, what: &str) -> anyhow::Result<()> {
        let Some(mut story) = self.story.take() else {
            return Ok(());
        };
        let needle = story.record.to_string().replace('-', "");
        let mut heading = Some(format!("step {} {what}", self.now));
        let mut tell = |who: Option<usize>, lines: Vec<String>| {
            if story.told.get(&who) == Some(&lines) {
                return;
            }
            if let Some(heading) = heading.take() {
                eprintln!("{heading}");
            }
            let name = who.map_or_else(|| "server".to_owned(), |phone| format!("phone {phone}"));
            let before = story.told.insert(who, lines.clone()).unwrap_or_default();
            for line in before.iter().filter(|line| !lines.contains(line)) {
                eprintln!("  {name} - {}", shorten(line));
            }
            for line in lines.iter().filter(|line| !before.contains(line)) {
                eprintln!("  {name} + {}", shorten(line));
            }
        };
        for (number, phone) in self.phones.iter().enumerate() {
            let kept = phone.store()?.list_kept()?;
            let about = kept.into_iter().filter(|line| line.contains(&needle));
            tell(Some(number), about.collect());
        }
        tell(None, self.server.describe(&story.record)?);
        self.story = Some(story);
        Ok(())
    }
}
