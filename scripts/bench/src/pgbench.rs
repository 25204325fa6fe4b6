//! PostgreSQL's own pgbench with the statements that a program was seen to send: the same texts, types and values in the same
//! transaction, each parsed and planned anew. Only what differs from event to event is computed, by the server; a null is
//! written as one, since pgbench sends no null.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::capture::Sent;
use crate::events::{Course, EVENTS_A_SECOND, FIRST_SUBJECT, Numbers};
use crate::load::Measured;

/// The longest value in which numbers are exchanged, in bytes: an event's text is sent as it was captured, which is as long
/// as every other.
const NAME_BYTES_MAX: usize = 200;

/// A transaction for pgbench.
#[derive(Debug)]
pub(crate) struct Script {
    text: String,
    /// What is sent as it was captured, by name.
    definitions: BTreeMap<String, String>,
}

impl Script {
    /// The transaction that was captured for the event of these numbers. Where `pipelines` names statements, pgbench waits
    /// before those and nowhere else, as the program does; otherwise it waits for each.
    pub(crate) fn new(sent: &[Sent], numbers: Numbers, pipelines: &[&str]) -> Self {
        let mut script = Self { text: numbering(), definitions: BTreeMap::new() };
        let in_pipelines = !pipelines.is_empty();
        if in_pipelines {
            script.text.push_str("\\startpipeline\n");
        }
        for (number, sent) in sent.iter().enumerate() {
            if pipelines.contains(&sent.name.as_str()) {
                script.text.push_str("\\endpipeline\n\\startpipeline\n");
            }
            let sql = script.statement(number, sent, numbers);
            // Writing to a string cannot fail.
            let _ = writeln!(script.text, "{};", sql.trim());
        }
        if in_pipelines {
            script.text.push_str("\\endpipeline\n");
        }
        script
    }

    /// The text with an expression in the place of each parameter.
    fn statement(&mut self, number: usize, sent: &Sent, numbers: Numbers) -> String {
        let mut text = String::new();
        let mut pieces = sent.sql.split('$');
        text.push_str(pieces.next().unwrap_or_default());
        for piece in pieces {
            let digits = piece.len() - piece.trim_start_matches(|sign: char| sign.is_ascii_digit()).len();
            let place: usize = piece[..digits].parse().expect("parameters are numbered");
            let (value, type_name) = (sent.values[place - 1].as_deref(), sent.types[place - 1].name());
            let expression = match value {
                None => "null".to_owned(),
                Some(value) => varied(value, numbers).unwrap_or_else(|| {
                    let name = format!("value_{number}_{place}");
                    self.definitions.insert(name.clone(), value.to_owned());
                    format!(":{name}")
                }),
            };
            let _ = write!(text, "({expression}::{type_name}){}", &piece[digits..]);
        }
        text
    }

    /// Runs it for so long: as many clients as the course has connections, over this connection string.
    pub(crate) fn run(
        &self,
        program: &Path,
        settings: &str,
        course: Course,
        seconds: u64,
    ) -> Result<Measured, Box<dyn Error>> {
        let folder = Scratch::new()?;
        let file = folder.0.join("transaction.sql");
        std::fs::write(&file, &self.text)?;
        let threads = std::thread::available_parallelism()?.get().min(usize::try_from(course.connections)?);
        let mut command = Command::new(program);
        command.args(["--no-vacuum", "--protocol=extended", "--log"]).arg("--file").arg(&file);
        command.arg("--log-prefix").arg(folder.0.join("latency"));
        let numbers =
            [("--client", course.connections), ("--time", seconds), ("--jobs", u64::try_from(threads)?)];
        command.args(numbers.map(|(name, number)| format!("{name}={number}")));
        for (name, number) in [
            ("turn", -1),
            ("origin", i64::try_from(course.from)?),
            ("subjects", i64::try_from(course.subjects)?),
            ("connections", i64::try_from(course.connections)?),
        ] {
            command.arg(format!("--define={name}={number}"));
        }
        command.args(self.definitions.iter().map(|(name, value)| format!("--define={name}={value}")));
        let output = command.arg(settings).output()?;
        let (said, complaints) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let per_second =
            said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        match per_second {
            Some(per_second) if output.status.success() => {
                let latencies = latencies(&folder.0)?;
                Ok(Measured { per_second, ..Measured::new(latencies, Duration::from_secs(seconds), None) })
            }
            _ => Err(format!("pgbench failed: {complaints}{said}").into()),
        }
    }
}

