//! A function may call what its code calls, and no more: every test on DynamoDB runs under template.yaml's policies
//! (`World::served_by`), and here nothing is left in them that no request uses.

use std::collections::{BTreeMap, BTreeSet};

use latchkey_oauth::client::Client;
use latchkey_oauth::grant_type::GrantType;
use latchkey_oauth::token::opaque::AccessTokenFormat;
use latchkey_testkit::fixtures::{PASSWORD, SECRET, confidential};
use latchkey_tests::counted::{Ledger, clients};
use latchkey_tests::manage::{Manager, walk};
use latchkey_tests::request::{get, post};
use latchkey_tests::template::{FUNCTIONS, granted, needed};

use latchkey_tests::world::World;

use crate::budget::measured;

#[tokio::test]
async fn a_function_may_call_what_it_calls_and_no_more() {
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (case, entries) in measured().await {
        let function = used.entry(case.kind.function()).or_default();
        function.extend(entries.calls.iter().flat_map(needed));
    }
    // The management API is no kind of request: what it does, its own walk does once each.
    let ledger = Ledger::default();
    let counting = clients(&ledger).await;
    let world = World::on_dynamodb().await.default_tenant().await;
    let mut manager = Manager::of(&world).await;
    // By a user's token, and by an opaque one: what can end them is kept elsewhere.
    let own = World::on_dynamodb().await;
    let read = "manage:clients:read";
    let mut others = [
        Manager::with(&own, read).await.as_user("alice").await,
        Manager::with_tokens(&own, read, AccessTokenFormat::Opaque).await,
    ];
    manager.world = world.served_by(&counting.0, &counting.1);
    ledger.take();
    walk(&manager).await;
    for other in &mut others {
        other.world = own.served_by(&counting.0, &counting.1);
        let _ = other.get("/clients").await.ok();
    }
    used.insert(
        "manage",
        ledger.take().calls.iter().flat_map(needed).collect(),
    );
    // A client that authenticates by a JWT of its own, where the kinds of requests have an opaque token.
    let machine = Client {
        grant_types: vec![GrantType::Password, GrantType::ClientCredentials],
        authentication_by_access_token: true,
        userinfo_signed_response_alg: Some(own.keys.keys[0].alg),
        ..confidential("machine")
    };
    own.store.put_client(&own.tenant, &machine).await;
    let served = own.served_by(&counting.0, &counting.1);
    let form = [("grant_type", "client_credentials")];
    let token = served.send(post("/token", &form).basic("machine", SECRET));
    let token = token.await.ok().string("access_token");
    let login = [
        ("grant_type", "password"),
        ("username", "alice"),
        ("password", PASSWORD),
    ];
    for (function, path, form) in [
        ("token", "/token", &login[..]),
        ("revoke", "/revoke", &[("token", "x")][..]),
    ] {
        ledger.take();
        let _ = served.send(post(path, form).bearer(&token)).await.ok();
        let calls = ledger.take().calls;
        let used = used.entry(function).or_default();
        used.extend(calls.iter().flat_map(needed));
    }
    // And it wants UserInfo signed.
    let login = own.login_by("machine", "alice", PASSWORD, "openid").await;
    ledger.take();
    let bearer = get("/userinfo").bearer(&login.ok().string("access_token"));
    let _ = served.send(bearer).await.ok();
    let calls = ledger.take().calls;
    let userinfo = used.entry("userinfo").or_default();
    userinfo.extend(calls.iter().flat_map(needed));
    // At another host than the base URL's it has to be looked up whose that is.
    let elsewhere = own.served_by(&counting.0, &counting.1);
    let elsewhere = elsewhere.at_host("elsewhere.example.com");
    ledger.take();
    let _ = elsewhere
        .send(get("/.well-known/openid-configuration"))
        .await;
    let calls = ledger.take().calls;
    let discovery = used.entry("discovery").or_default();
    discovery.extend(calls.iter().flat_map(needed));
    for function in FUNCTIONS {
        let granted = granted(function);
        // What is allowed of a whole table is so of what belongs to no tenant in it, too.
        let whole = |need: &&String| {
            let of_all = need.split_once(" #").map(|(of_all, _)| of_all);
            of_all.is_some_and(|of_all| granted.contains(of_all))
        };
        let used = used[function].iter().filter(|need| !whole(need));
        assert_eq!(
            granted,
            used.cloned().collect(),
            "{function}: template.yaml, and what is used"
        );
    }
}
