//! Which function answers which request, by the rendered document.

use http::Method;

use super::document::{Backend, DocumentError, Rendering};
use super::refusal::Refusal;

/// Every operation of the document.
pub(super) struct Table(Vec<Entry>);

struct Entry {
    template: String,
    method: Method,
    backend: Backend,
}

impl Table {
    /// The operations of this rendering.
    pub(super) fn new(rendering: &Rendering) -> Result<Self, DocumentError> {
        let mut entries = Vec::new();
        for operation in rendering.operations()? {
            let backend = rendering.backend(&operation.function)?;
            entries.push(Entry { template: operation.path, method: operation.method, backend });
        }
        // A path in so many words goes before one with parameters.
        entries.sort_by_key(|entry| entry.template.matches('{').count());
        Ok(Self(entries))
    }

    /// The function for this method of this path.
    pub(super) fn find(&self, method: &Method, path: &str) -> Result<&Backend, Refusal> {
        let mut refusal = Refusal::NotFound;
        for entry in self.0.iter().filter(|entry| fits(&entry.template, path)) {
            if entry.method == method {
                return Ok(&entry.backend);
            }
            refusal = Refusal::MethodNotAllowed(entry.template.clone());
        }
        Err(refusal)
    }
}

/// A parameter fits one segment that is not empty; letters count as they are written.
fn fits(template: &str, path: &str) -> bool {
    let (mut expected, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (expected.next(), given.next()) {
            (None, None) => return true,
            (Some(name), Some(segment)) if name.starts_with('{') && !segment.is_empty() => {}
            (Some(word), Some(segment)) if word == segment => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[track_caller]
    fn check(path: &str, expected: bool) {
        assert_eq!(fits("/v1/videos/{video_id}/playback", path), expected, "{path}");
    }

    #[test]
    fn a_parameter_is_one_segment_that_is_not_empty() {
        check("/v1/videos/1/playback", true);
        check("/v1/videos/a%2Fb/playback", true);
        check("/v1/videos//playback", false);
        check("/v1/videos/1/2/playback", false);
        check("/v1/videos/1/playback/", false);
        check("/v1/videos/1", false);
        check("/v1/Videos/1/playback", false);
        check("/v1/videos/1/playback/more", false);
    }
}
