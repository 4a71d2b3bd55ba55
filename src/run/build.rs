//! What measured: this build, and a fingerprint of its executable.

use std::fs::File;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use crate::record::Tool;

/// This build.
pub(crate) fn tool() -> Tool {
    let commit = env!("CONCBENCH_COMMIT");
    Tool {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: (!commit.is_empty()).then(|| commit.to_owned()),
        rustc: env!("CONCBENCH_RUSTC").to_owned(),
        target: env!("CONCBENCH_TARGET").to_owned(),
        profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        allocator: "the system's (std::alloc::System)".to_owned(),
    }
}

/// This build in one line: version, commit, target and profile.
pub(crate) fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let Tool { version, commit, target, profile, .. } = tool();
        let commit = commit.unwrap_or_else(|| "unknown commit".to_owned());
        format!("{version} ({commit}, {target}, {profile})")
    });
    &VERSION
}

/// A fingerprint of this executable: another one may measure something else under the same names.
pub(super) fn executable() -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    const OWN: &str = "/proc/self/exe";
    let copied = File::open(OWN).and_then(|mut file| std::io::copy(&mut file, &mut hasher));
    copied.map_err(|error| std::io::Error::new(error.kind(), format!("cannot read {OWN}: {error}")))?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
