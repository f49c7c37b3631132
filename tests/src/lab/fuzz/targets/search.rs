//! What a person types into the search field of the phone.

use std::collections::HashSet;

use anyhow::{Context as _, ensure};
use wangge_core::RecordQuery;
use wangge_model::{GridId, RecordKind, Timestamp};

use super::Target;
use crate::{phone::Phone, workload::Workload};

/// Records to be found.
const RECORDS: usize = 60;
const GRID: GridId = GridId::from_bytes([0x61; 16]);

pub(super) struct Search {
    phone: Phone,
}

impl Search {
    pub(super) fn new() -> anyhow::Result<Self> {
        let phone = Phone::enrol_alone(GRID)?;
        let mut workload = Workload::new(9, Timestamp::from_millis(1_767_225_600_000));
        for _ in 0..RECORDS {
            let record = workload.next_record()?;
            phone.core.create_record(record.kind, GRID, &record.edits)?;
        }
        Ok(Self { phone })
    }
}

impl Target for Search {
    fn seeds(&mut self) -> anyhow::Result<Vec<Vec<u8>>> {
        Ok([
            "王",
            "小明",
            "槐荫小区 3号楼",
            "138",
            "\"",
            "\"\" OR \"",
            "* NEAR(a b)",
            "50%_\\",
            "王 李 张 刘 陈 杨 赵 黄 周",
            "\u{0}\u{feff}",
            "text:王小明 AND NOT 李",
            "a\tb\nc",
            "𠮷野家",
            "İSTANBUL ſ",
        ]
        .map(|text| text.as_bytes().to_vec())
        .to_vec())
    }

    fn try_input(&mut self, input: &[u8]) -> anyhow::Result<String> {
        let text = String::from_utf8_lossy(input).into_owned();
        let query = |limit, kind| RecordQuery {
            text: Some(text.clone()),
            limit,
            kind,
            ..RecordQuery::default()
        };
        let all = self
            .phone
            .core
            .list_records(&query(500, None))
            .context("the search failed")?;
        let ids: HashSet<_> = all.iter().map(|row| row.id).collect();
        ensure!(ids.len() == all.len(), "a record was found twice");
        let few = self.phone.core.list_records(&query(3, None))?;
        ensure!(
            few.len() == all.len().min(3),
            "{} of {} rows",
            few.len(),
            all.len()
        );
        ensure!(few.iter().zip(&all).all(|(a, b)| a == b), "another order");
        let kind = Some(RecordKind::Household);
        let homes = self.phone.core.list_records(&query(500, kind))?;
        let expected = all.iter().filter(|row| row.kind == RecordKind::Household);
        ensure!(homes.iter().eq(expected), "other households than among all");
        let words = text
            .split(|c: char| c.is_whitespace() || c.is_control())
            .filter(|word| !word.is_empty())
            .count();
        ensure!(words > 0 || all.is_empty(), "no words found {}", all.len());
        let found = match all.len() {
            0 => "none",
            1 => "one",
            RECORDS => "all",
            _ => "some",
        };
        Ok(format!("found {found} {}", "w".repeat(words.min(9))))
    }
}
