//! Whether a run can stand in a gallery that others read: whole, of a release, quiet enough, and with nothing private in it.
//!
//! - `private`: what names a person, a host or a place

mod private;

use super::complete;
use crate::record::{Grade, Record, SCHEMA};
use concbench_text::plural;
pub(crate) use private::Known;

/// Something that speaks against a run in a gallery that others read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Concern {
    /// Whether it keeps the run out. What does not is for a reader to weigh.
    pub(crate) refused: bool,
    /// What was found.
    pub(crate) what: String,
    /// What can be done about it.
    pub(crate) remedy: String,
}

impl Concern {
    fn refuse(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { refused: true, what: what.into(), remedy: remedy.into() }
    }

    fn flag(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { refused: false, ..Self::refuse(what, remedy) }
    }
}

/// What measures, as far as records of other builds are held against it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Build<'a> {
    /// Its version.
    pub(crate) version: &'a str,
    /// Its commit, if it was built from a checkout or a package.
    pub(crate) commit: Option<&'a str>,
}

/// What speaks against a run, in the order in which it would be mended.
///
/// # Errors
///
/// When it holds an experiment that this version does not know, or what is none, in one line.
pub(crate) fn concerns(record: &Record, build: Build<'_>, known: &Known) -> Result<Vec<Concern>, String> {
    let mut found: Vec<Concern> = version(record, build).into_iter().collect();
    found.extend(quality(record));
    found.extend(findings(record, build)?);
    found.extend(private::concerns(record, known));
    Ok(found)
}

