use concbench_workloads::Class;

use crate::batch::WorkloadRecord;
use crate::report::text;
use crate::experiment::matrix::view::{SheetView, class};

/// The answer for one class of work.
pub(crate) struct ClassVerdict {
    pub(crate) title: String,
    pub(crate) answer: String,
    pub(crate) workloads: Vec<WorkVerdict>,
}

impl ClassVerdict {
    /// The answer in one line.
    pub(super) fn finding(&self) -> String {
        format!("{}: {}", self.title, self.answer)
    }
}

/// The answer for one workload.
pub(crate) struct WorkVerdict {
    pub(crate) name: String,
    pub(crate) sentence: String,
}

/// How many winners are named before the rest is counted.
const NAMED: usize = 3;

/// Forms the answers.
pub(crate) fn verdicts(view: &SheetView<'_>) -> Vec<ClassVerdict> {
    [Class::Cpu, Class::Io, Class::Mixed, Class::Creation]
        .into_iter()
        .filter_map(|of| {
            let works: Vec<_> = view.sheet.workloads.iter().filter(|work| work.class == of).collect();
            (!works.is_empty()).then(|| class_verdict(view, of, &works))
        })
        .collect()
}

fn class_verdict(view: &SheetView<'_>, of: Class, works: &[&WorkloadRecord]) -> ClassVerdict {
    ClassVerdict {
        title: title(of, tied(view, works).len()),
        answer: answer(view, works),
        workloads: works
            .iter()
            .map(|work| WorkVerdict {
                name: text::name(&work.name),
                sentence: sentence(view, &work.name),
            })
            .collect(),
    }
}

/// The models that win every workload of the class; if there is none, what wins each.
fn answer(view: &SheetView<'_>, works: &[&WorkloadRecord]) -> String {
    let winners: Vec<Vec<String>> = works.iter().map(|work| winners(view, &work.name)).collect();
    let common = tied(view, works);
    if !common.is_empty() {
        return listed(&common);
    }
    let known: Vec<_> = winners.iter().filter(|list| !list.is_empty()).collect();
    match known.as_slice() {
        [] => "no answer".into(),
        [one] => listed(one),
        _ => {
            let mut firsts: Vec<String> = Vec::new();
            for list in known {
                if !firsts.contains(&list[0]) {
                    firsts.push(list[0].clone());
                }
            }
            format!("it depends: {}", listed(&firsts))
        }
    }
}

/// The names of those that win every workload.
fn tied(view: &SheetView<'_>, works: &[&WorkloadRecord]) -> Vec<String> {
    let winners: Vec<Vec<String>> = works.iter().map(|work| winners(view, &work.name)).collect();
    let (first, others) = winners.split_first().expect("a class has a workload");
    first.iter().filter(|name| others.iter().all(|list| list.contains(name))).cloned().collect()
}

fn title(of: Class, tied: usize) -> String {
    if tied > 1 { format!("For {}, a tie of {tied}", class(of)) } else { format!("For {}", class(of)) }
}

/// The names of the models that nothing is known to be faster than.
fn winners(view: &SheetView<'_>, workload: &str) -> Vec<String> {
    let ids = view.verdict(workload).map_or(&[][..], |verdict| &verdict.winners);
    ids.iter().map(|id| view.label_of(id)).collect()
}

/// `a`, `a or b`, `a, b, c and 5 more`.
pub(crate) fn listed(names: &[String]) -> String {
    match names {
        [] => "no answer".into(),
        [one] => one.clone(),
        names if names.len() <= NAMED => {
            format!("{} or {}", names[..names.len() - 1].join(", "), names[names.len() - 1])
        }
        names => format!("{} and {} more", names[..NAMED].join(", "), names.len() - NAMED),
    }
}

/// The sentence of the analysis, or why there is none.
pub(crate) fn sentence(view: &SheetView<'_>, workload: &str) -> String {
    match view.verdict(workload) {
        Some(verdict) => capitalised(&text::sentence(beside(&verdict.sentence, workload))),
        None if view.measured(workload).is_empty() => "No answer: none of its cells was measured.".into(),
        None => "No answer: the record holds no verdict for it.".into(),
    }
}

/// The sentence with a capital, unless it begins with the name of a model.
fn capitalised(sentence: &str) -> String {
    let first = sentence.split([' ', ',']).next().unwrap_or_default();
    match ["a", "no", "not", "indicative", "nothing"].contains(&first) {
        true => text::capitalised(sentence),
        false => sentence.to_owned(),
    }
}

/// A sentence that stands beside the name of its workload, without that name.
fn beside<'a>(sentence: &'a str, workload: &str) -> &'a str {
    let rest =
        sentence.strip_prefix(workload).and_then(|rest| rest.strip_prefix(": ").or(rest.strip_prefix(", ")));
    rest.unwrap_or(sentence)
}
