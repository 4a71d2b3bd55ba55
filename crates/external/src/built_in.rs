//! The runners that come with concbench: their manifests and sources, as parts of the program.

use crate::Manifest;

/// A runner that comes with concbench.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    manifest: &'static str,
    /// Its files, each by its name.
    pub files: &'static [(&'static str, &'static str)],
}

macro_rules! files {
    ($name:literal: $($file:literal),+) => {
        BuiltIn {
            name: $name,
            manifest: include_str!(concat!("../runners/", $name, "/external.toml")),
            files: &[$(($file, include_str!(concat!("../runners/", $name, "/", $file)))),+],
        }
    };
}

const ALL: [BuiltIn; 4] = [
    files!("python": "runner.py", "protocol.py", "models.py", "kernels.py", "awaiting.py", "workers.py"),
    files!("go": "go.mod", "main.go", "models.go", "kernels.go"),
    files!("node": "runner.mjs", "models.mjs", "kernels.mjs", "worker.mjs"),
    files!("java": "Runner.java", "Models.java", "Kernels.java"),
];

/// All of them, in the order in which they are shown.
pub fn built_ins() -> [BuiltIn; 4] {
    ALL
}

/// The one with this name.
pub fn built_in(name: &str) -> Option<BuiltIn> {
    ALL.into_iter().find(|one| one.name == name)
}

impl BuiltIn {
    /// What it is.
    ///
    /// # Panics
    ///
    /// Never: a test reads each of them.
    pub fn manifest(&self) -> Manifest {
        let path = format!("crates/external/runners/{}/external.toml", self.name);
        Manifest::parse(&path, self.manifest).expect("a manifest that comes with concbench")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_manifest_that_comes_with_concbench_is_one_and_bears_its_name() {
        for one in built_ins() {
            let manifest = one.manifest();
            assert_eq!(manifest.name, one.name);
            assert!(!manifest.remedy.is_empty(), "{}", one.name);
            assert!(built_in(one.name).is_some());
        }
        assert!(built_in("cobol").is_none());
    }
}