/// A gallery holds runs that can be held against each other: those of one version, but for its patches.
fn version(record: &Record, Build { version, .. }: Build<'_>) -> Option<Concern> {
    let of = |text: &str| -> Option<(u64, u64)> {
        let mut parts = text.split(['.', '-']);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    let (theirs, own) = (of(&record.tool.version), of(version)?);
    let what =
        format!("measured by version {} (schema {SCHEMA}), the gallery is of {version}", record.tool.version);
    match theirs {
        Some(theirs) if theirs == own => None,
        Some(theirs) if theirs > own => {
            Some(Concern::refuse(what, "check it with the version that measured"))
        }
        _ => Some(Concern::refuse(what, format!("measure again with version {version}"))),
    }
}

/// How it was measured, and how well.
fn quality(record: &Record) -> Vec<Concern> {
    let Record { run, tool, noise, experiments, .. } = record;
    let mut found = Vec::new();
    let mut refuse = |wrong: bool, what: String, remedy: &str| {
        if wrong {
            found.push(Concern::refuse(what, remedy));
        }
    };
    let profile = format!("measured by a {} build, whose figures mean nothing", tool.profile);
    refuse(
        tool.profile != "release",
        profile,
        "measure with a release build: `cargo install`, or an archive",
    );
    refuse(
        tool.target.contains("musl"),
        "linked against musl, whose allocator was measured".to_owned(),
        "measure with a build for glibc",
    );
    refuse(
        !run.complete,
        "incomplete: planned observations are missing".to_owned(),
        "complete it with `concbench run --resume`",
    );
    let blocks =
        format!("{} only, with which no two models are called different", plural(run.blocks.into(), "block"));
    refuse(run.indicative, blocks, "measure without --quick, in 12 blocks or more");
    let usual = experiments.keys().filter_map(|id| super::find(id)).any(|kind| kind.is_default());
    refuse(!usual, "without any experiment that every run measures".to_owned(), "measure without --only");
    let noisy = "the machine was noisy: only large differences mean anything".to_owned();
    refuse(
        noise.grade == Grade::Noisy,
        noisy,
        "measure again when nothing else runs; `concbench doctor` says what disturbs",
    );

    let mut flag = |doubt: bool, what: String, remedy: &str| {
        if doubt {
            found.push(Concern::flag(what, remedy));
        }
    };
    let unknown = "nobody knows how noisy the machine was: no cell has a twin".to_owned();
    flag(noise.grade == Grade::Unknown, unknown, "measure the default matrix");
    let filter = run
        .filter
        .as_deref()
        .map_or_else(String::new, |filter| format!("a filter chose its cells: `{filter}`"));
    flag(run.filter.is_some(), filter, "measure without one, so that it can be held against all others");
    let cells = || experiments.values().flat_map(|experiment| &experiment.cells);
    let broken = cells().filter(|cell| cell.status.is_broken()).count();
    let what = format!("{broken} of {} failed", plural(cells().count() as u64, "cell"));
    flag(broken > 0, what, "say why, or measure again");
    let ids: Vec<&str> = noise.warnings.iter().map(|warning| warning.id.as_str()).collect();
    let what = format!("measured in spite of {}: {}", plural(ids.len() as u64, "warning"), ids.join(", "));
    flag(!ids.is_empty(), what, "mend what can be mended, or leave it: the page shows them");
    let label = format!("called `{}`, as every machine is whose user names none", run.label);
    flag(run.label == "local", label, "measure with --label, as in --label cloud-8-cores");
    found
}

/// Whether its findings are those that follow from its observations.
fn findings(record: &Record, build: Build<'_>) -> Result<Option<Concern>, String> {
    let mut again = record.clone();
    complete(&mut again)?;
    if again == *record {
        return Ok(None);
    }
    let what = "its findings are not those that follow from its observations";
    Ok(Some(match record.tool.commit.as_deref() == build.commit && build.commit.is_some() {
        true => Concern::refuse(what, "hand in the record as the run wrote it"),
        false => Concern::flag(format!("{what} here: another commit measured"), "check it with that commit"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::rehearsal::Rehearsal;
    use crate::record::Mode;
    use crate::spec::default_definitions;

    const BUILD: Build<'_> = Build { version: "0.1.0", commit: Some("0123456789ab") };

    /// A run that nothing speaks against.
    fn fit() -> Record {
        let definitions = default_definitions().into_iter().filter(|one| one.name == "count");
        let mut record = Rehearsal::new(1).run(definitions.collect());
        record.tool.profile = "release".to_owned();
        record.tool.version = BUILD.version.to_owned();
        record.tool.commit = BUILD.commit.map(str::to_owned);
        record.run.label = "lab-2-cores".to_owned();
        record.run.id = "20261127T101500Z-lab-2-cores".to_owned();
        record.run.command = "concbench run --label lab-2-cores".to_owned();
        record.noise.warnings.clear();
        complete(&mut record).unwrap();
        record
    }

    fn found(record: &Record) -> Vec<Concern> {
        let known = Known { hosts: vec!["saturn".to_owned()], users: vec!["alice".to_owned()] };
        concerns(record, BUILD, &known).unwrap()
    }

    /// What is found once a run is spoiled in some way: one concern, in one line.
    fn spoiled(spoil: impl Fn(&mut Record)) -> Concern {
        let mut record = fit();
        spoil(&mut record);
        let found = found(&record);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(!found[0].what.contains('\n') && !found[0].remedy.contains('\n'), "{found:?}");
        found[0].clone()
    }

    #[test]
    fn nothing_speaks_against_a_run_that_is_fit() {
        assert_eq!(found(&fit()), []);
    }

    type Spoil = fn(&mut Record);

    #[test]
    fn what_keeps_a_run_out_is_said_in_one_line() {
        let cases: [(Spoil, &str); 9] = [
            (
                |record| record.tool.profile = "debug".to_owned(),
                "measured by a debug build, whose figures mean nothing",
            ),
            (
                |record| record.tool.target = "x86_64-unknown-linux-musl".to_owned(),
                "linked against musl, whose allocator",
            ),
            (
                |record| record.tool.version = "0.0.9".to_owned(),
                "measured by version 0.0.9 (schema 2), the gallery is of 0.1.0",
            ),
            (
                |record| record.tool.version = "0.2.0".to_owned(),
                "measured by version 0.2.0 (schema 2), the gallery is of 0.1.0",
            ),
            (
                |record| record.tool.version = "x".to_owned(),
                "measured by version x (schema 2), the gallery is of 0.1.0",
            ),
            (|record| record.run.complete = false, "incomplete: planned observations are missing"),
            (
                |record| (record.run.mode, record.run.indicative, record.run.blocks) = (Mode::Quick, true, 5),
                "5 blocks only, with which",
            ),
            (|record| record.noise.grade = Grade::Noisy, "the machine was noisy"),
            (
                |record| drop(record.experiments.remove("matrix")),
                "without any experiment that every run measures",
            ),
        ];
        for (spoil, expected) in cases {
            let mut record = fit();
            spoil(&mut record);
            let refused: Vec<Concern> =
                found(&record).into_iter().filter(|concern| concern.refused).collect();
            assert!(
                refused.iter().any(|concern| concern.what.starts_with(expected)),
                "{expected}: {refused:?}"
            );
            assert!(refused.iter().all(|concern| !concern.what.contains('\n')), "{refused:?}");
        }
    }

    #[test]
    fn what_a_reader_may_weigh_is_flagged() {
        let label = spoiled(|record| record.run.label = "local".to_owned());
        assert!(!label.refused && label.what.contains("`local`"), "{label:?}");
        let filter = spoiled(|record| record.run.filter = Some("count".to_owned()));
        assert!(!filter.refused && filter.what.ends_with("`count`"), "{filter:?}");
    }

    #[test]
    fn findings_that_do_not_follow_are_refused_where_this_build_drew_them() {
        let forged = spoiled(|record| {
            let cell = &mut record.experiments.get_mut("matrix").unwrap().cells[0];
            cell.summary.get_mut("steady_ns").unwrap().median /= 2.0;
        });
        assert!(forged.refused && forged.what.starts_with("its findings are not those"), "{forged:?}");
        let older = spoiled(|record| {
            record.tool.commit = Some("ba9876543210".to_owned());
            record.experiments.get_mut("matrix").unwrap().cells[0].summary.clear();
        });
        assert!(!older.refused && older.what.ends_with("another commit measured"), "{older:?}");
    }

    #[test]
    fn what_is_private_is_refused_wherever_it_stands() {
        let cases: [(Spoil, &str); 9] = [
            (|record| record.run.label = "saturn".to_owned(), "run.label holds the host name `saturn`"),
            (|record| record.run.label = "alice-laptop".to_owned(), "run.label holds the user name `alice`"),
            (
                |record| record.run.label = "db01.corp.example".to_owned(),
                "run.label holds the host name `db01.corp.example`",
            ),
            (
                |record| record.run.label = "ip-10-0-0-12".to_owned(),
                "run.label holds the host name `ip-10-0-0-12`",
            ),
            (
                |record| record.run.label = "bobs-macbook-pro".to_owned(),
                "run.label holds the host name `bobs-macbook-pro`",
            ),
            (
                |record| record.run.label = "bob@example.com".to_owned(),
                "run.label holds the e-mail address `bob@example.com`",
            ),
            (
                |record| record.run.command += " --out /home/bob/runs",
                "run.command holds the path `/home/bob/runs`",
            ),
            (
                |record| record.run.notes.push("asked 10.1.2.3:80".to_owned()),
                "run.notes holds the address `10.1.2.3`",
            ),
            (
                |record| record.machine.missing = [("smt".to_owned(), "see /srv/lab/x".to_owned())].into(),
                "machine.missing.smt holds the path `/srv/lab/x`",
            ),
        ];
        for (spoil, expected) in cases {
            let concern = spoiled(spoil);
            assert!(concern.refused && concern.what == expected, "{expected}: {concern:?}");
        }
    }
}
