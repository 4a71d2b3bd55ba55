//! One line for each observation, as soon as it is made: what is left if the run does not live to write its record.
//!
//! The first line holds all that the run follows from. Together with the lines after it, the run can be gone on with.

use std::fs::{File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::count::count;
use super::error::StoreError;
use super::limits::{LARGEST_JOURNAL, LONGEST_ENTRY, MOST_VALUES};
pub use super::names::JOURNAL;
use super::{BlockNoise, Failure, Machine, Mode, Observed, Tool, Track, Warning};
use crate::spec::Definition;
use concbench_sys::read_at_most;
use concbench_text::one_line;

/// The version of the journal that this build writes, and the only one that it goes on with.
pub const VERSION: u32 = 2;
/// How many damaged lines are told of one by one.
const MOST_LOST: usize = 20;

/// What a run follows from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`VERSION`].
    pub version: u32,
    /// The id of the run.
    pub id: String,
    /// When it started, RFC 3339 in UTC.
    pub started_utc: String,
    /// The build that measures.
    pub tool: Tool,
    /// A fingerprint of its executable.
    pub executable: String,
    /// Where it measures.
    pub machine: Machine,
    /// What was found about the machine before.
    pub warnings: Vec<Warning>,
    /// The workloads, with the sizes of their batches as they are measured.
    pub definitions: Vec<Definition>,
    /// The experiments, each with the ids of its cells, in the order of the record.
    pub experiments: Vec<(String, Vec<String>)>,
    /// Whether models outside the default matrix are measured too.
    pub all: bool,
    /// The runners in other languages that may be started, as they were named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub externals: Vec<String>,
    /// The filter that chose the cells.
    pub filter: Option<String>,
    /// How many blocks are planned.
    pub blocks: u32,
    /// How thorough it is meant to be.
    pub mode: Mode,
    /// The seed of every shuffle.
    pub seed: u64,
    /// The machine's name, as its user gave it.
    pub label: String,
    /// The fairness track.
    pub track: Track,
    /// What does not count as a difference, as a fraction.
    pub margin: f64,
    /// How long one observation may take, in nanoseconds.
    pub deadline_ns: u64,
    /// The command that reproduces such a run.
    pub command: String,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum Entry {
    /// The first.
    Begin(Box<Header>),
    /// An observation.
    Observation {
        /// The experiment's id.
        experiment: String,
        /// What was observed: the id of a cell, or the name of a calibration.
        of: String,
        /// Whether it is a calibration.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        calibration: bool,
        /// What was seen.
        observed: Observed<Value>,
    },
    /// Cells that are not measured any more.
    Failure {
        /// The experiment's id.
        experiment: String,
        /// The ids of the cells.
        cells: Vec<String>,
        /// Why.
        failure: Failure,
    },
    /// A block that has ended.
    Block {
        /// What else the machine did meanwhile, and which block of which experiment it is.
        noise: BlockNoise,
        /// Whether it is thrown away and measured again.
        again: bool,
        /// How long the run has taken so far, in nanoseconds.
        elapsed_ns: u64,
    },
    /// What an experiment began with, or has found out since, in the place of what it had.
    Setup {
        /// The experiment's id.
        experiment: String,
        /// The whole of it.
        setup: Value,
    },
    /// Something that a reader of the record should know.
    Note {
        /// What.
        note: String,
    },
}

/// A journal that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What the run follows from.
    pub header: Header,
    /// The lines after the first.
    pub entries: Vec<Entry>,
    /// What was not understood and is lost, each as one line of text.
    pub lost: Vec<String>,
    /// Where the last whole line ends, in bytes.
    pub end: u64,
}

/// Reads the journal of a run that did not end.
///
/// A line that is torn, or damaged, is lost; those before and after it are not.
///
/// # Errors
///
/// When there is no journal, or none whose first line this version understands.
pub fn read(folder: &Path) -> Result<Found, StoreError> {
    let path = folder.join(JOURNAL);
    let bytes = read_at_most(&path, LARGEST_JOURNAL);
    let bytes = bytes.map_err(|source| StoreError::Read { path: path.clone(), source })?;
    parse(&bytes).map_err(|what| StoreError::Bad { path, what })
}

/// What the bytes of a journal say, or in one line why they say nothing.
pub(crate) fn parse(bytes: &[u8]) -> Result<Found, String> {
    parse_within(bytes, MOST_VALUES)
}

