use crate::record::{BlockNoise, Grade, Warning};

/// The id of the warning about a build without optimisation.
pub(super) const BUILD: &str = "build";

/// Up to this noise floor, as a fraction, a run is quiet: it is the smallest margin that counts as a difference at all.
const QUIET_FLOOR: f64 = 0.02;
/// Up to this one it is fair.
const FAIR_FLOOR: f64 = 0.10;
/// With more than this share of its blocks in breach of the gate, after all repeats, a run is not quiet.
const FAIR_BREACHES: f64 = 0.05;
/// With more than this share it is noisy.
const NOISY_BREACHES: f64 = 0.25;

/// Warnings after which no figure means anything, whatever the twins say: both twins of an unoptimised build are slow.
const SPOILING: [&str; 1] = [BUILD];

/// How far the figures of a run can be trusted.
///
/// `floors` are the noise floors of its workloads: the half-widths of the intervals of the A/A twins' ratios, as
/// fractions. Their median counts, since each workload's own floor stands beside its verdict. What was measured weighs
/// more than what was suspected, so a warning lowers the grade only if it spoils figures that look quiet.
pub fn grade(floors: &[f64], blocks: &[BlockNoise], warnings: &[Warning]) -> Grade {
    if warnings.iter().any(|warning| SPOILING.contains(&warning.id.as_str())) {
        return Grade::Noisy;
    }
    let mut floors: Vec<_> =
        floors.iter().map(|floor| if floor.is_nan() { f64::INFINITY } else { *floor }).collect();
    floors.sort_by(f64::total_cmp);
    // With an even number of workloads the worse of the two in the middle.
    let Some(&floor) = floors.get(floors.len() / 2) else {
        return Grade::Unknown;
    };
    by_limits(floor, QUIET_FLOOR, FAIR_FLOOR).max(by_limits(breaches(blocks), FAIR_BREACHES, NOISY_BREACHES))
}

fn by_limits(value: f64, quiet: f64, fair: f64) -> Grade {
    match value {
        value if value <= quiet => Grade::Quiet,
        value if value <= fair => Grade::Fair,
        _ => Grade::Noisy,
    }
}

/// The share of blocks that are in the record although they breached the gate.
fn breaches(blocks: &[BlockNoise]) -> f64 {
    let breached = blocks.iter().filter(|block| block.breach.is_some()).count();
    breached as f64 / blocks.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(breached: usize, of: usize) -> Vec<BlockNoise> {
        let block = |index: usize| BlockNoise {
            block: index as u32,
            experiment: "matrix".to_owned(),
            group: "count".to_owned(),
            breach: (index < breached).then(|| "a neighbour".to_owned()),
            ..BlockNoise::default()
        };
        (0..of).map(block).collect()
    }

    fn warning(id: &str) -> Vec<Warning> {
        vec![Warning { id: id.to_owned(), message: String::new(), remedy: String::new() }]
    }

    #[test]
    fn the_floor_decides() {
        for (floors, expected) in [
            (&[][..], Grade::Unknown),
            (&[0.004], Grade::Quiet),
            (&[0.004, 0.01, 0.5], Grade::Quiet),
            (&[0.004, 0.05], Grade::Fair),
            (&[0.3], Grade::Noisy),
            (&[f64::NAN], Grade::Noisy),
        ] {
            assert_eq!(grade(floors, &blocks(0, 20), &[]), expected, "{floors:?}");
        }
    }

    #[test]
    fn blocks_in_breach_lower_the_grade() {
        assert_eq!(grade(&[0.01], &blocks(1, 20), &[]), Grade::Quiet);
        assert_eq!(grade(&[0.01], &blocks(2, 20), &[]), Grade::Fair);
        assert_eq!(grade(&[0.01], &blocks(6, 20), &[]), Grade::Noisy);
        assert_eq!(grade(&[0.01], &[], &[]), Grade::Quiet);
    }

    #[test]
    fn only_what_spoils_quiet_figures_counts_among_the_warnings() {
        assert_eq!(grade(&[0.01], &[], &warning("turbo")), Grade::Quiet);
        assert_eq!(grade(&[0.01], &[], &warning("build")), Grade::Noisy);
        assert_eq!(grade(&[], &[], &warning("build")), Grade::Noisy);
    }
}
