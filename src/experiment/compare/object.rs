use std::collections::BTreeMap;

use serde::Serialize;

use super::Place;
use crate::experiment::Kind;
use crate::record::Record;

/// What may make runs unlike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectionKind {
    /// Another version of the tool measured.
    ToolVersion,
    /// It was a debug build.
    Profile,
    /// Another fairness track.
    Track,
    /// Another number of blocks, or another mode.
    Blocks,
    /// Another filter chose the cells.
    Filter,
    /// Other experiments were measured.
    Experiments,
    /// A workload of the same name is another one.
    Workload,
    /// A workload has so many tasks for each core, and the machines have other cores.
    Tasks,
    /// Planned observations are missing.
    Incomplete,
}

/// Something that speaks against comparing a run with the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Objection {
    /// What it is about.
    pub kind: ObjectionKind,
    /// What was found.
    pub what: String,
    /// What can be done about it.
    pub remedy: String,
}

impl Objection {
    /// Whether the runs measure different things, so that a comparison would say nothing.
    pub(super) fn fatal(&self) -> bool {
        matches!(self.kind, ObjectionKind::ToolVersion | ObjectionKind::Profile | ObjectionKind::Track)
    }
}

/// Objections in one line.
pub(super) fn listed(objections: &[Objection]) -> String {
    let each: Vec<_> =
        objections.iter().map(|objection| format!("{}: {}", objection.what, objection.remedy)).collect();
    each.join("; ")
}

/// What speaks against comparing these runs, by these experiments that all of them have.
pub(super) fn objections(
    records: &[Record],
    places: &[Place],
    kinds: &[&'static dyn Kind],
) -> Result<Vec<Objection>, String> {
    let mut found = Vec::new();
    for (record, place) in records.iter().zip(places) {
        found.extend(of_one(record, &place.name));
    }
    for (record, place) in records.iter().zip(places).skip(1) {
        let pair = Pair { names: [&places[0].name, &place.name], records: [&records[0], record] };
        found.extend(pair.settings());
        found.extend(pair.workloads(kinds)?);
    }
    Ok(found)
}

fn of_one(record: &Record, name: &str) -> Vec<Objection> {
    let mut found = Vec::new();
    if record.tool.profile != "release" {
        found.push(Objection {
            kind: ObjectionKind::Profile,
            what: format!("{name} was measured by a build with the profile {}", record.tool.profile),
            remedy: "measure it again with a release build".into(),
        });
    }
    if !record.run.complete {
        found.push(Objection {
            kind: ObjectionKind::Incomplete,
            what: format!("{name} is incomplete"),
            remedy: "complete it, or measure it again; until then only what it has is compared".into(),
        });
    }
    found
}

/// A run and the first one.
struct Pair<'a> {
    names: [&'a str; 2],
    records: [&'a Record; 2],
}

impl Pair<'_> {
    fn differs(
        &self,
        kind: ObjectionKind,
        what: &str,
        values: &[String; 2],
        remedy: &str,
    ) -> Option<Objection> {
        let ([first, here], [first_name, name]) = (values, self.names);
        let what = format!("{what} differs: {first} on {first_name}, {here} on {name}");
        (first != here).then(|| Objection { kind, what, remedy: remedy.to_owned() })
    }

    fn settings(&self) -> impl Iterator<Item = Objection> {
        let pair = |of: fn(&Record) -> String| self.records.map(of);
        let experiments = |record: &Record| {
            let ids: Vec<&str> = record.experiments.keys().map(String::as_str).collect();
            ids.join(", ")
        };
        let found = [
            self.differs(
                ObjectionKind::ToolVersion,
                "the version of the tool",
                &pair(|record| record.tool.version.clone()),
                "measure both with one version",
            ),
            self.differs(
                ObjectionKind::Track,
                "the fairness track",
                &pair(|record| format!("{:?}", record.run.track).to_lowercase()),
                "measure both on one track",
            ),
            self.differs(
                ObjectionKind::Blocks,
                "the number of blocks",
                &pair(|record| record.run.blocks.to_string()),
                "measure both with the same mode; the intervals of the shorter run are wider",
            ),
            self.differs(
                ObjectionKind::Filter,
                "the filter",
                &pair(|record| record.run.filter.clone().unwrap_or_else(|| "none".into())),
                "only what both have is compared",
            ),
            self.differs(
                ObjectionKind::Experiments,
                "the choice of experiments",
                &pair(experiments),
                "only what both have is compared",
            ),
        ];
        found.into_iter().flatten()
    }

    /// The workloads that have one name and are different ones.
    fn workloads(&self, kinds: &[&'static dyn Kind]) -> Result<Vec<Objection>, String> {
        let mut found = Vec::new();
        for kind in kinds {
            let of = |record: &Record| -> Result<BTreeMap<String, String>, String> {
                record.experiments.get(kind.id()).map_or(Ok(BTreeMap::new()), |raw| kind.fingerprints(raw))
            };
            let tasks = |record: &Record| -> Result<BTreeMap<String, u64>, String> {
                record.experiments.get(kind.id()).map_or(Ok(BTreeMap::new()), |raw| kind.tasks(raw))
            };
            let [first, here] = self.records;
            let (first_tasks, here_tasks) = (tasks(first)?, tasks(here)?);
            let (first, here) = (of(first)?, of(here)?);
            for (name, hash) in first {
                let Some(other) = here.get(&name) else { continue };
                let counts = || {
                    let of = |tasks: &BTreeMap<String, u64>| tasks.get(&name).map(u64::to_string);
                    Some([of(&first_tasks)?, of(&here_tasks)?])
                };
                found.extend(match hash == *other {
                    false => self.differs(
                        ObjectionKind::Workload,
                        &format!("the workload {name}"),
                        &[hash, other.clone()],
                        "it is left out; measure both with one definition and one mode",
                    ),
                    true => counts().and_then(|counts| {
                        self.differs(
                            ObjectionKind::Tasks,
                            &format!("the number of tasks in a batch of {name}"),
                            &counts,
                            "its times are those of as much work for each core, not of as many tasks; to compare \
                             tasks, measure both with a definition that says `tasks`",
                        )
                    }),
                });
            }
        }
        Ok(found)
    }
}