/// The same of at most so many values.
fn parse_within(bytes: &[u8], most: u64) -> Result<Found, String> {
    let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
    let mut lines = bytes[..end].split_inclusive(|&byte| byte == b'\n');
    let first = lines.next().ok_or("its first line is not whole, so nothing can be gone on with")?;
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let version: Version = serde_json::from_slice(first)
        .map_err(|error| format!("its first line is no header: {}", one_line(error)))?;
    if version.version != VERSION {
        return Err(format!("version {}, only {VERSION} is read by this build", version.version));
    }
    let mut values = 0;
    // Before any of them takes memory. What cannot be counted is damaged, which whoever reads it finds.
    let mut counted = |line: &[u8]| {
        values += count(line, most).unwrap_or_default();
        match values > most {
            true => Err(format!("more than {most} values, which no run has")),
            false => Ok(()),
        }
    };
    counted(first)?;
    let header = match serde_json::from_slice(first) {
        Ok(Entry::Begin(header)) => *header,
        Ok(_) => return Err("its first line is no header".to_owned()),
        Err(error) => return Err(format!("its first line is no header: {}", one_line(error))),
    };
    let mut entries = Vec::new();
    let mut lost = Vec::new();
    let mut more = 0;
    for (number, line) in (2..).zip(lines) {
        counted(line)?;
        match entry(number, line) {
            Ok(entry) => entries.push(entry),
            Err(what) if lost.len() < MOST_LOST => lost.push(what),
            Err(_) => more += 1,
        }
    }
    if more > 0 {
        lost.push(format!("{more} other line(s) are damaged, too"));
    }
    if end < bytes.len() {
        lost.push(format!("the last line is torn after {} bytes", bytes.len() - end));
    }
    Ok(Found { header, entries, lost, end: end as u64 })
}

/// What a line behind the first says, or why it is lost.
fn entry(number: usize, line: &[u8]) -> Result<Entry, String> {
    if line.len() > LONGEST_ENTRY {
        return Err(format!("line {number} has {} bytes, at most {LONGEST_ENTRY} are read", line.len()));
    }
    match serde_json::from_slice(line) {
        Ok(Entry::Begin(_)) => Err(format!("line {number} is a second header")),
        Ok(entry) => Ok(entry),
        Err(error) => Err(format!("line {number} is damaged: {}", one_line(error))),
    }
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// Whether it ends within a line that could not be taken back.
    torn: bool,
}

