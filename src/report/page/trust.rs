use super::facts::{self, Fact};
use crate::record::{Grade, Record, Track};
use crate::report::{text, units};

/// What the figures rest on.
pub(crate) struct Trust {
    pub(crate) sentence: String,
    pub(crate) facts: Vec<Known>,
    /// What could not be found out, and why.
    pub(crate) unknown: Vec<(&'static str, String)>,
    pub(crate) warnings_title: String,
    pub(crate) warnings: Vec<(String, String)>,
}

/// A fact that is known.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    /// Whether it stands against trusting the figures.
    pub(crate) alarm: bool,
}

/// Gathers what the figures rest on.
pub(crate) fn trust(run: &Record, floors: &[f64]) -> Trust {
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    let all =
        [settings(run, floors), facts::machine(&run.machine, &run.noise.warnings), facts::build(&run.tool)];
    for Fact { name, value, alarm } in all.into_iter().flatten() {
        match value {
            Ok(value) => known.push(Known { name, value, alarm }),
            Err(why) => unknown.push((name, why)),
        }
    }
    let warnings: Vec<_> =
        run.noise.warnings.iter().map(|w| (text::sentence(&w.message), text::sentence(&w.remedy))).collect();
    Trust {
        sentence: sentence(run, floors),
        facts: known,
        unknown,
        warnings_title: text::plural(warnings.len() as u64, "warning"),
        warnings,
    }
}

/// The largest of the noise floors, as a fraction.
fn largest(floors: &[f64]) -> Option<f64> {
    floors.iter().copied().max_by(f64::total_cmp)
}

/// A grade, as it is read.
pub(crate) fn grade(grade: Grade) -> &'static str {
    match grade {
        Grade::Quiet => "quiet",
        Grade::Fair => "fair",
        Grade::Noisy => "noisy",
        Grade::Unknown => "unknown",
    }
}

/// A fairness track, as it is read.
pub(crate) fn track(track: Track) -> &'static str {
    match track {
        Track::Defaults => "library defaults",
        Track::Equalised => "equalised",
        Track::Tuned => "tuned",
    }
}

fn sentence(run: &Record, floors: &[f64]) -> String {
    let floor = match largest(floors) {
        Some(floor) => format!(
            "Two identical cells, measured as if they were different models, differed by up to {} in the worst case.",
            units::percent(floor)
        ),
        None => "Nothing was measured as if it were two, so the noise floor is unknown.".into(),
    };
    let verdict = match run.noise.grade {
        Grade::Quiet => "The machine was quiet: small differences can be seen.",
        Grade::Fair => "The machine was fairly quiet: differences of several percent can be seen.",
        Grade::Noisy => "The machine was noisy: only large differences mean anything.",
        Grade::Unknown => "Nothing was recorded that could tell how quiet the machine was.",
    };
    format!("{verdict} {floor}")
}

/// How the run was made, as far as trust depends on it.
fn settings(run: &Record, floors: &[f64]) -> Vec<Fact> {
    let noise = match largest(floors) {
        Some(floor) => format!("{}, twins within {}", grade(run.noise.grade), units::percent(floor)),
        None => grade(run.noise.grade).to_owned(),
    };
    let again: u64 = run.noise.blocks.iter().map(|block| u64::from(block.repeats)).sum();
    let again = if again > 0 { format!(", {again} measured again") } else { String::new() };
    let blocks = text::plural(run.run.blocks.into(), "block") + &again;
    let blocks = if run.run.complete { blocks } else { format!("{blocks}, incomplete") };
    vec![
        Fact::known("noise", noise, matches!(run.noise.grade, Grade::Noisy | Grade::Unknown)),
        Fact::known("blocks", blocks, !run.run.complete || run.run.indicative),
        Fact::known("fairness track", track(run.run.track).into(), false),
    ]
}
