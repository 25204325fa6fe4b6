//! The parameters of each endpoint, as Stripe documents them for the pinned version. What is not listed is refused.
//!
//! A name is written with dots and `[]` for an index: `items[].price`. One that ends in `.*` stands for itself and for
//! all below it. One that ends in `!` is Stripe's, but would change what happens in a way that this stand-in does not
//! act out, so it is refused in other words rather than passed over. One that ends in `<` belongs to earlier versions: a
//! request that names one of those may send it.

use super::API_VERSION;
use super::error::Refusal;
use super::form::Parameters;

pub(super) const NONE: &str = "expand[]";

pub(super) const CUSTOMER_CREATE: &str = "address.* balance! business_name cash_balance.*! description email expand[] \
    individual_name invoice_prefix! invoice_settings.custom_fields.* invoice_settings.default_payment_method \
    invoice_settings.footer invoice_settings.rendering_options.* metadata.* name next_invoice_sequence! payment_method \
    phone preferred_locales.* shipping.* source! tax.* tax_exempt tax_id_data.* test_clock! validate";

pub(super) const CUSTOMER_UPDATE: &str = "address.* balance! business_name cash_balance.*! default_source! description \
    email expand[] individual_name invoice_prefix! invoice_settings.custom_fields.* \
    invoice_settings.default_payment_method invoice_settings.footer invoice_settings.rendering_options.* metadata.* \
    name next_invoice_sequence! phone preferred_locales.* shipping.* source! tax.* tax_exempt validate";

pub(super) const CUSTOMER_LIST: &str = "created created.gt created.gte created.lt created.lte email ending_before \
    expand[] limit starting_after test_clock!";

pub(super) const PRODUCT_CREATE: &str = "active default_price_data.*! description expand[] id images[] \
    marketing_features.* metadata.* name package_dimensions.* shippable statement_descriptor tax_code tax_details.* \
    type unit_label url";

pub(super) const PRODUCT_LIST: &str = "active created created.gt created.gte created.lt created.lte ending_before \
    expand[] ids[] limit shippable! starting_after type! url!";

pub(super) const PRICE_CREATE: &str = "active billing_scheme currency currency_options.*! custom_unit_amount.*! \
    expand[] lookup_key metadata.* nickname product product_data.active product_data.id product_data.metadata.* \
    product_data.name product_data.statement_descriptor product_data.tax_code product_data.tax_details.* \
    product_data.unit_label recurring.interval recurring.interval_count recurring.meter! recurring.trial_period_days! \
    recurring.usage_type tax_behavior tiers.*! tiers_mode! transfer_lookup_key! transform_quantity.*! unit_amount \
    unit_amount_decimal!";

pub(super) const PRICE_LIST: &str = "active created created.gt created.gte created.lt created.lte currency \
    ending_before expand[] limit lookup_keys[] product recurring.*! starting_after type";

pub(super) const SESSION_CREATE: &str = "adaptive_pricing.enabled after_expiration.*! allow_promotion_codes \
    allowed_payment_method_types[] automatic_tax.enabled automatic_tax.liability.* billing_address_collection \
    branding_settings.* cancel_url client_reference_id consent_collection.* currency! custom_fields.*! custom_text.* \
    customer customer_account! customer_creation customer_email customer_update.* discounts.*! \
    excluded_payment_method_types[] expand[] expires_at integration_identifier invoice_creation.*! \
    line_items[].adjustable_quantity.*! line_items[].metadata.* line_items[].price line_items[].price_data.*! \
    line_items[].quantity line_items[].tax_rates[]! locale managed_payments.*! metadata.* mode name_collection.* \
    optional_items.*! origin_context payment_intent_data.* payment_method_collection! payment_method_configuration \
    payment_method_data.* payment_method_options.* payment_method_types[]< permissions.* phone_number_collection.enabled \
    redirect_on_completion! return_url! saved_payment_method_options.* setup_intent_data.*! \
    shipping_address_collection.* shipping_options.*! submit_type subscription_data.application_fee_percent! \
    subscription_data.billing_cycle_anchor! subscription_data.billing_cycle_anchor_config.*! \
    subscription_data.billing_mode.* subscription_data.default_tax_rates[]! subscription_data.description \
    subscription_data.invoice_settings.* subscription_data.metadata.* subscription_data.on_behalf_of! \
    subscription_data.pending_invoice_item_interval.*! subscription_data.proration_behavior \
    subscription_data.transfer_data.*! subscription_data.trial_end subscription_data.trial_period_days \
    subscription_data.trial_settings.* success_url tax_id_collection.* ui_mode wallet_options.*";

pub(super) const SESSION_LIST: &str = "created created.gt created.gte created.lt created.lte customer \
    customer_account! customer_details.email ending_before expand[] limit payment_intent! payment_link! \
    starting_after status subscription";

