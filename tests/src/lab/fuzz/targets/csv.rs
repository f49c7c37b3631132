//! A division table as a file of lines.

use anyhow::{Context as _, ensure};
use wangge_server::{
    import::{DivisionFiles, ImportError, Progress, import_divisions},
    storage::SqliteStorage,
};

use super::{Target, runtime};

/// Databases are begun anew after so many tables.
const PER_DATABASE: u32 = 200;

pub(super) struct Import {
    runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
    storage: SqliteStorage,
    tables: u32,
}

#[derive(Debug)]
struct Silent;

impl Progress for Silent {
    fn at(&mut self, _done: u64, _of: u64, _rows: u64) {}
    fn line(&mut self, _text: &str) {}
    fn finish(&mut self) {}
}

impl Import {
    pub(super) fn new() -> anyhow::Result<Self> {
        let runtime = runtime()?;
        let folder = tempfile::tempdir()?;
        let storage = SqliteStorage::open(&folder.path().join("0.sqlite"))?;
        Ok(Self {
            runtime,
            folder,
            storage,
            tables: 0,
        })
    }
}

impl Target for Import {
    fn seeds(&mut self) -> anyhow::Result<Vec<Vec<u8>>> {
        Ok([
            "code,name\n11,北京市\n1101,市辖区\n110101,东城区\n110101001,东华门街道\n",
            "\u{feff}code,name,areaCode,cityCode,provinceCode\r\n379999001,\"示例,街道\",379999,3799,37\r\n379999002,\"说\"\"好\"\"街道\",379999,3799,37\r\n",
            "\"code\",\"name\",\"streetCode\",\"provinceCode\",\"cityCode\",\"areaCode\"\n\"379999001001\",\"示例社区\",\"379999001\",\"37\",\"3799\",\"379999\"\n",
            "code,name\n379999001,一\n379999001,二\n37999900,三\n379999000,四\n,\n\"x\n",
        ]
        .map(|table| table.as_bytes().to_vec())
        .to_vec())
    }

    fn try_input(&mut self, input: &[u8]) -> anyhow::Result<String> {
        self.tables += 1;
        if self.tables.is_multiple_of(PER_DATABASE) {
            let name = format!("{}.sqlite", self.tables);
            self.storage = SqliteStorage::open(&self.folder.path().join(name))?;
        }
        let path = self.folder.path().join("table.csv");
        std::fs::write(&path, input)?;
        let once = || -> Result<_, ImportError> {
            let files = DivisionFiles::find(std::slice::from_ref(&path))?;
            self.runtime
                .block_on(import_divisions(&files, &self.storage, &mut Silent))
        };
        match (once(), once()) {
            (Ok(first), Ok(again)) => {
                ensure!(
                    again.added == 0,
                    "the same table again adds {}",
                    again.added
                );
                ensure!(
                    (first.rows, first.errors) == (again.rows, again.errors),
                    "the same table reads otherwise again"
                );
                let lines = input.split(|byte| *byte == b'\n').count() as u64;
                ensure!(
                    first.rows <= lines && first.errors <= first.rows,
                    "{first:?}"
                );
                Ok(format!(
                    "added {} errors {} unnamed {}",
                    first.added.min(9),
                    first.errors > 0,
                    first.unnamed > 0
                ))
            }
            (Err(ImportError::Columns { .. }), Err(ImportError::Columns { .. })) => {
                Ok("no columns".to_owned())
            }
            (Err(error), _) | (_, Err(error)) => Err(error).context("the import failed"),
        }
    }
}
