//! What a viewer is told who may not watch, by whoever starts a play and by whoever hears of it again.

use functions_framework::{Kind, Problem, Request};
use http::{HeaderName, StatusCode};
use serde::Serialize;
use streamly::billing::access::Denial;
use streamly::db::streams::ActiveStream;
use streamly::ids::{StreamId, VideoId};
use streamly::video::geo::Country;
use streamly::video::rights::Refusal;
use time::OffsetDateTime;

/// How often a player says that it still plays, in seconds; a third of what makes a play silent.
pub const HEARTBEAT_S: u32 = 60;

const VIDEO_NOT_FOUND: Kind =
    Kind { slug: "video-not-found", status: StatusCode::NOT_FOUND, title: "There is no such video" };
const SUBSCRIPTION_REQUIRED: Kind = Kind {
    slug: "subscription-required",
    status: StatusCode::FORBIDDEN,
    title: "This video takes a subscription",
};
const SUBSCRIPTION_LAPSED: Kind =
    Kind { slug: "subscription-lapsed", status: StatusCode::FORBIDDEN, title: "The subscription has ended" };
const PAYMENT_REQUIRED: Kind = Kind {
    slug: "payment-required",
    status: StatusCode::FORBIDDEN,
    title: "A payment for the subscription is due",
};
const TIER_REQUIRED: Kind =
    Kind { slug: "tier-required", status: StatusCode::FORBIDDEN, title: "This video needs a higher plan" };
const GEO_BLOCKED: Kind = Kind {
    slug: "geo-blocked",
    status: StatusCode::FORBIDDEN,
    title: "This video is not available in your country",
};

/// There is no such title, or not for viewers.
pub fn video_not_found() -> Problem {
    Problem::new(VIDEO_NOT_FOUND)
}

/// Their subscription does not open it.
pub fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Denied(Denial::SubscriptionRequired) => Problem::new(SUBSCRIPTION_REQUIRED),
        Refusal::Denied(Denial::SubscriptionLapsed) => Problem::new(SUBSCRIPTION_LAPSED),
        Refusal::Denied(Denial::PaymentRequired) => Problem::new(PAYMENT_REQUIRED),
        Refusal::Tier(tier) => Problem::new(TIER_REQUIRED).member("required_tier", tier),
    }
}

/// It is not shown where they are.
pub fn geo_blocked() -> Problem {
    Problem::new(GEO_BLOCKED)
}

/// The viewer's country, as the load balancer says in this header; whatever else a client sends is the client's own claim.
pub fn country(request: &Request, header: Option<&HeaderName>) -> Option<Country> {
    header.and_then(|name| Country::named_by(request.headers().get_all(name).iter()))
}

/// A running play as its owner sees it.
#[derive(Debug, Serialize)]
pub struct Active {
    id: StreamId,
    video_id: VideoId,
    title: String,
    device: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    started_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    last_seen_at: OffsetDateTime,
}

impl From<ActiveStream> for Active {
    fn from(stream: ActiveStream) -> Self {
        let ActiveStream { id, video, title, device, started_at, last_seen_at } = stream;
        Self { id, video_id: video, title, device, started_at, last_seen_at }
    }
}
