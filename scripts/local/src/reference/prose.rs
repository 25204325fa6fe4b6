//! The little of Markdown that the document's descriptions use: paragraphs, **strong** and `code`.

/// Text without meaning to HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Paragraphs.
pub(super) fn paragraphs(text: &str) -> String {
    text.trim()
        .split("\n\n")
        .filter(|paragraph| !paragraph.is_empty())
        .map(|paragraph| format!("<p>{}</p>\n", line(paragraph)))
        .collect::<Vec<_>>()
        .concat()
}

/// A text without paragraphs. What is never closed stays as it is written.
pub(super) fn line(text: &str) -> String {
    between(&escaped(text), "`", "code", str::to_owned, |rest| {
        between(rest, "**", "strong", str::to_owned, str::to_owned)
    })
}

/// Puts what stands between two marks into an element, and hands the rest on.
fn between(
    text: &str,
    mark: &str,
    element: &str,
    inside: impl Fn(&str) -> String,
    outside: impl Fn(&str) -> String,
) -> String {
    let pieces: Vec<&str> = text.split(mark).collect();
    let mut html = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        if index % 2 == 0 {
            html.push(outside(piece));
        } else if index == pieces.len() - 1 {
            html.push(outside(&format!("{mark}{piece}")));
        } else {
            html.push(format!("<{element}>{}</{element}>", inside(piece)));
        }
    }
    html.concat()
}

#[cfg(test)]
mod tests {
    use super::{line, paragraphs};

    #[track_caller]
    fn check(text: &str, html: &str) {
        assert_eq!(line(text), html);
    }

    #[test]
    fn code_and_strong_become_elements_and_everything_else_is_text() {
        check("plain", "plain");
        check("a `b` c", "a <code>b</code> c");
        check("**a** `**b**`", "<strong>a</strong> <code>**b**</code>");
        check("<script> & \"x\"", "&lt;script&gt; &amp; &quot;x&quot;");
        check("`<b>`", "<code>&lt;b&gt;</code>");
    }

    #[test]
    fn what_is_never_closed_stays_as_it_is() {
        check("a `b", "a `b");
        check("2 ** 3", "2 ** 3");
    }

    #[test]
    fn an_empty_line_parts_paragraphs() {
        assert_eq!(paragraphs("a\nb\n\nc\n"), "<p>a\nb</p>\n<p>c</p>\n");
    }
}