pub(super) const PAYMENT_METHOD_CREATE: &str = "acss_debit.*! allow_redisplay au_becs_debit.*! bacs_debit.*! \
    billing_details.* boleto.*! card.* custom.*! customer! eps.*! expand[] fpx.*! ideal.*! klarna.*! metadata.* \
    naver_pay.*! nz_bank_account.*! p24.*! payment_method! payto.*! radar_options.* sepa_debit.* sofort.*! type upi.*! \
    us_bank_account.*!";

pub(super) const PAYMENT_METHOD_LIST: &str = "allow_redisplay! customer customer_account! ending_before expand[] limit \
    starting_after type";

pub(super) const PAYMENT_PAGE_CONFIRM: &str = "payment_method expected_amount expand[]";

pub(super) const INVOICE_CREATE: &str = "account_tax_ids.* application_fee_amount! auto_advance automatic_tax.*! \
    automatically_finalizes_at! collection_method currency! custom_fields.* customer customer_account! \
    days_until_due default_payment_method! default_source! default_tax_rates.*! description discounts.*! due_date! \
    effective_at! expand[] footer from_invoice.*! issuer.* metadata.* number! on_behalf_of! payment_settings.* \
    pending_invoice_items_behavior rendering.* shipping_cost.*! shipping_details.* statement_descriptor subscription! \
    transfer_data.*!";

pub(super) const INVOICE_FINALIZE: &str = "auto_advance expand[]";

pub(super) const INVOICE_PAY: &str =
    "expand[] forgive! mandate! off_session paid_out_of_band! payment_method source!";

pub(super) const INVOICE_ITEM_CREATE: &str = "amount currency customer customer_account! description discountable \
    discounts.*! expand[] invoice! metadata.* period.* price_data.*! pricing.*! quantity! quantity_decimal! \
    subscription! tax_behavior tax_code tax_rates.*! unit_amount_decimal!";

pub(super) const PAYMENT_METHOD_ATTACH: &str = "customer customer_account! expand[]";

pub(super) const PRODUCT_UPDATE: &str = "active default_price! description expand[] images.* marketing_features.* \
    metadata.* name package_dimensions.* shippable statement_descriptor tax_code tax_details.* unit_label url";

pub(super) const PRICE_UPDATE: &str =
    "active currency_options.*! expand[] lookup_key metadata.* nickname tax_behavior transfer_lookup_key!";

pub(super) const PAYMENT_METHOD_UPDATE: &str =
    "allow_redisplay billing_details.* card.*! expand[] metadata.* us_bank_account.*!";

pub(super) const INVOICE_UPDATE: &str = "account_tax_ids.* application_fee_amount! auto_advance automatic_tax.*! \
    automatically_finalizes_at! collection_method! custom_fields.* days_until_due! default_payment_method! \
    default_source! default_tax_rates.*! description discounts.*! due_date! effective_at! expand[] footer issuer.* \
    metadata.* number! on_behalf_of! payment_settings.* rendering.* shipping_cost.*! shipping_details.* \
    statement_descriptor transfer_data.*!";

pub(super) const PAYMENT_INTENT_CREATE: &str = "allowed_payment_method_types[] amount amount_details.* \
    application_fee_amount! automatic_payment_methods.* capture_method confirm confirmation_method \
    confirmation_token! currency customer customer_account! description error_on_requires_action! \
    excluded_payment_method_types[] expand[] hooks.* mandate mandate_data.* metadata.* off_session.*! on_behalf_of! \
    payment_details.* payment_method payment_method_configuration payment_method_data.*! payment_method_options.* \
    payment_method_types[]< radar_options.* receipt_email return_url setup_future_usage shipping.* \
    statement_descriptor statement_descriptor_suffix transfer_data.*! transfer_group! use_stripe_sdk";

pub(super) const PAYMENT_INTENT_LIST: &str = "created created.gt created.gte created.lt created.lte customer \
    customer_account! ending_before expand[] limit starting_after";

pub(super) const PAYMENT_INTENT_UPDATE: &str = "allowed_payment_method_types[] amount! amount_details.* \
    application_fee_amount! capture_method! currency! customer! customer_account! description \
    excluded_payment_method_types.* expand[] hooks.* metadata.* payment_details.* payment_method! \
    payment_method_configuration payment_method_data.*! payment_method_options.* receipt_email setup_future_usage \
    shipping.* statement_descriptor statement_descriptor_suffix transfer_data.*! transfer_group!";

