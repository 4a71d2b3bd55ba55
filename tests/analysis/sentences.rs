//! The answer in words.

use concbench::batch::SheetCell;
use concbench::record::Status;

use crate::synthetic::{cell, complete, completed, sheet};

const MS: f64 = 1e6;

/// Twenty times around `centre_ms` that scatter by one percent, in an order that `shift` turns.
fn steady_times(centre_ms: f64, shift: usize) -> Vec<f64> {
    let mut steps: Vec<f64> =
        (0..20).map(|i| centre_ms * MS * (1.0 + 0.001 * (f64::from(i) - 9.5))).collect();
    steps.rotate_left(shift);
    steps
}

fn sentence(cells: Vec<SheetCell>) -> String {
    completed(cells).verdicts.remove(0).sentence
}

#[test]
fn a_winner_with_what_it_gains() {
    assert_eq!(
        sentence(vec![
            cell("sequential", 1, &steady_times(24.4, 0)),
            cell("rayon", 2, &steady_times(12.3, 3)),
            cell("thread-pool", 2, &steady_times(15.0, 7)),
        ]),
        "work: rayon (2 workers) is the fastest at 12.3 ms a batch [12.2, 12.4], \
         1.98x as fast as sequential [1.98, 2.00]; \
         the nearest behind, thread-pool (2 workers), takes 1.22x as long [1.21, 1.22]."
    );
}

#[test]
fn a_tie_is_called_one() {
    assert_eq!(
        sentence(vec![
            cell("sequential", 1, &steady_times(24.4, 0)),
            cell("rayon", 2, &steady_times(12.3, 3)),
            cell("thread-pool", 2, &steady_times(12.31, 7)),
        ]),
        "work: a tie between rayon (2 workers) and thread-pool (2 workers) at 12.3 ms a batch [12.2, 12.4]; \
         the nearest behind, sequential, takes 1.98x as long [1.98, 2.00]."
    );
}

#[test]
fn what_cannot_be_told_apart_is_not_called_a_tie() {
    let wild: Vec<f64> = (0..20).map(|i| 12.0 * MS * if i % 3 == 0 { 1.4 } else { 0.9 }).collect();
    assert_eq!(
        sentence(vec![cell("rayon", 2, &steady_times(12.3, 3)), cell("smol", 2, &wild)]),
        "work: no single winner: this run cannot tell smol (2 workers) and rayon (2 workers) apart, at 11 to 12 ms a batch."
    );
}

#[test]
fn long_lists_are_cut_and_name_workers_only_where_they_tell_two_cells_apart() {
    let models =
        [("rayon", 2), ("rayon", 64), ("smol", 2), ("join-all", 1), ("thread-spawn", 64), ("async-std", 2)];
    let tied = models.map(|(model, workers)| cell(model, workers, &steady_times(12.3, 3)));
    assert_eq!(
        sentence(tied.to_vec()),
        "work: a tie between rayon (2 workers), rayon (64 workers), smol, join-all and 2 more \
         at 12.3 ms a batch [12.2, 12.4]."
    );
}

#[test]
fn few_blocks_only_indicate() {
    assert_eq!(
        sentence(vec![
            cell("sequential", 1, &steady_times(24.4, 0)[..5]),
            cell("rayon", 2, &steady_times(12.3, 3)[..5]),
        ]),
        "work, indicative only (5 blocks): rayon (2 workers) seems the fastest at 12.24 ms a batch [12.22, 12.27]; \
         the nearest behind, sequential, takes 1.978x as long [1.978, 1.978]."
    );
}

#[test]
fn slow_pools_wait_in_rounds() {
    let mut cells = vec![
        cell("smol", 2, &steady_times(20.4, 0)),
        cell("thread-pool", 2, &steady_times(644.0, 3)),
        cell("rayon", 2, &steady_times(645.0, 7)),
    ];
    cells[0].ideal_ns = Some(20_000_000);
    cells[1].ideal_ns = Some(640_000_000);
    cells[2].ideal_ns = Some(640_000_000);
    let mut sheet = sheet(cells);
    sheet.workloads[0].wait_ns = 20_000_000;
    complete(&mut sheet);
    assert_eq!(
        sheet.verdicts[0].sentence,
        "work: smol (2 workers) is the fastest at 20.4 ms a batch [20.3, 20.5]; \
         the nearest behind, thread-pool (2 workers) and rayon (2 workers), take 31.3x to 31.8x as long; \
         thread-pool and rayon with 2 workers need 32 rounds of 20 ms."
    );
}

#[test]
fn the_one_off_job_is_named_where_it_has_another_winner() {
    let mut eager = cell("rayon", 2, &steady_times(12.3, 3));
    for observation in &mut eager.observations {
        observation.startup_ns = 500_000_000;
    }
    assert_eq!(
        sentence(vec![eager, cell("thread-spawn", 64, &steady_times(14.0, 0))]),
        "work: rayon (2 workers) is the fastest at 12.3 ms a batch [12.2, 12.4]; \
         the nearest behind, thread-spawn (64 workers), takes 1.13x as long [1.13, 1.15]; \
         as a one-off job thread-spawn (64 workers) leads."
    );
}

#[test]
fn what_hands_out_chunks_is_named_so_wherever_it_stands() {
    assert_eq!(
        sentence(vec![
            cell("rayon-iter", 2, &steady_times(12.3, 3)),
            cell("rayon", 2, &steady_times(15.0, 7)),
        ]),
        "work: rayon-iter (2 workers, chunked) is the fastest at 12.3 ms a batch [12.2, 12.4]; \
         the nearest behind, rayon (2 workers), takes 1.22x as long [1.21, 1.22]."
    );
    let many = ["rayon-iter", "rayon", "thread-pool"].map(|model| cell(model, 2, &steady_times(12.3, 3)));
    let sentence = sentence(many.to_vec());
    assert!(sentence.contains("a tie between rayon-iter (chunked), rayon and thread-pool"), "{sentence}");
}

#[test]
fn a_discontinued_library_is_never_named_first_where_it_ties() {
    for models in [["async-std", "smol", "rayon"], ["smol", "async-std", "rayon"]] {
        let cells = models.map(|model| cell(model, 2, &steady_times(12.3, 3))).to_vec();
        let sentence = sentence(cells);
        assert!(sentence.contains("a tie between smol, rayon and async-std"), "{sentence}");
    }
}

#[test]
fn one_model_or_none() {
    assert_eq!(
        sentence(vec![cell("rayon", 2, &steady_times(12.3, 3))]),
        "work: only rayon (2 workers) was measured, at 12.3 ms a batch [12.2, 12.4]."
    );
    let mut broken = cell("rayon", 2, &steady_times(12.3, 3));
    broken.status = Status::Failed;
    assert_eq!(sentence(vec![broken]), "work: no model could be measured.");
}
