//! The folder with the files that tasks read: in the place for temporary files, gone with its supervisor. One that was killed
//! cannot take its folder with it; the next supervisor that makes one removes those that nobody holds any more.

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};
use tempfile::TempDir;

use super::mark::{Mark, is_word};

/// How the name of every such folder begins; the word of its supervisor and six letters or digits follow.
const NAME: &str = "concbench-files-";
/// How old a folder must be that nobody holds: a younger one may be about to be held.
const FRESH: Duration = Duration::from_secs(60);

/// A folder that is held.
#[derive(Debug)]
pub(super) struct Files {
    folder: TempDir,
    /// Locked as long as it is open: the kernel gives it back when this process ends, however it does.
    _held: File,
}

impl Files {
    /// Makes one, and removes those that killed supervisors have left.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or held.
    pub(super) fn make(mark: &Mark) -> io::Result<Self> {
        Self::make_in(&std::env::temp_dir(), mark)
    }

    fn make_in(place: &Path, mark: &Mark) -> io::Result<Self> {
        remove_abandoned(place);
        let folder = tempfile::Builder::new().prefix(&format!("{NAME}{}-", mark.word())).tempdir_in(place)?;
        let held = hold(folder.path())?;
        Ok(Self { folder, _held: held })
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// The lock of a folder; an error if somebody else has it.
fn hold(folder: &Path) -> io::Result<File> {
    let itself = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits() as i32;
    let held = OpenOptions::new().read(true).custom_flags(itself).open(folder)?;
    flock(&held, FlockOperation::NonBlockingLockExclusive)?;
    Ok(held)
}

/// Removes the folders of supervisors that were killed. One that cannot be removed harms nobody.
fn remove_abandoned(place: &Path) {
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        if is_old_and_own(&entry) && hold(&entry.path()).is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether a folder has the name of such a one, belongs to this user and is not just being made.
fn is_old_and_own(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let named = name.to_str().and_then(|name| name.strip_prefix(NAME)).and_then(|rest| rest.rsplit_once('-'));
    let ours = named.is_some_and(|(word, end)| {
        is_word(word) && end.len() == 6 && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    // That of the entry itself: a link leads elsewhere.
    let Ok(folder) = entry.metadata() else { return false };
    let old = folder.modified().ok().and_then(|made| made.elapsed().ok()).is_some_and(|age| age > FRESH);
    ours && old && folder.is_dir() && folder.uid() == rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn folders_of_killed_supervisors_are_removed_and_no_others() {
        let place = tempfile::tempdir().unwrap();
        let path = |name: &str| place.path().join(name);
        let held = Files::make_in(place.path(), &Mark::new()).unwrap();
        let abandoned = path("concbench-files-4711-0123456789abcdef-AbC123");
        let fresh = path("concbench-files-4711-0123456789abcdef-AbC124");
        let foreign =
            ["concbench-files-backup", "concbench-files-4711-0123456789abcdef-notes", "other"].map(path);
        let old = SystemTime::now() - 2 * FRESH;
        for folder in foreign.iter().chain([&abandoned, &fresh]) {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("kept"), "x").unwrap();
            File::open(folder).unwrap().set_modified(old).unwrap();
        }
        File::open(&fresh).unwrap().set_modified(SystemTime::now()).unwrap();
        File::open(held.path()).unwrap().set_modified(old).unwrap();
        let linked = path("concbench-files-4711-0123456789abcdef-linked");
        std::os::unix::fs::symlink(&foreign[2], &linked).unwrap();
        remove_abandoned(place.path());
        assert!(!abandoned.exists());
        for folder in foreign.iter().chain([&fresh]) {
            assert!(folder.join("kept").exists(), "{}", folder.display());
        }
        assert!(held.path().exists() && linked.is_symlink());
        let own = held.path().to_owned();
        drop(held);
        assert!(!own.exists());
    }
}
