//! A scheduler: posts to an address again and again, as the cloud's does, only oftener.

use bytes::Bytes;
use http::Request;
use std::io;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::client;
use crate::process::Progress;

/// A running schedule; it ends when this is dropped.
#[derive(Debug)]
pub struct Schedule {
    task: JoinHandle<()>,
}

impl Schedule {
    /// Posts to this URL, for the first time after this long, and this often as long as it answers in time. What goes wrong
    /// is told once, until it is well again.
    pub fn start(name: &str, url: &str, every: Duration, progress: Progress) -> io::Result<Self> {
        let request = Request::post(url).body(Bytes::new()).map_err(io::Error::other)?;
        let name = name.to_owned();
        let task = tokio::spawn(async move {
            let mut ticks = interval_at(Instant::now() + every, every);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut was_well = true;
            loop {
                ticks.tick().await;
                let fault = match client::send(request.clone()).await {
                    Ok(answer) if answer.status().is_success() => None,
                    Ok(answer) => Some(format!("it answered {}", answer.status())),
                    Err(error) => Some(error.to_string()),
                };
                match &fault {
                    Some(fault) if was_well => progress(&format!("{name} failed ({fault}); see its log")),
                    None if !was_well => progress(&format!("{name} is well again")),
                    _ => {}
                }
                was_well = fault.is_none();
            }
        });
        Ok(Self { task })
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        self.task.abort();
    }
}
