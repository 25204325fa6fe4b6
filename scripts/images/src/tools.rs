//! The two tools that put the list of dependencies into a program and read it out again as a bill of materials. They are
//! installed below the target folder, at the versions named here, where the machine does not have them there yet.

use crate::steps::{StepError, run};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Cargo with the list of dependencies compiled in: <https://crates.io/crates/cargo-auditable>.
const CARGO_AUDITABLE: Tool = Tool { name: "cargo-auditable", version: "0.7.7" };

/// That list as `CycloneDX`: <https://crates.io/crates/auditable2cdx>.
const AUDITABLE2CDX: Tool = Tool { name: "auditable2cdx", version: "0.1.0" };

struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Where the tools lie.
pub(crate) struct Tools {
    pub(crate) cargo_auditable: PathBuf,
    pub(crate) auditable2cdx: PathBuf,
}

impl Tools {
    /// Finds both, or installs what is missing.
    pub(crate) fn find(target_folder: &Path) -> Result<Self, StepError> {
        let folder = target_folder.join("tools");
        Ok(Self {
            cargo_auditable: CARGO_AUDITABLE.find(&folder)?,
            auditable2cdx: AUDITABLE2CDX.find(&folder)?,
        })
    }
}

impl Tool {
    fn find(&self, folder: &Path) -> Result<PathBuf, StepError> {
        // One folder a version, so that another version of this file finds its own.
        let root = folder.join(format!("{}-{}", self.name, self.version));
        let program = root.join("bin").join(self.name);
        if !program.is_file() {
            let mut cargo = Command::new("cargo");
            cargo
                .args(["install", "--quiet", "--locked", self.name, "--version", self.version, "--root"])
                .arg(&root);
            cargo.arg("--target-dir").arg(folder.join("build"));
            run(&mut cargo, &format!("{} could not be installed", self.name))?;
        }
        Ok(program)
    }
}
