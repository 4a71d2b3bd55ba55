//! What holds for any sample.

use concbench_stats::{Estimate, Location, hodges_lehmann, holm, p_beyond, rank_sum, shift, signed_rank};
use proptest::prelude::*;

const CONFIDENCE: f64 = 0.95;

fn sample() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(1e4..1e9f64, 14)
}

fn holds_its_estimate(of: Location) -> bool {
    of.low <= of.estimate && of.estimate <= of.high && of.confidence >= CONFIDENCE
}

proptest! {
    #[test]
    fn every_interval_contains_its_estimate(a in sample(), b in sample()) {
        prop_assert!(hodges_lehmann(&a, CONFIDENCE).is_some_and(holds_its_estimate));
        prop_assert!(shift(&a, &b, CONFIDENCE).is_some_and(holds_its_estimate));
        let found = Estimate::of(&a, CONFIDENCE).expect("there are values");
        prop_assert!(found.min <= found.low && found.low <= found.median && found.median <= found.high, "{found:?}");
    }

    #[test]
    fn swapping_two_samples_turns_their_shift_around(a in sample(), b in sample()) {
        let (ab, ba) = (shift(&a, &b, CONFIDENCE), shift(&b, &a, CONFIDENCE));
        let (ab, ba) = ab.zip(ba).expect("both have values");
        prop_assert_eq!((ab.low, ab.high), (-ba.high, -ba.low));
        prop_assert!((ab.estimate + ba.estimate).abs() < 1.0, "{} and {}", ab.estimate, ba.estimate);
    }

    #[test]
    fn a_wider_edge_is_never_easier_to_pass(a in sample(), b in sample(), edge in 0.0..1e8f64) {
        let beyond = |edge| [p_beyond(edge, |at| signed_rank(&a, at)), p_beyond(edge, |at| rank_sum(&a, &b, at))];
        let (near, far) = (beyond(edge), beyond(2.0 * edge));
        prop_assert!(near[0] <= far[0] + 1e-12 && near[1] <= far[1] + 1e-12, "{near:?} {far:?}");
    }

    #[test]
    fn a_correction_makes_no_p_value_smaller(p in prop::collection::vec(0.0..1.0f64, 1..20)) {
        prop_assert!(holm(&p).iter().zip(&p).all(|(corrected, p)| corrected >= p));
    }
}
