//! The models by name: what each is, and what a reader may know it as.

use crate::batch::Sheet;
use crate::experiment::matrix::view::SheetView;
use crate::model::{Dispatch, ModelInfo};
use crate::models::{BuiltIn, Catalogue};
use crate::report::key_of;
use crate::report::text;

/// The models whose names in Python most readers know.
const KNOWN: [&str; 4] = ["thread-spawn", "thread-pool", "process-pool", "tokio-current-thread"];

/// All models of the run, in words.
pub(crate) struct Words {
    /// What those that most readers know are called in Python.
    pub(crate) sentence: String,
    pub(crate) models: Vec<ModelWords>,
}

/// A model, in words.
pub(crate) struct ModelWords {
    pub(crate) marker: String,
    pub(crate) name: String,
    pub(crate) is: String,
    /// How it hands out its tasks.
    pub(crate) dispatch: &'static str,
    pub(crate) right_when: String,
    /// What a task that crashes takes with it.
    pub(crate) lost: &'static str,
    /// The construct of Python, Go, Java or JavaScript that it corresponds to.
    pub(crate) elsewhere: String,
}

/// The models of the run, in the order of the record.
pub(crate) fn words(view: &SheetView<'_>) -> Words {
    let infos = BuiltIn::infos();
    let models = view.looks.all().iter().map(|model| {
        let info = infos.iter().find(|info| info.id == model.id);
        ModelWords {
            marker: key_of(model),
            name: text::name(&model.id),
            is: info.map_or_else(|| "a model that its user has added".into(), ModelInfo::described),
            dispatch: dispatch(view.sheet, &model.id).word(),
            right_when: info.map_or("its user knows", |info| info.right_when).into(),
            lost: info.map_or("", ModelInfo::lost_in_a_crash),
            elsewhere: info.map_or("", |info| info.elsewhere).into(),
        }
    });
    let known =
        KNOWN.iter().filter(|id| view.looks.all().iter().any(|model| model.id == **id)).filter_map(|id| {
            let info = infos.iter().find(|info| info.id == *id)?;
            Some(format!("{id} is {}", python(info.elsewhere)?))
        });
    let known: Vec<String> = known.collect();
    let sentence = match known.is_empty() {
        true => String::new(),
        false => format!("In terms of Python, {}.", known.join(", ")),
    };
    Words { sentence, models: models.collect() }
}

/// How a model hands out its tasks, as the record has it.
pub(crate) fn dispatch(sheet: &Sheet, model: &str) -> Dispatch {
    sheet.cells.iter().find(|cell| cell.model == model).map_or(Dispatch::Single, |cell| cell.dispatch)
}

/// The first of Python's names, if there is one.
fn python(elsewhere: &str) -> Option<&str> {
    elsewhere.strip_prefix("Python ")?.split([',', ';']).next()
}

/// What a model is called elsewhere, in lower case, so that a filter finds it under a name that its reader knows.
pub(crate) fn also(model: &str) -> String {
    let infos = BuiltIn::infos();
    infos.iter().find(|info| info.id == model).map_or_else(String::new, |info| info.elsewhere.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_knows_only_python_finds_what_he_knows() {
        let infos = BuiltIn::infos();
        let of = |id: &str| infos.iter().find(|info| info.id == id).and_then(|info| python(info.elsewhere));
        assert_eq!(
            KNOWN.map(of),
            [
                Some("threading.Thread"),
                Some("ThreadPoolExecutor"),
                Some("ProcessPoolExecutor"),
                Some("asyncio")
            ]
        );
        for (python, model) in [("asyncio.gather", "join-all"), ("multiprocessing.pool", "process-pool")] {
            assert!(also(model).contains(python), "{model}");
        }
    }
}
