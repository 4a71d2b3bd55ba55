//! Where criterion saves what it finds.

use std::path::{Path, PathBuf};

/// The variable from which criterion takes where it saves.
const HOME: &str = "CRITERION_HOME";

/// Says where criterion saves, so that it need not ask `cargo metadata`, which waits for every other cargo on the
/// machine.
pub(crate) fn settle() {
    if std::env::var_os(HOME).is_none() {
        // It can be said only while there is one thread; criterion asks cargo for the same folder otherwise.
        let _ = concbench_sys::set_before_threads(HOME, folder());
    }
}

/// Where criterion saves.
pub(crate) fn folder() -> PathBuf {
    if let Some(home) = std::env::var_os(HOME) {
        return home.into();
    }
    if let Some(target) = std::env::var_os("CARGO_TARGET_DIR") {
        return Path::new(&target).join("criterion");
    }
    // A bench executable lies in `<target>/release/deps/`.
    let executable = std::env::current_exe().unwrap_or_default();
    let target = executable.ancestors().nth(3).filter(|target| target.file_name().is_some());
    target.unwrap_or(Path::new("target")).join("criterion")
}
