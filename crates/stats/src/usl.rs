//! Laws of scaling, fitted to the times of a fixed amount of work.

/// The parameters of the universal scalability law, X(N) = l N / (1 + s (N - 1) + k N (N - 1)) (Gunther, 1993).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UslParameters {
    /// l: the throughput of one worker, in batches for each unit of the times.
    pub lambda: f64,
    /// s, at least 0: the share of the work that waits for one another (contention).
    pub sigma: f64,
    /// k, at least 0: what each pair of workers costs to stay consistent (coherence).
    pub kappa: f64,
}

/// Fits the universal scalability law to (workers, time of a batch).
///
/// N T(N) = (1 + s (N - 1) + k N (N - 1)) / l is linear in 1/l, s/l and k/l, so this is the exact solution of a
/// least-squares problem of relative errors; where s or k would become negative, the best of the fits without one of
/// them, or without both. `None` with fewer than three worker counts, or a time that is not positive.
pub fn fit_usl(times: &[(u64, f64)]) -> Option<UslParameters> {
    let mut counts: Vec<u64> = times.iter().map(|&(workers, _)| workers).collect();
    counts.sort_unstable();
    counts.dedup();
    if counts.len() < 3 || counts[0] == 0 || times.iter().any(|&(_, time)| time.is_nan() || time <= 0.0) {
        return None;
    }
    let rows: Vec<[f64; 3]> = times
        .iter()
        .map(|&(workers, time)| {
            let workers = workers as f64;
            let work = workers * time;
            [1.0 / work, (workers - 1.0) / work, workers * (workers - 1.0) / work]
        })
        .collect();
    // Which of the terms may be there; the first always is.
    let fits = [[true; 3], [true, true, false], [true, false, true], [true, false, false]];
    let best = fits
        .iter()
        .filter_map(|present| least_squares(&rows, present))
        .filter(|terms| terms[0] > 0.0 && terms[1] >= 0.0 && terms[2] >= 0.0)
        .min_by(|left, right| residual(&rows, left).total_cmp(&residual(&rows, right)))?;
    Some(UslParameters { lambda: 1.0 / best[0], sigma: best[1] / best[0], kappa: best[2] / best[0] })
}

/// The serial share of Amdahl's law (1967), T(N) / T(1) = s + (1 - s) / N, fitted by least squares to (workers, time
/// relative to one worker) and kept between 0 and 1. `None` without a count above one.
pub fn fit_amdahl(relative_times: &[(u64, f64)]) -> Option<f64> {
    let several = relative_times.iter().filter(|&&(workers, _)| workers > 1);
    let (products, squares) = several.fold((0.0, 0.0), |(products, squares), &(workers, time)| {
        let ideal = 1.0 / workers as f64;
        let lost = 1.0 - ideal;
        (products + lost * (time - ideal), squares + lost * lost)
    });
    (squares > 0.0).then(|| (products / squares).clamp(0.0, 1.0))
}

/// The experimentally determined serial share of Karp and Flatt (1990): (1/S - 1/N) / (1 - 1/N). If it grows with the
/// workers, it is overhead and not a serial part that limits. `None` for one worker.
pub fn karp_flatt(workers: u64, speedup: f64) -> Option<f64> {
    let ideal = 1.0 / workers as f64;
    (workers > 1 && speedup > 0.0).then(|| (1.0 / speedup - ideal) / (1.0 - ideal))
}

/// The terms, among those present, whose weighted sum comes nearest to 1 in every row. `None` if they cannot be told
/// apart.
fn least_squares(rows: &[[f64; 3]], present: &[bool; 3]) -> Option<[f64; 3]> {
    // Columns of equal length, so that pivots can be compared with 1.
    let mut scale = [1.0; 3];
    for (column, scale) in scale.iter_mut().enumerate() {
        let length = rows.iter().map(|row| row[column].powi(2)).sum::<f64>().sqrt();
        if length > 0.0 {
            *scale = length;
        }
    }
    let mut system = [[0.0; 4]; 3];
    for (index, equation) in system.iter_mut().enumerate() {
        if !present[index] {
            equation[index] = 1.0;
            continue;
        }
        for row in rows {
            let own = row[index] / scale[index];
            for other in (0..3).filter(|&other| present[other]) {
                equation[other] += own * row[other] / scale[other];
            }
            equation[3] += own;
        }
    }
    let solution = solve(system)?;
    Some([solution[0] / scale[0], solution[1] / scale[1], solution[2] / scale[2]])
}

