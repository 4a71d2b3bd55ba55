//! Runs on disk: a folder each, files that appear whole or not at all, and a link to the latest.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::Record;
use super::error::StoreError;
use super::limits::LARGEST_RECORD;
use super::names::{JOURNAL, LOCK};
use concbench_sys::read_at_most;

/// The name of the record in its folder.
pub const RECORD: &str = "results.json";
/// The name of the link to the latest run.
const LATEST: &str = "latest";
/// The folders that a report puts files into.
const REPORT_FOLDERS: [&str; 2] = ["charts", "traces"];
/// How the name of a file begins that is not finished.
const TORN: &str = ".tmp";

/// Makes the folder of a run, `<out>/<id>`; if another run of the same second has it already, with a number behind.
///
/// # Errors
///
/// When the folder cannot be made.
pub fn create_folder(out: &Path, id: &str) -> Result<(String, PathBuf), StoreError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| StoreError::Write { path, source }
    };
    fs::create_dir_all(out).map_err(failed(out))?;
    let mut name = id.to_owned();
    for number in 2.. {
        let folder = out.join(&name);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok((name, folder)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => name = format!("{id}-{number}"),
            Err(error) => return Err(failed(&folder)(error)),
        }
    }
    unreachable!("there are more numbers than folders")
}

/// Takes the folder of a run back that could not be begun.
pub(crate) fn remove_empty_run(folder: &Path) {
    // What cannot be removed stays: the error that led here is the one to be told.
    let _ = fs::remove_file(folder.join(JOURNAL));
    let _ = fs::remove_file(folder.join(LOCK));
    let _ = fs::remove_dir(folder);
}

/// Writes a file so that it appears whole or not at all, even if the machine stops half-way.
///
/// # Errors
///
/// When the disk or the file system refuses; what stood there before is intact then.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write(path, bytes, true)
}

/// Writes a file that follows from a record: nobody ever reads half of it, but a machine that stops may lose it, since it can
/// be made again. To have each of thousands of charts on disk before the next takes longer than to draw them.
///
/// # Errors
///
/// When the disk or the file system refuses; what stood there before is intact then.
pub(crate) fn write_derived(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write(path, bytes, false)
}

fn write(path: &Path, bytes: &[u8], lasting: bool) -> Result<(), StoreError> {
    let write = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // For everybody whom the umask allows, like any other file that a program writes.
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        let mut file = tempfile::Builder::new().prefix(TORN).permissions(permissions).tempfile_in(folder)?;
        file.write_all(bytes)?;
        if lasting {
            file.as_file().sync_all()?;
        }
        file.persist(path)?;
        if lasting {
            sync_folder(folder)?;
        }
        Ok(())
    };
    write().map_err(|source| StoreError::Write { path: path.to_owned(), source })
}

/// Has a folder's names outlast a machine that stops. A file system that syncs no folders keeps them as well as it can.
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        synced => synced,
    }
}

/// Writes the record of a run into its folder.
///
/// # Errors
///
/// See [`write_whole`].
pub fn save(record: &Record, folder: &Path) -> Result<PathBuf, StoreError> {
    let path = folder.join(RECORD);
    let mut bytes = serde_json::to_vec_pretty(record)
        .map_err(|error| StoreError::Bad { path: path.clone(), what: error.to_string() })?;
    bytes.push(b'\n');
    if bytes.len() as u64 > LARGEST_RECORD {
        let what =
            format!("it would have {} bytes, and none of more than {LARGEST_RECORD} is read", bytes.len());
        return Err(StoreError::Write { path, source: io::Error::other(what) });
    }
    write_whole(&path, &bytes)?;
    Ok(path)
}

