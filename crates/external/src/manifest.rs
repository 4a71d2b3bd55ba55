//! `external.toml`: how a runner is started, what it needs, and which models it has.

use std::path::Path;

use concbench_model::Family;
use concbench_sys::read_at_most;
use concbench_text::one_line;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{KERNELS, VERSION};

/// The longest manifest that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// The longest name, and the most of whatever a list holds.
const LONGEST_NAME: usize = 40;
const MOST: usize = 64;
/// The most workers that a manifest may ask for.
const MOST_WORKERS: u64 = 1024;

/// How a runner is started, what it needs, and which models it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// The version of the protocol that it speaks.
    pub protocol: u32,
    /// Its name: lower-case letters, digits and hyphens.
    pub name: String,
    /// The language, as a reader knows it.
    pub language: String,
    /// The program that is started: a path, or a name to be looked for.
    pub program: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// What helps where the program is not there.
    #[serde(default)]
    pub remedy: String,
    /// What is done once before it can be started.
    #[serde(default)]
    pub build: Option<Build>,
    /// The folder that it is started in; `null` for one that comes with concbench.
    #[serde(default)]
    pub folder: Option<String>,
    /// Of those that come with concbench the one whose files it has, where its own name is another.
    #[serde(default)]
    pub origin: Option<String>,
    /// Its models.
    #[serde(rename = "model")]
    pub models: Vec<Model>,
}

/// A step that makes what is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Build {
    /// The program that does it.
    pub program: String,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// What helps where it is not there.
    #[serde(default)]
    pub remedy: String,
}

/// What decides how many workers a model has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sizing {
    /// It has one, whatever is asked for.
    One,
    /// It has one for each task of the batch.
    PerTask,
    /// It has as many as the order says.
    Workers,
}

/// A construct of a language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Model {
    /// Its id: lower-case letters, digits and hyphens.
    pub id: String,
    /// The family that it belongs to.
    pub family: Family,
    /// What decides how many workers it has.
    pub sizing: Sizing,
    /// What it is called there: `threading.Thread`.
    pub construct: String,
    /// The kernels that it runs.
    pub kernels: Vec<String>,
    /// Numbers of workers for kernels that wait, where those of the experiment are not meant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workers: Vec<u64>,
    /// Whether each task takes long to begin, as where it starts an interpreter: it is measured less often.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub slow: bool,
}

/// Why a file is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// It cannot be read.
    #[error("cannot read {path}: {why}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        why: String,
    },
    /// It is no such TOML.
    #[error("{path}:{line}: {what}")]
    Parse {
        /// Which file.
        path: String,
        /// In which line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A value is not allowed.
    #[error("{path}: {key}: {what}")]
    Value {
        /// Which file.
        path: String,
        /// Which key.
        key: &'static str,
        /// What is wrong, and what is allowed.
        what: String,
    },
}

impl Manifest {
    /// Reads a file; the runner is started in its folder.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is none.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let name = one_line(path.display());
        let cannot =
            |error: std::io::Error| ManifestError::Read { path: name.clone(), why: error.to_string() };
        let bytes = read_at_most(path, LONGEST).map_err(cannot)?;
        let text = String::from_utf8(bytes).map_err(|error| cannot(std::io::Error::other(error)))?;
        let whole = path.canonicalize().map_err(cannot)?;
        let folder = whole.parent().map(|folder| folder.to_string_lossy().into_owned());
        Ok(Self { folder, ..Self::parse(&name, &text)? })
    }

    /// Reads the text of one; `path` is for messages.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(path: &str, text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text.as_bytes()[..start].iter().filter(|&&byte| byte == b'\n').count() + 1;
            let what = one_line(error.message().lines().collect::<Vec<_>>().join(", "));
            ManifestError::Parse { path: path.to_owned(), line, what }
        })?;
        match manifest.objection() {
            None => Ok(manifest),
            Some((key, what)) => Err(ManifestError::Value { path: path.to_owned(), key, what }),
        }
    }

    /// The first key whose value is not allowed, and what is.
    fn objection(&self) -> Option<(&'static str, String)> {
        let Self { protocol, name, models, folder, origin, .. } = self;
        if *protocol != VERSION {
            return Some(("protocol", format!("version {protocol} is not spoken here, {VERSION} is")));
        }
        if !is_name(name) {
            return Some(("name", of_name(name)));
        }
        if folder.is_some() || origin.is_some() {
            return Some((
                "folder",
                "it is that of the file, and neither it nor an origin is given".to_owned(),
            ));
        }
        if !(1..=MOST).contains(&models.len()) {
            return Some(("model", format!("{} models, 1 to {MOST} are allowed", models.len())));
        }
        let twice = |(at, model): (usize, &Model)| models[..at].iter().any(|other| other.id == model.id);
        if let Some(model) = models.iter().enumerate().find(|&pair| twice(pair)).map(|(_, model)| model) {
            return Some(("model", format!("`{}` stands there twice", one_line(&model.id))));
        }
        models.iter().find_map(Model::objection)
    }
}

