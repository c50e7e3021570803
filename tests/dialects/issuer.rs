//! An issuer with a path behind the tenant's URL: docs/dialects.md.

use latchkey_oauth::dialect::Dialect;
use latchkey_oauth::issuer::IssuerPath;
use latchkey_oauth::tenant::TenantSettings;
use latchkey_oauth::time::Seconds;
use latchkey_tests::request::get;
use latchkey_tests::world::World;
use latchkey_tests::{jwt, on_every_server};

on_every_server!(
    the_standards_paths_stay_where_they_are,
    another_path_is_another_issuer,
);

async fn put(world: &World, path: Option<&str>) {
    let settings = TenantSettings {
        dialects: vec![Dialect::OneLogin, Dialect::Ubisecure],
        issuer_path: path.map(|path| IssuerPath::parse(path).unwrap()),
        ..TenantSettings::default()
    };
    world.store.put_settings(&world.tenant, &settings).await;
}

async fn the_standards_paths_stay_where_they_are(world: World) {
    put(&world, Some("/uas")).await;
    let (address, issuer) = (world.issuer(), format!("{}/uas", world.issuer()));
    // OIDC Discovery section 4.3: where metadata are found, the issuer is what stands before.
    let told = world.send(get("/uas/.well-known/openid-configuration"));
    assert_eq!(told.await.ok().string("issuer"), issuer);
    let told = world.send(get("/.well-known/openid-configuration"));
    let told = told.await.ok();
    assert_eq!(told.string("issuer"), issuer);
    for (member, path) in [("token_endpoint", "/token"), ("jwks_uri", "/jwks")] {
        assert_eq!(told.string(member), format!("{address}{path}"));
    }
    // The other product's metadata name its paths, and the same issuer.
    let told = world.send(get("/oidc/2/.well-known/openid-configuration"));
    let told = told.await.ok();
    assert_eq!(told.string("issuer"), issuer);
    assert_eq!(
        told.string("token_endpoint"),
        format!("{address}/oidc/2/token")
    );

    let issued = world.login("alice", "openid").await.ok();
    let access_token = issued.string("access_token");
    let claims = jwt::claims(&access_token);
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&issuer.clone().into(), &issuer.clone().into())
    );
    assert_eq!(jwt::claims(&issued.string("id_token"))["iss"], issuer);
    assert!(world.is_active(&access_token).await);
    let me = get("/userinfo").bearer(&access_token);
    assert_eq!(world.send(me).await.ok().string("sub"), claims["sub"]);
}

async fn another_path_is_another_issuer(world: World) {
    put(&world, Some("/uas")).await;
    let issued = world.login("alice", "openid").await.ok();
    let access_token = issued.string("access_token");
    for path in [Some("/oidc/2"), None] {
        put(&world, path).await;
        if world.remembers() {
            return;
        }
        world.advance(Seconds::minutes(2));
        assert!(!world.is_active(&access_token).await, "{path:?}");
        // OIDC Core section 12.2: a refresh tells the same `iss`, or nothing.
        let refresh_token = issued.string("refresh_token");
        assert!(!world.is_active(&refresh_token).await, "{path:?}");
        let _ = world
            .refresh(&refresh_token)
            .await
            .refused(400, "invalid_grant");
    }
}
