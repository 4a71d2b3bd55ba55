//! Which runners in other languages a run may start.

use std::path::Path;

use concbench_external::{Manifest, ManifestError, built_in, built_ins};

/// The variable that names another interpreter of Python.
const OTHER_PYTHON: &str = "CONCBENCH_PYTHON";

/// A runner in another language, and how it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct External {
    named: String,
    /// How it is started, and which models it has.
    pub(crate) manifest: Manifest,
}

/// Why there is no such runner.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExternalError {
    #[error(
        "no runner `{name}` comes with concbench, {there} do; a file is named by its path, as in ./external.toml"
    )]
    Unknown { name: String, there: String },
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

impl External {
    /// The one of this name: one that comes with concbench, with another interpreter as in `python=/opt/bin/python3`, or the
    /// file of somebody else's.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub(crate) fn named(name: &str) -> Result<Self, ExternalError> {
        let named = name.to_owned();
        if let Some((origin, program)) = name.split_once('=') {
            let manifest = Manifest { program: program.to_owned(), ..comes_with(origin)? };
            return Ok(Self { named, manifest });
        }
        if name.contains('/') || name.ends_with(".toml") {
            let path = Path::new(name);
            let whole = path.canonicalize().map_or(named, |whole| whole.to_string_lossy().into_owned());
            return Ok(Self { named: whole, manifest: Manifest::read(path)? });
        }
        Ok(Self { named, manifest: comes_with(name)? })
    }
}

fn comes_with(name: &str) -> Result<Manifest, ExternalError> {
    built_in(name).map(|one| one.manifest()).ok_or_else(|| ExternalError::Unknown {
        name: concbench_text::one_line(name),
        there: built_ins().map(|one| one.name).join(", "),
    })
}

/// The runners in other languages that a run may start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Externals(Vec<External>);

impl Externals {
    /// Those of these names.
    ///
    /// # Errors
    ///
    /// When there is none of a name.
    pub(crate) fn named(names: &[String]) -> Result<Self, ExternalError> {
        names.iter().map(|name| External::named(name)).collect::<Result<_, _>>().map(Self::new)
    }

    /// These; what has the name of another one gets a number behind it.
    pub(crate) fn new(wanted: Vec<External>) -> Self {
        let mut all: Vec<External> = Vec::new();
        for External { named, manifest } in wanted {
            let name = manifest.name.clone();
            let taken = |name: &str| all.iter().any(|other| other.manifest.name == name);
            let numbered = (2..).map(|number| format!("{name}-{number}"));
            let free = std::iter::once(name.clone()).chain(numbered).find(|name| !taken(name));
            let free = free.unwrap_or_else(|| name.clone());
            let origin = manifest.folder.is_none().then_some(name);
            all.push(External { named, manifest: Manifest { name: free, origin, ..manifest } });
        }
        Self(all)
    }

    /// Those that come with concbench; and that of Python once more with the interpreter that the environment names.
    pub(crate) fn usual() -> Self {
        let other = std::env::var(OTHER_PYTHON).ok().filter(|program| !program.is_empty());
        let names = built_ins().into_iter().flat_map(|one| {
            let other = other.as_ref().filter(|_| one.name == "python");
            let other = other.map(|program| format!("{}={program}", one.name));
            std::iter::once(one.name.to_owned()).chain(other)
        });
        Self::new(names.filter_map(|name| External::named(&name).ok()).collect())
    }

    /// How they were named.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|one| one.named.clone()).collect()
    }

    /// How each is started, and which models it has.
    pub(crate) fn manifests(&self) -> impl Iterator<Item = &Manifest> {
        self.0.iter().map(|one| &one.manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_twice_gets_a_number_and_keeps_its_files() {
        let names = ["python", "python=/opt/free/python3", "node"].map(str::to_owned);
        let externals = Externals::named(&names).unwrap();
        let found: Vec<_> =
            externals.manifests().map(|one| (one.name.as_str(), one.program.as_str())).collect();
        assert_eq!(found, [("python", "python3"), ("python-2", "/opt/free/python3"), ("node", "node")]);
        assert!(externals.manifests().all(|one| one.origin.as_deref() != Some("python-2")));
        assert_eq!(Externals::named(&externals.names()), Ok(externals));
    }

    #[test]
    fn what_is_not_there_is_refused_with_what_is() {
        let refused = |name: &str| External::named(name).unwrap_err().to_string();
        assert!(refused("cobol").contains("`cobol` comes with concbench, python, go, node, java do"));
        assert!(refused("cobol=x").contains("`cobol`"));
        assert!(refused("./no/external.toml").starts_with("cannot read ./no/external.toml: "));
    }
}
