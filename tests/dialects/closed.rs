//! A dialect is closed unless a tenant opens it, and opens nothing else.

use latchkey_oauth::dialect::Dialect;
use latchkey_oauth::route::{Below, FOREIGN};
use latchkey_oauth::tenant::TenantSettings;
use latchkey_tests::on_every_server;
use latchkey_tests::request::{Ask, post};
use latchkey_tests::world::World;

on_every_server!(
    a_tenant_that_opens_none_has_none,
    a_tenant_that_opens_one_has_no_other,
    a_path_has_its_methods,
    who_speaks_the_standard_is_answered_in_it,
);

/// Every path of a dialect's, with something below where something is.
fn paths(of: impl Fn(Dialect) -> bool) -> Vec<(String, &'static str)> {
    let rows = FOREIGN.iter().filter(|row| of(row.dialect));
    rows.map(|row| {
        let below = match row.below {
            Below::Nothing => "",
            Below::Segment(_) | Below::Anything => "/x",
        };
        let method = row.methods.split(", ").next().expect("a method");
        (format!("{}{below}", row.path), method)
    })
    .collect()
}

async fn are_closed(world: &World, paths: Vec<(String, &'static str)>) {
    for (path, method) in paths {
        let ask = Ask::new(method.parse().unwrap(), &path);
        let answer = world.send(ask).await;
        assert_eq!(answer.status(), 404, "{path}: {answer:?}");
    }
}

async fn a_tenant_that_opens_none_has_none(world: World) {
    are_closed(&world, paths(|_| true)).await;
}

async fn a_tenant_that_opens_one_has_no_other(world: World) {
    let settings = TenantSettings {
        dialects: vec![Dialect::OnePortal],
        ..TenantSettings::default()
    };
    world.store.put_settings(&world.tenant, &settings).await;
    are_closed(&world, paths(|it| it != Dialect::OnePortal)).await;
}

async fn a_path_has_its_methods(world: World) {
    let settings = TenantSettings {
        dialects: Dialect::ALL.to_vec(),
        ..TenantSettings::default()
    };
    world.store.put_settings(&world.tenant, &settings).await;
    for row in FOREIGN.iter().filter(|row| row.below == Below::Nothing) {
        let answer = world
            .send(Ask::new("PATCH".parse().unwrap(), row.path))
            .await;
        assert_eq!(answer.status(), 405, "{}: {answer:?}", row.path);
        let allowed = answer.header("allow").unwrap();
        assert!(allowed.starts_with(row.methods), "{}: {allowed}", row.path);
    }
}

async fn who_speaks_the_standard_is_answered_in_it(world: World) {
    let settings = TenantSettings {
        dialects: Dialect::ALL.to_vec(),
        ..TenantSettings::default()
    };
    world.store.put_settings(&world.tenant, &settings).await;
    let login = world.login("alice", "openid").await.ok();
    let told = world.introspect(&login.string("access_token")).await.ok();
    let told = told.json();
    for foreign in ["clientId", "tokenType", "azp", "expires_in"] {
        assert_eq!(told.get(foreign), None, "{foreign}");
    }
    assert_eq!(told["token_type"], "Bearer");
    let refused = world.send(post("/token", &[])).await;
    let _ = refused.refused(401, "invalid_client");
}
