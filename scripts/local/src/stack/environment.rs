//! `stack.env`: the addresses and keys of a running stack, one `KEY=value` a line, quoted for a shell that sources it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::file;

/// The file of a running stack; it goes when this is dropped.
#[derive(Debug)]
pub(super) struct EnvironmentFile(PathBuf);

impl EnvironmentFile {
    /// Where the file of a stack in this folder is.
    pub(super) fn path(folder: &Path) -> PathBuf {
        folder.join("stack.env")
    }

    /// Removes what a killed stack left.
    pub(super) fn remove_old(folder: &Path) -> io::Result<()> {
        file::remove(&Self::path(folder))
    }

    /// Writes it whole or not at all: whoever sees it sees all of it. It holds keys, so it is for its owner alone.
    pub(super) fn write(folder: &Path, variables: &BTreeMap<String, String>) -> io::Result<Self> {
        let path = Self::path(folder);
        file::write_whole(&path, text(variables).as_bytes())?;
        Ok(Self(path))
    }
}

impl Drop for EnvironmentFile {
    fn drop(&mut self) {
        // Where it cannot be removed, the next start does it, and nothing answers at its addresses.
        let _ = fs::remove_file(&self.0);
    }
}

/// The variables of the stack that runs in this folder; none where none runs.
pub fn read(folder: &Path) -> Option<BTreeMap<String, String>> {
    let text = fs::read_to_string(EnvironmentFile::path(folder)).ok()?;
    text.lines()
        .map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), unquoted(value))))
        .collect()
}

fn text(variables: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> =
        variables.iter().map(|(name, value)| format!("{name}={}\n", quoted(value))).collect();
    lines.concat()
}

/// As it is where no shell would change it, else between single quotes. A line break becomes a space: none of our values
/// needs one, and the file stays one line a variable.
fn quoted(value: &str) -> String {
    let plain = |sign: char| sign.is_ascii_alphanumeric() || "_-./:@%+,".contains(sign);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    let line = value.replace("\r\n", " ").replace(['\n', '\r'], " ");
    format!("'{}'", line.replace('\'', r"'\''"))
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    inner.map_or_else(|| text.to_owned(), |inner| inner.replace(r"'\''", "'"))
}

#[cfg(test)]
mod tests {
    use super::{quoted, unquoted};
    use std::process::Command;

    /// What a shell makes of the value, and what we make of it.
    #[track_caller]
    fn check(value: &str) {
        let script = format!("X={}\nprintf %s \"$X\"", quoted(value));
        let output =
            Command::new("/bin/sh").args(["-c", &script]).output().expect("every machine has a shell");
        assert_eq!(String::from_utf8_lossy(&output.stdout), value, "{script}");
        assert_eq!(unquoted(&quoted(value)), value);
    }

    #[test]
    fn a_shell_reads_back_what_was_written() {
        check("http://127.0.0.1:8080");
        check("postgres://streamly:a1@127.0.0.1:5432/streamly?sslmode=disable");
        check("");
        check(r#"[{"slug": "basic", "name": "It's $5 & `more`"}]"#);
        check("'");
        check("a'b''c");
        check(r"back\slash \n $HOME ${X} !x ~ * ; # \");
        check("  spaces  ");
        check("Grüße 🎬");
        check("a=b");
    }

    #[test]
    fn a_line_break_becomes_a_space() {
        assert_eq!(quoted("[\n{}\r\n]"), "'[ {} ]'");
    }

    #[test]
    fn an_address_is_written_without_quotes() {
        assert_eq!(quoted("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
    }
}
