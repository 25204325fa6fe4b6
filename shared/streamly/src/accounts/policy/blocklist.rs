//! The most common passwords: a sorted list that is compiled in, so that no password leaves the machine to be looked up.
//!
//! Where it comes from, and under which licence, stands in `common_passwords.LICENSE.txt`.

use std::cmp::Ordering;

/// Lower-case passwords of 8 and more characters, one a line, in the order of their bytes.
const LIST: &str = include_str!("common_passwords.txt");

/// Whether this whole text is on the list.
pub(super) fn contains(lower: &str) -> bool {
    let (mut start, mut end) = (0, LIST.len());
    // Both ends always stand at the beginning of a line.
    while start < end {
        let middle = start + (end - start) / 2;
        let line_start = LIST[start..middle].rfind('\n').map_or(start, |index| start + index + 1);
        let line = LIST[line_start..end].split('\n').next().unwrap_or_default();
        match line.cmp(lower) {
            Ordering::Equal => return true,
            Ordering::Less => start = line_start + line.len() + 1,
            Ordering::Greater => end = line_start,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{LIST, contains};
    use std::collections::HashSet;

    #[test]
    fn the_list_is_long_and_sorted_and_in_lower_case() {
        let lines: Vec<&str> = LIST.lines().collect();
        assert!(lines.len() >= 10_000, "{}", lines.len());
        assert!(lines.is_sorted());
        assert!(lines.iter().all(|line| line.len() >= 8 && line.is_ascii() && *line == line.to_lowercase()));
    }

    #[test]
    fn every_line_is_found_and_nothing_beside_it() {
        let lines: HashSet<&str> = LIST.lines().collect();
        for line in LIST.lines() {
            assert!(contains(line), "{line}");
            let beside = [format!("{line}\u{1}"), format!("{line}~~~"), line[..line.len() - 1].to_owned()];
            for text in beside.iter().filter(|text| !lines.contains(text.as_str())) {
                assert!(!contains(text), "{text}");
            }
        }
        for text in ["", "\n", "0", "zzzzzzzzzzzzzzzz", "\u{10ffff}", "password\n12345678"] {
            assert!(!contains(text), "{text:?}");
        }
    }
}
