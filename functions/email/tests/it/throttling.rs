//! How often one client may try on each route.

use crate::suite::{ADA, PASSWORD, Suite, UNKNOWN, check};

#[tokio::test]
async fn a_client_is_limited_on_each_route_by_itself() {
    let suite = Suite::new(&[("THROTTLE_IP_CREDENTIALS", "2/3600")]).await;
    let ada = suite.owner.person_with_password(ADA).await;
    let (wait, gone) = ((429, "too-many-requests"), (400, "invalid-or-expired-token"));
    for (resent, verified, changed) in
        [((202, ""), gone, (202, "")), ((202, ""), gone, (202, "")), (wait, wait, wait)]
    {
        check(&suite.resend(ADA).await, resent);
        check(&suite.verify(UNKNOWN).await, verified);
        check(&suite.change(&ada, PASSWORD, ADA).await, changed);
    }
    assert_eq!(suite.owner.attempts(ADA).await, 0);
    suite.owner.let_pass("1 hour").await;
    check(&suite.resend(ADA).await, (202, ""));
}
