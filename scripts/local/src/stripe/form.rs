//! Form-encoded parameters with Stripe's brackets: `items[0][price]`, `metadata[user]`, `expand[]`.

use super::error::Refusal;
use std::collections::BTreeMap;

/// The parameters of a request, or of one bracket, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters(Vec<(String, Node)>);

#[derive(Clone, Debug)]
enum Node {
    Text(String),
    Below(Parameters),
}

impl Parameters {
    /// Reads pairs as a query string or a form body carries them.
    pub(super) fn read(encoded: &[u8]) -> Result<Self, Refusal> {
        let mut parameters = Self::default();
        for (key, value) in form_urlencoded::parse(encoded) {
            let names =
                names(&key).ok_or_else(|| Refusal::invalid(format!("Invalid parameter name: {key}")))?;
            parameters.insert(&names, value.into_owned(), &key)?;
        }
        Ok(parameters)
    }

    /// These parameters, then those.
    pub(super) fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    fn insert(&mut self, names: &[&str], value: String, key: &str) -> Result<(), Refusal> {
        let conflict = || Refusal::invalid(format!("Invalid parameter: {key} was sent in two forms"));
        let (first, rest) = names.split_first().ok_or_else(conflict)?;
        let name = if first.is_empty() { self.0.len().to_string() } else { (*first).to_owned() };
        let index = self.0.iter().position(|(present, _)| *present == name);
        match (index, rest.is_empty()) {
            // Rack's rule, which Stripe follows: the last one counts.
            (Some(index), true) => self.0[index].1 = Node::Text(value),
            (None, true) => self.0.push((name, Node::Text(value))),
            (Some(index), false) => match &mut self.0[index].1 {
                Node::Below(below) => below.insert(rest, value, key)?,
                Node::Text(_) => return Err(conflict()),
            },
            (None, false) => {
                let mut below = Self::default();
                below.insert(rest, value, key)?;
                self.0.push((name, Node::Below(below)));
            }
        }
        Ok(())
    }

    fn node(&self, path: &str) -> Option<&Node> {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let (_, node) = self.0.iter().find(|(name, _)| name == first)?;
        match (rest, node) {
            (None, node) => Some(node),
            (Some(rest), Node::Below(below)) => below.node(rest),
            (Some(_), Node::Text(_)) => None,
        }
    }

