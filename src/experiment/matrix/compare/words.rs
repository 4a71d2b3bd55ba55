//! What a comparison of matrices says, in words.

use concbench_text::figures as units;

use super::class::ComparedClass;
use super::rank::ModelRanks;
use crate::batch::Verdict;
use crate::experiment::compare::{Beside, Contrast};
use crate::experiment::matrix::view::class;
use crate::report::text;

/// What a contrast says about a run, as the end of a sentence about it: `is 1.40x as fast`.
fn phrase(contrast: &Contrast) -> String {
    match contrast.verdict {
        Verdict::Equivalent => "ties".into(),
        Verdict::Timers | Verdict::Unresolved => "is undecided".into(),
        Verdict::Different | Verdict::Slight => format!("is {}", speed(contrast)),
        Verdict::Indicative => format!("seems {}", speed(contrast)),
    }
}

/// The same with the figure, where there is an answer without one.
pub(super) fn phrase_with_speed(contrast: &Contrast) -> String {
    match contrast.verdict {
        Verdict::Equivalent | Verdict::Timers | Verdict::Unresolved => {
            format!("{} at {}", phrase(contrast), speed(contrast))
        }
        Verdict::Different | Verdict::Slight | Verdict::Indicative => phrase(contrast),
    }
}

/// How fast a run is against the first: `1.40x as fast`, below 1 where it is slower.
fn speed(contrast: &Contrast) -> String {
    let interval = (1.0 / contrast.high, 1.0 / contrast.low);
    format!("{} as fast", units::ratio(1.0 / contrast.ratio, Some(interval)))
}

/// The interval of that speed.
pub(super) fn speed_interval(contrast: &Contrast) -> String {
    let interval = (1.0 / contrast.high, 1.0 / contrast.low);
    if interval.0 == 0.0 || !interval.1.is_finite() {
        return "too few observations for an interval".into();
    }
    units::ratio_interval(1.0 / contrast.ratio, Some(interval))
}

/// What is said about a run after the first, each phrase once with the classes that it holds for:
/// `is 1.40x as fast at computing`, `ties at waiting and creating tasks`.
fn phrases(classes: &[ComparedClass], place: usize) -> Vec<String> {
    let mut said: Vec<(String, Vec<String>)> = Vec::new();
    for of in classes {
        let phrase = phrase(&of.contrasts[place - 1]);
        let class = class(of.class).to_owned();
        match said.iter_mut().find(|(known, _)| *known == phrase) {
            Some((_, classes)) => classes.push(class),
            None => said.push((phrase, vec![class])),
        }
    }
    said.into_iter().map(|(phrase, classes)| format!("{phrase} at {}", classes.join(", "))).collect()
}

/// The same as an answer that stands below the names of the runs.
pub(super) fn short(classes: &[ComparedClass], place: usize) -> String {
    let phrases = phrases(classes, place);
    let short = phrases.iter().map(|phrase| phrase.strip_prefix("is ").unwrap_or(phrase));
    text::capitalised(&short.collect::<Vec<_>>().join("; "))
}

/// The answer for a run after the first, in one sentence.
pub(super) fn answer(classes: &[ComparedClass], beside: &Beside<'_>, place: usize) -> String {
    let name = text::name(&beside.places[place].name);
    format!("{name} {}, against {}.", phrases(classes, place).join("; "), text::name(&beside.places[0].name))
}

/// What the prices make of it, for a run after the first; `None` if a price is not known.
pub(super) fn money(classes: &[ComparedClass], beside: &Beside<'_>, place: usize) -> Option<String> {
    let (first, here) = (beside.places[0].price?, beside.places[place].price?);
    let parts: Vec<String> = classes
        .iter()
        .map(|of| {
            let contrast = &of.contrasts[place - 1];
            let work = |ratio: f64| first / here / ratio;
            let interval = (work(contrast.high), work(contrast.low));
            format!("{} at {}", units::ratio(work(contrast.ratio), Some(interval)), class(of.class))
        })
        .collect();
    let ratio = units::ratio(here / first, None);
    Some(format!("An hour costs {ratio} as much; work for the money: {}.", parts.join(", ")))
}

/// Which models change their places.
pub(super) fn ranks(ranks: &[ModelRanks]) -> String {
    let moved: Vec<String> = ranks
        .iter()
        .filter(|model| model.ranks.iter().any(|rank| *rank != model.ranks[0]))
        .map(|model| {
            let places: Vec<String> = model.ranks.iter().map(u64::to_string).collect();
            format!("{} ({})", text::name(&model.model), places.join(" to "))
        })
        .collect();
    match (ranks.len(), moved.len()) {
        (0, _) => "No model was measured in every workload that the runs share.".into(),
        (_, 0) => "Every model keeps its place.".into(),
        (all, _) => format!(
            "{} of {all} models change their place: {}. Neighbours that change places may still tie.",
            moved.len(),
            moved.join(", ")
        ),
    }
}
