//! Builds functions as static programs that come out the same on every machine, with the list of what is in them inside.

use crate::steps::{StepError, output, run};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The two targets whose programs need nothing but a kernel, the better one first.
pub(crate) const TARGETS: [&str; 2] = ["x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"];

/// The better target that this machine can build for: musl wants its own standard library and C compiler.
pub(crate) fn target() -> Result<&'static str, StepError> {
    let libraries = output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGETS[0]]))?;
    let compiler = Command::new("musl-gcc").arg("--version").stdout(Stdio::null()).status();
    let both = Path::new(libraries.trim()).is_dir() && compiler.is_ok_and(|status| status.success());
    Ok(TARGETS[usize::from(!both)])
}

/// How functions are built: where, for which target, with which tool.
#[derive(Debug)]
pub(crate) struct Build<'a> {
    pub(crate) workspace: &'a Path,
    pub(crate) target_folder: &'a Path,
    pub(crate) cargo_home: &'a Path,
    pub(crate) target: &'a str,
    pub(crate) cargo_auditable: &'a Path,
}

impl Build<'_> {
    /// Builds a function and tells where its program lies. Cargo shows its own progress.
    ///
    /// Each is built by itself: together, every one would be given the features that any other asks of a library, and the
    /// digest of one would depend on which others were asked for.
    pub(crate) fn run(&self, function: &str) -> Result<PathBuf, StepError> {
        let homes = Homes::of(self)?;
        let mut cargo = Command::new(self.cargo_auditable);
        cargo.args([
            "auditable",
            "build",
            "--release",
            "--locked",
            "--target",
            self.target,
            "--package",
            function,
        ]);
        cargo.arg("--target-dir").arg(self.target_folder);
        cargo.current_dir(self.workspace).env("RUSTFLAGS", homes.rust_flags()).env("CFLAGS", homes.c_flags());
        run(&mut cargo, &format!("{function} could not be built"))?;
        Ok(self.target_folder.join(self.target).join("release").join(function))
    }
}

/// A program that needs no library, nor `/dev/urandom`: the crate getrandom looks up the kernel's call by name, which a
/// static program cannot, and then opens that file, which an empty root does not have. Named here, the call is linked.
const STATIC: &str = "-C target-feature=+crt-static --cfg getrandom_backend=\"linux_getrandom\"";

/// The folders that differ from machine to machine and would otherwise stand in the programs, as the places of panics,
/// and what they are called there.
struct Homes(Vec<(String, &'static str)>);

impl Homes {
    fn of(build: &Build<'_>) -> Result<Self, StepError> {
        let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
        // Of several that fit the last one counts, so the one inside another comes after it.
        Ok(Self(vec![
            (build.cargo_home.display().to_string(), "/cargo"),
            (sysroot.trim().to_owned(), "/rust"),
            (build.workspace.display().to_string(), "/streamly"),
            (build.target_folder.display().to_string(), "/target"),
        ]))
    }

    fn rust_flags(&self) -> String {
        let homes = self.0.iter().map(|(folder, name)| format!(" --remap-path-prefix={folder}={name}"));
        format!("{STATIC}{}", homes.collect::<String>())
    }

    fn c_flags(&self) -> String {
        let homes = self.0.iter().map(|(folder, name)| format!("-ffile-prefix-map={folder}={name}"));
        homes.collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::{Homes, STATIC};

    #[test]
    fn every_folder_of_this_machine_has_another_name_in_the_programs() {
        let homes = Homes(vec![("/home/a/.cargo".to_owned(), "/cargo"), ("/src".to_owned(), "/streamly")]);
        let expected = "--remap-path-prefix=/home/a/.cargo=/cargo --remap-path-prefix=/src=/streamly";
        assert_eq!(homes.rust_flags(), format!("{STATIC} {expected}"));
        assert_eq!(
            homes.c_flags(),
            "-ffile-prefix-map=/home/a/.cargo=/cargo -ffile-prefix-map=/src=/streamly"
        );
    }
}
