//! What every store keeps to, in memory or in DynamoDB. Each function is one promise; each uses a tenant of its own.

use latchkey_oauth::api::Api;
use latchkey_oauth::client::{Client, ClientId, RegistryAdmin};
use latchkey_oauth::registration::{InitialAccess, RegistrationRepository};
use latchkey_oauth::secret_token::{Purpose, SecretToken};
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::{LifetimeOverrides, TenantId, TenantSettings};
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::family::{Family, FamilyUser, NextToken, Rotation};
use latchkey_oauth::token::jwk::KeyRing;
use latchkey_oauth::token::opaque::{OpaqueToken, StoredAccessToken};
use latchkey_oauth::token::refresh_token::{FamilyId, RefreshToken};
use latchkey_oauth::token::repository::TokenKeys;
use latchkey_oauth::token::repository::{
    RefreshTokenRepository, RevocationRepository, RotateError,
};
use latchkey_oauth::user::UserAdmin;

use crate::fixtures::{
    NOW, api, client_id, confidential, public, scope, subject_key, tenant, user,
};
use crate::random::SeededRandom;

/// What is written is read, per tenant, and lists are complete.
pub async fn registry(store: &impl RegistryAdmin, tenant_name: &str) {
    let here = tenant(tenant_name);
    let there = tenant(&format!("{tenant_name}-x"));
    assert_eq!(store.tenant(&here).await.unwrap(), None);

    let settings = TenantSettings {
        name: Some("Here".to_owned()),
        lifetimes: LifetimeOverrides {
            access_token: Some(Seconds(77)),
            ..LifetimeOverrides::default()
        },
        ..TenantSettings::default()
    };
    store
        .put_tenant(&here, &settings, Expected::Any)
        .await
        .unwrap();
    let found = store.tenant(&here).await.unwrap().unwrap();
    assert_eq!((found.settings, found.keys), (settings, KeyRing::default()));

    let put_client = async |client: &Client| {
        let put = store.put_client(&here, client, Expected::Absent);
        assert!(put.await.unwrap().is_some());
    };
    let put_api = async |api: &Api| {
        let put = store.put_api(&here, api, Expected::Absent);
        assert!(put.await.unwrap().is_some());
    };
    let (first, second) = (confidential("a"), public("b"));
    put_client(&first).await;
    put_client(&second).await;
    assert_eq!(
        store
            .client(&here, &first.client_id)
            .await
            .unwrap()
            .as_ref(),
        Some(&first)
    );
    assert_eq!(store.client(&there, &first.client_id).await.unwrap(), None);
    let clients = store.clients(&here).await.unwrap();
    let clients: Vec<_> = clients.into_iter().map(|it| it.value).collect();
    assert_eq!(clients, [first.clone(), second]);
    assert_eq!(store.clients(&there).await.unwrap(), []);
    let deleted = store.delete_client(&here, &first.client_id, Expected::Any);
    assert!(deleted.await.unwrap());
    assert_eq!(store.client(&here, &first.client_id).await.unwrap(), None);

    let (orders, stock) = (api("https://orders.example.com"), api("urn:example:stock"));
    put_api(&orders).await;
    put_api(&stock).await;
    let found = store.api(&here, &orders.resource).await.unwrap();
    assert_eq!(found.as_ref(), Some(&orders));
    assert_eq!(store.api(&there, &orders.resource).await.unwrap(), None);
    let apis = store.apis(&here).await.unwrap();
    let apis: Vec<_> = apis.into_iter().map(|it| it.value).collect();
    assert_eq!(apis, [orders, stock.clone()]);
    assert_eq!(store.apis(&there).await.unwrap(), []);
    let deleted = store.delete_api(&here, &stock.resource, Expected::Any);
    assert!(deleted.await.unwrap());
    assert_eq!(store.api(&here, &stock.resource).await.unwrap(), None);

    let tenants = store.tenants().await.unwrap();
    assert!(tenants.iter().any(|tenant| tenant.id == here));
    assert!(tenants.is_sorted_by_key(|tenant| tenant.id.clone()));
    let deleted = store.delete_tenant(&here, Expected::Any);
    assert!(deleted.await.unwrap());
    assert_eq!(store.tenant(&here).await.unwrap(), None);
}

/// A family of a user of a tenant, with its first token.
pub fn family_of(here: &TenantId, seed: u64) -> (Family, RefreshToken) {
    let random = SeededRandom::new(seed);
    let alice = user("alice");
    let id = FamilyId::begin(subject_key(here, &alice), &random).unwrap();
    let token = RefreshToken::begin(id, &random).unwrap();
    let family = Family {
        id,
        issuer: "https://id.example.com".into(),
        client_id: client_id("web"),
        subject: alice.profile.subject.clone(),
        user: Some(FamilyUser {
            username: alice.profile.username.clone(),
            auth_time: NOW,
            acr: None,
            amr: vec!["pwd".to_owned()],
            generation: alice.credentials.generation,
        }),
        scope: scope("openid read"),
        resources: vec!["https://api.example.com".to_owned()],
        created_at: NOW,
        family_expires_at: NOW.plus(Seconds::days(90)),
        token_expires_at: NOW.plus(Seconds::days(30)),
        keep_until: NOW.plus(Seconds::days(30)),
        lineage: token.lineage_hash(),
        current: token.hash(),
        previous: None,
        revoked_at: None,
    };
    (family, token)
}