impl Journal {
    /// Begins the journal of a run.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn begin(folder: &Path, header: &Header) -> Result<Self, StoreError> {
        let path = folder.join(JOURNAL);
        let mut journal = match OpenOptions::new().create_new(true).append(true).open(&path) {
            Ok(file) => Self { path, file, torn: false },
            Err(source) => return Err(StoreError::Write { path, source }),
        };
        journal.write(&Entry::Begin(Box::new(header.clone())))?;
        Ok(journal)
    }

    /// Goes on with a journal behind its last whole line.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn go_on(folder: &Path, end: u64) -> Result<Self, StoreError> {
        let path = folder.join(JOURNAL);
        let open = || {
            // Not through a link: the folder may be somebody else's work.
            let no_link = OFlags::NOFOLLOW.bits() as i32;
            let mut file = OpenOptions::new().append(true).custom_flags(no_link).open(&path)?;
            file.set_len(end)?;
            file.seek(io::SeekFrom::End(0))?;
            Ok(file)
        };
        match open() {
            Ok(file) => Ok(Self { path, file, torn: false }),
            Err(source) => Err(StoreError::Write { path, source }),
        }
    }

    /// Writes one line, and has it on disk when it returns.
    ///
    /// # Errors
    ///
    /// When the disk refuses. What was written of the line is taken back.
    pub fn write(&mut self, entry: &Entry) -> Result<(), StoreError> {
        let failed = |source| StoreError::Write { path: self.path.clone(), source };
        // A torn line must not take the next one with it.
        let mut line = if self.torn { vec![b'\n'] } else { Vec::new() };
        serde_json::to_writer(&mut line, entry).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        let before = self.file.metadata().map_err(failed)?.len();
        match self.file.write_all(&line).and_then(|()| self.file.sync_data()) {
            Ok(()) => {
                self.torn = false;
                Ok(())
            }
            Err(source) => {
                // Should that fail as well, the line is torn, and readers know torn lines.
                self.torn |= self.file.set_len(before).is_err();
                Err(failed(source))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Status;

    fn sample() -> (Header, Vec<Entry>) {
        let header = Header {
            version: VERSION,
            id: "x".to_owned(),
            started_utc: "2026-01-01T00:00:00Z".to_owned(),
            tool: Tool {
                name: "concbench".to_owned(),
                version: "0".to_owned(),
                commit: None,
                rustc: String::new(),
                target: String::new(),
                profile: "debug".to_owned(),
                allocator: String::new(),
            },
            executable: "00".to_owned(),
            machine: Machine::default(),
            warnings: Vec::new(),
            definitions: vec![Definition::registered("own")],
            experiments: vec![("matrix".to_owned(), vec!["own/sequential@1".to_owned()])],
            externals: Vec::new(),
            all: false,
            filter: Some("\"\n".to_owned()),
            blocks: 2,
            mode: Mode::Custom,
            seed: 1,
            label: "local".to_owned(),
            track: Track::Defaults,
            margin: 0.02,
            deadline_ns: 1,
            command: "concbench run".to_owned(),
        };
        let experiment = "matrix".to_owned();
        let of = "own/sequential@1".to_owned();
        let responses = serde_json::json!({ "cold_ns": 3 });
        let observed = Observed { block: 0, position: 1, responses, usage: None, reason: None };
        let entries = vec![
            Entry::Observation {
                experiment: experiment.clone(),
                of: of.clone(),
                calibration: true,
                observed,
            },
            Entry::Setup { experiment: experiment.clone(), setup: Value::Null },
            Entry::Failure { experiment, cells: vec![of], failure: Failure::new(Status::Failed, "\u{e9}") },
            Entry::Note { note: "a\nb".to_owned() },
        ];
        (header, entries)
    }

    fn written(folder: &Path) -> (Header, Vec<Entry>, Vec<u8>) {
        let (header, entries) = sample();
        let mut journal = Journal::begin(folder, &header).unwrap();
        entries.iter().for_each(|entry| journal.write(entry).unwrap());
        (header, entries, std::fs::read(folder.join(JOURNAL)).unwrap())
    }

    #[test]
    fn one_of_more_values_than_a_run_has_is_refused_before_they_take_memory() {
        let folder = tempfile::tempdir().unwrap();
        let (_, entries, bytes) = written(folder.path());
        let values: u64 = bytes.split(|&byte| byte == b'\n').filter_map(|line| count(line, 1000).ok()).sum();
        assert_eq!(parse_within(&bytes, values).unwrap().entries, entries);
        let refused = parse_within(&bytes, values - 1).unwrap_err();
        assert_eq!(refused, format!("more than {} values, which no run has", values - 1));
    }

    #[test]
    fn cut_at_any_byte_only_the_torn_line_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let (header, entries, bytes) = written(folder.path());
        let first = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        for cut in 0..=bytes.len() {
            let found = parse(&bytes[..cut]);
            if cut < first {
                assert!(!found.unwrap_err().contains('\n'));
                continue;
            }
            let found = found.unwrap();
            let whole = bytes[first..cut].iter().filter(|&&byte| byte == b'\n').count();
            assert_eq!(found.header, header);
            assert_eq!(found.entries, entries[..whole]);
            assert_eq!(found.lost.is_empty(), bytes[cut - 1] == b'\n');
        }
    }

    #[test]
    fn a_damaged_line_in_the_middle_takes_no_other_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (_, entries, mut bytes) = written(folder.path());
        let second = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        bytes[second + 3] = 0xff;
        let found = parse(&bytes).unwrap();
        assert_eq!(found.entries, entries[1..]);
        assert_eq!(found.lost.len(), 1);
    }

    #[test]
    fn a_journal_is_gone_on_with_behind_its_last_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let (_, entries, bytes) = written(folder.path());
        std::fs::write(folder.path().join(JOURNAL), &bytes[..bytes.len() - 2]).unwrap();
        let found = read(folder.path()).unwrap();
        let mut journal = Journal::go_on(folder.path(), found.end).unwrap();
        journal.write(entries.last().unwrap()).unwrap();
        let again = read(folder.path()).unwrap();
        assert_eq!((again.entries, again.lost), (entries, Vec::new()));
    }
}
