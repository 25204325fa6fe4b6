//! The account that runs the server: ourselves, or another one where we are root.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Error;

/// The accounts that a root user's server may run as, best first.
const UNPRIVILEGED: [&str; 3] = ["postgres", "_postgres", "nobody"];

/// Who runs the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    /// None where the server runs as we do.
    other: Option<(u32, u32)>,
}

impl Account {
    /// Ourselves, or for root an account without privileges.
    pub(super) fn choose() -> Result<Self, Error> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { other: None });
        }
        let known = fs::read_to_string("/etc/passwd").map_err(Error::file("read", "/etc/passwd"))?;
        let found = UNPRIVILEGED.iter().find_map(|name| ids(&known, name));
        let missing = || {
            Error::NotFound(
                "as root it must run as postgres or nobody, and neither account exists".to_owned(),
            )
        };
        Ok(Self { other: Some(found.ok_or_else(missing)?) })
    }

    /// A command that runs as this account, from a folder that every account can enter.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/").stdin(Stdio::null());
        if let Some((user, group)) = self.other {
            command.uid(user).gid(group);
        }
        command
    }

    /// A folder like this one that the account can enter: the folder itself, or one under `/var/tmp` named after it.
    pub(super) fn reachable(self, folder: &Path) -> Result<PathBuf, Error> {
        fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
        let folder = folder.canonicalize().map_err(Error::file("find", folder))?;
        if self.can_enter(&folder) {
            return Ok(folder);
        }
        let name = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, folder.as_os_str().as_encoded_bytes());
        let elsewhere = Path::new("/var/tmp").join(format!("streamly-{name}"));
        // Made by us and for us: a folder that somebody else put there under this name is refused.
        match fs::DirBuilder::new().mode(0o755).create(&elsewhere) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && is_ours(&elsewhere) => {}
            Err(error) => return Err(Error::file("create", elsewhere)(error)),
        }
        Ok(elsewhere)
    }

    /// Creates a private folder that belongs to the account.
    pub(super) fn create_private(self, folder: &Path) -> Result<(), Error> {
        fs::create_dir_all(folder).map_err(Error::file("create", folder))?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(Error::file("close", folder))?;
        self.give(folder)
    }

    /// Hands a file or folder to the account.
    pub(super) fn give(self, path: &Path) -> Result<(), Error> {
        if let Some((user, group)) = self.other {
            chown(path, Some(user), Some(group)).map_err(Error::file("hand over", path))?;
        }
        Ok(())
    }

    fn can_enter(self, folder: &Path) -> bool {
        let mut command = self.command(Path::new("/bin/sh"));
        command.args(["-c", "cd -- \"$1\"", "sh"]).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

/// A real folder of our own, not a link.
fn is_ours(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let ours = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == ours)
}

/// The user's and group's numbers, from lines of `/etc/passwd`.
fn ids(known: &str, name: &str) -> Option<(u32, u32)> {
    let line = known.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut fields = line.split(':').skip(2);
    Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::ids;

    const KNOWN: &str =
        "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104:admin,,,:/var/lib:/bin/sh\nshort:x\n";

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        assert_eq!(ids(KNOWN, "postgres"), Some((101, 104)));
        assert_eq!(ids(KNOWN, "postgre"), None);
        assert_eq!(ids(KNOWN, "short"), None);
    }
}