fn exchange(from: &RefreshToken, seed: u64) -> (RefreshToken, NextToken) {
    let random = SeededRandom::new(seed);
    let to = from.successor(&random).unwrap();
    let next = NextToken {
        hash: to.hash(),
        token_expires_at: NOW.plus(Seconds::days(31)),
        keep_until: NOW.plus(Seconds::days(31)),
        previous: Rotation {
            hash: from.hash(),
            rotated_at: NOW,
            sealed_successor: Some(from.seal(&to, &random).unwrap()),
        },
    };
    (to, next)
}

/// One exchange of a token succeeds; the next learns how the family stands.
pub async fn rotation(store: &impl RefreshTokenRepository, tenant_name: &str) {
    let here = tenant(tenant_name);
    let (family, first) = family_of(&here, 1);
    store.insert(&here, &family).await.unwrap();
    let (second, next) = exchange(&first, 2);
    let old = first.hash();
    store.rotate(&here, &family.id, &old, &next).await.unwrap();
    let again = store.rotate(&here, &family.id, &old, &next).await;
    let Err(RotateError::AlreadyUsed(now)) = again else {
        panic!("a token was exchanged twice: {again:?}");
    };
    let expected = Family {
        current: second.hash(),
        previous: Some(next.previous.clone()),
        token_expires_at: next.token_expires_at,
        keep_until: next.keep_until,
        ..family.clone()
    };
    assert_eq!(*now, expected);
    let keys = TokenKeys::of_family(&family.id);
    let read = store.token_state(&here, &keys).await.unwrap();
    assert_eq!(read.family, Some(expected));

    let elsewhere = tenant(&format!("{tenant_name}-x"));
    let crossed = store
        .rotate(&elsewhere, &family.id, &second.hash(), &next)
        .await;
    assert!(matches!(crossed, Err(RotateError::NotFound)));
    let read = store.token_state(&elsewhere, &keys).await.unwrap();
    assert_eq!(read.family, None);

    store.kill_family(&here, &family.id, NOW).await.unwrap();
    let (_, third) = exchange(&second, 3);
    let dead = store
        .rotate(&here, &family.id, &second.hash(), &third)
        .await;
    let Err(RotateError::AlreadyUsed(now)) = dead else {
        panic!("a dead family went on: {dead:?}");
    };
    assert_eq!(now.revoked_at, Some(NOW));
    let (stranger, _) = family_of(&here, 9);
    store.kill_family(&here, &stranger.id, NOW).await.unwrap();
    let keys = TokenKeys::of_family(&stranger.id);
    assert_eq!(store.token_state(&here, &keys).await.unwrap().family, None);
}

/// Revocation needs the right client and a token of the lineage; state, revocation and profile come in one read.
pub async fn revocation<G>(grants: &G, users: &impl UserAdmin, tenant_name: &str)
where
    G: RefreshTokenRepository + RevocationRepository,
{
    let here = tenant(tenant_name);
    let alice = user("alice");
    let put = users.put_user(&here, &alice, Expected::Absent);
    put.await.unwrap();
    let (family, token) = family_of(&here, 1);
    grants.insert(&here, &family).await.unwrap();
    let keys = TokenKeys {
        jti: Some("jti-1"),
        ..TokenKeys::of_family(&family.id).with_profile()
    };
    let read = async || grants.token_state(&here, &keys).await.unwrap();

    let before = read().await;
    assert!(!before.revoked);
    assert_eq!(before.subject, Some(alice.state()));
    assert_eq!(before.profile, Some(alice.profile.clone()));
    let generation = Some(alice.credentials.generation);
    assert_eq!(before.ended(keys.family, generation), None);

    let client = &family.client_id;
    let other = client_id("other");
    let revoke = async |token, client, now| {
        let revoked = grants.revoke_family(&here, token, client, now);
        revoked.await.unwrap()
    };
    assert!(!revoke(&token, &other, NOW).await);
    let forged = RefreshToken::begin(family.id, &SeededRandom::new(5)).unwrap();
    assert!(!revoke(&forged, client, NOW).await);
    assert_eq!(read().await.ended(keys.family, generation), None);
    assert!(revoke(&token, client, NOW).await);
    let later = NOW.plus(Seconds(9));
    assert!(revoke(&token, client, later).await);
    // A write that was sent twice, and was long on its way, brings nothing back.
    grants.insert(&here, &family).await.unwrap();
    let after = read().await;
    assert_eq!(after.family.as_ref().unwrap().revoked_at, Some(NOW));
    assert_eq!(after.ended(keys.family, generation), Some("family_revoked"));

    let until = NOW.plus(Seconds(900));
    grants
        .revoke_access_token(&here, "jti-1", until)
        .await
        .unwrap();
    assert!(read().await.revoked);
    let deleted = users.delete_user(&here, &alice, Expected::Any);
    assert!(deleted.await.unwrap());
    let gone = read().await;
    assert_eq!((gone.subject, gone.profile), (None, None));
}

