//! Packs functions into container images: each one static program on nothing, named by digest, with the bill of its
//! materials beside it. It needs neither a container engine nor a registry; `scripts/package` starts it.

mod compile;
mod layer;
mod layout;
mod steps;
mod tools;

use clap::Parser;
use compile::Build;
use layout::Image;
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use tools::Tools;

/// Packs functions into container images, in the OCI image layout, without a container engine.
#[derive(Debug, Parser)]
#[command(name = "scripts/package", after_help = AFTER_HELP)]
struct Arguments {
    /// Which functions; all of them where none is named.
    functions: Vec<String>,
    /// The target to build for; musl's where it can be, else gnu's, both static.
    #[arg(long, value_parser = compile::TARGETS)]
    target: Option<String>,
    /// Where the images go; below the target folder otherwise.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Cargo's own folder of what it builds.
    #[arg(long, env = "CARGO_TARGET_DIR", value_name = "FOLDER", hide = true)]
    target_folder: Option<PathBuf>,
    /// Cargo's own folder of sources.
    #[arg(long, env = "CARGO_HOME", value_name = "FOLDER", hide = true)]
    cargo_home: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
For each function this writes below FOLDER (target/package):
  <function>/image          the image in the OCI layout: skopeo copy oci:<folder> docker://<registry>/<function>
  <function>/root           what is in it: the program and its user's name
  <function>/sbom.cdx.json  the bill of materials, CycloneDX
  images.json               every digest and size

The same source, compiler and target give the same digests. scripts/deploy pushes them.";

fn main() -> ExitCode {
    match package(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut texts = vec![error.to_string()];
            let mut source = error.source();
            while let Some(inner) = source {
                texts.push(inner.to_string());
                source = inner.source();
            }
            // A closed stderr must not hide the exit status.
            let _ = writeln!(io::stderr(), "scripts/package: {}", texts.join(": "));
            ExitCode::FAILURE
        }
    }
}

fn package(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let functions = chosen(&arguments.functions, &workspace.join("functions"))?;
    let target_folder =
        std::path::absolute(arguments.target_folder.clone().unwrap_or_else(|| workspace.join("target")))?;
    let cargo_home = arguments.cargo_home.clone().or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let target = match &arguments.target {
        Some(target) => target.as_str(),
        None => compile::target()?,
    };
    let out = arguments.out.clone().unwrap_or_else(|| target_folder.join("package"));
    say(
        "looking for cargo-auditable and auditable2cdx, which are installed below the target folder if need be",
    );
    let tools = Tools::find(&target_folder)?;
    let build = Build {
        workspace: &workspace,
        target_folder: &target_folder,
        cargo_home: &cargo_home.ok_or("there is no home folder: set CARGO_HOME")?,
        target,
        cargo_auditable: &tools.cargo_auditable,
    };
    let mut images = BTreeMap::new();
    let mut lines = vec![format!("{:<14} {:>10} {:>10}  digest", "function", "program", "image")];
    for (count, function) in (1..).zip(&functions) {
        say(&format!("building {function} for {target}, {count} of {}", functions.len()));
        let (image, bytes) = write(&out.join(function), &build.run(function)?, &tools)?;
        lines.push(format!(
            "{function:<14} {} {}  {}",
            megabytes(bytes),
            megabytes(image.bytes),
            image.digest
        ));
        images.insert(function, image);
    }
    say(&lines.join("\n"));
    fs::write(out.join("images.json"), serde_json::to_vec_pretty(&images)?)?;
    say(&format!("written to {}", out.display()));
    Ok(())
}

/// The functions that are asked for: every folder that is a package, or those that were named.
fn chosen(named: &[String], folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            all.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    all.sort();
    if let Some(unknown) = named.iter().find(|name| !all.contains(name)) {
        return Err(format!("there is no function {unknown:?}; there are {}", all.join(", ")).into());
    }
    Ok(if named.is_empty() { all } else { named.to_vec() })
}

/// Writes what belongs to one function, in place of what an earlier run wrote; tells the image and the program's size.
fn write(folder: &Path, program: &Path, tools: &Tools) -> Result<(Image, usize), Box<dyn Error>> {
    let bytes = fs::read(program).map_err(|error| format!("{}: {error}", program.display()))?;
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    for (path, mode, content) in layer::files(&bytes) {
        let path = folder.join("root").join(path);
        fs::create_dir_all(path.parent().expect("it lies in a folder"))?;
        fs::write(&path, content)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    }
    fs::write(folder.join("sbom.cdx.json"), steps::output(Command::new(&tools.auditable2cdx).arg(program))?)?;
    Ok((layout::write(&folder.join("image"), &bytes)?, bytes.len()))
}

fn megabytes(bytes: usize) -> String {
    // Hundredths are told apart; a float is not needed for that.
    format!("{:>4}.{:02} MB", bytes / 1_000_000, bytes % 1_000_000 / 10_000)
}

/// One line on stdout. A reader that went away is no reason to stop.
fn say(line: &str) {
    let mut out = io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::{chosen, megabytes};
    use std::path::Path;

    fn functions() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions")
    }

    #[test]
    fn all_functions_are_packed_where_none_is_named() {
        let all = chosen(&[], &functions()).expect("they are there");
        for known in ["login", "migrate", "playback", "webhook"] {
            assert!(all.iter().any(|name| name == known), "{known} is missing");
        }
        assert!(all.is_sorted());
    }

    #[test]
    fn a_named_function_is_packed_alone() {
        assert_eq!(chosen(&["login".to_owned()], &functions()).expect("it is there"), ["login"]);
    }

    #[test]
    fn a_name_that_is_no_function_is_refused_with_the_names_that_are() {
        let refused = chosen(&["logout".to_owned()], &functions()).expect_err("there is none").to_string();
        assert!(refused.starts_with("there is no function \"logout\"; there are account, "), "{refused}");
    }

    #[test]
    fn sizes_are_shown_to_a_hundredth_of_a_megabyte() {
        assert_eq!([megabytes(2_899_999), megabytes(90_000)], ["   2.89 MB", "   0.09 MB"]);
    }
}
