//! Schemas as tables of members, and the slugs that a problem may have.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

use super::prose::{escaped, line};

/// How deep members of members are shown.
const DEPTH_MAX: usize = 3;

/// What of a schema is shown.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Schema {
    #[serde(rename = "type")]
    kind: Option<String>,
    format: Option<String>,
    description: Option<String>,
    nullable: bool,
    required: Vec<String>,
    properties: BTreeMap<String, Value>,
    items: Option<Value>,
    all_of: Vec<Value>,
    one_of: Vec<Value>,
    #[serde(rename = "enum")]
    values: Vec<Value>,
    min_length: Option<u64>,
    max_length: Option<u64>,
}

/// What a reference names, or the value itself.
pub(super) fn resolved<'a>(tree: &'a Value, value: &'a Value) -> &'a Value {
    let name = value.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#'));
    name.and_then(|pointer| tree.pointer(pointer)).unwrap_or(value)
}

/// The schema with the members of all its parts.
fn read(tree: &Value, value: &Value) -> Schema {
    let mut schema = Schema::deserialize(resolved(tree, value)).unwrap_or_default();
    for part in std::mem::take(&mut schema.all_of) {
        let part = read(tree, &part);
        schema.kind = schema.kind.or(part.kind);
        schema.required.extend(part.required);
        schema.properties.extend(part.properties);
    }
    schema
}

/// A table of the members; empty where there are none.
pub(super) fn table(tree: &Value, value: &Value) -> String {
    let mut rows = Vec::new();
    add_rows(tree, &read(tree, value), "", 0, &mut rows);
    if rows.is_empty() { String::new() } else { format!("<table>{}</table>\n", rows.concat()) }
}

fn add_rows(tree: &Value, schema: &Schema, prefix: &str, depth: usize, rows: &mut Vec<String>) {
    for (name, member) in &schema.properties {
        let member = read(tree, member);
        let optional = if schema.required.contains(name) { "" } else { "optional " };
        let about = member.description.as_deref().map(line).unwrap_or_default();
        rows.push(format!(
            "<tr><td><code>{prefix}{}</code></td><td>{optional}{}</td><td>{about}</td></tr>\n",
            escaped(name),
            kind(tree, &member)
        ));
        if depth < DEPTH_MAX {
            let items = member.items.as_ref().map(|items| read(tree, items));
            let (inner, sign) = items.as_ref().map_or((&member, "."), |items| (items, "[]."));
            add_rows(tree, inner, &format!("{prefix}{}{sign}", escaped(name)), depth + 1, rows);
        }
    }
}

/// The type in words.
fn kind(tree: &Value, schema: &Schema) -> String {
    if !schema.values.is_empty() {
        let values: Vec<String> =
            schema.values.iter().map(|value| format!("<code>{}</code>", plain(value))).collect();
        return values.join(" | ");
    }
    let text = match (&schema.kind, &schema.format, &schema.items) {
        (_, _, Some(items)) => format!("array of {}", kind(tree, &read(tree, items))),
        (_, Some(format), None) => escaped(format),
        (Some(kind), None, None) => escaped(kind),
        (None, None, None) => {
            let kinds: Vec<String> = schema.one_of.iter().map(|one| kind(tree, &read(tree, one))).collect();
            kinds.join(" | ")
        }
    };
    let text = match (schema.min_length, schema.max_length) {
        (Some(min), Some(max)) => format!("{text}, {min} to {max} characters"),
        (None, Some(max)) => format!("{text}, at most {max} characters"),
        _ => text,
    };
    if schema.nullable { text + " | null" } else { text }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| escaped(&value.to_string()), escaped)
}

/// The slugs of the problems that a schema allows.
pub(super) fn slugs(tree: &Value, value: &Value) -> Vec<String> {
    let schema = read(tree, value);
    let kinds = schema.properties.get("type").map(|kind| read(tree, kind).values).unwrap_or_default();
    let slug = |kind: &Value| kind.as_str()?.strip_prefix("urn:streamly:problem:").map(escaped);
    kinds.iter().filter_map(slug).collect()
}
