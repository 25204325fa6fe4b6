//! The rules that a planned deployment keeps, put to what `terraform show -json` says of a plan.
//!
//! Terraform's own checks see one value at a time. These see the whole: that each function gets what its program says it
//! reads, under a login whose role the migrations know, and that nothing is open, unpinned or unprotected that should not
//! be. Each broken rule is a sentence that names the function and what is missing.

mod contract;
mod map;
mod plan;
mod policy;

pub use contract::{Program, Variable};
pub use map::{Entry, map_faults};
pub use plan::{Plan, Resource};

/// What a deployment is compared with.
#[derive(Debug)]
pub struct House {
    /// Every function, with what its program says it reads.
    pub programs: Vec<Program>,
    /// The database roles that the migrations make.
    pub roles: Vec<String>,
    /// Texts that must stand nowhere in a plan: the secrets that it was given.
    pub secret_values: Vec<String>,
}

/// Every broken rule, as a sentence; none where the plan keeps them all.
pub fn faults(house: &House, plan: &Plan) -> Vec<String> {
    let mut faults = contract::faults(house, plan);
    faults.extend(policy::faults(house, plan));
    faults
}
