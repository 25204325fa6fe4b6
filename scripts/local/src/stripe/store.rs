//! Objects of one kind by id, in the order in which they were made.

use super::error::Refusal;
use super::form::Parameters;
use super::memory::{Difference, Kept};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};

/// A kind of object.
pub(super) trait Object {
    /// Its name in "No such …".
    const KIND: &'static str;

    /// Its id.
    fn id(&self) -> &str;

    /// When it was made, in Unix seconds.
    fn created(&self) -> i64;

    /// It as the API shows it.
    fn render(&self) -> Value;
}

/// The objects of one kind.
pub(super) struct Store<T> {
    order: Vec<String>,
    by_id: HashMap<String, T>,
    /// The ids of what may have changed, and of what was taken out, since someone asked.
    changed: HashSet<String>,
    gone: Vec<String>,
}

impl<T: Object> Store<T> {
    pub(super) fn new() -> Self {
        Self { order: Vec::new(), by_id: HashMap::new(), changed: HashSet::new(), gone: Vec::new() }
    }

    /// Adds it, in place of one with the same id.
    pub(super) fn insert(&mut self, object: T) {
        let id = object.id().to_owned();
        self.changed.insert(id.clone());
        if self.by_id.insert(id.clone(), object).is_none() {
            self.order.push(id);
        }
    }

    pub(super) fn get(&self, id: &str) -> Option<&T> {
        self.by_id.get(id)
    }

    pub(super) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        let object = self.by_id.get_mut(id)?;
        self.changed.insert(id.to_owned());
        Some(object)
    }

    /// Takes it out.
    pub(super) fn remove(&mut self, id: &str) -> Option<T> {
        let object = self.by_id.remove(id)?;
        self.order.retain(|one| one != id);
        self.gone.push(id.to_owned());
        Some(object)
    }

    /// The one that the path names, or 404.
    pub(super) fn find(&self, id: &str) -> Result<&T, Refusal> {
        self.get(id).ok_or_else(|| Refusal::not_found(T::KIND, id))
    }

    /// The one that the path names, to change it, or 404.
    pub(super) fn find_mut(&mut self, id: &str) -> Result<&mut T, Refusal> {
        self.get_mut(id).ok_or_else(|| Refusal::not_found(T::KIND, id))
    }

    /// The one that a parameter names, or 400.
    pub(super) fn named(&self, id: &str, param: &str) -> Result<&T, Refusal> {
        self.get(id).ok_or_else(|| Refusal::no_such(T::KIND, id, param))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// All of them, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.order.iter().filter_map(|id| self.by_id.get(id))
    }

    /// All of them, to change them.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.changed.extend(self.order.iter().cloned());
        self.by_id.values_mut()
    }

    /// A page, newest first, of those that pass the filter: `limit`, `starting_after`, `ending_before`, `created`.
    pub(super) fn page(
        &self,
        url: &str,
        parameters: &Parameters,
        passes: impl Fn(&T) -> bool,
    ) -> Result<Value, Refusal> {
        let limit = parameters.integer("limit")?.unwrap_or(10);
        let limit = usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit));
        let limit = limit.ok_or_else(|| Refusal::invalid("Invalid limit: it must lie between 1 and 100"))?;
        let within = created_range(parameters)?;
        let mut found: Vec<&T> =
            self.iter().rev().filter(|object| within.contains(&object.created()) && passes(object)).collect();
        let place = |param: &str, id: &str| {
            found
                .iter()
                .position(|object| object.id() == id)
                .ok_or_else(|| Refusal::no_such(T::KIND, id, param))
        };
        let has_more = match (parameters.text("starting_after"), parameters.text("ending_before")) {
            (Some(_), Some(_)) => {
                let message = "You may only specify one of these parameters: ending_before, starting_after.";
                return Err(Refusal::invalid(message));
            }
            (Some(id), _) => {
                let after = place("starting_after", id)? + 1;
                found.drain(..after);
                found.len() > limit
            }
            (None, Some(id)) => {
                let before = place("ending_before", id)?;
                found.truncate(before);
                let surplus = found.len().saturating_sub(limit);
                found.drain(..surplus);
                surplus > 0
            }
            (None, None) => found.len() > limit,
        };
        found.truncate(limit);
        let data: Vec<Value> = found.into_iter().map(T::render).collect();
        Ok(json!({ "object": "list", "data": data, "has_more": has_more, "url": url }))
    }
}

impl<T: Object + Serialize + DeserializeOwned> Kept for Store<T> {
    fn take_difference(&mut self) -> Difference {
        let changed = std::mem::take(&mut self.changed);
        // In the order in which they were made, so that whoever reads them makes them in that order.
        let ids = self.order.iter().filter(|id| changed.contains(*id));
        let set = ids.filter_map(|id| self.by_id.get(id));
        Difference { set: set.map(|object| json!(object)).collect(), gone: std::mem::take(&mut self.gone) }
    }

    fn apply(&mut self, difference: Difference) -> Result<(), serde_json::Error> {
        for object in difference.set {
            self.insert(serde_json::from_value(object)?);
        }
        for id in difference.gone {
            self.remove(&id);
        }
        Ok(())
    }
}

/// The instants that `created` asks for.
fn created_range(parameters: &Parameters) -> Result<std::ops::RangeInclusive<i64>, Refusal> {
    if let Some(exact) = parameters.integer("created")? {
        return Ok(exact..=exact);
    }
    let mut from = parameters.integer("created.gte")?.unwrap_or(i64::MIN);
    let mut to = parameters.integer("created.lte")?.unwrap_or(i64::MAX);
    if let Some(above) = parameters.integer("created.gt")? {
        from = from.max(above.saturating_add(1));
    }
    if let Some(below) = parameters.integer("created.lt")? {
        to = to.min(below.saturating_sub(1));
    }
    Ok(from..=to)
}
