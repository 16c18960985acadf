//! What this machine remembers of the packs of shared caches of vectors.
//!
//! Nothing here is lost that cannot be read again: a damaged file is removed and made anew. Every
//! function blocks; an asynchronous caller wraps it in `spawn_blocking`.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::error::{Result, StoreError};
use crate::files::create_private_folder;
use crate::sqlite::{self, signed, unsigned};

const FILE: &str = "shared-packs.db";

/// Heads of packs have up to 66 KB.
const LAYOUT: &str = "PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL;";

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS packs (
        id INTEGER PRIMARY KEY,
        place TEXT NOT NULL,
        name TEXT NOT NULL,
        size INTEGER NOT NULL,
        written_ms INTEGER NOT NULL,
        writer TEXT NOT NULL,
        flaw TEXT,
        is_checked INTEGER NOT NULL DEFAULT 0,
        head BLOB NOT NULL,
        UNIQUE (place, name)
    );
";

const SELECT: &str = "SELECT name, size, written_ms, writer, flaw, is_checked FROM packs";

/// A pack of a shared cache, as this machine has seen it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPack {
    /// The hash that names it.
    pub name: String,
    /// Size of the file, in bytes.
    pub size: u64,
    /// When the file was written, in milliseconds since 1970.
    pub written_ms: i64,
    /// Who wrote it, as it says itself.
    pub writer: String,
    /// Why it is not used, as a clause.
    pub flaw: Option<String>,
    /// Whether some of its vectors were compared with those of this machine's embedding server.
    pub is_checked: bool,
    /// The start of the file, with its keys; empty if it has a flaw, and in a list of packs.
    pub head: Vec<u8>,
}

/// The packs of shared caches that this machine has seen, by place.
#[derive(Debug)]
pub struct KnownPacks {
    connection: Connection,
    path: PathBuf,
}

impl KnownPacks {
    /// Opens the file in a data folder, and creates it if there is none.
    pub fn open(data_folder: &Path) -> Result<KnownPacks> {
        create_private_folder(data_folder)?;
        let path = data_folder.join(FILE);
        let connection = match open(&path) {
            Err(StoreError::Corrupt { .. }) => {
                remove(&path)?;
                open(&path)?
            }
            other => other?,
        };
        Ok(KnownPacks { connection, path })
    }

    /// The packs of a place, without their heads.
    pub fn all(&mut self, place: &str) -> Result<Vec<KnownPack>> {
        self.in_sound_file(|connection| {
            let sql = format!("{SELECT} WHERE place = ?1 ORDER BY name");
            let mut select = connection.prepare_cached(&sql)?;
            let packs = select.query_map([place], without_head)?;
            packs.collect()
        })
    }

    /// A pack, without its head; `None` if it is not known.
    pub fn pack(&mut self, place: &str, name: &str) -> Result<Option<KnownPack>> {
        self.in_sound_file(|connection| {
            let sql = format!("{SELECT} WHERE place = ?1 AND name = ?2");
            let mut select = connection.prepare_cached(&sql)?;
            select.query_row([place, name], without_head).optional()
        })
    }

    /// The start of a pack's file; `None` if the pack is not known.
    pub fn head(&mut self, place: &str, name: &str) -> Result<Option<Vec<u8>>> {
        self.in_sound_file(|connection| {
            let sql = "SELECT head FROM packs WHERE place = ?1 AND name = ?2";
            let mut select = connection.prepare_cached(sql)?;
            select.query_row([place, name], |row| row.get(0)).optional()
        })
    }

    /// Records packs, in place of what was known of them.
    pub fn record(&mut self, place: &str, packs: &[KnownPack]) -> Result<()> {
        self.in_sound_file(|connection| record(connection, place, packs))
    }

    /// Records that a pack was checked, with the flaw if it has one.
    pub fn record_check(&mut self, place: &str, name: &str, flaw: Option<&str>) -> Result<()> {
        self.in_sound_file(|connection| {
            connection.execute(
                "UPDATE packs SET is_checked = 1, flaw = coalesce(?3, flaw)
                 WHERE place = ?1 AND name = ?2",
                params![place, name, flaw],
            )?;
            Ok(())
        })
    }

    /// Forgets packs that are gone.
    pub fn forget(&mut self, place: &str, names: &[String]) -> Result<()> {
        self.in_sound_file(|connection| forget(connection, place, names))
    }