impl Model {
    fn objection(&self) -> Option<(&'static str, String)> {
        if !is_name(&self.id) {
            return Some(("id", of_name(&self.id)));
        }
        let unknown = |kernel: &&String| !KERNELS.contains(&kernel.as_str());
        if let Some(kernel) = self.kernels.iter().find(unknown) {
            let what = format!("`{}` is no kernel, {} are", one_line(kernel), KERNELS.join(", "));
            return Some(("kernels", what));
        }
        if !(1..=KERNELS.len()).contains(&self.kernels.len()) {
            return Some(("kernels", format!("1 to {} are allowed", KERNELS.len())));
        }
        let wrong = self.workers.iter().find(|workers| !(1..=MOST_WORKERS).contains(*workers));
        if let Some(workers) = wrong {
            return Some(("workers", format!("{workers} is not allowed, 1 to {MOST_WORKERS} are")));
        }
        (self.workers.len() > MOST).then(|| ("workers", format!("at most {MOST} numbers are allowed")))
    }
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(plain)
}

fn of_name(name: &str) -> String {
    let allowed = format!("1 to {LONGEST_NAME} lower-case letters, digits and hyphens are");
    format!("`{}` is not allowed, {allowed}", one_line(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
protocol = 1
name = "own"
language = "Own"
program = "own"

[[model]]
id = "loop"
family = "baseline"
sizing = "one"
construct = "a loop"
kernels = ["noop"]
"#;

    #[test]
    fn a_file_names_its_models() {
        let manifest = Manifest::parse("own.toml", TEXT).unwrap();
        assert_eq!((manifest.models[0].id.as_str(), manifest.models[0].family), ("loop", Family::Baseline));
        assert_eq!((manifest.build, manifest.folder), (None, None));
    }

    #[test]
    fn what_is_wrong_is_named_with_file_and_key() {
        for (from, to, says) in [
            ("protocol = 1", "protocol = 7", "own.toml: protocol: version 7"),
            ("\"own\"\nlanguage", "\"O N\"\nlanguage", "own.toml: name: `O N`"),
            ("[\"noop\"]", "[\"nap\"]", "own.toml: kernels: `nap` is no kernel"),
            ("[\"noop\"]", "[]", "own.toml: kernels: 1 to 6"),
            ("sizing = \"one\"", "sizing = \"two\"", "own.toml:10: unknown variant `two`"),
            ("[[model]]", "[[modle]]", "own.toml:"),
            ("[[model]]", "folder = \"/\"\n[[model]]", "own.toml: folder: "),
        ] {
            let error = Manifest::parse("own.toml", &TEXT.replace(from, to)).unwrap_err().to_string();
            assert!(error.starts_with(says) && !error.contains('\n'), "{error}");
        }
        let missing = Manifest::read(Path::new("/nowhere/own.toml")).unwrap_err().to_string();
        assert!(missing.starts_with("cannot read /nowhere/own.toml: "), "{missing}");
    }
}
