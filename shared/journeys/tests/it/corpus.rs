//! Every stored input of the fuzz targets, in every test run: a file in a target's folder is a case.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

#[path = "../../../functions-framework/fuzz/src/lib.rs"]
pub mod framework;
#[path = "../../../streamly/fuzz/src/lib.rs"]
pub mod product;

use product::Target;

/// The folders of fuzz targets, beside the crates that they are about.
const FUZZ: [(&str, &[Target]); 2] =
    [("functions-framework", framework::TARGETS), ("streamly", product::TARGETS)];

fn folder(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(of).join("fuzz")
}

/// The names in a folder, without their endings.
fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let names = entries.map(|entry| entry.expect("the folder is readable").path());
    names.map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned()).collect()
}

/// The inputs of a target, with the names of their files.
fn inputs(of: &str, target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = folder(of).join("corpus").join(target);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("the folder is readable").path());
    paths.map(|path| (path.clone(), fs::read(&path).expect("the input is readable"))).collect()
}

#[test]
fn every_stored_input_keeps_what_its_target_claims() {
    let mut broken = Vec::new();
    for (of, targets) in FUZZ {
        for (target, check) in targets {
            let (mut taken, mut refused) = (0_u32, 0_u32);
            for (path, input) in inputs(of, target) {
                match catch_unwind(AssertUnwindSafe(|| check(&input))) {
                    Ok(true) => taken += 1,
                    Ok(false) => refused += 1,
                    Err(_) => broken.push(path.display().to_string()),
                }
            }
            // A folder that one side is missing from says nothing of where they meet.
            assert!(taken > 0 && refused > 0, "{of}, {target}: {taken} taken, {refused} refused");
        }
    }
    assert!(broken.is_empty(), "what these inputs show is above:\n{}", broken.join("\n"));
}

#[test]
fn every_target_has_its_program_its_inputs_and_its_entry() {
    for (of, targets) in FUZZ {
        let folder = folder(of);
        let expected: BTreeSet<String> = targets.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names(&folder.join("fuzz_targets")), expected, "programs of {of}");
        assert_eq!(names(&folder.join("corpus")), expected, "inputs of {of}");
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("the manifest is readable");
        let listed = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
        let listed = listed.map(|rest| rest.trim_end_matches(".rs\"").to_owned()).collect();
        assert_eq!(expected, listed, "entries of {of}");
    }
}

#[test]
fn the_targets_depend_on_the_versions_of_the_house() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let house = fs::read_to_string(root).expect("the manifest is readable");
    let version = |line: &str| {
        let (name, rest) = line.split_once(" = ")?;
        let version = rest.split('"').nth(usize::from(!rest.contains("path = ")))?;
        Some((name.to_owned(), version.to_owned()))
    };
    let ours: BTreeSet<_> = house.lines().filter_map(version).collect();
    for (of, _) in FUZZ {
        let manifest = fs::read_to_string(folder(of).join("Cargo.toml")).expect("the manifest is readable");
        let dependencies = manifest.split("[dependencies]\n").nth(1).expect("they are there");
        let lines = dependencies.split("\n\n").next().unwrap_or_default().lines();
        let others: Vec<_> = lines
            .filter(|line| !line.contains("path = ") && !line.starts_with("libfuzzer-sys"))
            .filter(|line| version(line).is_none_or(|dependency| !ours.contains(&dependency)))
            .collect();
        assert!(others.is_empty(), "{of}: {others:?}");
    }
}
