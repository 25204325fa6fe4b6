//! A plan as Terraform shows it, as far as the rules look at it.

use serde::Deserialize;
use serde_json::Value;

/// A plan.
#[derive(Debug)]
pub struct Plan {
    /// What is to be made.
    pub resources: Vec<Resource>,
    text: String,
}

/// A resource to be made: what is known of it now, and what Google will say.
#[derive(Debug, Clone, Deserialize)]
pub struct Resource {
    /// Its address in the configuration.
    pub address: String,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
    change: Change,
}

#[derive(Debug, Clone, Deserialize)]
struct Change {
    after: Value,
    after_unknown: Value,
}

#[derive(Deserialize)]
struct Shown {
    resource_changes: Vec<Resource>,
}

impl Plan {
    /// Reads what `terraform show -json` printed.
    pub fn read(text: &str) -> Result<Self, serde_json::Error> {
        let shown: Shown = serde_json::from_str(text)?;
        let made = |resource: &Resource| !resource.change.after.is_null();
        Ok(Self {
            resources: shown.resource_changes.into_iter().filter(made).collect(),
            text: text.to_owned(),
        })
    }

    /// The resources of a type.
    pub fn of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Resource> {
        self.resources.iter().filter(move |resource| resource.kind == kind)
    }

    /// Whether a text stands anywhere in the plan.
    pub fn shows(&self, text: &str) -> bool {
        self.text.contains(text)
    }
}

impl Resource {
    /// What is planned for an attribute, by a JSON pointer; null where it is left out or not yet known.
    pub fn value(&self, pointer: &str) -> &Value {
        self.change.after.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The text of an attribute.
    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.value(pointer).as_str()
    }

    /// Whether Google decides an attribute while the plan is applied.
    pub fn is_unknown(&self, pointer: &str) -> bool {
        self.change.after_unknown.pointer(pointer).is_some_and(|unknown| *unknown == Value::Bool(true))
    }
}
