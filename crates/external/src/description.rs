//! What a runner says of itself.

use std::collections::BTreeMap;

use concbench_text::{clip, one_line};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{LONGEST_LINE, Trouble, VERSION};

/// The longest name or version that is kept, in characters, and the longest reason.
const NAME: usize = 80;
const REASON: usize = 300;

/// What a runner answers to `describe`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The version of the protocol that it speaks.
    pub protocol: u32,
    /// The language.
    pub language: String,
    /// What implements it.
    pub implementation: String,
    /// The version of that.
    pub version: String,
    /// The program that really runs, where a shim may have started it.
    #[serde(default)]
    pub executable: Option<String>,
    /// Whether threads take turns.
    pub global_lock: GlobalLock,
    /// Whether code is compiled while it runs.
    pub jit: bool,
    /// What else is to be said.
    #[serde(default)]
    pub remark: Option<String>,
    /// Each model, and why this runtime has it not; `null` where it has.
    pub models: BTreeMap<String, Option<String>>,
}

/// Whether threads take turns at running the language's own code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GlobalLock {
    /// Whether they do; `null` where the runner cannot say.
    pub held: Option<bool>,
    /// How that was found out.
    pub how: String,
}

impl Description {
    /// Reads the answer to `describe`.
    ///
    /// # Errors
    ///
    /// When it is none, or of another version of the protocol; and what the runner says itself in the place of it.
    pub fn read(line: &[u8]) -> Result<Self, Trouble> {
        if line.len() > LONGEST_LINE {
            return Err(Trouble::failed(format!("a description of more than {LONGEST_LINE} bytes")));
        }
        match crate::Answer::read(line) {
            Ok(crate::Answer::Unsupported(reason)) => return Err(Trouble::unsupported(reason)),
            Ok(crate::Answer::Failed(reason)) => return Err(Trouble::failed(reason)),
            _ => {}
        }
        let said: Self = serde_json::from_slice(line)
            .map_err(|error| Trouble::failed(format!("the description is none: {}", one_line(error))))?;
        if said.protocol != VERSION {
            let what = format!("version {} of the protocol, {VERSION} is spoken here", said.protocol);
            return Err(Trouble::failed(what));
        }
        Ok(said.clipped())
    }

    fn clipped(self) -> Self {
        let name = |text: String| clip(&text, NAME);
        let models = self.models.into_iter();
        Self {
            language: name(self.language),
            implementation: name(self.implementation),
            version: name(self.version),
            global_lock: GlobalLock { how: clip(&self.global_lock.how, REASON), ..self.global_lock },
            remark: self.remark.map(|text| clip(&text, REASON)),
            models: models.map(|(id, why)| (name(id), why.map(|why| clip(&why, REASON)))).collect(),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    const SAID: &str = r#"{"protocol": 1, "language": "L", "implementation": "I", "version": "1", "jit": false,
        "global_lock": {"held": null, "how": "asked"}, "models": {"loop": null, "other": "not there"}}"#;

    #[test]
    fn a_description_names_its_models_and_what_they_lack() {
        let said = Description::read(SAID.replace('\n', " ").as_bytes()).unwrap();
        assert_eq!(said.models["loop"], None);
        assert_eq!(said.models["other"].as_deref(), Some("not there"));
        assert_eq!((said.executable, said.global_lock.held), (None, None));
    }

    #[test]
    fn what_is_none_is_refused_with_the_reason() {
        let kind = |text: &str| Description::read(text.as_bytes()).unwrap_err().kind;
        assert_eq!(kind("unsupported Python 3.9 is needed"), Kind::Unsupported);
        assert_eq!(kind("failed it broke"), Kind::Failed);
        assert_eq!(kind("{}"), Kind::Failed);
        let other = Description::read(SAID.replace("\"protocol\": 1", "\"protocol\": 9").as_bytes());
        assert!(other.unwrap_err().reason.starts_with("version 9"));
    }
}
