//! The OpenAPI document, and its rendering for a gateway: the addresses of the functions are added, `security` is dropped,
//! and nothing else changes.

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The project's document, compiled in so that a program and its routes belong together.
const PROJECT: &str = include_str!("../../../../functions/openapi.yaml");

/// How long the gateway waits for a function.
const DEADLINE_S: u64 = 15;
/// How long it waits for one that asks a provider, in seconds.
const PROVIDER_DEADLINE_S: u64 = 25;
/// The functions that ask a provider while their caller waits.
const ASK_PROVIDERS: [&str; 3] = ["checkout", "portal", "video-admin"];

/// Why a document cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Not YAML.
    #[error("the document cannot be read")]
    Yaml(#[source] Box<serde_saphyr::Error>),
    /// Not of the shape that a gateway needs.
    #[error("the document is not of the expected shape")]
    Shape(#[from] serde_json::Error),
    /// A member of a path that is no method.
    #[error("{path}: '{member}' is no method; parameters stand on operations")]
    Member {
        /// The path.
        path: String,
        /// Its member.
        member: String,
    },
    /// Two operations of one name.
    #[error("the operationId '{0}' is used twice")]
    OperationId(String),
    /// Two functions on one path; another edge routes by path alone.
    #[error("{0} belongs to more than one function")]
    SharedPath(String),
    /// An operation of a function that has no address.
    #[error("the function '{0}' has no address")]
    Unknown(String),
    /// An address that is not `http://host:port`.
    #[error("'{0}' is no address of the form http://host:port")]
    Address(String),
}

/// The document as it is written.
#[derive(Debug, Clone)]
pub struct Document {
    text: String,
    tree: Value,
}

/// One operation: what answers where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// The path template.
    pub path: String,
    /// The method.
    pub method: Method,
    /// Its name.
    pub id: String,
    /// The function that answers.
    pub function: String,
}

/// A function as the gateway reaches it, in the words of the real gateway's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backend {
    /// Its base URL.
    pub address: String,
    /// For whom the gateway's own identity token is made.
    pub jwt_audience: String,
    path_translation: PathTranslation,
    /// How long the gateway waits.
    #[serde(with = "seconds")]
    pub deadline: Duration,
    protocol: String,
    /// Leaves `Authorization` alone, and sends no identity.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disable_auth: bool,
}

/// The only way of forwarding a path that keeps it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum PathTranslation {
    #[serde(rename = "APPEND_PATH_TO_ADDRESS")]
    Append,
}

impl Backend {
    /// This function at this base URL, with the deadline of its kind.
    pub fn new(function: &str, address: &str) -> Self {
        let seconds = if ASK_PROVIDERS.contains(&function) { PROVIDER_DEADLINE_S } else { DEADLINE_S };
        Self {
            address: address.to_owned(),
            jwt_audience: address.to_owned(),
            path_translation: PathTranslation::Append,
            deadline: Duration::from_secs(seconds),
            protocol: "http/1.1".to_owned(),
            disable_auth: false,
        }
    }

    /// Host and port.
    pub(super) fn authority(&self) -> &str {
        self.address.strip_prefix("http://").unwrap_or(&self.address)
    }
}

/// A duration as the number of its seconds.
mod seconds {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(time.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        Duration::try_from_secs_f64(f64::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Document {
    /// The project's own document.
    pub fn project() -> Self {
        Self::read(PROJECT).expect("a test reads the document")
    }

    /// Reads a document.
    pub fn read(yaml: &str) -> Result<Self, DocumentError> {
        // As YAML 1.2 has it, and whoever else renders the document: `y` and `no` are texts.
        let options = serde_saphyr::options! { strict_booleans: true };
        let tree = serde_saphyr::from_str_with_options(yaml, options)
            .map_err(|error| DocumentError::Yaml(Box::new(error)))?;
        let document = Self { text: yaml.to_owned(), tree };
        document.operations()?;
        Ok(document)
    }

    /// The document as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The document as a tree.
    pub fn tree(&self) -> &Value {
        &self.tree
    }

    /// Every operation, by path and method.
    pub fn operations(&self) -> Result<Vec<Operation>, DocumentError> {
        operations(&self.tree)
    }

    /// The functions that the document names, each once, in alphabetical order.
    pub fn functions(&self) -> Result<BTreeSet<String>, DocumentError> {
        Ok(self.operations()?.into_iter().map(|operation| operation.function).collect())
    }

    /// The document for a gateway before these functions.
    pub fn render(&self, backends: &BTreeMap<String, Backend>) -> Result<Rendering, DocumentError> {
        let mut tree = self.tree.clone();
        for operation in self.operations()? {
            let backend = backends
                .get(&operation.function)
                .ok_or_else(|| DocumentError::Unknown(operation.function.clone()))?;
            let port = backend.authority().rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
            if !backend.address.starts_with("http://") || port.is_none() {
                return Err(DocumentError::Address(backend.address.clone()));
            }
            let method = operation.method.as_str().to_ascii_lowercase();
            if let Value::Object(members) = &mut tree["paths"][&operation.path][&method] {
                members.remove("security");
            }
        }
        tree["x-google-api-management"] = serde_json::to_value(Management { backends: backends.clone() })?;
        Ok(Rendering(tree))
    }
}

/// The document with the functions' addresses.
#[derive(Debug, Clone)]
pub struct Rendering(Value);

#[derive(Serialize, Deserialize)]
struct Management {
    backends: BTreeMap<String, Backend>,
}

impl Rendering {
    /// The rendered document as a tree.
    pub fn tree(&self) -> &Value {
        &self.0
    }

    pub(super) fn operations(&self) -> Result<Vec<Operation>, DocumentError> {
        operations(&self.0)
    }

    pub(super) fn backend(&self, function: &str) -> Result<Backend, DocumentError> {
        let mut management = Management::deserialize(&self.0["x-google-api-management"])?;
        management.backends.remove(function).ok_or_else(|| DocumentError::Unknown(function.to_owned()))
    }
}

#[derive(Deserialize)]
struct Paths {
    paths: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "operationId")]
    id: String,
    #[serde(rename = "x-google-backend")]
    function: String,
}

fn operations(tree: &Value) -> Result<Vec<Operation>, DocumentError> {
    const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];
    let mut found: Vec<Operation> = Vec::new();
    for (path, members) in Paths::deserialize(tree)?.paths {
        for (member, operation) in members {
            let method = Method::from_bytes(member.to_ascii_uppercase().as_bytes())
                .ok()
                .filter(|_| METHODS.contains(&member.as_str()));
            let Some(method) = method else { return Err(DocumentError::Member { path, member }) };
            let Named { id, function } = Named::deserialize(operation)?;
            if found.iter().any(|other| other.id == id) {
                return Err(DocumentError::OperationId(id));
            }
            if found.iter().any(|other| other.path == path && other.function != function) {
                return Err(DocumentError::SharedPath(path));
            }
            found.push(Operation { path: path.clone(), method, id, function });
        }
    }
    Ok(found)
}
