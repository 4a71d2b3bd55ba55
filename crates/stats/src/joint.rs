//! Many intervals at once, as wide as the values at hand need.

use crate::range::pairwise_confidence;
use crate::signed_rank::{doubled_ranks, walsh_confidence};
use crate::{FEWEST_TO_RESAMPLE, RESAMPLES, Resampler, hodges_lehmann, median, sorted};

/// The confidences that intervals of paired differences between several groups need, each by itself, so that all of a kind
/// hold together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JointConfidence {
    /// Of those between each group and the one with the lowest median, whichever it turns out to be.
    pub to_lowest: f64,
    /// Of those between every two groups.
    pub pairs: f64,
}

impl JointConfidence {
    /// That of so many groups whatever their values: what the range of normal variables needs for every two of them (Tukey,
    /// 1953), which is at least as sure.
    pub fn of_range(groups: usize, confidence: f64) -> Self {
        let each = pairwise_confidence(groups, confidence);
        Self { to_lowest: each, pairs: each }
    }
}

/// More groups get [`JointConfidence::of_range`], which takes no resampling.
const MOST_GROUPS: usize = 100;

/// The confidences that make signed-rank intervals between `groups` hold together with `confidence`. All groups have a value
/// for each of the same blocks, in the same order.
///
/// A block's deviations from the centres may as well have come with the other sign, those of all groups at once, since
/// differences are symmetric. So each block's sign is tossed again and again, and the largest of the signed-rank statistics
/// of all pairs noted: what only so few of them exceed as `confidence` leaves is what every interval has to reach (Westfall
/// and Young, 1993; Romano and Wolf, 2005). That takes account of groups that scatter more than others, and of what pairs
/// have in common. For intervals to the lowest group only pairs with the group count that is the lowest of the resample, as
/// in multiple comparisons with the best (Hsu, 1981). Where groups differ, the lowest varies less, and the intervals are
/// surer still.
///
/// Where even the range of the differences holds too rarely, as with few blocks and many groups, and with fewer than
/// [`FEWEST_TO_RESAMPLE`] blocks, it is [`JointConfidence::of_range`].
pub fn joint_confidence(groups: &[Vec<f64>], confidence: f64) -> JointConfidence {
    let blocks = groups.iter().map(Vec::len).min().unwrap_or(0);
    let of_range = JointConfidence::of_range(groups.len(), confidence);
    if groups.len() < 3 || groups.len() > MOST_GROUPS || blocks < FEWEST_TO_RESAMPLE {
        return of_range;
    }
    let (mut to_lowest, mut pairs) = resampled(groups, blocks);
    let needed = |largest: &mut [i32]| {
        largest.sort_unstable();
        let exceeded = (confidence * largest.len() as f64).ceil() as usize;
        let reach = largest[exceeded.clamp(1, largest.len()) - 1];
        // Ties, as between values that do not differ at all, make the statistics small and no interval surer.
        confidence_to_reach(reach, blocks).map_or(of_range.pairs, |each| each.max(confidence))
    };
    JointConfidence { to_lowest: needed(&mut to_lowest), pairs: needed(&mut pairs) }
}

/// The largest statistics of each resample: of the pairs with its lowest group, and of all pairs.
fn resampled(groups: &[Vec<f64>], blocks: usize) -> (Vec<i32>, Vec<i32>) {
    let members: Vec<(usize, usize)> = (0..groups.len()).flat_map(|b| (0..b).map(move |a| (a, b))).collect();
    let ranks = ranks_by_block(groups, &members, blocks);
    let deviations: Vec<Vec<(usize, f64)>> =
        groups.iter().map(|group| deviations(&group[..blocks])).collect();
    let mut resampler = Resampler::default();
    let mut sums = vec![0; members.len()];
    let resample = |_| {
        let signs = resampler.signs(blocks);
        sums.fill(0);
        for (ranks, &sign) in ranks.iter().zip(&signs) {
            sums.iter_mut().zip(ranks).for_each(|(sum, rank)| *sum += sign * rank);
        }
        let lowest = lowest(&deviations, &signs);
        let (mut to_lowest, mut pairs) = (0, 0);
        for (&(a, b), sum) in members.iter().zip(&sums) {
            pairs = pairs.max(sum.abs());
            if a == lowest || b == lowest {
                to_lowest = to_lowest.max(sum.abs());
            }
        }
        (to_lowest, pairs)
    };
    (0..RESAMPLES).map(resample).unzip()
}

