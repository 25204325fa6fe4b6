//! Many at once, and a registration that takes the account over at the very moment of its proof.

use crate::suite::{PASSWORD, Suite, check, hasher, verify};
use streamly::accounts::one_time::OneTimeToken;
use streamly::accounts::policy::Password;
use streamly::db::credentials;
use streamly::db::one_time_tokens::{self, Purpose};
use testkit::replies::{counts, outcomes};
use testkit::{ask, ask_all};

const GONE: (u16, &str) = (400, "invalid-or-expired-token");

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_uses_a_token() {
    let (suite, ada) = Suite::with_ada().await;
    check(&suite.change(&ada, PASSWORD, "countess@example.com").await, (202, ""));
    let token = suite.mailed("change-email").await;
    let replies = ask_all(&suite.function, (0..10).map(|_| verify(&token))).await;
    assert_eq!(outcomes(&replies), counts([((204, ""), 1), (GONE, 9)]));
    assert_eq!(suite.owner.count("mail_outbox where template = 'email-changed'").await, 1);
}

#[tokio::test]
async fn a_proof_behind_a_takeover_proves_nothing() {
    let (suite, ada) = Suite::with_ada().await;
    let token = suite.registered(&ada).await;
    // As registering takes an unverified account over: the token first, then the password.
    let rival = suite.database.owner().await;
    rival.batch_execute("begin").await.unwrap();
    let newer = OneTimeToken::new().unwrap();
    one_time_tokens::replace(&rival, Purpose::Verify, &newer.hash(), ada.id, &ada.email).await.unwrap();
    let phc = hasher().hash(&Password::new("the rivals engine").unwrap()).await.unwrap();
    assert!(credentials::replace_unverified(&rival, ada.id, phc.expose()).await.unwrap());
    check(&suite.database.behind(&rival, ask(&suite.function, verify(&token))).await, GONE);
    assert_eq!(suite.owner.count("users where verified_at is null").await, 1);
    // Whoever reads the latest mail confirms the latest password.
    check(&suite.verify(newer.expose()).await, (204, ""));
}

/// A takeover and a proof, started together: never a verified account with the password of the takeover.
#[tokio::test(flavor = "multi_thread")]
async fn no_account_is_verified_with_a_password_that_its_owner_did_not_confirm() {
    let (suite, ada) = Suite::with_ada().await;
    let rival = suite.database.owner().await;
    let phc = hasher().hash(&Password::new("the rivals engine").unwrap()).await.unwrap();
    let first: String = suite.owner.value("select phc from credentials").await;
    for _ in 0..20 {
        suite.owner.run("update credentials set phc = $1", &[&first]).await;
        let token = suite.registered(&ada).await;
        let newer = OneTimeToken::new().unwrap();
        let hash = newer.hash();
        let take_over = async {
            rival.batch_execute("begin").await.unwrap();
            one_time_tokens::replace(&rival, Purpose::Verify, &hash, ada.id, &ada.email).await.unwrap();
            let replaced = credentials::replace_unverified(&rival, ada.id, phc.expose()).await.unwrap();
            if !replaced {
                one_time_tokens::delete(&rival, &hash).await.unwrap();
            }
            rival.batch_execute("commit").await.unwrap();
            replaced
        };
        let (reply, replaced) = tokio::join!(suite.verify(&token), take_over);
        check(&reply, if replaced { GONE } else { (204, "") });
        let is_verified: bool = suite.owner.value("select verified_at is not null from users").await;
        let stored: String = suite.owner.value("select phc from credentials").await;
        assert_eq!((is_verified, stored == first), (!replaced, !replaced));
    }
}
