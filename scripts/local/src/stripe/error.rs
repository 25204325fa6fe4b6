//! Refusals in Stripe's form: a status and an `error` object.

use serde_json::{Map, Value, json};

/// A refusal.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
    /// Whether an idempotency key keeps it: only what an endpoint itself decided is kept.
    pub(super) kept: bool,
}

impl Refusal {
    fn new(status: u16, kind: &'static str, message: String) -> Self {
        Self { status, kind, code: None, param: None, message, kept: false }
    }

    pub(super) fn about(mut self, code: &'static str, param: &str) -> Self {
        self.code = Some(code);
        self.param = Some(param.to_owned());
        self
    }

    /// A request that is wrong as it stands.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message.into())
    }

    /// A body that is longer than any request needs.
    pub(super) fn too_large() -> Self {
        Self::new(413, "invalid_request_error", "The request body is too large.".to_owned())
    }

    /// A key that is not the account's, or none.
    pub(super) fn unauthenticated(message: &str) -> Self {
        Self::new(401, "invalid_request_error", message.to_owned())
    }

    /// No such route.
    pub(super) fn unknown_route(method: &str, path: &str) -> Self {
        Self::new(404, "invalid_request_error", format!("Unrecognized request URL ({method}: {path})."))
    }

    /// A parameter that this endpoint does not have.
    pub(super) fn unknown_parameter(name: &str) -> Self {
        Self::invalid(format!("Received unknown parameter: {name}")).about("parameter_unknown", name)
    }

    /// A parameter that must be there.
    pub(super) fn missing(name: &str) -> Self {
        Self::invalid(format!("Missing required param: {name}.")).about("parameter_missing", name)
    }

    /// A parameter whose value is of another kind.
    pub(super) fn malformed(name: &str, code: &'static str, value: &str) -> Self {
        let kind = code.strip_prefix("parameter_invalid_").unwrap_or("value");
        Self::invalid(format!("Invalid {kind}: {value}")).about(code, name)
    }

    /// An object in the path that does not exist.
    pub(super) fn not_found(kind: &str, id: &str) -> Self {
        let mut refusal = Self::no_such(kind, id, "id");
        refusal.status = 404;
        refusal
    }

    /// An object in a parameter that does not exist.
    pub(super) fn no_such(kind: &str, id: &str, param: &str) -> Self {
        Self::invalid(format!("No such {kind}: '{id}'")).about("resource_missing", param).executed()
    }

    /// An action that the object's state does not allow.
    pub(super) fn wrong_state(message: impl Into<String>) -> Self {
        Self::invalid(message).executed()
    }

    /// A card that its bank refuses.
    pub(super) fn declined() -> Self {
        let mut refusal = Self::new(402, "card_error", "Your card was declined.".to_owned()).executed();
        refusal.code = Some("card_declined");
        refusal
    }

    /// A card whose owner must be asked.
    pub(super) fn unauthenticated_card() -> Self {
        let message = "Your card was declined. This transaction requires authentication.";
        let mut refusal = Self::new(402, "card_error", message.to_owned()).executed();
        refusal.code = Some("authentication_required");
        refusal
    }

    /// An invoice whose payment waits for the card's owner.
    pub(super) fn invoice_awaits_action() -> Self {
        let message = "This payment requires additional user action before it can be completed successfully. Payment \
                       can be completed using the PaymentIntent associated with the invoice.";
        let mut refusal = Self::new(402, "card_error", message.to_owned()).executed();
        refusal.code = Some("invoice_payment_intent_requires_action");
        refusal
    }

    /// A payment with which this cannot be done now.
    pub(super) fn wrong_payment_state(status: &str) -> Self {
        let message = format!("This PaymentIntent's status is {status}, which does not allow it.");
        let mut refusal = Self::invalid(message).executed();
        refusal.code = Some("payment_intent_unexpected_state");
        refusal
    }

    /// A charge that has been sent back whole.
    pub(super) fn already_refunded(charge: &str) -> Self {
        let mut refusal = Self::invalid(format!("Charge {charge} has already been refunded.")).executed();
        refusal.code = Some("charge_already_refunded");
        refusal
    }

    /// A key used before with another request.
    pub(super) fn key_reused(message: String) -> Self {
        Self::new(400, "idempotency_error", message)
    }

    /// A key whose first request is still being answered.
    pub(super) fn key_in_use(key: &str) -> Self {
        let message = format!(
            "There is currently another in-progress request using this Idempotent Key (that probably means you \
             submitted twice, and the other request is still going through): {key}. Please try again later."
        );
        let mut refusal = Self::new(409, "idempotency_error", message);
        refusal.code = Some("idempotency_key_in_use");
        refusal
    }

    /// Too many requests.
    pub(super) fn rate_limited() -> Self {
        let mut refusal = Self::new(429, "invalid_request_error", "Request rate limit exceeded.".to_owned());
        refusal.code = Some("rate_limit");
        refusal
    }

    /// A fault of Stripe's own.
    pub(super) fn own_fault(status: u16) -> Self {
        Self::new(status, "api_error", "An unknown error occurred.".to_owned())
    }

    /// This refusal, kept by the idempotency key.
    pub(super) fn executed(mut self) -> Self {
        self.kept = true;
        self
    }

    /// The body.
    pub(super) fn body(&self, request_id: &str) -> Value {
        let mut error = Map::new();
        if let Some(code) = self.code {
            error.insert("code".to_owned(), json!(code));
            error.insert("doc_url".to_owned(), json!(format!("https://docs.stripe.com/error-codes/{code}")));
        }
        error.insert("message".to_owned(), json!(self.message));
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), json!(param));
        }
        error.insert(
            "request_log_url".to_owned(),
            json!(format!("https://dashboard.stripe.com/test/logs/{request_id}")),
        );
        error.insert("type".to_owned(), json!(self.kind));
        json!({ "error": error })
    }

    /// What a person is told.
    pub(super) fn message(&self) -> &str {
        &self.message
    }
}
