//! Leaves no orphans: a small shell process of its own that waits for our end, however it comes, and then ends what we had
//! started and not ended ourselves.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Reads `<pid> <signal>` and `<pid> -` until its input ends, which it does with us. Then each process that is left gets
/// its signal, and SIGKILL after ten seconds. One that has ended and only waits to be reaped is gone.
const SCRIPT: &str = r#"
left=
while read -r pid signal; do
  kept=
  for entry in $left; do
    [ "${entry%:*}" = "$pid" ] || kept="$kept $entry"
  done
  left=$kept
  [ "$signal" = - ] || left="$left $pid:$signal"
done
alive() {
  kill -0 "$1" && ! grep -q ') Z ' "/proc/$1/stat"
}
for entry in $left; do
  kill -"${entry#*:}" "${entry%:*}"
done
tenths=0
while [ "$tenths" -lt 100 ]; do
  kept=
  for entry in $left; do
    alive "${entry%:*}" && kept="$kept $entry"
  done
  left=$kept
  [ -n "$left" ] || exit 0
  sleep 0.1
  tenths=$((tenths + 1))
done
for entry in $left; do
  kill -KILL "${entry%:*}"
done
"#;

/// The signal that ends a process in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// SIGTERM.
    Terminate,
    /// SIGINT, by which PostgreSQL does not wait for its clients.
    Interrupt,
}

/// The process that outlives us by a moment.
#[derive(Debug)]
pub struct Watchdog {
    child: Child,
    input: Mutex<Option<ChildStdin>>,
}

impl Watchdog {
    /// Starts it, in a group of its own, so that no Ctrl-C ends it before us. It keeps this file open until all that it
    /// watches has ended: who locks the file for it can tell by that.
    pub fn start(held: impl Into<Stdio>) -> io::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT]).current_dir("/").process_group(0).stdin(Stdio::piped());
        let mut child = command.stdout(held).stderr(Stdio::null()).spawn()?;
        let input = Mutex::new(child.stdin.take());
        Ok(Self { child, input })
    }

    /// Ends this process with us.
    pub fn watch(&self, pid: u32, ending: Ending) {
        let signal = match ending {
            Ending::Terminate => "TERM",
            Ending::Interrupt => "INT",
        };
        self.tell(&format!("{pid} {signal}\n"));
    }

    /// This process has ended, and its number may come to belong to another.
    pub fn forget(&self, pid: u32) {
        self.tell(&format!("{pid} -\n"));
    }

    /// Where the watchdog itself was killed there is nobody to tell, and the stack works all the same.
    fn tell(&self, line: &str) {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(input) = input.as_mut() {
            let _ = input.write_all(line.as_bytes());
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.input.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Its input has ended, so it ends as soon as what it still watches has, which may be after us.
        let _ = self.child.try_wait();
    }
}
