//! The schema of specs, for editors.

/// JSON Schema, as text.
pub fn schema() -> String {
    let schema = schemars::schema_for!(crate::raw::Spec);
    let mut text = format!("{:#}", schema.as_value());
    text.push('\n');
    text
}
