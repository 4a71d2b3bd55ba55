//! The models by name: what each is, and what a reader may know it as.

use super::key_of;
use crate::model::{BuiltIn, Catalogue};
use crate::report::text;
use crate::report::view::View;

/// A model, in words.
pub(crate) struct ModelWords {
    pub(crate) marker: String,
    pub(crate) name: String,
    pub(crate) is: String,
    pub(crate) right_when: String,
    /// The construct of Python, Go, Java or JavaScript that it corresponds to.
    pub(crate) elsewhere: String,
}

/// The models of the run, in the order of the record.
pub(crate) fn models(view: &View<'_>) -> Vec<ModelWords> {
    let infos = BuiltIn::infos();
    let models = view.models.iter().map(|model| {
        let info = infos.iter().find(|info| info.id == model.id);
        ModelWords {
            marker: key_of(model),
            name: text::name(model.id),
            is: info.map_or("a model that its user has added", |info| info.summary).into(),
            right_when: info.map_or("its user knows", |info| info.right_when).into(),
            elsewhere: info.map_or("", |info| info.elsewhere).into(),
        }
    });
    models.collect()
}

/// What a model is called elsewhere, in lower case, so that a filter finds it under a name that its reader knows.
pub(crate) fn also(model: &str) -> String {
    let infos = BuiltIn::infos();
    infos.iter().find(|info| info.id == model).map_or_else(String::new, |info| info.elsewhere.to_lowercase())
}