/// Removes what a process that was ended while it wrote into the folder of a run had not finished: files of the names that
/// [`write_whole`] gives, there and in the folders of its report. Whatever else lies there is somebody else's.
pub(crate) fn remove_torn(folder: &Path) -> io::Result<()> {
    // That of the entry itself: a link leads elsewhere.
    let is_folder = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
    let of_report = REPORT_FOLDERS.map(|name| folder.join(name)).into_iter().filter(is_folder);
    for place in std::iter::once(folder.to_owned()).chain(of_report) {
        for entry in fs::read_dir(place)? {
            let entry = entry?;
            if entry.file_type()?.is_file() && is_torn(&entry.file_name().to_string_lossy()) {
                fs::remove_file(entry.path())?;
            }
        }
    }
    Ok(())
}

/// Whether it is the name of a file that [`write_whole`] has not finished: a mark and six letters or digits.
fn is_torn(name: &str) -> bool {
    let rest = name.strip_prefix(TORN).unwrap_or_default();
    rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Removes a file, if it is there.
///
/// # Errors
///
/// When it is there and cannot be removed.
pub(crate) fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Whether `<out>/latest` can be pointed at a run.
///
/// # Errors
///
/// When something of that name is there that is no link.
pub(crate) fn check_latest(out: &Path) -> Result<(), StoreError> {
    let path = out.join(LATEST);
    match fs::symlink_metadata(&path) {
        Ok(there) if !there.is_symlink() => {
            let source = io::Error::other("it is no link, as to the latest run; move it, or write elsewhere");
            Err(StoreError::Write { path, source })
        }
        _ => Ok(()),
    }
}

/// Points `<out>/latest` at this run.
///
/// # Errors
///
/// When the link cannot be made.
pub fn link_latest(out: &Path, name: &str) -> Result<(), StoreError> {
    check_latest(out)?;
    let link = out.join(LATEST);
    // Not by a number of this process alone: in another container it is somebody else's.
    let fresh = tempfile::Builder::new().prefix(TORN).make_in(out, |fresh| symlink(name, fresh));
    let linked = fresh.and_then(|fresh| fresh.persist(&link).map_err(io::Error::from));
    linked.map(drop).map_err(|source| StoreError::Write { path: link, source })
}

/// Reads a run from its folder or from its record.
///
/// # Errors
///
/// When there is none, or none that this version can read.
pub fn load(path: &Path) -> Result<Record, StoreError> {
    let path = if path.is_dir() { path.join(RECORD) } else { path.to_owned() };
    let bad = |what: String| StoreError::Bad { path: path.clone(), what };
    let read = |source| StoreError::Read { path: path.clone(), source };
    let bytes = match read_at_most(&path, LARGEST_RECORD) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && journal_beside(&path) => {
            let what = "there is none yet, only a journal; `concbench run --resume` completes the run";
            return Err(bad(what.to_owned()));
        }
        other => other.map_err(read)?,
    };
    super::parse::parse(&bytes).map_err(bad)
}

fn journal_beside(record: &Path) -> bool {
    record.parent().is_some_and(|folder| folder.join(JOURNAL).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_a_run_had_not_finished_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir_all(path("charts/deeper")).unwrap();
        fs::create_dir_all(path("mine")).unwrap();
        let torn = [".tmpAbC123", "charts/.tmpzzzzzz"];
        let kept = [
            ".tmp",
            ".tmpmynotes",
            ".tmp-other-one",
            "charts/deeper/.tmpAbC123",
            "mine/.tmpAbC123",
            "results.json",
        ];
        torn.iter().chain(&kept).for_each(|name| fs::write(path(name), "x").unwrap());
        symlink("results.json", path(".tmplinked")).unwrap();
        remove_torn(folder.path()).unwrap();
        assert!(torn.iter().all(|name| !path(name).exists()));
        assert!(kept.iter().all(|name| path(name).exists()) && path(".tmplinked").is_symlink());
    }

    #[test]
    fn a_link_to_the_latest_run_takes_the_place_of_the_last_one_and_of_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let latest = folder.path().join(LATEST);
        for name in ["first", "second"] {
            link_latest(folder.path(), name).unwrap();
            assert_eq!(fs::read_link(&latest).unwrap(), Path::new(name));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        fs::remove_file(&latest).unwrap();
        fs::create_dir(&latest).unwrap();
        assert!(link_latest(folder.path(), "third").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
