//! The page itself: every operation by tag, with what to send, what comes back, and a command to try it with.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io;

use super::prose::{escaped, line, paragraphs};
use super::schema::{resolved, slugs, table};
use crate::gateway::Document;

const STYLE: &str = include_str!("page.css");

#[derive(Deserialize)]
struct Api {
    info: Info,
    tags: Vec<Tag>,
    paths: BTreeMap<String, BTreeMap<String, Operation>>,
}

#[derive(Deserialize)]
struct Info {
    title: String,
    description: String,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    description: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    #[serde(rename = "operationId")]
    id: String,
    summary: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    parameters: Vec<Parameter>,
    request_body: Option<Content>,
    responses: BTreeMap<String, Value>,
    security: Vec<BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Parameter {
    name: String,
    #[serde(rename = "in")]
    place: String,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    description: String,
    example: Option<String>,
}

#[derive(Deserialize)]
struct Content {
    #[serde(default)]
    description: String,
    #[serde(default)]
    content: BTreeMap<String, Media>,
}

#[derive(Deserialize)]
struct Media {
    schema: Value,
    example: Option<Value>,
}

/// The page of this document.
pub(super) fn render(document: &Document, gateway_url: &str) -> io::Result<String> {
    let tree = document.tree();
    let api = Api::deserialize(tree)?;
    let mut paths: Vec<_> = api.paths.iter().collect();
    // In the order in which they were written, which is one to read.
    paths.sort_by_key(|(path, _)| document.text().find(&format!("\n  {path}:")));
    let (mut contents, mut body) = (Vec::new(), Vec::new());
    for tag in &api.tags {
        contents.push(format!("<li>{}<ul>\n", escaped(&tag.name)));
        body.push(format!("<h2>{}</h2>\n{}", escaped(&tag.name), paragraphs(&tag.description)));
        for (path, operations) in &paths {
            // A preflight is the browser's affair.
            for (method, operation) in operations.iter().filter(|(method, _)| *method != "options") {
                if operation.tags.contains(&tag.name) {
                    let id = escaped(&operation.id);
                    contents.push(format!("<li><a href=\"#{id}\">{}</a></li>\n", line(&operation.summary)));
                    body.push(section(tree, gateway_url, path, method, operation));
                }
            }
        }
        contents.push("</ul></li>\n".to_owned());
    }
    let (title, about) = (escaped(&api.info.title), paragraphs(&api.info.description));
    let (gateway, contents, body) = (escaped(gateway_url), contents.concat(), body.concat());
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}: the API</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head>\n<body>\n\
         <nav><strong>{title}</strong><ul>\n{contents}</ul><a href=\"/openapi.yaml\">openapi.yaml</a></nav>\n\
         <main><h1>{title}</h1>\n<p>Here it answers at <code>{gateway}</code>.</p>\n{about}{body}</main>\n</body></html>\n"
    ))
}

fn section(tree: &Value, gateway_url: &str, path: &str, method: &str, operation: &Operation) -> String {
    let verb = method.to_ascii_uppercase();
    let mut html = vec![format!(
        "<section id=\"{}\"><h3>{}</h3>\n<p class=\"route\"><b>{verb}</b> <code>{}</code>{}</p>\n{}",
        escaped(&operation.id),
        line(&operation.summary),
        escaped(path),
        token(operation),
        paragraphs(&operation.description)
    )];
    if !operation.parameters.is_empty() {
        html.push("<h4>Parameters</h4><table>".to_owned());
        for parameter in &operation.parameters {
            let needed = if parameter.required { "" } else { "optional, " };
            html.push(format!(
                "<tr><td><code>{}</code></td><td>{needed}in the {}</td><td>{}</td></tr>\n",
                escaped(&parameter.name),
                escaped(&parameter.place),
                line(&parameter.description)
            ));
        }
        html.push("</table>\n".to_owned());
    }
    if let Some((media_type, media)) =
        operation.request_body.as_ref().and_then(|body| body.content.first_key_value())
    {
        html.push(format!(
            "<h4>Body, <code>{}</code></h4>\n{}",
            escaped(media_type),
            table(tree, &media.schema)
        ));
    }
    html.push(format!(
        "<h4>Try it</h4>\n<pre>{}</pre>\n",
        escaped(&command(gateway_url, path, &verb, operation))
    ));
    html.push("<h4>Answers</h4>\n".to_owned());
    for (status, response) in &operation.responses {
        html.push(answer(tree, status, response));
    }
    html.push("</section>\n".to_owned());
    html.concat()
}

fn token(operation: &Operation) -> &'static str {
    match operation.security.iter().map(BTreeMap::is_empty).collect::<Vec<_>>()[..] {
        [] => "",
        [false] => " <span>needs an access token</span>",
        _ => " <span>takes an access token, needs none</span>",
    }
}

/// One answer, folded; the good ones show what they hold.
fn answer(tree: &Value, status: &str, response: &Value) -> String {
    let Ok(response) = Content::deserialize(resolved(tree, response)) else { return String::new() };
    let mut inside = vec![paragraphs(&response.description)];
    let mut found = Vec::new();
    for (media_type, media) in &response.content {
        found.extend(slugs(tree, &media.schema));
        if media_type == "application/json" && status.starts_with('2') {
            inside.push(table(tree, &media.schema));
        }
        if let Some(example) = &media.example {
            // A tree of JSON always prints.
            let example = serde_json::to_string_pretty(example).unwrap_or_default();
            inside.push(format!("<pre>{}</pre>\n", escaped(&example)));
        }
    }
    let named: Vec<String> = found.iter().map(|slug| format!(" <code>{slug}</code>")).collect();
    let (named, inside) = (named.concat(), inside.concat());
    let open = if status.starts_with('2') { " open" } else { "" };
    format!("<details{open}><summary><b>{}</b>{named}</summary>\n{inside}</details>\n", escaped(status))
}

/// A command for a shell, with the document's own examples.
fn command(gateway_url: &str, path: &str, verb: &str, operation: &Operation) -> String {
    let mut target = format!("{gateway_url}{path}");
    let mut lines = Vec::new();
    for parameter in &operation.parameters {
        let example = parameter.example.as_deref().unwrap_or_default();
        match &*parameter.place {
            "path" => target = target.replace(&format!("{{{}}}", parameter.name), example),
            "header" => lines.push(format!("-H '{}: {example}'", parameter.name)),
            _ => {}
        }
    }
    if !operation.security.is_empty() {
        lines.push("-H \"Authorization: Bearer $ACCESS_TOKEN\"".to_owned());
    }
    let media = operation.request_body.as_ref().and_then(|body| body.content.first_key_value());
    if let Some((media_type, Media { example: Some(example), .. })) = media {
        lines.push(format!("-H 'Content-Type: {media_type}'"));
        lines.push(format!("-d '{example}'"));
    }
    let first = if verb == "GET" { format!("curl {target}") } else { format!("curl -X {verb} {target}") };
    lines.insert(0, first);
    lines.join(" \\\n  ")
}
