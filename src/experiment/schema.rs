//! The schema of a record, from its types.

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::experiments;
use crate::record::Record;

/// The JSON Schema of `results.json`: that of the record, with that of each experiment in its place.
pub(crate) fn schema() -> Schema {
    let mut generator = SchemaGenerator::new(SchemaSettings::draft2020_12());
    let parts: Map<String, Value> = experiments()
        .into_iter()
        .map(|kind| (kind.id().to_owned(), kind.schema(&mut generator).to_value()))
        .collect();
    let mut schema = generator.into_root_schema_for::<Record>();
    let experiments = json!({
        "type": "object",
        "description": "What each experiment found, by its id.",
        "properties": parts,
        "additionalProperties": false,
    });
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("experiments".to_owned(), experiments);
    }
    schema
}
