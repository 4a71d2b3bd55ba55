use concbench_workloads::Class;
use itertools::Itertools as _;

use crate::batch::WorkloadRecord;
use crate::batch::analyse::is_discontinued;
use crate::experiment::matrix::view::{SheetView, class};
use crate::model::Family;
use crate::report::text;

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
    let common = common(view, works);
    ClassVerdict {
        title: title(of, common.len(), named(view, works, &common).len()),
        answer: answer(view, works),
        workloads: works
            .iter()
            .map(|work| WorkVerdict { name: text::name(&work.name), sentence: sentence(view, &work.name) })
            .collect(),
    }
}

/// The models that may be the best at every workload of the class, a family of them by its name; if there is none, what may
/// be the best at each.
pub(crate) fn answer(view: &SheetView<'_>, works: &[&WorkloadRecord]) -> String {
    let common = common(view, works);
    if !common.is_empty() {
        return listed(&named(view, works, &common));
    }
    let mut firsts: Vec<String> = Vec::new();
    for work in works {
        let first = leaders(view, &work.name).first().map(|model| text::name(model));
        firsts.extend(first.filter(|name| !firsts.contains(name)));
    }
    match firsts.as_slice() {
        [] => "no answer".into(),
        [one] => one.clone(),
        several => format!("it depends: {}", listed(several)),
    }
}

/// The models that may be the best at a workload, each once, whatever its number of workers.
fn leaders<'a>(view: &SheetView<'a>, workload: &str) -> Vec<&'a str> {
    let ids = view.verdict(workload).map_or(&[][..], |verdict| &verdict.winners);
    let mut models: Vec<&str> = ids
        .iter()
        .filter_map(|id| view.sheet.cells.iter().find(|cell| cell.id == *id))
        .map(|cell| cell.model.as_str())
        .unique()
        .collect();
    // Nobody should start with a library because it is named first.
    models.sort_by_key(|model| is_discontinued(model));
    models
}

/// The models that may be the best at every workload.
fn common<'a>(view: &SheetView<'a>, works: &[&WorkloadRecord]) -> Vec<&'a str> {
    let all: Vec<Vec<&str>> = works.iter().map(|work| leaders(view, &work.name)).collect();
    let (first, others) = all.split_first().expect("a class has a workload");
    first.iter().filter(|model| others.iter().all(|list| list.contains(*model))).copied().collect()
}

/// The names of models, or of a family where every one of it that was measured is among them.
fn named(view: &SheetView<'_>, works: &[&WorkloadRecord], models: &[&str]) -> Vec<String> {
    let whole = |of: Family| {
        let measured = works.iter().flat_map(|work| view.measured(&work.name)).map(|(cell, _)| cell);
        let mut family: Vec<&str> =
            measured.filter(|cell| cell.family == of).map(|cell| cell.model.as_str()).collect();
        family.sort_unstable();
        family.dedup();
        family.len() > 1 && family.iter().all(|model| models.contains(model))
    };
    let mut names: Vec<String> = Vec::new();
    for model in models {
        let of = view.sheet.cells.iter().find(|cell| cell.model == *model).map(|cell| cell.family);
        let name = match of.filter(|of| whole(*of)) {
            Some(Family::Pools) => "any pool".to_owned(),
            Some(Family::Coroutines) => "any coroutine runtime".to_owned(),
            Some(Family::Processes) => "any process model".to_owned(),
            Some(Family::Hybrids) => "any hybrid".to_owned(),
            _ => text::name(model),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// What stands above the answer: of how many models any will do, unless the answer is one family.
fn title(of: Class, leaders: usize, names: usize) -> String {
    if leaders > 1 && names > 1 {
        format!("For {}, any of {leaders} models", class(of))
    } else {
        format!("For {}", class(of))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_not_counted_above_its_name() {
        assert_eq!(title(Class::Io, 2, 1), format!("For {}", class(Class::Io)));
        assert_eq!(title(Class::Io, 3, 2), format!("For {}, any of 3 models", class(Class::Io)));
        assert_eq!(title(Class::Io, 1, 1), format!("For {}", class(Class::Io)));
    }
}
