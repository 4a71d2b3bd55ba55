use std::sync::LazyLock;

use concbench_text::{clip, one_line};
use regex::Regex;
use serde_json::Value;

use super::Concern;
use crate::experiment::json::to_value;
use crate::record::Record;

/// What is private on the machine that looks: a contributor looks at his own.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// What this host is called.
    pub(crate) hosts: Vec<String>,
    /// Who looks.
    pub(crate) users: Vec<String>,
}

/// Names that say nothing of whose machine it is.
const COMMON: [&str; 14] = [
    "root",
    "user",
    "admin",
    "ubuntu",
    "debian",
    "fedora",
    "runner",
    "nobody",
    "localhost",
    "local",
    "host",
    "linux",
    "test",
    "build",
];
/// Names that are shorter stand in other words.
const SHORTEST: usize = 3;
/// Folders that every machine has, and the compiler's own.
const EVERYWHERE: [&str; 10] =
    ["/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/bin", "/run/systemd", "/rustc", "/tmp"];
/// What a file is called that is no host.
const FILES: [&str; 7] = [".toml", ".json", ".html", ".csv", ".svg", ".rs", ".md"];
/// Where a machine's user has words of his own.
const SPOKEN: [&str; 6] = ["run.label", "run.id", "run.command", "run.filter", "run.notes", "stderr_tail"];
/// The longest quotation.
const LONGEST: usize = 80;

static MAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"));
static PATH: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"(?:^|[\s'"=:(`,])((?:/|~/|[A-Za-z]:\\)[^\s'"`,;:()]+)"#));
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:\d{1,3}\.){3}\d{1,3}\b"));
static HOST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)\b(?:[a-z0-9][a-z0-9-]*\.){2,}[a-z]{2,}\b",
        r"|\bip-\d{1,3}-\d{1,3}-\d{1,3}-\d{1,3}\b",
        r"|\b(?:desktop|laptop|win)-[a-z0-9]{6,}\b",
        r"|\b[a-z]+s-(?:macbook|imac|laptop|thinkpad|desktop|pc)(?:-[a-z0-9]+)*\b",
    ))
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("it is one")
}

/// What in a record names a person, a host or a place; the first of each kind in each part of it.
pub(super) fn concerns(record: &Record, known: &Known) -> Vec<Concern> {
    let mut found: Vec<(String, &'static str, String)> = Vec::new();
    let mut note = |place: &str, text: &str| {
        let Some((kind, quoted)) = private(place, text, known) else { return };
        // A label stands in an id and in a command as well.
        if !found.iter().any(|(_, of, what)| *of == kind && quoted.contains(what.as_str())) {
            found.push((place.to_owned(), kind, quoted));
        }
    };
    note("run.label", &record.run.label);
    walk(&to_value(record), "", &mut note);
    let remedy = "measure again without it; a label is given with --label";
    let concern = |(place, kind, quoted): (String, &str, String)| {
        let quoted = clip(&one_line(quoted), LONGEST);
        Concern::refuse(format!("{place} holds the {kind} `{quoted}`"), remedy)
    };
    found.into_iter().map(concern).collect()
}

/// What is private in a text, and what that is.
fn private(place: &str, text: &str, known: &Known) -> Option<(&'static str, String)> {
    if let Some(mail) = MAIL.find(text) {
        return Some(("e-mail address", mail.as_str().to_owned()));
    }
    let everywhere = |path: &str| {
        let below = |folder: &str| {
            path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        EVERYWHERE.into_iter().any(below)
    };
    let paths = PATH.captures_iter(text).filter_map(|found| Some(found.get(1)?.as_str()));
    // A single slash with something behind it is what a server is asked for, and two begin where it is.
    if let Some(path) = paths
        .filter(|path| path.matches(['/', '\\']).count() > 1 && !path.starts_with("//"))
        .find(|path| !everywhere(path))
    {
        return Some(("path", path.to_owned()));
    }
    let mut addresses = ADDRESS.find_iter(text).map(|found| found.as_str());
    if let Some(address) = addresses.find(|of| !of.starts_with("127.") && *of != "0.0.0.0") {
        return Some(("address", address.to_owned()));
    }
    if !SPOKEN.iter().any(|spoken| place.starts_with(spoken) || place.ends_with(spoken)) {
        return None;
    }
    let is_file = |name: &str| FILES.iter().any(|end| name.ends_with(end));
    if let Some(host) = HOST.find_iter(text).map(|found| found.as_str()).find(|name| !is_file(name)) {
        return Some(("host name", host.to_owned()));
    }
    let of = |kind, names: &[String]| Some((kind, names.iter().find(|name| holds(text, name))?.clone()));
    of("host name", &known.hosts).or_else(|| of("user name", &known.users))
}

/// Whether a name that is somebody's stands in a text, as a word.
fn holds(text: &str, name: &str) -> bool {
    let is_common = COMMON.iter().any(|common| name.eq_ignore_ascii_case(common));
    let words = || text.split(|c: char| !c.is_alphanumeric());
    let own: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let all: Vec<&str> = words().collect();
    let same =
        |window: &[&str]| window.iter().zip(&own).all(|(left, right)| left.eq_ignore_ascii_case(right));
    name.len() >= SHORTEST && !is_common && all.windows(own.len()).any(same)
}

/// Every text in a value, with where it stands: `run.label`. Elements of lists share a place.
fn walk(value: &Value, place: &str, see: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => see(place, text),
        Value::Array(values) => values.iter().for_each(|value| walk(value, place, see)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            // A name may be anything in a record that nobody has measured.
            see(place, name);
            let within = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            walk(value, &within, see);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
