//! Faults that a test asks for: what the network or Stripe itself may do to one request.

use serde::Deserialize;

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FaultKind {
    /// An answer with this status, 429 or one of Stripe's own faults.
    Status {
        /// The status.
        status: u16,
        /// The `Stripe-Should-Retry` header, if any.
        #[serde(default)]
        should_retry: Option<bool>,
        /// Whether the idempotency key keeps the answer, as it does once an endpoint has begun its work.
        #[serde(default)]
        kept: bool,
    },
    /// No answer for as long as the client waits.
    Hang,
    /// The answer after this many milliseconds.
    Slow {
        /// The delay.
        milliseconds: u64,
    },
    /// A head that promises more than the body holds.
    Cut,
    /// The connection ends before the first byte of an answer.
    Close,
    /// A page of HTML with status 200, as a proxy might answer.
    Html,
}

/// A fault for the requests to one path.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The path, whole; one that ends in `*` stands for all that begin so.
    pub path: String,
    /// Only for this method, if one is named.
    #[serde(default)]
    pub method: Option<String>,
    /// How many requests it befalls; none means every one until the faults are cleared.
    #[serde(default = "once")]
    pub times: Option<u32>,
    /// Whether Stripe has done its work before the fault befalls the answer.
    #[serde(default)]
    pub after: bool,
    /// What happens.
    pub fault: FaultKind,
}

#[expect(clippy::unnecessary_wraps, reason = "serde wants the field's type")]
fn once() -> Option<u32> {
    Some(1)
}

impl Fault {
    /// A fault that befalls the next request to this path, before any work is done.
    pub fn once(path: &str, fault: FaultKind) -> Self {
        Self { path: path.to_owned(), method: None, times: Some(1), after: false, fault }
    }

    /// A fault that befalls every request to this path.
    pub fn always(path: &str, fault: FaultKind) -> Self {
        Self { times: None, ..Self::once(path, fault) }
    }

    /// The same fault, with the work done and only the answer befallen.
    #[must_use]
    pub fn after_the_work(self) -> Self {
        Self { after: true, ..self }
    }

    fn befalls(&self, method: &str, path: &str) -> bool {
        let here = match self.path.strip_suffix('*') {
            Some(beginning) => path.starts_with(beginning),
            None => path == self.path,
        };
        here && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
    }
}

/// The faults still to come, the first that fits counts.
#[derive(Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of this request.
    pub(super) fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        let index = self.0.iter().position(|fault| fault.befalls(method, path))?;
        let fault = self.0[index].clone();
        if let Some(times) = &mut self.0[index].times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.0.remove(index);
            }
        }
        Some(fault)
    }
}