    /// The value at this dotted path; an empty one counts as absent.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.sent(path).filter(|value| !value.is_empty())
    }

    /// The value at this dotted path, empty or not: an empty one unsets on update.
    pub(super) fn sent(&self, path: &str) -> Option<&str> {
        match self.node(path)? {
            Node::Text(value) => Some(value),
            Node::Below(_) => None,
        }
    }

    /// The value at this path, which must be there.
    pub(super) fn required(&self, path: &str) -> Result<&str, Refusal> {
        self.text(path).ok_or_else(|| Refusal::missing(&bracketed(path)))
    }

    /// The whole number at this path.
    pub(super) fn integer(&self, path: &str) -> Result<Option<i64>, Refusal> {
        let parse = |value: &str| {
            value
                .parse()
                .map_err(|_| Refusal::malformed(&bracketed(path), "parameter_invalid_integer", value))
        };
        self.text(path).map(parse).transpose()
    }

    /// Refuses a text at this path that is none of these.
    pub(super) fn one_of(&self, path: &str, known: &[&str]) -> Result<(), Refusal> {
        match self.text(path) {
            Some(value) if !known.contains(&value) => {
                let name = bracketed(path);
                let message = format!("Invalid {name}: must be one of {}", known.join(", "));
                Err(Refusal::invalid(message).about("parameter_invalid_enum", &name))
            }
            _ => Ok(()),
        }
    }

    /// The boolean at this path.
    pub(super) fn boolean(&self, path: &str) -> Result<Option<bool>, Refusal> {
        match self.text(path) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(value) => Err(Refusal::malformed(&bracketed(path), "parameter_invalid_boolean", value)),
        }
    }

    /// The elements of the list at this path, by their index.
    pub(super) fn list(&self, path: &str) -> Vec<&Parameters> {
        let Some(Node::Below(list)) = self.node(path) else { return Vec::new() };
        let elements = list.0.iter().filter_map(|(index, node)| match node {
            Node::Below(element) => Some((index.parse::<u64>().unwrap_or(u64::MAX), element)),
            Node::Text(_) => None,
        });
        let mut elements: Vec<_> = elements.collect();
        elements.sort_by_key(|(index, _)| *index);
        elements.into_iter().map(|(_, element)| element).collect()
    }

    /// The plain values of the list at this path.
    pub(super) fn texts(&self, path: &str) -> Vec<&str> {
        match self.node(path) {
            Some(Node::Below(list)) => list.0.iter().filter_map(|(name, _)| list.sent(name)).collect(),
            Some(Node::Text(value)) => vec![value],
            None => Vec::new(),
        }
    }

    /// Whether anything was sent at or below this path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.node(path).is_some()
    }

    /// The keys and values below this path, for `metadata`.
    pub(super) fn map(&self, path: &str) -> BTreeMap<String, String> {
        let Some(Node::Below(map)) = self.node(path) else { return BTreeMap::new() };
        let text = |(name, node): &(String, Node)| match node {
            Node::Text(value) => Some((name.clone(), value.clone())),
            Node::Below(_) => None,
        };
        map.0.iter().filter_map(text).collect()
    }

    /// Every value with its key as it is written on the wire, an index written as sent.
    pub(super) fn leaves(&self) -> Vec<(String, String)> {
        let mut leaves = Vec::new();
        self.collect("", &mut leaves);
        leaves
    }

    fn collect(&self, above: &str, leaves: &mut Vec<(String, String)>) {
        for (name, node) in &self.0 {
            let key = if above.is_empty() { name.clone() } else { format!("{above}[{name}]") };
            match node {
                Node::Text(value) => leaves.push((key, value.clone())),
                Node::Below(below) => below.collect(&key, leaves),
            }
        }
    }
}

/// `a[b][]` → `a`, `b` and an empty name.
fn names(key: &str) -> Option<Vec<&str>> {
    let Some(open) = key.find('[') else { return (!key.is_empty()).then(|| vec![key]) };
    let (first, mut rest) = key.split_at(open);
    let mut names = vec![first];
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('[')?.split_once(']')?;
        names.push(name);
        rest = after;
    }
    (!first.is_empty() && names.len() <= 16).then_some(names)
}

/// `items.0.price` → `items[0][price]`.
pub(super) fn bracketed(path: &str) -> String {
    let mut parts = path.split('.');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |key, part| format!("{key}[{part}]"))
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    #[track_caller]
    fn check(encoded: &str, expected: &[(&str, &str)]) {
        let parameters = Parameters::read(encoded.as_bytes()).expect("the parameters are readable");
        let leaves = parameters.leaves();
        let leaves: Vec<_> = leaves.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(leaves, expected);
    }

    #[test]
    fn brackets_nest_and_count() {
        check("a=1&b[c]=2&b[d][0][e]=3", &[("a", "1"), ("b[c]", "2"), ("b[d][0][e]", "3")]);
        check("a[]=x&a[]=y", &[("a[0]", "x"), ("a[1]", "y")]);
        check("a%5B0%5D=caf%C3%A9+au+lait", &[("a[0]", "café au lait")]);
        check("a=1&a=2", &[("a", "2")]);
        check("", &[]);
    }

    #[test]
    fn a_name_that_cannot_be_read_is_refused() {
        for encoded in ["a[b=1", "a[b]c=1", "[a]=1", "=1", "a]=1&a[b]=2&a[b][c]=3"] {
            assert!(Parameters::read(encoded.as_bytes()).is_err(), "{encoded}");
        }
    }

    #[test]
    fn lists_are_in_the_order_of_their_indices() {
        let parameters = Parameters::read(b"items[10][id]=b&items[9][id]=a").expect("readable");
        let ids: Vec<_> = parameters.list("items").into_iter().filter_map(|item| item.text("id")).collect();
        assert_eq!(ids, ["a", "b"]);
    }
}
