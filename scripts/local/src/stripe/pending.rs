//! Events that whoever runs the stand-in delivers on their own: in any order, as often and in whichever shape they like.

use super::objects::Event;
use super::state::State;
use super::version::ApiVersion;

/// An event that was taken out of the deliveries.
#[derive(Clone)]
pub struct PendingEvent(Event);

impl PendingEvent {
    /// `evt_…`
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Its type, such as `invoice.paid`.
    pub fn kind(&self) -> &str {
        &self.0.kind
    }

    /// When it came about, in the stand-in's time.
    pub fn created(&self) -> i64 {
        self.0.created
    }

    /// The id of the object that it shows.
    pub fn object_id(&self) -> &str {
        self.0.object["id"].as_str().unwrap_or_default()
    }

    /// The body of a delivery to an endpoint of this version; the same bytes every time.
    pub fn body(&self, version: ApiVersion) -> Vec<u8> {
        self.0.payload(version)
    }

    /// The body of the thin event of the same change, which may name this one as its `snapshot_event`.
    pub fn thin_body(&self, names_snapshot: bool) -> Vec<u8> {
        self.0.thin_payload(names_snapshot)
    }
}

impl std::fmt::Debug for PendingEvent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {} of {} at {}", self.kind(), self.id(), self.object_id(), self.created())
    }
}

impl State {
    /// The events that the endpoint wants and neither got nor gave out before, as they came about.
    pub(super) fn take_pending(&mut self) -> Vec<PendingEvent> {
        let waiting = self.events.iter().filter(|event| event.is_waiting());
        let taken: Vec<_> = waiting.cloned().map(PendingEvent).collect();
        for event in &taken {
            if let Some(event) = self.events.get_mut(event.id()) {
                event.taken = true;
            }
        }
        taken
    }
}
