//! What crosses functions: their tests stand in `tests/it`. The library holds the rules of a deployment, which the
//! example `deployment` puts to planned Terraform.

pub mod deployment;
