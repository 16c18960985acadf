//! Opening SQLite files the same way everywhere.

use std::path::Path;
use std::thread;
use std::time::Duration;

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::chunk::ContentKey;
use crate::error::{Result, StoreError};
use crate::files::open_private_file;

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Opens a database for writing, and creates it and its tables if they do not exist.
///
/// `layout` holds pragmas that apply only to a new file.
pub(crate) fn open(path: &Path, layout: &str, tables: &str) -> Result<Connection> {
    // SQLite gives its other files the permissions of this one.
    drop(open_private_file(path)?);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.execute_batch(layout)?;
    use_write_ahead_log(&connection)?;
    connection.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;")?;
    connection.execute_batch(tables)?;
    Ok(connection)
}

/// Opens an existing database for reading.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Switches to the write-ahead log.
///
/// Two processes that do so at once on a new file collide without waiting for the timeout.
fn use_write_ahead_log(connection: &Connection) -> Result<()> {
    const TRIES: u32 = 50;
    for tried in 1.. {
        let switched = connection.query_row("PRAGMA journal_mode = WAL", [], |row| {
            row.get::<_, String>(0)
        });
        match switched {
            Ok(_) => break,
            Err(error) if is_busy(&error) && tried < TRIES => {
                thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// Converts a count for SQLite, which has no unsigned numbers.
pub(crate) fn signed(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// Converts a count from SQLite.
pub(crate) fn unsigned(number: i64) -> u64 {
    number.try_into().unwrap_or_default()
}

/// Names the file in an error about damage.
pub(crate) fn with_file_name<T>(result: Result<T>, name: &str) -> Result<T> {
    result.map_err(|error| match error {
        StoreError::Corrupt { source, .. } => StoreError::Corrupt {
            what: name.to_owned(),
            source,
        },
        other => other,
    })
}

impl ToSql for ContentKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        self.0.to_sql()
    }
}

impl FromSql for ContentKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<ContentKey> {
        <[u8; 16]>::column_result(value).map(ContentKey)
    }
}
