//! Opens databases of other programs to read them, and leaves no trace.
//!
//! An agent may be writing while its store is read, so a store is opened read-only inside one read transaction. What
//! SQLite would do by itself lost: to read a database with a write-ahead log it creates an index file beside it. So a
//! database whose log is gone is read as it stands, one whose log and index are both there is read with them, and one
//! with a log alone is copied into a temporary folder and read there. Schemas move between versions of a tool, so
//! tables and columns are looked up before they are asked for; a value of any type is text, if it must be.

use super::{stores, watch};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use std::borrow::Cow;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The largest database, with its log, that is copied; in bytes.
const MAX_COPY_BYTES: u64 = 512 << 20;
/// The largest value that is read where [`bounded`] guards it, in bytes.
const MAX_VALUE_BYTES: usize = 32 << 20;
/// Bytes of values that one query may give.
const MAX_QUERY_BYTES: usize = 256 << 20;
/// Rows that one query may give.
const MAX_ROWS: usize = 100_000;
/// Rows and bytes of values that all queries of one database may give: each session is a query of its own.
const MAX_ALL_ROWS: usize = 1_000_000;
const MAX_ALL_BYTES: usize = 1 << 30;
/// Steps that SQLite may take for all queries of one database, and after how many it asks; some four seconds. A table without
/// an index is read once for every session. Counted and not timed, so that the same is read everywhere.
const MAX_STEPS: u64 = 300_000_000;
const STEPS: i32 = 100_000;
/// What a schema may ask of SQLite. Each step stays short and small, and no text of a schema, however planted, takes long to be read.
const LIMITS: &[(Limit, i32)] = &[
    (Limit::SQLITE_LIMIT_LENGTH, 64 << 20),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 1 << 20),
    (Limit::SQLITE_LIMIT_COLUMN, 256),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 8),
    (Limit::SQLITE_LIMIT_VDBE_OP, 25_000),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
];
/// How long a writer is waited for.
const BUSY: Duration = Duration::from_millis(200);

/// A database opened for reading.
pub struct Database {
    connection: Connection,
    /// Rows and bytes that queries may still give.
    left: std::cell::Cell<(usize, usize)>,
    /// Where its copy is, if it had to be copied; gone when this is dropped.
    _copy: Option<tempfile::TempDir>,
}

/// One value of a row: its bytes as stored, or as the digits of a number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell(Option<Vec<u8>>);

impl Cell {
    /// Its text, invalid UTF-8 replaced; empty for NULL.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.bytes())
    }

    /// Its bytes; none for NULL.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether it is NULL.
    pub fn is_null(&self) -> bool {
        self.0.is_none()
    }

    /// It as a moment, written as text or as a number of any unit, in Unix seconds; 0 where it is none.
    pub fn moment(&self) -> i64 {
        let text = self.text();
        let at = stores::moment(&text);
        at.or_else(|| stores::moment_of_number(text.trim().parse().ok()?))
            .unwrap_or_default()
    }
}

/// What a query gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// In the query's order; each as long as the query has columns.
    pub rows: Vec<Vec<Cell>>,
    /// Why there are perhaps more: a limit, or a database that is damaged.
    pub trouble: Option<String>,
}

/// How a database can be read without a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Read-only, beside its writer.
    Shared,
    /// As it stands: nothing is in a log.
    AsItStands,
    /// From a copy of it and its logs.
    Copy,
}

impl Database {
    /// Opens a regular file that holds a database.
    ///
    /// # Errors
    /// In words, why it cannot be read.
    pub fn open(path: &Path) -> Result<Self, String> {
        let (mut file, _) = stores::open(path).map_err(|error| error.to_string())?;
        let mut header = [0; 20];
        file.read_exact(&mut header)
            .map_err(|_| "not a database".to_owned())?;
        drop(file);
        if !header.starts_with(b"SQLite format 3\0") {
            return Err("not a database".to_owned());
        }
        let has = |suffix: &str| side_file(&beside(path, suffix));
        let (wal, shm, journal) = (has("-wal")?, has("-shm")?, has("-journal")?);
        // a log that is there is read whatever the header says
        let is_wal = header[18] == 2 || header[19] == 2 || wal > Some(0);
        let way = match (is_wal, wal > Some(0), shm.is_some(), journal > Some(0)) {
            (true, true, true, _) | (false, _, _, false) => Way::Shared,
            (true, false, _, _) => Way::AsItStands,
            (true, true, false, _) | (false, _, _, true) => Way::Copy,
        };
        match connect(path, way) {
            Err(_) if way == Way::Shared => connect(path, Way::Copy),
            other => other,
        }
    }