/// The doubled signed ranks of each pair's differences around their centre: for each block those of all pairs.
fn ranks_by_block(groups: &[Vec<f64>], members: &[(usize, usize)], blocks: usize) -> Vec<Vec<i32>> {
    let mut by_block = vec![Vec::with_capacity(members.len()); blocks];
    for &(a, b) in members {
        let differences: Vec<f64> =
            groups[a].iter().zip(&groups[b]).take(blocks).map(|(a, b)| a - b).collect();
        let centre = hodges_lehmann(&differences, 0.0).map_or(0.0, |centre| centre.estimate);
        for (ranks, rank) in by_block.iter_mut().zip(doubled_ranks(&differences, centre)) {
            ranks.push(rank);
        }
    }
    by_block
}

/// How far each value lies from the median of all, with its block: the nearest first.
fn deviations(values: &[f64]) -> Vec<(usize, f64)> {
    let centre = median(&sorted(values)).unwrap_or(0.0);
    let mut nearest: Vec<(usize, f64)> = values.iter().map(|value| value - centre).enumerate().collect();
    nearest.sort_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
    nearest
}

/// The group with the lowest median once its blocks have these signs.
fn lowest(deviations: &[Vec<(usize, f64)>], signs: &[i32]) -> usize {
    let medians = deviations.iter().map(|nearest| signed_median(nearest, signs)).enumerate();
    medians.min_by(|(_, a), (_, b)| a.total_cmp(b)).map_or(0, |(group, _)| group)
}

/// The median of deviations once their blocks have these signs. It is among the nearest of one sign, so that nothing has to
/// be sorted again.
fn signed_median(nearest: &[(usize, f64)], signs: &[i32]) -> f64 {
    let signed = || nearest.iter().map(|&(block, deviation)| f64::from(signs[block]) * deviation);
    let below = signed().filter(|value| *value < 0.0).count();
    // In ascending order those below come first, the farthest of them at the front.
    let at = |place: usize| match place.checked_sub(below) {
        Some(above) => signed().filter(|value| *value >= 0.0).nth(above),
        None => signed().filter(|value| *value < 0.0).nth(below - 1 - place),
    };
    let middle = [(nearest.len() - 1) / 2, nearest.len() / 2].map(|place| at(place).unwrap_or(0.0));
    0.5 * (middle[0] + middle[1])
}

