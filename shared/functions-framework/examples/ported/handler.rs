//! A handler as it was written for `lambda_http`; which crate the four names come from is for its parent to say.

use super::{Body, Error, Request, Response};

#[derive(serde::Deserialize)]
struct Order {
    items: Vec<Item>,
}

#[derive(serde::Deserialize)]
struct Item {
    price_minor: u64,
    count: u64,
}

/// Answers an order with its sum: `{"items":[{"price_minor":250,"count":2}]}` is 500.
pub(crate) async fn handler(request: Request) -> Result<Response<Body>, Error> {
    if request.method() != "POST" {
        return Ok(Response::builder().status(405).header("allow", "POST").body(Body::from(()))?);
    }
    let Ok(order) = serde_json::from_slice::<Order>(request.body()) else {
        return Ok(Response::builder().status(422).body(Body::from("no order"))?);
    };
    let sum = tokio::task::spawn_blocking(move || sum(&order.items)).await?;
    let reply = serde_json::json!({
        "sum_minor": sum.ok_or("the sum does not fit 64 bits")?,
        "customer": request.headers().get("x-customer").and_then(|name| name.to_str().ok()),
        "path": request.uri().path(),
    });
    Ok(Response::builder().header("content-type", "application/json").body(Body::from(reply.to_string()))?)
}

fn sum(items: &[Item]) -> Option<u64> {
    items.iter().try_fold(0_u64, |sum, item| sum.checked_add(item.price_minor.checked_mul(item.count)?))
}
