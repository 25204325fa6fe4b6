//! The reconcile job, once and by hand, against the stack that runs in a folder.

use std::process::Command;

use super::options::Options;
use super::parts::RECONCILE;
use super::{StackError, environment};

/// The job's program with the variables that the stack gives to it, its own login to the database among them.
pub fn command(options: &Options) -> Result<Command, StackError> {
    let absent = || StackError::Absent(options.folder.clone());
    let variables = environment::read(&options.folder).ok_or_else(absent)?;
    let mut command = Command::new(options.programs.join(RECONCILE));
    command.env_clear();
    for (name, value) in &variables {
        match name.as_str() {
            "STREAMLY_RECONCILE_DATABASE_URL" => command.env("DATABASE_URL", value),
            "PLANS" | "STRIPE_API_BASE" | "STRIPE_SECRET_KEY" => command.env(name, value),
            _ => &mut command,
        };
    }
    if let Some(file) = options.get("DATABASE_CA_FILE") {
        command.env("DATABASE_CA_FILE", file);
    }
    Ok(command)
}