    /// Whether there is a table with all of these columns. Views and virtual tables do not count: they are programs. Nor do
    /// columns that are computed.
    pub fn has(&self, table: &str, columns: &[&str]) -> bool {
        // SQLite itself sees to it that each row of a schema has the type and the name that its statement gives.
        let tables = self.rows(
            "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1 AND sql LIKE 'CREATE TABLE %'",
            &[table],
        );
        if tables.rows.is_empty() {
            return false;
        }
        let found = self.rows("SELECT name FROM pragma_table_info(?1)", &[table]);
        columns
            .iter()
            .all(|column| found.rows.iter().any(|row| row[0].text() == *column))
    }

    /// The column's name where the table has it, or `NULL`: for columns that came late.
    pub fn column<'c>(&self, table: &str, column: &'c str) -> &'c str {
        if self.has(table, &[column]) {
            column
        } else {
            "NULL"
        }
    }

    /// The rows of a query, under limits. Its text must not come from a store.
    pub fn rows(&self, sql: &str, parameters: &[&str]) -> Rows {
        let mut found = Rows::default();
        let (rows_left, bytes_left) = self.left.get();
        if rows_left == 0 || bytes_left == 0 {
            found.trouble = Some("more than is read of one database".to_owned());
            return found;
        }
        let limits = (MAX_ROWS.min(rows_left), MAX_QUERY_BYTES.min(bytes_left));
        if let Err(error) = self.read_rows(sql, parameters, limits, &mut found) {
            let is_cut =
                error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted);
            found.trouble = Some(if is_cut {
                "more steps than are taken for one database".to_owned()
            } else {
                error.to_string()
            });
        }
        let cells = found.rows.iter().flatten();
        let n_bytes: usize = cells.map(|cell| cell.bytes().len()).sum();
        self.left.set((
            rows_left.saturating_sub(found.rows.len()),
            bytes_left.saturating_sub(n_bytes),
        ));
        found
    }

    fn read_rows(
        &self,
        sql: &str,
        parameters: &[&str],
        (max_rows, max_bytes): (usize, usize),
        found: &mut Rows,
    ) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let n_columns = statement.column_count();
        let mut rows = statement.query(rusqlite::params_from_iter(parameters))?;
        let mut n_bytes = 0;
        while let Some(row) = rows.next()? {
            let mut cells = Vec::with_capacity(n_columns);
            for idx in 0..n_columns {
                let value = match row.get_ref(idx)? {
                    ValueRef::Null => None,
                    ValueRef::Integer(number) => Some(number.to_string().into_bytes()),
                    ValueRef::Real(number) => Some(number.to_string().into_bytes()),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(bytes.to_vec()),
                };
                n_bytes += value.as_ref().map_or(0, Vec::len);
                cells.push(Cell(value));
            }
            found.rows.push(cells);
            if found.rows.len() >= max_rows || n_bytes > max_bytes {
                found.trouble = Some("more than is read at once".to_owned());
                break;
            }
        }
        Ok(())
    }
}

/// A column's value as an expression of SQL, NULL where it is above 32 MiB: it is then not even loaded.
pub fn bounded(column: &str) -> String {
    format!("CASE WHEN octet_length({column}) <= {MAX_VALUE_BYTES} THEN {column} END")
}