pub(super) const PAYMENT_INTENT_CONFIRM: &str = "allowed_payment_method_types[] amount_details.* amount_to_confirm! \
    capture_method confirmation_token! error_on_requires_action! excluded_payment_method_types.* expand[] hooks.* \
    mandate mandate_data.* off_session.*! payment_details.* payment_method payment_method_data.*! \
    payment_method_options.* payment_method_types[]< radar_options.* receipt_email return_url setup_future_usage \
    shipping.* use_stripe_sdk";

pub(super) const PAYMENT_INTENT_CAPTURE: &str = "amount_details.* amount_to_capture! application_fee_amount! expand[] \
    final_capture! hooks.* metadata.*! payment_details.* statement_descriptor statement_descriptor_suffix \
    transfer_data.*!";

pub(super) const PAYMENT_INTENT_CANCEL: &str = "cancellation_reason expand[]";

pub(super) const REFUND_CREATE: &str = "amount charge currency! customer! expand[] instructions_email metadata.* \
    origin! payment_intent reason refund_application_fee! reverse_transfer!";

pub(super) const REFUND_UPDATE: &str = "expand[] metadata.*";

pub(super) const REFUND_LIST: &str = "charge created created.gt created.gte created.lt created.lte ending_before \
    expand[] limit payment_intent starting_after";

pub(super) const DISPUTE_UPDATE: &str = "evidence.*! expand[] metadata.* submit!";

pub(super) const DISPUTE_LIST: &str = REFUND_LIST;

pub(super) const PAGE: &str = "ending_before expand[] limit starting_after";

pub(super) const SUBSCRIPTION_CREATE: &str = "add_invoice_items.*! application_fee_percent! automatic_tax.enabled \
    automatic_tax.liability.* backdate_start_date! billing_cycle_anchor! billing_cycle_anchor_config.*! billing_mode.* \
    billing_schedules.*! billing_thresholds.*! cancel_at cancel_at_period_end collection_method! currency customer \
    customer_account! days_until_due! default_payment_method default_source! default_tax_rates.*! description \
    discounts.*! expand[] invoice_settings.* items[].billing_thresholds.*! items[].current_trial.*! \
    items[].discounts.*! items[].metadata.* items[].plan! items[].price items[].price_data.*! items[].quantity \
    items[].tax_rates.*! metadata.* off_session on_behalf_of! payment_behavior payment_settings.* \
    pending_invoice_item_interval.*! proration_behavior transfer_data.*! trial_end trial_from_plan! trial_period_days \
    trial_settings.*";

pub(super) const SUBSCRIPTION_UPDATE: &str = "add_invoice_items.*! application_fee_percent! automatic_tax.enabled \
    automatic_tax.liability.* billing_cycle_anchor.*! billing_schedules.*! billing_thresholds.*! cancel_at \
    cancel_at_period_end cancellation_details.* collection_method! days_until_due! default_payment_method \
    default_source! default_tax_rates.*! description discounts.*! expand[] invoice_settings.* \
    items[].billing_thresholds.*! items[].clear_usage! items[].current_trial.*! items[].deleted! items[].discounts.*! \
    items[].id items[].metadata.* items[].plan! items[].price items[].price_data.*! items[].quantity \
    items[].tax_rates.*! metadata.* off_session on_behalf_of! pause_collection pause_collection.behavior \
    pause_collection.resumes_at payment_behavior payment_settings.* pending_invoice_item_interval.*! \
    proration_behavior proration_date transfer_data.*! trial_end trial_from_plan! trial_settings.*";

pub(super) const SUBSCRIPTION_CANCEL: &str = "cancellation_details.* expand[] invoice_now! prorate";

pub(super) const SUBSCRIPTION_PAUSE: &str = "bill_for.*! expand[] invoicing_behavior! type";

pub(super) const SUBSCRIPTION_RESUME: &str = "billing_cycle_anchor.type expand[] payment_behavior proration_behavior \
    proration_date";

pub(super) const SUBSCRIPTION_LIST: &str = "automatic_tax.*! collection_method! created created.gt created.gte \
    created.lt created.lte current_period_end.*! current_period_start.*! customer customer_account! ending_before \
    expand[] limit plan! price starting_after status test_clock!";

pub(super) const PORTAL_CREATE: &str = "configuration! customer customer_account! expand[] flow_data.*! \
    locale on_behalf_of! return_url";

pub(super) const INVOICE_LIST: &str = "collection_method! created created.gt created.gte created.lt created.lte \
    customer customer_account! due_date.*! ending_before expand[] limit starting_after status subscription";

pub(super) const EVENT_LIST: &str = "created created.gt created.gte created.lt created.lte delivery_success \
    ending_before expand[] limit starting_after type types[]";

/// The names of these parameters in the pinned version, without their marks.
pub(super) fn names(known: &str) -> impl Iterator<Item = &str> {
    known.split_whitespace().filter(|word| !word.ends_with('<')).map(|word| word.trim_end_matches('!'))
}

