//! What the user says beforehand, in variables.

use functions_framework::env::{self, Faults, Invalid, Reader, Source};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::StackError;
use crate::process::Progress;

/// How a stack is to be.
pub struct Options {
    /// Where its files lie: `STREAMLY_LOCAL_DIR`, by default `target/local`.
    pub folder: PathBuf,
    /// The gateway's port, `STREAMLY_GATEWAY_PORT`; 0 lets the kernel choose, none is 8080 where that is free.
    pub gateway_port: Option<u16>,
    /// Where the functions' programs are.
    pub programs: PathBuf,
    /// Whether to begin anew: another database, other keys.
    pub fresh: bool,
    /// Variables that take the place of the stack's own.
    pub outside: Arc<dyn Source + Send + Sync>,
    /// Told what happens, one line each.
    pub progress: Progress,
}

impl Options {
    /// A stack in this folder, on free ports, with stand-ins for everything, that tells nobody what it does.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            gateway_port: Some(0),
            programs: programs(),
            fresh: false,
            outside: Arc::new(HashMap::<String, String>::new()),
            progress: Arc::new(|_| ()),
        }
    }

    /// A stack as the variables of this source want it.
    pub fn read(outside: Arc<dyn Source + Send + Sync>) -> Result<Self, Faults> {
        let read = |env: &mut Reader<'_>| -> Result<(PathBuf, Option<u16>), Invalid> {
            let folder = env.or("STREAMLY_LOCAL_DIR", PathBuf::from("target/local"));
            let port = env.optional("STREAMLY_GATEWAY_PORT");
            Ok((folder?, port?))
        };
        let (folder, gateway_port) = env::read_from(&*outside, read)?;
        Ok(Self { gateway_port, outside, ..Self::new(folder) })
    }

    /// A variable that was set beforehand; empty is unset.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.outside.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// A variable that must come with another one.
    pub(super) fn with(&self, other: &str, name: &'static str) -> Result<String, StackError> {
        let missing = || StackError::Variable(name, format!("must be set where {other} is"));
        self.get(name).ok_or_else(missing)
    }
}

/// The folder of the running program; a test's is one deeper.
fn programs() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program.parent().unwrap_or(&program);
    let tests = folder.ends_with("deps") || folder.ends_with("examples");
    folder.parent().filter(|_| tests).unwrap_or(folder).to_owned()
}

#[cfg(test)]
mod tests {
    use super::Options;
    use std::collections::HashMap;
    use std::path::Path;
    use std::sync::Arc;

    fn read(variables: &[(&str, &str)]) -> Result<Options, String> {
        let map: HashMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Options::read(Arc::new(map)).map_err(|faults| faults.to_string())
    }

    #[test]
    fn without_variables_a_stack_lies_in_the_target_folder_and_prefers_8080() {
        let options = read(&[]).expect("nothing is required");
        assert_eq!((&*options.folder, options.gateway_port), (Path::new("target/local"), None));
    }

    #[test]
    fn a_folder_and_a_port_can_be_named() {
        let options = read(&[("STREAMLY_LOCAL_DIR", "/tmp/a b"), ("STREAMLY_GATEWAY_PORT", "0")]);
        let options = options.expect("both are good");
        assert_eq!((&*options.folder, options.gateway_port), (Path::new("/tmp/a b"), Some(0)));
        let refused = read(&[("STREAMLY_GATEWAY_PORT", "65536")]).err().expect("no such port");
        assert!(refused.contains("STREAMLY_GATEWAY_PORT"), "{refused}");
    }
}
