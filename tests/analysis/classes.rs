//! How the models stand within a class of work.

use std::collections::BTreeSet;

use concbench::batch::analyse::{ClassRanking, class_rankings};
use concbench::batch::{Sheet, SheetCell, WorkloadRecord};
use concbench_workloads::Class;

use crate::synthetic::{Generator, around, cell, complete, completed, sheet};

const MS: f64 = 1e6;

/// Two workloads of a class and one of another; `smol` has two numbers of workers in the first.
fn two_classes() -> Sheet {
    let mut all = sheet(vec![
        cell("rayon", 2, &[10.0 * MS; 12]),
        cell("smol", 2, &[40.0 * MS; 12]),
        cell("smol", 64, &[20.0 * MS; 12]),
    ]);
    for (name, class) in [("other", Class::Cpu), ("waiting", Class::Io)] {
        all.workloads.push(WorkloadRecord { name: name.into(), class, ..all.workloads[0].clone() });
    }
    let more = [
        ("other", "rayon", 80.0),
        ("other", "smol", 40.0),
        ("other", "thread-spawn", 1.0),
        ("waiting", "rayon", 1.0),
        ("waiting", "smol", 9.0),
    ];
    for (workload, model, time) in more {
        let cell = cell(model, 2, &[time * MS; 12]);
        let id = cell.id.replace("work/", &format!("{workload}/"));
        all.cells.push(SheetCell { workload: workload.into(), id, ..cell });
    }
    complete(&mut all);
    all
}

#[test]
fn models_are_ranked_by_class_with_the_better_number_of_workers() {
    let found = class_rankings(&two_classes());
    let classes: Vec<Class> = found.iter().map(|ranking| ranking.class).collect();
    assert_eq!(classes, [Class::Cpu, Class::Io]);
    let shown = |ranking: &ClassRanking| -> Vec<(String, u64, f64)> {
        ranking.models.iter().map(|of| (of.model.clone(), of.rank, (of.ratio * 1e6).round() / 1e6)).collect()
    };
    // 2 and 0.5 times as long: even on average. Who was not measured in every workload is not ranked.
    assert_eq!(shown(&found[0]), [("rayon".into(), 1, 1.0), ("smol".into(), 1, 1.0)]);
    assert_eq!(shown(&found[1]), [("rayon".into(), 1, 1.0), ("smol".into(), 2, 9.0)]);
}

#[test]
fn models_that_are_not_told_apart_share_a_rank() {
    let mut generator = Generator::new(23);
    let mut times = |centre| around(&mut generator, centre * MS, 0.02, 20);
    let cells = [("rayon", 10.0), ("smol", 10.02), ("join-all", 12.0), ("thread-spawn", 12.02)];
    let sheet = completed(cells.map(|(model, centre)| cell(model, 2, &times(centre))).to_vec());
    let ranking = &class_rankings(&sheet)[0];
    let ranks: Vec<u64> = ranking.models.iter().map(|of| of.rank).collect();
    assert_eq!(ranks, [1, 1, 3, 3], "{ranking:?}");
    assert!(ranking.models.iter().all(|of| of.low <= of.ratio && of.ratio <= of.high));
}

#[test]
fn a_class_of_a_single_workload_says_of_its_models_what_is_said_of_its_cells() {
    const MODELS: [&str; 6] = ["rayon", "smol", "join-all", "thread-spawn", "async-std", "may"];
    let mut behind = 0;
    for seed in 0..40 {
        let mut generator = Generator::new(seed);
        let mut cells = Vec::new();
        for (place, model) in MODELS.into_iter().enumerate() {
            let mut times = |centre| around(&mut generator, centre * MS, 0.02, 20);
            cells.push(cell(model, 2, &times(10.0 + 0.05 * place as f64)));
            cells.push(cell(model, 64, &times(20.0)));
        }
        let sheet = completed(cells);
        let ranking = &class_rankings(&sheet)[0];
        let first = ranking.models.iter().filter(|of| of.rank == 1);
        let first: BTreeSet<String> = first.map(|of| format!("work/{}@2", of.model)).collect();
        let winners: BTreeSet<String> = sheet.verdicts[0].winners.iter().cloned().collect();
        assert_eq!(first, winners, "{seed}");
        behind += MODELS.len() - winners.len();
    }
    assert!(behind > 20, "{behind}");
}
