use std::collections::{BTreeMap, HashMap, HashSet};

use concbench_stats::{holm, p_beyond, rank_sum, shift};

use super::compared::{
    ComparedCell, ComparedExperiment, ComparedResponse, Contrast, Missing, Sample, contrast,
};
use crate::batch::analyse::CONFIDENCE;
use crate::experiment::Kind;
use crate::record::{Estimate, Record, Status};

/// What one run has of an experiment.
struct Measured {
    samples: Vec<Sample>,
    fingerprints: BTreeMap<String, String>,
    floors: Vec<(String, f64)>,
    least_margin: f64,
}

impl Measured {
    fn of(kind: &'static dyn Kind, record: &Record) -> Result<Self, String> {
        let raw = &record.experiments[kind.id()];
        Ok(Self {
            samples: kind.samples(raw)?,
            fingerprints: kind.fingerprints(raw)?,
            floors: kind.noise_floors(raw)?,
            least_margin: record.run.margin,
        })
    }

    /// The noise floor of a group, or else the margin of the run if that is more: what differs between two runs of one build
    /// is more than what differs between two twins of one.
    fn margin(&self, group: &str) -> f64 {
        let floors = self.floors.iter().filter(|(of, floor)| of == group && floor.is_finite());
        floors.map(|(_, floor)| *floor).fold(self.least_margin, f64::max)
    }
}

/// Compares the runs by one experiment that all of them have.
pub(super) fn experiment(kind: &'static dyn Kind, records: &[Record]) -> Result<ComparedExperiment, String> {
    let runs: Vec<Measured> =
        records.iter().map(|record| Measured::of(kind, record)).collect::<Result<_, _>>()?;
    let index = |run: &'_ Measured| -> HashMap<String, usize> {
        let keys = run.samples.iter().enumerate().rev();
        keys.map(|(number, sample)| (sample.key.clone(), number)).collect()
    };
    let indexes: Vec<HashMap<String, usize>> = runs.iter().map(index).collect();
    let mut seen: HashSet<&str> = HashSet::new();
    let (mut common, mut missing) = (Vec::new(), Vec::new());
    for sample in runs.iter().flat_map(|run| &run.samples) {
        if !seen.insert(&sample.key) {
            continue;
        }
        match find(&runs, &indexes, &sample.key) {
            Ok(cells) => common.push(cells),
            Err(lacks) => missing.extend(lacks),
        }
    }
    let mut cells: Vec<ComparedCell> = common.iter().map(|cells| empty(cells[0])).collect();
    for (at, name) in kind.headlines().iter().enumerate() {
        let have: Vec<usize> = (0..common.len())
            .filter(|&cell| common[cell].iter().all(|sample| !sample.values[at].is_empty()))
            .collect();
        let of_cells: Vec<&Vec<&Sample>> = have.iter().map(|&cell| &common[cell]).collect();
        let contrasts: Vec<Vec<Contrast>> =
            (1..runs.len()).map(|place| contrasts(&runs, &of_cells, at, place)).collect();
        for (number, &cell) in have.iter().enumerate() {
            let estimate =
                |sample: &&Sample| Estimate::of(&sample.values[at], CONFIDENCE).expect("it has values");
            cells[cell].responses.push(ComparedResponse {
                name,
                estimates: common[cell].iter().map(estimate).collect(),
                contrasts: contrasts.iter().map(|of_place| of_place[number]).collect(),
            });
        }
    }
    let findings = kind.compare_findings(records, &cells)?;
    Ok(ComparedExperiment { id: kind.id(), question: kind.question(), cells, findings, missing })
}

fn empty(sample: &Sample) -> ComparedCell {
    let Sample { key, group, model, family, .. } = sample.clone();
    ComparedCell { key, group, model, family, responses: Vec::new() }
}

/// The cell of each run, or every run that lacks it and why: one that does not have it must not hide one where it broke.
fn find<'a>(
    runs: &'a [Measured],
    indexes: &[HashMap<String, usize>],
    key: &str,
) -> Result<Vec<&'a Sample>, Vec<Missing>> {
    let lack = |place, reason: String, status| Missing { key: key.to_owned(), place, reason, status };
    let fingerprint = |run: &'a Measured, sample: &Sample| run.fingerprints.get(&sample.group);
    let of_run = |(place, run): (usize, &'a Measured)| {
        let Some(sample) = indexes[place].get(key).map(|&number| &run.samples[number]) else {
            return Err(lack(place, "it was not measured there".to_owned(), None));
        };
        if fingerprint(run, sample) != fingerprint(&runs[0], sample) {
            return Err(lack(place, "the workload is another one there".to_owned(), None));
        }
        if sample.status != Status::Ok || sample.values.first().is_none_or(Vec::is_empty) {
            let reason = match (&sample.reason, sample.status) {
                (Some(reason), status) => format!("{status}: {reason}"),
                (None, Status::Ok) => "it has no figure there".to_owned(),
                (None, status) => format!("{status}: no reason was recorded"),
            };
            return Err(lack(place, reason, Some(sample.status)));
        }
        Ok(sample)
    };
    let (mut found, mut lacks) = (Vec::new(), Vec::new());
    for sample in runs.iter().enumerate().map(of_run) {
        match sample {
            Ok(sample) => found.push(sample),
            Err(lack) => lacks.push(lack),
        }
    }
    if lacks.is_empty() { Ok(found) } else { Err(lacks) }
}

/// The contrasts of one response of one run with the first, one for each of these cells, which all have values in every
/// run; their p-values are corrected together, since any
/// of them could raise an alarm.
fn contrasts(runs: &[Measured], cells: &[&Vec<&Sample>], at: usize, place: usize) -> Vec<Contrast> {
    let logs = |sample: &Sample| -> Vec<f64> { sample.values[at].iter().map(|value| value.ln()).collect() };
    let samples: Vec<(Vec<f64>, Vec<f64>, f64)> = cells
        .iter()
        .map(|cells| {
            let group = &cells[0].group;
            let margin = runs[0].margin(group).max(runs[place].margin(group));
            (logs(cells[place]), logs(cells[0]), margin)
        })
        .collect();
    let beyond: Vec<f64> = samples
        .iter()
        .map(|(here, first, margin)| p_beyond(margin.ln_1p(), |at| rank_sum(here, first, at)))
        .collect();
    let each = samples.iter().zip(holm(&beyond)).map(|((here, first, margin), p)| {
        let location = shift(here, first, CONFIDENCE).expect("both have values");
        contrast(&location, here.len().min(first.len()) as u64, *margin, Some(p))
    });
    each.collect()
}
