use serde::Serialize;

use super::Place;
use crate::batch::Sheet;

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
    /// A workload of the same name is another one.
    Workload,
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
    pub fn fatal(&self) -> bool {
        matches!(self.kind, ObjectionKind::ToolVersion | ObjectionKind::Profile | ObjectionKind::Track)
    }
}

/// Objections in one line.
pub(super) fn listed(objections: &[Objection]) -> String {
    let each: Vec<_> =
        objections.iter().map(|objection| format!("{}: {}", objection.what, objection.remedy)).collect();
    each.join("; ")
}

/// What speaks against comparing these runs.
pub(super) fn objections(runs: &[Run], places: &[Place]) -> Vec<Objection> {
    let mut found = Vec::new();
    for (sheet, place) in runs.iter().zip(places) {
        found.extend(of_one(sheet, &place.name));
    }
    for (sheet, place) in runs.iter().zip(places).skip(1) {
        found.extend(of_pair((&runs[0], &places[0].name), (sheet, &place.name)));
    }
    found
}

fn of_one(sheet: &Sheet, name: &str) -> Vec<Objection> {
    let mut found = Vec::new();
    if run.tool.profile != "release" {
        found.push(Objection {
            kind: ObjectionKind::Profile,
            what: format!("{name} was measured by a build with the profile {}", run.tool.profile),
            remedy: "measure it again with a release build".into(),
        });
    }
    if !run.run.complete {
        found.push(Objection {
            kind: ObjectionKind::Incomplete,
            what: format!("{name} is incomplete"),
            remedy: "complete it, or measure it again; until then only what it has is compared".into(),
        });
    }
    found
}

fn of_pair((first, first_name): (&Sheet, &str), (sheet, name): (&Sheet, &str)) -> Vec<Objection> {
    let mut found = Vec::new();
    let mut differs = |kind, what: &str, [of_first, of_this]: [String; 2], remedy: &str| {
        if of_first != of_this {
            let what = format!("{what} differs: {of_first} on {first_name}, {of_this} on {name}");
            found.push(Objection { kind, what, remedy: remedy.to_owned() });
        }
    };
    let pair = |of: fn(&Sheet) -> String| [of(first), of(run)];
    differs(
        ObjectionKind::ToolVersion,
        "the version of the tool",
        pair(|run| run.tool.version.clone()),
        "measure both with one version",
    );
    differs(
        ObjectionKind::Track,
        "the fairness track",
        pair(|run| format!("{:?}", run.run.track).to_lowercase()),
        "measure both on one track",
    );
    differs(
        ObjectionKind::Blocks,
        "the number of blocks",
        pair(|run| run.run.blocks.to_string()),
        "measure both with the same mode; the intervals of the shorter run are wider",
    );
    differs(
        ObjectionKind::Filter,
        "the filter",
        pair(|run| run.run.filter.clone().unwrap_or_else(|| "none".into())),
        "only what both have is compared",
    );
    for (of_first, here) in unlike_workloads(first, run) {
        differs(
            ObjectionKind::Workload,
            &format!("the workload {}", here.name),
            [of_first.hash.clone(), here.hash.clone()],
            "it is left out; measure both with one definition and one mode",
        );
    }
    found
}

/// The workloads that have one name and are different ones.
fn unlike_workloads<'a>(
    first: &'a Sheet,
    sheet: &'a Sheet,
) -> impl Iterator<Item = (&'a crate::record::WorkloadRecord, &'a crate::record::WorkloadRecord)> {
    sheet.workloads.iter().filter_map(|here| {
        let of_first = first.workloads.iter().find(|work| work.name == here.name)?;
        (of_first.hash != here.hash).then_some((of_first, here))
    })
}
