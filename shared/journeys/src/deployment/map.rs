//! The one map of functions names what each program reads. A plan does not tell: a variable that nobody set, and one that the
//! map forgot, are both absent from it.

use super::Program;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// An entry of the map in `functions.tf`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Entry {
    /// What the function reads that is no secret.
    #[serde(default)]
    pub variables: BTreeSet<String>,
    /// What it reads that is one.
    #[serde(default)]
    pub secrets: BTreeSet<String>,
}

/// What the platform or the module gives to each function, and so no entry names.
const GIVEN: [&str; 6] = [
    "DATABASE_CA_FILE",
    "DATABASE_POOL_SIZE",
    "DATABASE_URL",
    "FUNCTION_SIGNATURE_TYPE",
    "GCP_PROJECT_ID",
    "PORT",
];
/// What points a function at a stand-in of a provider, which no deployment does.
const STAND_INS: [&str; 3] = ["MUX_IMAGE_BASE_URL", "MUX_STREAM_BASE_URL", "STRIPE_API_BASE"];
/// It comes before all others and has a module of its own.
const FIRST: &str = "migrate";

/// Every difference between the map and the programs, as a sentence.
pub fn map_faults(map: &BTreeMap<String, Entry>, programs: &[Program]) -> Vec<String> {
    let mut faults = Vec::new();
    for program in programs.iter().filter(|program| program.name != FIRST) {
        let name = &program.name;
        let Some(entry) = map.get(name) else {
            faults.push(format!("{name} has no entry in functions.tf"));
            continue;
        };
        let named: BTreeSet<&str> = entry.variables.union(&entry.secrets).map(String::as_str).collect();
        let read: BTreeSet<&str> = program.variables.iter().map(|variable| variable.name.as_str()).collect();
        let elsewhere = |variable: &&&str| GIVEN.contains(*variable) || STAND_INS.contains(*variable);
        let forgotten = read.difference(&named).filter(|variable| !elsewhere(variable));
        faults.extend(forgotten.map(|variable| {
            format!("{name} reads {variable}, which its entry in functions.tf does not name")
        }));
        let unread = named.difference(&read);
        faults.extend(unread.map(|variable| {
            format!("the entry of {name} in functions.tf names {variable}, which it does not read")
        }));
    }
    faults
}
