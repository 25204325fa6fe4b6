//! A job as a process of its own, run again and again as its scheduler would, and ended by SIGTERM.

use std::fs::{File, OpenOptions};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::{Ending, ProcessError, Program, Running, Watchdog, terminate};

/// A job that runs again and again; a running one is killed when this is dropped, and ended gently by [`Job::stop`].
pub struct Job {
    stop: watch::Sender<bool>,
    runner: JoinHandle<()>,
}

impl Job {
    /// Runs the program with these arguments, for the first time after this long, and this long after each end.
    pub fn start(
        program: Program,
        arguments: &'static [&'static str],
        every: Duration,
        watchdog: Arc<Watchdog>,
    ) -> Result<Self, ProcessError> {
        File::create(&program.log).map_err(|source| program.spawn_error(&program.log, source))?;
        let (stop, stopped) = watch::channel(false);
        Ok(Self { stop, runner: tokio::spawn(run(program, arguments, every, stopped, watchdog)) })
    }

    /// Ends it: SIGTERM, and SIGKILL where that does not help in time.
    pub async fn stop(mut self) {
        // Without a receiver the runner has ended already.
        let _ = self.stop.send(true);
        let _ = (&mut self.runner).await;
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        // A running child is dropped with its runner, and killed with that.
        self.runner.abort();
    }
}

async fn run(
    program: Program,
    arguments: &'static [&'static str],
    every: Duration,
    mut stopped: watch::Receiver<bool>,
    watchdog: Arc<Watchdog>,
) {
    let mut was_well = true;
    loop {
        tokio::select! {
            () = sleep(every) => {}
            _ = stopped.changed() => return,
        }
        let how = match program.once(arguments, &watchdog) {
            Ok(mut now) => {
                let ended = tokio::select! {
                    status = now.child.wait() => status,
                    _ = stopped.changed() => return terminate(now, &watchdog).await,
                };
                watchdog.forget(now.pid);
                match ended {
                    Ok(status) if status.success() => None,
                    Ok(status) => Some(status.to_string()),
                    Err(error) => Some(error.to_string()),
                }
            }
            Err(error) => Some(error.to_string()),
        };
        // Told once, until it is well again: its log has every run.
        match &how {
            Some(how) if was_well => {
                (program.progress)(&format!(
                    "{} failed ({how}); see {}",
                    program.name,
                    program.log.display()
                ));
            }
            None if !was_well => (program.progress)(&format!("{} is well again", program.name)),
            _ => {}
        }
        was_well = how.is_none();
    }
}

impl Program {
    fn once(&self, arguments: &[&str], watchdog: &Watchdog) -> Result<Running, ProcessError> {
        let log = OpenOptions::new().append(true).open(&self.log);
        let log = log.map_err(|source| self.spawn_error(&self.log, source))?;
        let errors = log.try_clone().map_err(|source| self.spawn_error(&self.log, source))?;
        let mut command = Command::new(&self.path);
        command.args(arguments).env_clear().envs(&self.variables).stdin(Stdio::null());
        // A group of its own: Ctrl-C is for the stack, which ends its parts in order.
        command.stdout(log).stderr(errors).process_group(0).kill_on_drop(true);
        let child = command.spawn().map_err(|source| self.spawn_error(&self.path, source))?;
        let pid = child.id().expect("it has just been started");
        watchdog.watch(pid, Ending::Terminate);
        Ok(Running { child, pid })
    }
}