/// An opaque access token is found by its hash, with what can have ended it, and ended by its client alone.
pub async fn opaque_access_tokens<G>(grants: &G, tenant_name: &str)
where
    G: RefreshTokenRepository + RevocationRepository,
{
    let here = tenant(tenant_name);
    let elsewhere = tenant(&format!("{tenant_name}-x"));
    let (family, _) = family_of(&here, 1);
    grants.insert(&here, &family).await.unwrap();
    let token = OpaqueToken::new(family.id.subject(), Some(family.id), &SeededRandom::new(2));
    let (token, kept) = (
        token.unwrap(),
        StoredAccessToken {
            client_id: client_id("web"),
            claims: r#"{"sub":"alice"}"#.to_owned(),
            until: NOW.plus(Seconds(900)),
            revoked_at: None,
        },
    );
    let hash = token.hash();
    let read = async |tenant| {
        let keys = TokenKeys::of_opaque(&hash, &token);
        grants.token_state(tenant, &keys).await.unwrap()
    };
    assert_eq!(read(&here).await.opaque, None);
    grants
        .insert_access_token(&here, &hash, &kept)
        .await
        .unwrap();
    let found = read(&here).await;
    assert_eq!(
        (found.opaque, found.family),
        (Some(kept.clone()), Some(family))
    );
    assert_eq!(read(&elsewhere).await.opaque, None);

    let revoke_for = async |tenant, client: Option<&ClientId>| {
        let revoked = grants.revoke_opaque(tenant, &hash, client, NOW);
        revoked.await.unwrap()
    };
    let revoke = async |tenant, client: &str| revoke_for(tenant, Some(&client_id(client))).await;
    assert!(!revoke(&here, "other").await);
    assert!(!revoke(&elsewhere, "web").await);
    assert!(!revoke_for(&elsewhere, None).await);
    assert_eq!(read(&here).await.opaque, Some(kept.clone()));
    assert!(revoke(&here, "web").await);
    let revoked = || StoredAccessToken {
        revoked_at: Some(NOW),
        ..kept.clone()
    };
    assert_eq!(read(&here).await.opaque, Some(revoked()));
    // A write that was sent twice, and was long on its way, brings nothing back.
    let late = grants.insert_access_token(&here, &hash, &kept);
    late.await.unwrap();
    assert_eq!(read(&here).await.opaque, Some(revoked()));
    assert!(revoke(&here, "web").await);
    assert!(revoke_for(&here, None).await);
}

/// A client registers with an initial access token as often as that says and no more, until its end.
pub async fn registration(store: &(impl RegistrationRepository + RegistryAdmin), name: &str) {
    let here = tenant(name);
    let elsewhere = tenant(&format!("{name}-x"));
    let token = SecretToken::new(Purpose::InitialAccess, &SeededRandom::new(1)).unwrap();
    let hash = token.hash();
    let kept = InitialAccess {
        uses_left: 2,
        until: NOW.plus(Seconds(60)),
    };
    let register = async |tenant, id: &str, hash, now| {
        let client = public(id);
        store.register(tenant, &client, hash, now).await.unwrap()
    };
    let is_there = async |id: &str| store.client(&here, &client_id(id)).await.unwrap().is_some();
    let by = Some(&hash);
    assert!(!register(&here, "a", by, NOW).await);
    let read = async |tenant| store.initial_access(tenant, &hash).await.unwrap();
    assert_eq!(read(&here).await, None);
    store.put_initial_access(&here, &hash, &kept).await.unwrap();
    assert_eq!(
        (read(&here).await, read(&elsewhere).await),
        (Some(kept), None)
    );
    assert!(!register(&elsewhere, "a", by, NOW).await);
    assert!(!register(&here, "a", by, NOW.plus(Seconds(60))).await);
    assert!(!is_there("a").await);
    assert!(register(&here, "a", by, NOW.plus(Seconds(59))).await);
    assert!(is_there("a").await);
    // Somebody else's identifier, and the token is as it was.
    assert!(!register(&here, "a", by, NOW).await);
    let (one, other) =
        futures_util::join!(register(&here, "b", by, NOW), register(&here, "c", by, NOW));
    assert!(one != other, "used more often than it says");
    assert!(is_there("b").await != is_there("c").await);
    assert!(!register(&here, "d", by, NOW).await);
    assert_eq!(read(&here).await.map(|it| it.uses_left), Some(0));
    assert!(register(&here, "d", None, NOW).await);
    assert!(!register(&here, "d", None, NOW).await);
}
