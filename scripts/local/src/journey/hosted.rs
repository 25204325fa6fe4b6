//! The hosted page as a browser sees it: its form is read from the page, filled in and sent.

use bytes::Bytes;
use http::{Method, header};

use super::{JourneyError, Reply, get, send};

/// Opens the page at this address, and presses the button that pays. The reply is what the browser is sent on with.
pub(super) async fn pay(url: &str) -> Result<Reply, JourneyError> {
    let page = get(url).await?.expect(200)?;
    let form = form(&page.text()).ok_or_else(|| page.unexpected("a form with a button that pays"))?;
    let media_type = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded")];
    send(Method::POST, url, &media_type, Bytes::from(form)).await?.expect(303)
}

/// What the page's form sends when its `pay` button is pressed: every input with its value, and the button.
fn form(html: &str) -> Option<String> {
    let inner = html.split_once("<form")?.1.split_once("</form>")?.0;
    let mut fields = form_urlencoded::Serializer::new(String::new());
    for input in inner.split("<input").skip(1) {
        let tag = input.split('>').next()?;
        if let Some(name) = attribute(tag, "name") {
            fields.append_pair(&name, &attribute(tag, "value").unwrap_or_default());
        }
    }
    let buttons = inner.split("<button").skip(1).filter_map(|button| button.split('>').next());
    let pays = |tag: &&str| attribute(tag, "value").as_deref() == Some("pay");
    fields.append_pair(&attribute(buttons.into_iter().find(pays)?, "name")?, "pay");
    Some(fields.finish())
}

/// The value of an attribute between double quotes.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0;
    Some(value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::form;

    #[test]
    fn a_form_is_sent_with_its_inputs_and_the_button_that_pays() {
        let html = r#"<p><form method="post"><input id="card" name="card_number" value="4242 4242"><input name="email">
            <button class="go" name="action" value="pay">Pay</button><button name="action" value="leave">Leave</button>
            </form>"#;
        assert_eq!(form(html).as_deref(), Some("card_number=4242+4242&email=&action=pay"));
    }

    #[test]
    fn a_page_without_such_a_button_has_nothing_to_send() {
        assert_eq!(form("<p>You have paid already</p>"), None);
        assert_eq!(form(r#"<form><button name="action" value="leave">Leave</button></form>"#), None);
    }
}
