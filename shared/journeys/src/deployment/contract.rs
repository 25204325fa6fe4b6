//! Each function gets what its program reads: every variable that it wants and none that it does not know, secrets by
//! reference, and a login under a role that the migrations made for it.

use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use super::{House, Plan, Resource};

/// A function, with what its program prints for `--print-variables`.
#[derive(Debug, Clone)]
pub struct Program {
    /// The function's name, which is its folder's.
    pub name: String,
    /// What it reads.
    pub variables: Vec<Variable>,
}

/// A variable, as a program tells of it.
#[derive(Debug, Clone, Deserialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Whether the program wants it.
    pub required: bool,
    /// Whether it holds a secret.
    pub secret: bool,
}

/// What Cloud Run itself sets, so that a deployment cannot.
const BY_CLOUD_RUN: &str = "PORT";
/// Migrations own the schema, so their login is no function's.
const OWNER: &str = "migrate";

/// A planned variable: whether it refers to a secret.
type Planned<'a> = BTreeMap<&'a str, bool>;

pub(super) fn faults(house: &House, plan: &Plan) -> Vec<String> {
    let mut faults = Vec::new();
    for program in &house.programs {
        match program.planned(plan) {
            Some(resource) => {
                faults.extend(program.variable_faults(&variables(resource)));
                faults.extend(program.role_faults(house, plan));
            }
            None => faults
                .push(format!("no service or job runs {}: it has no entry in functions.tf", program.name)),
        }
    }
    faults
}

impl Program {
    /// The service or job that runs it.
    fn planned<'a>(&self, plan: &'a Plan) -> Option<&'a Resource> {
        let runs = |resource: &&Resource| {
            let kind =
                ["google_cloud_run_v2_service", "google_cloud_run_v2_job"].contains(&resource.kind.as_str());
            kind && resource
                .text("/name")
                .and_then(|name| name.split_once('-'))
                .is_some_and(|(_, name)| name == self.name)
        };
        plan.resources.iter().find(runs)
    }

    fn variable_faults(&self, planned: &Planned<'_>) -> Vec<String> {
        let mut faults = Vec::new();
        for variable in self.variables.iter().filter(|variable| variable.name != BY_CLOUD_RUN) {
            match planned.get(variable.name.as_str()) {
                None if variable.required => {
                    faults.push(format!("{} wants {}, and nothing gives it", self.name, variable.name));
                }
                Some(false) if variable.secret => {
                    faults.push(format!("{} gets {} in the clear; it is a secret", self.name, variable.name));
                }
                _ => {}
            }
        }
        let known: BTreeSet<&str> = self.variables.iter().map(|variable| variable.name.as_str()).collect();
        let unread = planned.keys().filter(|name| !known.contains(*name));
        faults.extend(unread.map(|name| format!("{} is given {name}, which it does not read", self.name)));
        faults
    }

    fn role_faults(&self, house: &House, plan: &Plan) -> Vec<String> {
        if !self.variables.iter().any(|variable| variable.name == "DATABASE_URL") {
            return Vec::new();
        }
        let login = plan.of("google_sql_user").find(|user| user.text("/name") == Some(&self.name));
        let Some(login) = login else {
            return vec![format!("{} has no login to the database", self.name)];
        };
        let roles: Vec<&str> = login
            .value("/database_roles")
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let expected = format!("streamly_{}", self.name.replace('-', "_"));
        if self.name == OWNER {
            return Vec::new();
        }
        if !house.roles.contains(&expected) {
            return vec![format!("no migration makes the role {expected}")];
        }
        if roles == [expected.as_str()] {
            return Vec::new();
        }
        vec![format!("{} logs in as {roles:?}, not under {expected} alone", self.name)]
    }
}

/// The variables that a service or job is given.
fn variables(resource: &Resource) -> Planned<'_> {
    let in_service = resource.value("/template/0/containers/0/env");
    let in_job = resource.value("/template/0/template/0/containers/0/env");
    let entries = [in_service, in_job].into_iter().filter_map(Value::as_array).flatten();
    let planned = entries.filter_map(|entry| {
        let is_reference = entry.pointer("/value_source/0/secret_key_ref/0/secret").is_some();
        Some((entry.get("name")?.as_str()?, is_reference))
    });
    planned.collect()
}
