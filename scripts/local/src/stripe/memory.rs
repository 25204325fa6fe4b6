//! What outlives the stand-in: its whole state in one file, so that a stack that is started again finds the customers,
//! subscriptions and events of before, and the time to which its clock was moved.
//!
//! Every change is in the file before anyone outside hears of it: an answer and a delivery wait for that. Changes that come
//! while the file is being written share the next writing, and it is replaced whole, so whatever ends the stand-in leaves
//! either the state before a change or the one after it.

use super::state::{Shared, State};
use crate::file;
use axum::extract::{Request, State as Extract};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;

/// The file and how far it is up to date.
pub(super) struct Memory {
    file: Option<PathBuf>,
    /// How many changes there were.
    changes: watch::Sender<u64>,
    /// How many of them are in the file; or why that cannot be written, which ends the memory.
    written: watch::Sender<Result<u64, String>>,
}

/// The state that this file keeps; none where there is no such file.
pub(super) fn recall(file: &Path) -> io::Result<Option<State>> {
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            let way_out = "scripts/dev --fresh begins with an empty one";
            io::Error::other(format!("its memory in {} cannot be read ({error}); {way_out}", file.display()))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
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

/// Writes the state at once, and then whenever it has changed.
pub(super) async fn run(shared: Arc<Shared>) {
    let memory = &shared.memory;
    let Some(file) = &memory.file else { return };
    let mut changes = memory.changes.subscribe();
    loop {
        let (count, bytes) = {
            // A change is noted after it was made, so under the lock at least those counted are in the state.
            let state = shared.lock();
            (*changes.borrow_and_update(), serde_json::to_vec(&*state))
        };
        let bytes = bytes.expect("the state has texts for keys");
        let path = file.clone();
        let writing = tokio::task::spawn_blocking(move || file::write_whole(&path, &bytes)).await;
        let fault = match writing {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(fault) = fault {
            drop(memory.written.send_replace(Err(fault)));
            return;
        }
        drop(memory.written.send_replace(Ok(count)));
        if changes.changed().await.is_err() {
            return;
        }
    }
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