/// The numbers of a client's next event, by the same rule as [`Course::numbers`].
fn numbering() -> String {
    format!(
        "\\set turn :turn + 1
\\set created :origin + :turn
\\set event :created * {EVENTS_A_SECOND} + :client_id
\\set place :turn * {stride} % (:subjects / :connections)
\\set subject {FIRST_SUBJECT} + :place * :connections + :client_id
",
        stride = Course::STRIDE,
    )
}

/// An expression that writes the same name for the event in hand; none where a value has no number of an event.
fn varied(value: &str, numbers: Numbers) -> Option<String> {
    if value.len() > NAME_BYTES_MAX {
        return None;
    }
    let Numbers { event, subject, created } = numbers;
    let known = [(event, "event"), (created, "created"), (subject, "subject")]
        .map(|(number, name)| (number.to_string(), name));
    let (before, number, name, after) = known.iter().find_map(|(number, name)| {
        let (before, after) = value.split_once(number.as_str())?;
        Some((before, number, *name, after))
    })?;
    if value == number {
        return Some(format!(":{name}"));
    }
    Some(format!("('{before}' || :{name}::text || '{after}')"))
}

/// What each transaction took, as pgbench logged it: client, number, microseconds, and more.
fn latencies(folder: &Path) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut latencies = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("latency")) {
            let text = std::fs::read_to_string(&path)?;
            let microseconds = text.lines().filter_map(|line| line.split(' ').nth(2)?.parse().ok());
            latencies.extend(microseconds.map(Duration::from_micros));
        }
    }
    Ok(latencies)
}

/// A passing folder.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("streamly-pgbench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A temporary folder's rest is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::{Script, varied};
    use crate::capture::Sent;
    use crate::events::Numbers;
    use tokio_postgres::types::Type;

    const NUMBERS: Numbers = Numbers { subject: 1_000_042, event: 1_790_000_000_003, created: 1_790_000_000 };

    #[test]
    fn only_an_events_own_numbers_vary() {
        let varied = |value| varied(value, NUMBERS);
        assert_eq!(varied("1790000000").as_deref(), Some(":created"));
        assert_eq!(varied("evt_load1790000000003").as_deref(), Some("('evt_load' || :event::text || '')"));
        let user = varied("{00000000-0000-7000-8000-000001000042}");
        assert_eq!(user.as_deref(), Some("('{00000000-0000-7000-8000-00000' || :subject::text || '}')"));
        assert_eq!(varied("active"), None);
        assert_eq!(varied(&"evt_load1790000000003".repeat(20)), None);
    }

    #[test]
    fn a_script_has_the_statements_in_their_pipelines_with_every_parameter_typed() {
        let sent = [
            Sent { name: "begin".to_owned(), sql: "begin".to_owned(), types: &[], values: Vec::new() },
            Sent {
                name: "table::UPDATE".to_owned(),
                sql: "\n update t set a = $2, b = $1 where c = $1 and d = $3".to_owned(),
                types: &[Type::TEXT, Type::INT8, Type::TEXT],
                values: vec![Some("x:y".to_owned()), Some("1790000000".to_owned()), None],
            },
        ];
        let script = Script::new(&sent, NUMBERS, &["table::UPDATE"]);
        let transaction = script.text.split_once("\\startpipeline\n").expect("a pipeline").1;
        let expected = "begin;\n\\endpipeline\n\\startpipeline\nupdate t set a = (:created::int8), b = \
            (:value_1_1::text) where c = (:value_1_1::text) and d = (null::text);\n\\endpipeline\n";
        assert_eq!(transaction, expected);
        assert_eq!(script.definitions["value_1_1"], "x:y");
        assert!(!Script::new(&sent, NUMBERS, &[]).text.contains("pipeline"));
    }
}
