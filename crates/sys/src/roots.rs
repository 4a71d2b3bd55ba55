use std::fs;
use std::path::{Path, PathBuf};

/// Where the kernel's file systems are mounted.
#[derive(Debug, Clone)]
pub struct Roots {
    proc: PathBuf,
    sys: PathBuf,
}

impl Default for Roots {
    fn default() -> Self {
        Self::new("/proc", "/sys")
    }
}

impl Roots {
    /// Other places than `/proc` and `/sys`.
    pub fn new(proc: impl Into<PathBuf>, sys: impl Into<PathBuf>) -> Self {
        Self { proc: proc.into(), sys: sys.into() }
    }

    /// The text of a file of `/proc`, or why there is none.
    pub fn proc(&self, path: &str) -> Result<String, String> {
        read(&self.proc.join(path), "/proc", path)
    }

    /// The text of a file of `/sys`, or why there is none.
    pub fn sys(&self, path: &str) -> Result<String, String> {
        read(&self.sys.join(path), "/sys", path)
    }

    /// Where a file or folder of `/sys` lies, in order to write there.
    pub(crate) fn sys_path(&self, path: &str) -> PathBuf {
        self.sys.join(path)
    }

    /// The names in a folder of `/proc`, sorted, or why there are none.
    pub fn proc_names(&self, path: &str) -> Result<Vec<String>, String> {
        names(&self.proc.join(path), "/proc", path)
    }

    /// The names in a folder of `/sys`, sorted, or why there are none.
    pub fn sys_names(&self, path: &str) -> Result<Vec<String>, String> {
        names(&self.sys.join(path), "/sys", path)
    }
}

fn names(folder: &Path, root: &str, path: &str) -> Result<Vec<String>, String> {
    let entries =
        fs::read_dir(folder).map_err(|error| format!("{root}/{path} cannot be read: {}", error.kind()))?;
    let mut names: Vec<_> =
        entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// The reason names the place where a real machine has the file.
fn read(file: &Path, root: &str, path: &str) -> Result<String, String> {
    match fs::read(file) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(format!("{root}/{path} cannot be read: {}", error.kind())),
    }
}