    /// Uses the file; if it turns out to be damaged, an empty one takes its place.
    fn in_sound_file<T>(
        &mut self,
        work: impl Fn(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        match work(&mut self.connection).map_err(StoreError::from) {
            Err(StoreError::Corrupt { .. }) => {
                tracing::warn!(path = %self.path.display(), "a damaged list of packs is made anew");
                // Closing the old connection later would remove the log of the new file.
                self.connection = Connection::open_in_memory()?;
                remove(&self.path)?;
                self.connection = open(&self.path)?;
                Ok(work(&mut self.connection)?)
            }
            other => other,
        }
    }
}

fn record(connection: &mut Connection, place: &str, packs: &[KnownPack]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare_cached(
            "INSERT OR REPLACE INTO packs
             (place, name, size, written_ms, writer, flaw, is_checked, head)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        for pack in packs {
            insert.execute(params![
                place,
                pack.name,
                signed(pack.size),
                pack.written_ms,
                pack.writer,
                pack.flaw,
                pack.is_checked,
                pack.head,
            ])?;
        }
    }
    transaction.commit()
}

fn forget(connection: &mut Connection, place: &str, names: &[String]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let sql = "DELETE FROM packs WHERE place = ?1 AND name = ?2";
        let mut delete = transaction.prepare_cached(sql)?;
        for name in names {
            delete.execute([place, name.as_str()])?;
        }
    }
    transaction.commit()?;
    // Each step of the pragma frees one page, so all of its rows have to be read.
    let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
    let mut freed = vacuum.query([])?;
    while freed.next()?.is_some() {}
    Ok(())
}

fn without_head(row: &Row<'_>) -> rusqlite::Result<KnownPack> {
    Ok(KnownPack {
        name: row.get(0)?,
        size: unsigned(row.get(1)?),
        written_ms: row.get(2)?,
        writer: row.get(3)?,
        flaw: row.get(4)?,
        is_checked: row.get(5)?,
        head: Vec::new(),
    })
}

fn open(path: &Path) -> Result<Connection> {
    sqlite::open(path, LAYOUT, TABLES)
}

/// Removes a damaged file and what SQLite keeps beside it.
fn remove(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let file = PathBuf::from(name);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &file, error));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pack(name: &str) -> KnownPack {
        KnownPack {
            name: name.to_owned(),
            size: 7,
            written_ms: -5,
            writer: "ann@host".to_owned(),
            flaw: None,
            is_checked: false,
            head: vec![1, 2, 3],
        }
    }

    #[test]
    fn packs_are_known_by_place_until_they_are_forgotten() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let mut packs = KnownPacks::open(folder.path()).expect("known packs");
        let two = [pack("a"), pack("b")];
        packs.record("here", &two).expect("record");
        let mut names = |place: &str| -> Vec<String> {
            let all = packs.all(place).expect("packs");
            all.into_iter().map(|pack| pack.name).collect()
        };
        assert_eq!(names("here"), ["a", "b"]);
        assert_eq!(names("there"), [""; 0]);
        packs
            .record_check("here", "a", Some("it lies"))
            .expect("check");
        packs.record_check("here", "b", None).expect("check");
        let mut packs = KnownPacks::open(folder.path()).expect("known packs");
        let found = packs.all("here").expect("packs");
        assert_eq!(found[0].flaw.as_deref(), Some("it lies"));
        assert_eq!((found[1].is_checked, &found[1].flaw), (true, &None));
        assert_eq!(packs.head("here", "b").expect("head"), Some(vec![1, 2, 3]));
        packs.forget("here", &["b".to_owned()]).expect("forget");
        assert_eq!(packs.head("here", "b").expect("head"), None);
    }

    #[test]
    fn a_damaged_file_is_made_anew() {
        let folder = tempfile::tempdir().expect("temporary folder");
        fs::write(folder.path().join(FILE), vec![7; 8_192]).expect("damage");
        let mut packs = KnownPacks::open(folder.path()).expect("known packs");
        packs.record("here", &[pack("a")]).expect("record");
        assert_eq!(packs.all("here").expect("packs").len(), 1);
    }

    #[test]
    fn damage_that_shows_later_costs_what_was_known_and_nothing_else() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let names = (0..100).map(|number| format!("{number:032}"));
        let many: Vec<KnownPack> = names
            .map(|name| KnownPack {
                head: vec![1; 60_000],
                ..pack(&name)
            })
            .collect();
        let mut packs = KnownPacks::open(folder.path()).expect("known packs");
        packs.record("here", &many).expect("record");
        drop(packs);
        // The first page, which is read when the file is opened, stays as it is.
        let file = folder.path().join(FILE);
        let mut bytes = fs::read(&file).expect("a file");
        let sound = 16_384;
        assert!(bytes.len() > 100 * sound);
        bytes[sound..].fill(0xa5);
        fs::write(&file, bytes).expect("damage");
        let mut packs = KnownPacks::open(folder.path()).expect("known packs");
        assert_eq!(packs.all("here").expect("packs"), []);
        packs.record("here", &many[..1]).expect("record");
        assert_eq!(packs.all("here").expect("packs").len(), 1);
        let mut again = KnownPacks::open(folder.path()).expect("known packs");
        assert_eq!(again.all("here").expect("packs").len(), 1);
    }
}
