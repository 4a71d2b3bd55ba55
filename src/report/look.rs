//! How models look, the same everywhere in a report: their families give the colour, their order in the family the marker.

use concbench_charts::{Ink, Marker};

use crate::model::Family;

/// How one model looks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Look {
    /// The model's id.
    pub(crate) id: String,
    /// Its family.
    pub(crate) family: Family,
    /// Its colour.
    pub(crate) ink: Ink,
    /// Its marker.
    pub(crate) marker: Marker,
}

/// How all models of a report look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Looks(Vec<Look>);

impl Looks {
    /// Gives each model a look, in this order.
    pub(crate) fn new<'a>(models: impl IntoIterator<Item = (&'a str, Family)>) -> Self {
        let mut looks: Vec<Look> = Vec::new();
        for (id, family) in models {
            if looks.iter().all(|look| look.id != id) {
                let rank = looks.iter().filter(|look| look.family == family).count();
                let (ink, marker) = (ink(family), Marker::nth(rank));
                looks.push(Look { id: id.to_owned(), family, ink, marker });
            }
        }
        Self(looks)
    }

    /// All of them.
    pub(crate) fn all(&self) -> &[Look] {
        &self.0
    }

    /// The number of a model, by which charts and rows of one page find each other; `None` for one that has no look.
    pub(crate) fn index(&self, model: &str) -> Option<usize> {
        self.0.iter().position(|look| look.id == model)
    }

    /// How a model looks.
    pub(crate) fn of(&self, model: &str) -> Option<&Look> {
        self.0.get(self.index(model)?)
    }
}

/// The colour of a family: the eye sorts models by family before it reads a name.
pub(crate) fn ink(family: Family) -> Ink {
    Ink::Series(match family {
        Family::Baseline => 0,
        Family::Processes => 1,
        Family::Threads => 2,
        Family::Pools => 3,
        Family::Coroutines => 4,
        Family::Hybrids => 5,
    })
}

/// The marker of a model, as a small drawing beside its name.
pub(crate) fn key(ink: Ink, marker: Marker) -> String {
    let hollow = if marker.hollow() { " h" } else { "" };
    format!(
        "<svg class=\"key\" viewBox=\"-7 -7 14 14\" aria-hidden=\"true\"><path class=\"p{hollow} f-{0} s-{0}\" d=\"{1}\"/></svg>",
        ink.class(),
        marker.path(0.0, 0.0, 5.0)
    )
}

/// The marker of a model.
pub(crate) fn key_of(look: &Look) -> String {
    key(look.ink, look.marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_without_a_look_does_not_get_that_of_another() {
        let looks = Looks::new([("rayon", Family::Pools), ("smol", Family::Coroutines)]);
        assert_eq!(looks.index("smol"), Some(1));
        assert_eq!(looks.of("smol").map(|look| look.family), Some(Family::Coroutines));
        assert_eq!((looks.index("other"), looks.of("other")), (None, None));
    }
}