/// The path of a file that SQLite keeps beside a database.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// The size of a file beside a database, if there is one.
fn side_file(path: &Path) -> Result<Option<u64>, String> {
    match watch::look(path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata.len())),
        Ok(_) => Err("its log is not a regular file".to_owned()),
        Err(_) => Ok(None),
    }
}

fn connect(path: &Path, way: Way) -> Result<Database, String> {
    let told = |error: rusqlite::Error| error.to_string();
    let read_only = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let (connection, copy) = match way {
        Way::Shared => (
            Connection::open_with_flags(uri(path, "mode=ro"), read_only).map_err(told)?,
            None,
        ),
        Way::AsItStands => {
            let uri = uri(path, "mode=ro&immutable=1");
            (
                Connection::open_with_flags(uri, read_only).map_err(told)?,
                None,
            )
        }
        Way::Copy => {
            let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
            let copy = copied(path, folder.path())?;
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(copy, flags).map_err(told)?;
            (connection, Some(folder))
        }
    };
    for (limit, most) in LIMITS {
        connection.set_limit(*limit, *most).map_err(told)?;
    }
    connection.busy_timeout(BUSY).map_err(told)?;
    let mut n_steps = 0;
    let is_too_much = move || {
        n_steps += STEPS as u64;
        n_steps > MAX_STEPS
    };
    connection
        .progress_handler(STEPS, Some(is_too_much))
        .map_err(told)?;
    // A damaged or planted file is checked as it is read, and nothing in its schema runs.
    connection
        .execute_batch("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; BEGIN;")
        .map_err(told)?;
    let probe = "SELECT count(*) FROM sqlite_master";
    connection
        .query_row(probe, [], |row| row.get::<_, i64>(0))
        .map_err(told)?;
    Ok(Database {
        connection,
        left: std::cell::Cell::new((MAX_ALL_ROWS, MAX_ALL_BYTES)),
        _copy: copy,
    })
}

/// Copies a database and its logs into `folder`, where SQLite may mend it.
fn copied(path: &Path, folder: &Path) -> Result<PathBuf, String> {
    let target = folder.join("copy.db");
    let mut n_left = MAX_COPY_BYTES;
    // The log last: what is moved from it into the database meanwhile is then found twice, not never.
    for suffix in ["", "-journal", "-wal"] {
        let from = beside(path, suffix);
        if !suffix.is_empty() && side_file(&from)?.is_none() {
            continue;
        }
        let (file, metadata) = stores::open(&from).map_err(|error| error.to_string())?;
        n_left = n_left
            .checked_sub(metadata.len())
            .ok_or("in use, and too large to be copied")?;
        let mut to =
            std::fs::File::create(beside(&target, suffix)).map_err(|error| error.to_string())?;
        std::io::copy(&mut file.take(metadata.len()), &mut to)
            .map_err(|error| error.to_string())?;
    }
    Ok(target)
}