/// Refuses the first parameter that the endpoint does not have in this version, or else the first that is not acted on.
pub(super) fn check(known: &str, sent: &Parameters, version: &str) -> Result<(), Refusal> {
    // Versions begin with their date.
    let is_earlier = version < API_VERSION.split('.').next().unwrap_or_default();
    let mut passed_over = None;
    for (key, _) in sent.leaves() {
        let name = dotted(&key);
        match known.split_whitespace().find(|word| covers(word.trim_end_matches(['!', '<']), &name)) {
            Some(word) if word.ends_with('<') && !is_earlier => {
                return Err(Refusal::unknown_parameter(key.split('[').next().unwrap_or(&key)));
            }
            None => return Err(Refusal::unknown_parameter(&key)),
            Some(word) if word.ends_with('!') => passed_over = passed_over.or(Some(key)),
            Some(_) => {}
        }
    }
    match passed_over {
        Some(key) => {
            Err(Refusal::invalid(format!("This stand-in for Stripe does not act on the parameter {key}.")))
        }
        None => Ok(()),
    }
}

fn covers(word: &str, name: &str) -> bool {
    match word.strip_suffix(".*") {
        Some(above) => {
            name.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        }
        None => word == name,
    }
}

/// `items[0][price]` → `items[].price`.
fn dotted(key: &str) -> String {
    let mut name = String::new();
    for part in key.split(['[', ']']).filter(|part| !part.is_empty()) {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            name.push_str("[]");
        } else {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(part);
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{SESSION_CREATE, SUBSCRIPTION_UPDATE, check, names};
    use crate::stripe::API_VERSION;
    use crate::stripe::form::Parameters;

    #[track_caller]
    fn verdict_in(version: &str, known: &str, sent: &str) -> Option<String> {
        let parameters = Parameters::read(sent.as_bytes()).expect("readable");
        check(known, &parameters, version).err().map(|refusal| refusal.message().to_owned())
    }

    #[track_caller]
    fn verdict(known: &str, sent: &str) -> Option<String> {
        verdict_in(API_VERSION, known, sent)
    }

    #[test]
    fn what_the_pinned_version_has_no_more_belongs_to_a_request_that_names_an_earlier_one() {
        let sent = "mode=payment&payment_method_types[0]=card";
        assert_eq!(verdict_in("2026-03-25.dahlia", SESSION_CREATE, sent), None);
        assert_eq!(verdict_in("2026-09-29", SESSION_CREATE, sent), None);
        let unknown = Some("Received unknown parameter: payment_method_types".to_owned());
        assert_eq!(verdict_in("2026-09-30", SESSION_CREATE, sent), unknown);
        assert_eq!(verdict(SESSION_CREATE, sent), unknown);
        let elsewhere = verdict_in("2026-03-25.dahlia", SUBSCRIPTION_UPDATE, "payment_method_types[0]=card");
        assert!(elsewhere.is_some(), "only where the endpoint had it");
        assert!(!names(SESSION_CREATE).any(|name| name.starts_with("payment_method_types")));
    }

    #[test]
    fn what_the_endpoint_has_passes() {
        let sent = "mode=subscription&line_items[0][price]=p&line_items[0][quantity]=1&metadata[user_id]=u\
                    &subscription_data[metadata][user_id]=u&automatic_tax[enabled]=true&expand[]=subscription";
        assert_eq!(verdict(SESSION_CREATE, sent), None);
        assert_eq!(verdict(SUBSCRIPTION_UPDATE, "pause_collection="), None);
        assert_eq!(verdict(SUBSCRIPTION_UPDATE, "metadata="), None);
    }

    #[test]
    fn what_it_does_not_have_is_refused_by_its_name() {
        let unknown = |name: &str| Some(format!("Received unknown parameter: {name}"));
        assert_eq!(verdict(SESSION_CREATE, "colour=red"), unknown("colour"));
        assert_eq!(verdict(SESSION_CREATE, "line_items[0][prize]=p"), unknown("line_items[0][prize]"));
        assert_eq!(verdict(SESSION_CREATE, "metadatas[a]=b"), unknown("metadatas[a]"));
        assert_eq!(verdict(SESSION_CREATE, "mode[a]=b"), unknown("mode[a]"));
    }

    #[test]
    fn what_would_be_passed_over_is_refused_too() {
        let refusal = verdict(SESSION_CREATE, "discounts[0][coupon]=c").expect("refused");
        assert!(refusal.contains("does not act on"), "{refusal}");
        let both = verdict(SESSION_CREATE, "discounts[0][coupon]=c&colour=red").expect("refused");
        assert!(both.contains("colour"), "what it does not have comes first: {both}");
    }
}