/// The confidence of the interval that leaves out what has a larger doubled statistic than this one; `None` where it would
/// have to be wider than the range.
fn confidence_to_reach(doubled: i32, blocks: usize) -> Option<f64> {
    let total = blocks * (blocks + 1);
    // What lies outside of the interval has at most rank - 1 of the sum of ranks on one side.
    let rank = total.saturating_sub(doubled.unsigned_abs() as usize) / 4;
    (rank > 0).then(|| walsh_confidence(blocks, rank))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SplitMix64, signed_rank};

    /// Values of so many groups that scatter as much as `scale` says of each, around 0, in `blocks` that all share.
    fn groups(random: &mut SplitMix64, scales: &[f64], blocks: usize) -> Vec<Vec<f64>> {
        let mut normal = || {
            // The sum of twelve, less six, is as good as normal within three deviations.
            (0..12).map(|_| random.next_u64() as f64 / u64::MAX as f64).sum::<f64>() - 6.0
        };
        let shared: Vec<f64> = (0..blocks).map(|_| 5.0 * normal()).collect();
        scales.iter().map(|scale| shared.iter().map(|shared| shared + scale * normal()).collect()).collect()
    }

    /// Whether the intervals of these pairs hold 0.
    fn hold(groups: &[Vec<f64>], confidence: f64, with: impl Fn(usize, usize) -> bool) -> bool {
        let pairs = (0..groups.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
        pairs.filter(|&(a, b)| with(a, b)).all(|(a, b)| {
            let differences: Vec<f64> = groups[a].iter().zip(&groups[b]).map(|(a, b)| a - b).collect();
            let interval = hodges_lehmann(&differences, confidence).expect("there are differences");
            interval.low <= 0.0 && 0.0 <= interval.high
        })
    }

    #[test]
    fn intervals_hold_together_as_often_as_they_say() {
        let unequal: Vec<f64> = (0..12).map(|group| if group % 3 == 0 { 3.0 } else { 1.0 }).collect();
        for scales in [vec![1.0; 6], vec![1.0; 12], unequal] {
            let mut random = SplitMix64::new(4);
            let (mut all, mut lowest) = (0, 0);
            for _ in 0..400 {
                let groups = groups(&mut random, &scales, 20);
                let joint = joint_confidence(&groups, 0.95);
                let medians: Vec<Option<f64>> = groups.iter().map(|group| median(&sorted(group))).collect();
                let best =
                    (0..groups.len()).min_by(|&a, &b| medians[a].partial_cmp(&medians[b]).expect("numbers"));
                all += u32::from(hold(&groups, joint.pairs, |_, _| true));
                lowest +=
                    u32::from(hold(&groups, joint.to_lowest, |a, b| Some(a) == best || Some(b) == best));
            }
            println!("{scales:?}: all {all}, to the lowest {lowest} of 400");
            // 380 are expected; three standard deviations are 13.
            assert!((367..=393).contains(&all) && (367..=393).contains(&lowest), "{all}, {lowest}");
        }
    }

    #[test]
    fn what_a_pair_needs_is_between_one_interval_and_the_range() {
        let mut random = SplitMix64::new(5);
        for count in [3, 8, 20] {
            let joint = joint_confidence(&groups(&mut random, &vec![1.0; count], 20), 0.95);
            assert!(joint.to_lowest > 0.95 && joint.pairs >= joint.to_lowest, "{count}: {joint:?}");
            // As a share of how often one may err: confidences of twenty groups all lie close to 1.
            let of_range = 1.0 - pairwise_confidence(count, 0.95);
            assert!(1.0 - joint.pairs > 0.8 * of_range, "{count}: {joint:?} and {of_range}");
        }
    }

    #[test]
    fn groups_that_scatter_together_need_less() {
        let mut random = SplitMix64::new(6);
        let alike = groups(&mut random, &[1.0; 10], 20);
        // Nine that hardly scatter beside one that does: all pairs that matter are one.
        let mut one = [0.001; 10];
        one[0] = 1.0;
        let one = groups(&mut random, &one, 20);
        assert!(joint_confidence(&one, 0.95).to_lowest < joint_confidence(&alike, 0.95).to_lowest);
    }

    #[test]
    fn few_blocks_and_few_groups_get_what_theory_says() {
        let mut random = SplitMix64::new(7);
        for (count, blocks) in [(2, 20), (12, 4), (12, 5), (20, 8), (MOST_GROUPS + 1, 6)] {
            let joint = joint_confidence(&groups(&mut random, &vec![1.0; count], blocks), 0.95);
            assert_eq!(joint, JointConfidence::of_range(count, 0.95), "{count}, {blocks}");
        }
        let none = joint_confidence(&[], 0.95);
        assert_eq!(none, JointConfidence { to_lowest: 0.95, pairs: 0.95 });
    }

    #[test]
    fn the_interval_leaves_out_exactly_what_has_a_larger_statistic() {
        let values: Vec<f64> = (1..=20).map(|i| (f64::from(i) * 1.7).sin() + f64::from(i) * 0.013).collect();
        let confidence = confidence_to_reach(2 * 150, 20).expect("it is narrower than the range");
        let interval = hodges_lehmann(&values, confidence).expect("there are values");
        let statistic = |centre| doubled_ranks(&values, centre).iter().sum::<i32>().abs();
        for (centre, outside) in [
            (interval.low - 1e-9, true),
            (interval.low + 1e-9, false),
            (interval.high - 1e-9, false),
            (interval.high + 1e-9, true),
        ] {
            assert_eq!(statistic(centre) > 2 * 150, outside, "{centre}: {}", statistic(centre));
        }
        assert!(signed_rank(&values, interval.low - 1e-9).two_sided() <= 1.0 - confidence);
    }

    #[test]
    fn the_median_of_signed_deviations_is_that_of_their_values() {
        let (mut random, mut resampler) = (SplitMix64::new(9), Resampler::default());
        for count in [5, 6, 19, 20] {
            let values = &groups(&mut random, &[1.0], count)[0];
            let nearest = deviations(values);
            for _ in 0..200 {
                let signs = resampler.signs(count);
                let signed: Vec<f64> =
                    nearest.iter().map(|&(block, value)| f64::from(signs[block]) * value).collect();
                assert_eq!(Some(signed_median(&nearest, &signs)), median(&sorted(&signed)));
            }
        }
    }

    #[test]
    fn it_is_the_same_every_time_and_needs_no_values_that_differ() {
        let mut random = SplitMix64::new(8);
        let some = groups(&mut random, &[1.0; 5], 20);
        assert_eq!(joint_confidence(&some, 0.95), joint_confidence(&some, 0.95));
        let equal = joint_confidence(&vec![vec![1.0; 20]; 5], 0.95);
        assert_eq!(equal, JointConfidence { to_lowest: 0.95, pairs: 0.95 });
    }
}
