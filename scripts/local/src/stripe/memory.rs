//! What outlives the stand-in: its state in one file, so that a stack that is started again finds the customers,
//! subscriptions and events of before, and the time to which its clock was moved.
//!
//! The file is a line of JSON for each change, and each change is in it before anyone outside hears of it: an answer and a
//! delivery wait for that. Changes that come while one is being written share the next line. The first line is the whole
//! state at the start, written in place of the former file; a last line that was cut short tells of a change that nobody
//! has heard of.

use super::Options;
use super::delivery::Deliveries;
use super::life::Retries;
use super::state::{Shared, State};
use super::timeline::Timeline;
use crate::file;
use axum::extract::{Request, State as Extract};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// What of many objects has changed.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Difference {
    pub(super) set: Vec<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) gone: Vec<String>,
}

impl Difference {
    /// Whether nothing has.
    pub(super) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.gone.is_empty()
    }
}

/// What tells its changes, and can be changed by them.
pub(super) trait Kept {
    /// What has changed since this was asked for.
    fn take_difference(&mut self) -> Difference;

    /// The same change once more.
    fn apply(&mut self, difference: Difference) -> Result<(), serde_json::Error>;
}

/// A change of the state: the few settings as they are, and the difference by the name of each kind.
#[derive(Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) time: Timeline,
    pub(super) retries: Retries,
    pub(super) deliveries: Deliveries,
    pub(super) stores: BTreeMap<String, Difference>,
}

/// The file and how far it is up to date.
pub(super) struct Memory {
    file: Option<PathBuf>,
    /// How many changes there were.
    changes: watch::Sender<u64>,
    /// How many of them are in the file; or why that cannot be written, which ends the memory.
    written: watch::Sender<Result<u64, String>>,
}

/// The state that this file keeps, with what the options say; nothing is kept where there is no such file.
pub(super) fn recall(options: Options) -> io::Result<State> {
    let unreadable = |file: &Path, error: serde_json::Error| {
        let way_out = "scripts/dev --fresh begins with an empty one";
        io::Error::other(format!("its memory in {} cannot be read ({error}); {way_out}", file.display()))
    };
    let Some(file) = options.memory.clone() else {
        return State::new(options, Vec::new()).map_err(io::Error::other);
    };
    let kept = match std::fs::read_to_string(&file) {
        Ok(text) => changes(&text).map_err(|error| unreadable(&file, error))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    State::new(options, kept).map_err(|error| unreadable(&file, error))
}

fn changes(text: &str) -> Result<Vec<Change>, serde_json::Error> {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    // The first line was written whole or not at all.
    let first = std::iter::once(first);
    let whole = rest.rfind('\n').map_or("", |end| &rest[..end]);
    first.chain(whole.lines()).map(serde_json::from_str).collect()
}

impl Memory {
    /// One that keeps the state in this file, or none.
    pub(super) fn new(file: Option<PathBuf>) -> Self {
        Self { file, changes: watch::Sender::new(0), written: watch::Sender::new(Ok(0)) }
    }

    /// Notes that the state is another one now.
    pub(super) fn note_change(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Waits until every change up to now is in the file. Says so where that cannot be.
    pub(super) async fn kept(&self) -> Option<String> {
        self.file.as_ref()?;
        let wanted = *self.changes.borrow();
        let mut written = self.written.subscribe();
        let is_kept = |written: &Result<u64, String>| written.as_ref().map_or(true, |count| *count >= wanted);
        // The sender is here, so there is always an answer.
        let answer = written.wait_for(is_kept).await;
        answer.ok().and_then(|written| written.as_ref().err().cloned())
    }
}

/// Writes the state at once, and then each change.
pub(super) async fn run(shared: Arc<Shared>) {
    let memory = &shared.memory;
    let Some(path) = memory.file.clone() else { return };
    let mut changes = memory.changes.subscribe();
    let mut file: Option<Arc<File>> = None;
    loop {
        let (count, change) = {
            // A change is noted after it was made, so under the lock at least those counted are in the state.
            let mut state = shared.lock();
            (*changes.borrow_and_update(), state.take_change())
        };
        let mut line = serde_json::to_vec(&change).expect("the state has texts for keys");
        line.push(b'\n');
        let (opened, path) = (file.clone(), path.clone());
        let writing = tokio::task::spawn_blocking(move || write(opened, &path, &line));
        match writing.await.map_err(io::Error::other).flatten() {
            Ok(written) => file = Some(written),
            Err(fault) => {
                drop(memory.written.send_replace(Err(fault.to_string())));
                return;
            }
        }
        drop(memory.written.send_replace(Ok(count)));
        if changes.changed().await.is_err() {
            return;
        }
    }
}

/// Adds a line to the open file, or begins the file with it.
fn write(opened: Option<Arc<File>>, path: &Path, line: &[u8]) -> io::Result<Arc<File>> {
    if let Some(file) = opened {
        (&*file).write_all(line)?;
        return Ok(file);
    }
    file::write_whole(path, line)?;
    OpenOptions::new().append(true).open(path).map(Arc::new)
}

/// Answers once what the request has changed is kept.
pub(super) async fn keep(Extract(shared): Extract<Arc<Shared>>, request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let response = next.run(request).await;
    if changes {
        shared.memory.note_change();
    }
    match shared.memory.kept().await {
        None => response,
        Some(fault) => {
            let text = format!("the stand-in for Stripe cannot keep its memory: {fault}");
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}
