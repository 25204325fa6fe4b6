//! Puts the rules of a deployment to planned Terraform, and compares the document that Terraform renders for the gateway
//! with the one that the local gateway reads.
//!
//! `deployment --programs FOLDER [--map FILE] [--document FILE]... [--secret VALUE]... PLAN...`, where a plan is what
//! `terraform show -json` printed, a document what the module `document` printed for the addresses below, and the map what
//! `terraform console` printed for `jsonencode(local.house)`.

use journeys::deployment::{Entry, House, Plan, Program, faults, map_faults};
use local::gateway::{Backend, Document};
use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Default)]
struct Arguments {
    programs: PathBuf,
    map: Option<PathBuf>,
    documents: Vec<PathBuf>,
    secrets: Vec<String>,
    plans: Vec<PathBuf>,
}

fn arguments() -> Result<Arguments> {
    let mut arguments = Arguments::default();
    let mut given = env::args().skip(1);
    while let Some(argument) = given.next() {
        let mut value = || given.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--programs" => arguments.programs = value()?.into(),
            "--map" => arguments.map = Some(value()?.into()),
            "--document" => arguments.documents.push(value()?.into()),
            "--secret" => arguments.secrets.push(value()?),
            plan => arguments.plans.push(plan.into()),
        }
    }
    Ok(arguments)
}

/// The functions are the folders; each program tells what it reads.
fn programs(folder: &Path) -> Result<Vec<Program>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let mut programs = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !entry.path().join("Cargo.toml").exists() {
            continue;
        }
        let printed = Command::new(folder.join(&name)).arg("--print-variables").output()?;
        let variables = serde_json::from_slice(&printed.stdout)
            .map_err(|error| format!("{name} --print-variables: {error}"))?;
        programs.push(Program { name, variables });
    }
    programs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(programs)
}

/// The map of functions: JSON within the quoted text that the console prints.
fn map(path: &Path) -> Result<BTreeMap<String, Entry>> {
    let text: String = serde_json::from_str(&fs::read_to_string(path)?)?;
    Ok(serde_json::from_str(&text)?)
}

/// The roles that the schema names.
fn roles() -> Result<Vec<String>> {
    let schema =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/schema.sql"))?;
    let is_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let words = schema.split(|letter: char| !is_name(letter)).filter(|word| word.starts_with("streamly_"));
    Ok(words.map(str::to_owned).collect())
}

/// The document that Terraform rendered says what the local gateway reads for the same addresses.
fn compare(path: &Path) -> Result<()> {
    let rendered: serde_json::Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let backends: BTreeMap<String, Backend> =
        serde_json::from_value(rendered["x-google-api-management"]["backends"].clone())?;
    let document = Document::project();
    let ours: BTreeMap<String, Backend> =
        backends.iter().map(|(name, backend)| (name.clone(), Backend::new(name, &backend.address))).collect();
    let expected = document.render(&ours)?;
    // Numbers are compared as numbers: one side writes 15, the other 15.0.
    let (mut expected, mut rendered) = (expected.tree().clone(), rendered);
    numbers(&mut expected);
    numbers(&mut rendered);
    if expected == rendered {
        return Ok(());
    }
    let differs =
        expected.as_object().into_iter().flatten().filter(|(name, value)| rendered.get(name) != Some(value));
    let names: Vec<&String> = differs.map(|(name, _)| name).collect();
    Err(format!("Terraform renders another document than the local gateway reads; see {names:?}").into())
}

fn numbers(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Number(number) => *value = number.as_f64().into(),
        serde_json::Value::Array(values) => values.iter_mut().for_each(numbers),
        serde_json::Value::Object(members) => members.values_mut().for_each(numbers),
        _ => {}
    }
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]
fn main() -> ExitCode {
    let run = || -> Result<usize> {
        let arguments = arguments()?;
        let house = House {
            programs: programs(&arguments.programs)?,
            roles: roles()?,
            secret_values: arguments.secrets,
        };
        let mut broken = 0;
        if let Some(path) = &arguments.map {
            let found = map_faults(&map(path)?, &house.programs);
            for fault in &found {
                eprintln!("{}: {fault}", path.display());
            }
            broken += found.len();
            println!("{}: {} functions, {} rules broken", path.display(), house.programs.len(), found.len());
        }
        for path in &arguments.plans {
            let plan = Plan::read(&fs::read_to_string(path)?)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let found = faults(&house, &plan);
            for fault in &found {
                eprintln!("{}: {fault}", path.display());
            }
            broken += found.len();
            println!("{}: {} resources, {} rules broken", path.display(), plan.resources.len(), found.len());
        }
        for path in &arguments.documents {
            compare(path)?;
            println!("{}: the gateway's document is the local gateway's", path.display());
        }
        Ok(broken)
    };
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("deployment: {error}");
            ExitCode::FAILURE
        }
    }
}