/// A path as SQLite takes it with parameters.
fn uri(path: &Path, parameters: &str) -> String {
    let text = path.to_string_lossy();
    let text = if cfg!(windows) {
        let text = text.strip_prefix(r"\\?\").unwrap_or(&text);
        format!("/{}", text.replace('\\', "/"))
    } else {
        text.into_owned()
    };
    let mut uri = "file:".to_owned();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-:".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("{uri}?{parameters}")
}

/// Databases for the tests of readers.
#[cfg(test)]
pub mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Makes a database from statements.
    pub fn make(path: &Path, sql: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let connection = Connection::open(path).unwrap();
        connection.execute_batch(sql).unwrap();
    }

    /// Text as a literal of SQL.
    pub fn quoted(text: &str) -> String {
        format!("'{}'", text.replace('\'', "''"))
    }

    fn texts(rows: &Rows) -> Vec<String> {
        let cells = rows.rows.iter().flatten();
        cells.map(|cell| cell.text().into_owned()).collect()
    }

    fn names(folder: &Path) -> Vec<String> {
        stores::list(folder).into_iter().map(|it| it.0).collect()
    }

    const SQL: &str = "CREATE TABLE t (k TEXT UNIQUE, v BLOB);
        INSERT INTO t VALUES ('a', 'text'), ('b', x'ff41'), ('c', NULL), ('d', 7), ('e', 1.5);
        CREATE VIEW w AS SELECT * FROM t;";

    #[test]
    fn values_of_all_types_are_text() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("odd #name?%41.db");
        make(&path, SQL);
        let database = Database::open(&path).unwrap();
        let rows = database.rows("SELECT v FROM t ORDER BY k", &[]);
        assert_eq!(texts(&rows), ["text", "\u{fffd}A", "", "7", "1.5"]);
        assert_eq!(rows.trouble, None);
        assert!(rows.rows[2][0].is_null());
        let guarded = format!("SELECT {} FROM t ORDER BY k", bounded("v"));
        assert_eq!(database.rows(&guarded, &[]), rows);
        let range = "SELECT k FROM t WHERE k >= ?1 AND k < ?2";
        assert_eq!(texts(&database.rows(range, &["b", "d"])), ["b", "c"]);
        assert!(
            database
                .rows("SELECT nothing FROM t", &[])
                .trouble
                .is_some()
        );
    }

    #[test]
    fn tables_and_columns_are_looked_up() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        make(&path, SQL);
        let database = Database::open(&path).unwrap();
        assert!(database.has("t", &["k", "v"]));
        assert!(!database.has("t", &["k", "other"]));
        assert!(!database.has("w", &["k"]), "a view");
        assert!(!database.has("none", &[]));
        assert_eq!(database.column("t", "v"), "v");
        assert_eq!(database.column("t", "late"), "NULL");
    }

    #[test]
    fn what_computes_its_rows_is_not_asked() {
        let dir = tempfile::tempdir().unwrap();
        let check = |name: &str, sql: &str, expected: bool| {
            let path = dir.path().join(name);
            make(&path, sql);
            let database = Database::open(&path).unwrap();
            assert_eq!(database.has("t", &["v"]), expected, "{sql}");
        };
        check(
            "a",
            "CREATE TABLE t (v); CREATE VIEW w AS SELECT * FROM t",
            true,
        );
        check(
            "b",
            "CREATE TABLE t (v); CREATE VIRTUAL TABLE f USING fts5(v, content = 't')",
            true,
        );
        check("c", "CREATE VIRTUAL TABLE t USING fts5(v)", false);
        check("d", "CREATE VIEW t AS SELECT 1 AS v", false);
        check("e", "CREATE TABLE t (k, v AS (hex(zeroblob(9))))", false);
        check(
            "f",
            "CREATE TABLE t (k, v AS (hex(zeroblob(9))) STORED)",
            false,
        );
        // A row of the schema that says another name, or another type, than its statement.
        let planted = "CREATE TABLE u (v); CREATE VIEW w AS SELECT 1 AS v; PRAGMA writable_schema = ON; UPDATE sqlite_master SET";
        for (name, set) in [
            ("g", "name = 't' WHERE name = 'u'"),
            ("h", "name = 't', tbl_name = 't' WHERE name = 'u'"),
            ("i", "type = 'table' WHERE name = 'w'"),
        ] {
            let path = dir.path().join(name);
            make(&path, &format!("{planted} {set}"));
            assert!(Database::open(&path).is_err(), "{set}");
        }
    }

    #[test]
    fn a_schema_is_held_to_limits() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        make(&path, SQL);
        let database = Database::open(&path).unwrap();
        let big = |n: usize| database.rows(&format!("SELECT length(zeroblob({n}))"), &[]);
        assert_eq!(big(64 << 20).trouble, None);
        assert!(big((64 << 20) + 1).trouble.is_some());
        let columns: Vec<String> = (0..300).map(|n| format!("c{n}")).collect();
        let path = dir.path().join("b.db");
        make(&path, &format!("CREATE TABLE t ({})", columns.join(", ")));
        assert!(Database::open(&path).is_err());
    }

    #[test]
    fn limits_hold() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        make(&path, SQL);
        let database = Database::open(&path).unwrap();
        let check = |limits: (usize, usize), n: usize| {
            let mut rows = Rows::default();
            let sql = "SELECT v FROM t ORDER BY k";
            database.read_rows(sql, &[], limits, &mut rows).unwrap();
            assert_eq!((rows.rows.len(), rows.trouble.is_some()), (n, n < 5));
        };
        check((9, 99), 5);
        check((2, 99), 2);
        check((9, 4), 2);
    }

    #[test]
    fn a_database_is_not_read_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)";
        make(
            &path,
            &format!("CREATE TABLE t (i); {many} INSERT INTO t SELECT i FROM n;"),
        );
        let database = Database::open(&path).unwrap();
        for _ in 0..2 {
            let rows = database.rows("SELECT count(*) FROM t a, t b, t c", &[]);
            let trouble = rows.trouble.unwrap_or_default();
            assert_eq!(
                (rows.rows.len(), trouble.as_str()),
                (0, "more steps than are taken for one database")
            );
        }
        let database = Database::open(&path).unwrap();
        database.left.set((3_000, 99_999));
        let n = [2_000, 1_000, 0].map(|n| {
            let rows = database.rows("SELECT i FROM t", &[]);
            assert_eq!(rows.trouble.is_some(), n < 2_000);
            rows.rows.len()
        });
        assert_eq!(n, [2_000, 1_000, 0]);
    }

    #[test]
    fn a_log_is_read_and_nothing_is_left_beside_the_store() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        make(&path, &format!("PRAGMA journal_mode = WAL; {SQL}"));
        assert_eq!(names(dir.path()), ["a.db"]);
        let count = |path: &Path| {
            let database = Database::open(path).unwrap();
            database.rows("SELECT k FROM t", &[]).rows.len()
        };
        assert_eq!(count(&path), 5, "the log is gone");
        assert_eq!(names(dir.path()), ["a.db"]);

        let writer = Connection::open(&path).unwrap();
        writer
            .execute_batch("PRAGMA wal_autocheckpoint = 0; INSERT INTO t VALUES ('f', 1)")
            .unwrap();
        let before = names(dir.path());
        assert_eq!(before, ["a.db", "a.db-shm", "a.db-wal"]);
        assert_eq!(count(&path), 6, "beside its writer");
        assert_eq!(names(dir.path()), before);

        // As a crash or a backup leaves it: a log without its index.
        let left = tempfile::tempdir().unwrap();
        for name in ["a.db", "a.db-wal"] {
            std::fs::copy(dir.path().join(name), left.path().join(name)).unwrap();
        }
        let bytes = std::fs::read(left.path().join("a.db")).unwrap();
        assert_eq!(count(&left.path().join("a.db")), 6, "from a copy");
        assert_eq!(names(left.path()), ["a.db", "a.db-wal"]);
        assert_eq!(std::fs::read(left.path().join("a.db")).unwrap(), bytes);
    }

    #[test]
    fn other_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("short"), "SQLite").unwrap();
        std::fs::write(path("text"), "x".repeat(4096)).unwrap();
        make(&path("a.db"), SQL);
        for name in ["short", "text", "none", ""] {
            assert!(Database::open(&path(name)).is_err(), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(path("a.db"), path("link")).unwrap();
            assert!(Database::open(&path("link")).is_err());
            std::os::unix::fs::symlink(path("text"), path("a.db-wal")).unwrap();
            assert!(Database::open(&path("a.db")).is_err());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn damaged_databases_are_survived(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..30),
            length in any::<prop::sample::Index>(),
            cut in any::<bool>(),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.db");
            make(&path, SQL);
            let mut bytes = std::fs::read(&path).unwrap();
            for (at, byte) in changes {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            if cut {
                bytes.truncate(length.index(bytes.len()));
            }
            std::fs::write(&path, bytes).unwrap();
            if let Ok(database) = Database::open(&path) {
                database.has("t", &["k"]);
                let rows = database.rows("SELECT k, v FROM t ORDER BY k", &[]);
                prop_assert!(rows.rows.iter().all(|row| row.len() == 2));
            }
        }
    }
}
