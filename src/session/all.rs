//! The sessions of all workspaces, and the end of one.

use std::fs;
use std::path::{Path, PathBuf};

use super::journal::{failed, hold, is_missing, path_of};
use super::{SessionError, SessionId};

/// The folders below the one of all sessions, one for each workspace, by name.
pub fn folders(all: &Path) -> Result<Vec<PathBuf>, SessionError> {
    let wrong = |error| failed("list", all, error);
    let entries = match fs::read_dir(all) {
        Ok(entries) => entries,
        Err(error) if is_missing(&error) => return Ok(Vec::new()),
        Err(error) => return Err(wrong(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(wrong)?;
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The folder of the workspace that a session belongs to.
pub fn folder_of(all: &Path, id: &SessionId) -> Result<PathBuf, SessionError> {
    let mut folders = folders(all)?.into_iter();
    let found = folders.find(|folder| path_of(folder, id).is_file());
    found.ok_or_else(|| SessionError::NotFound(id.to_string()))
}

/// Fails if a session is open somewhere; one that is not there is free.
pub fn check_free(folder: &Path, id: &SessionId) -> Result<(), SessionError> {
    match hold(folder, id) {
        Ok(_) | Err(SessionError::NotFound(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Deletes a session with everything that it kept for undo.
///
/// Fails if the session is open somewhere, or is not there.
pub fn remove(folder: &Path, id: &SessionId) -> Result<(), SessionError> {
    let _held = hold(folder, id)?;
    let own = folder.join(id.as_str());
    fs::remove_dir_all(&own).map_err(|error| failed("delete", &own, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::journal::Journal;
    use crate::session::record::Record;

    fn journal(folder: &Path, id: &SessionId) -> Journal {
        let mut journal = Journal::new(folder, id);
        let asked = Record::User {
            text: "Hm?".to_owned(),
            shown: "Hm?".to_owned(),
        };
        journal.append(&[asked]).expect("a journal");
        journal
    }

    #[test]
    fn a_session_is_found_by_its_id_alone_and_is_gone_when_it_is_deleted() {
        let home = tempfile::tempdir().expect("a folder");
        let all = home.path().join("sessions");
        let id = SessionId::parse("20261121-143005-k3x9").expect("an id");
        assert_eq!(folders(&all).expect("none"), Vec::<PathBuf>::new());
        fs::create_dir_all(all.join("mill-1")).expect("a folder");
        let shop = all.join("shop-2");
        let open = journal(&shop, &id);
        assert_eq!(folder_of(&all, &id).expect("it is there"), shop);
        assert!(matches!(
            check_free(&shop, &id),
            Err(SessionError::InUse(_))
        ));
        assert!(matches!(remove(&shop, &id), Err(SessionError::InUse(_))));
        drop(open);
        check_free(&shop, &id).expect("it is free");
        remove(&shop, &id).expect("it is deleted");
        assert!(!shop.join(id.as_str()).exists());
        for gone in [folder_of(&all, &id).map(drop), remove(&shop, &id)] {
            assert!(matches!(gone, Err(SessionError::NotFound(_))));
        }
        check_free(&shop, &id).expect("nobody has it");
    }
}