/// Gaussian elimination with partial pivoting; the last column is the right-hand side.
fn solve(mut system: [[f64; 4]; 3]) -> Option<[f64; 3]> {
    const SINGULAR: f64 = 1e-13;
    for column in 0..3 {
        let size = |row: &usize| system[*row][column].abs();
        let pivot = (column..3).max_by(|left, right| size(left).total_cmp(&size(right)))?;
        system.swap(column, pivot);
        if system[column][column].abs() < SINGULAR {
            return None;
        }
        let equation = system[column];
        for (row, other) in system.iter_mut().enumerate() {
            if row != column {
                let factor = other[column] / equation[column];
                other.iter_mut().zip(equation).for_each(|(cell, above)| *cell -= factor * above);
            }
        }
    }
    Some([0, 1, 2].map(|row| system[row][3] / system[row][row]))
}

fn residual(rows: &[[f64; 3]], terms: &[f64; 3]) -> f64 {
    rows.iter()
        .map(|row| 1.0 - row.iter().zip(terms).map(|(cell, term)| cell * term).sum::<f64>())
        .map(|error| error * error)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(lambda: f64, sigma: f64, kappa: f64, workers: &[u64]) -> Vec<(u64, f64)> {
        let time = |workers: f64| {
            (1.0 + sigma * (workers - 1.0) + kappa * workers * (workers - 1.0)) / (lambda * workers)
        };
        workers.iter().map(|&workers| (workers, time(workers as f64))).collect()
    }

    #[test]
    fn known_curves_are_recovered() {
        let workers = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
        for (lambda, sigma, kappa) in
            [(995.6, 0.0267, 0.000_769), (1e-7, 0.2, 0.0), (2.0, 0.0, 0.01), (5.0, 0.0, 0.0)]
        {
            let found = fit_usl(&curve(lambda, sigma, kappa, &workers)).expect("ten worker counts");
            assert!((found.lambda / lambda - 1.0).abs() < 1e-6, "{found:?}");
            assert!((found.sigma - sigma).abs() < 1e-6 && (found.kappa - kappa).abs() < 1e-6, "{found:?}");
        }
    }

    #[test]
    fn what_scales_better_than_linearly_gets_no_negative_cost() {
        let superlinear: Vec<(u64, f64)> =
            [1u64, 2, 3, 4, 6, 8].map(|workers| (workers, 1.0 / (workers as f64).powf(1.1))).to_vec();
        let found = fit_usl(&superlinear).expect("six worker counts");
        assert_eq!((found.sigma, found.kappa), (0.0, 0.0));
    }

    #[test]
    fn three_parameters_need_three_worker_counts() {
        assert_eq!(fit_usl(&curve(1.0, 0.1, 0.0, &[1, 2])), None);
        assert_eq!(fit_usl(&[(1, 1.0), (2, 0.5), (2, 0.6)]), None);
        assert_eq!(fit_usl(&[(1, 1.0), (2, 0.0), (3, 0.6)]), None);
    }

    #[test]
    fn a_serial_share_of_a_tenth_is_found_by_both_laws() {
        let relative = |workers: u64| 0.1 + 0.9 / workers as f64;
        let times: Vec<(u64, f64)> = [1, 2, 4, 8].map(|workers| (workers, relative(workers))).to_vec();
        assert!((fit_amdahl(&times).expect("more than one worker") - 0.1).abs() < 1e-12);
        for (workers, time) in times.iter().skip(1) {
            assert!((karp_flatt(*workers, 1.0 / time).expect("more than one worker") - 0.1).abs() < 1e-12);
        }
        assert_eq!(karp_flatt(1, 1.0), None);
        assert_eq!(fit_amdahl(&[(1, 1.0)]), None);
    }
}
