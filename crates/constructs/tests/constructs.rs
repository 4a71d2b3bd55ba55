//! Every construct in every form, each in a process of its own, as a runner starts it.

use std::process::{Command, ExitCode};

use concbench_constructs::{completion, tree};
use libtest_mimic::{Arguments, Failed, Trial};

/// What the process is to run: the variable is set for it alone.
const RUN: &str = "CONCBENCH_CONSTRUCTS_TEST";
const WORKERS: usize = 2;

fn main() -> ExitCode {
    if let Ok(order) = std::env::var(RUN) {
        println!("{}", run(&order).unwrap_or_else(|error| error.to_string()));
        return ExitCode::SUCCESS;
    }
    let mut trials = Vec::new();
    for construct in &completion::CONSTRUCTS {
        for form in completion::FORMS.iter().filter(|form| construct.form(**form).is_ok()) {
            let order = format!("completion {} {}", construct.id, *form as usize);
            trials.push(Trial::test(order.replace(' ', "::"), move || expect(&order)));
        }
    }
    for construct in &tree::CONSTRUCTS {
        for growth in [tree::Growth { children: 10, depth: 2 }, tree::Growth { children: 2, depth: 6 }] {
            for form in tree::FORMS.iter().filter(|form| construct.can(growth, **form).is_ok()) {
                let tree::Growth { children, depth } = growth;
                let order = format!("tree {} {} {children} {depth}", construct.id, *form as usize);
                trials.push(Trial::test(order.replace(' ', "::"), move || expect(&order)));
            }
        }
    }
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn run(order: &str) -> concbench_constructs::Result<String> {
    let words: Vec<&str> = order.split(' ').collect();
    let number = |place: usize| words[place].parse::<usize>().unwrap();
    match words[0] {
        "completion" => {
            let form = completion::FORMS[number(2)];
            let construct = completion::CONSTRUCTS.iter().find(|construct| construct.id == words[1]).unwrap();
            let mut running = construct.start(WORKERS)?;
            for _ in 0..2 {
                let times = running.batch(form)?.checked(form)?;
                assert!(times.first <= times.half && times.half <= times.last, "{times:?}");
            }
        }
        _ => {
            let form = tree::FORMS[number(2)];
            let growth = tree::Growth { children: number(3) as u64, depth: number(4) as u32 };
            let construct = tree::CONSTRUCTS.iter().find(|construct| construct.id == words[1]).unwrap();
            let mut running = construct.start(WORKERS)?;
            for _ in 0..2 {
                running.grow(growth, form)?.checked(growth)?;
            }
            let mut looks = 0;
            if let Some(grown) = running.stand(growth, &mut || looks += 1)? {
                grown.checked(growth)?;
                assert_eq!(looks, 1);
            }
        }
    }
    Ok("ok".to_owned())
}

fn expect(order: &str) -> Result<(), Failed> {
    let output = Command::new(std::env::current_exe()?).env(RUN, order).output()?;
    let (said, errors) =
        (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr));
    match (output.status.success(), said.trim()) {
        (true, "ok") => Ok(()),
        _ => Err(format!("{order}: {}, {said}{errors}", output.status).into()),
    }
}
