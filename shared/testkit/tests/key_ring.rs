//! Keys are added to a ring and withdrawn from it, over the store in memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say so at once"
)]

use latchkey_oauth::client::RegistryAdmin as _;
use latchkey_oauth::client::RegistryRepository as _;
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::{TenantId, TenantSettings};
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::algorithm::Algorithm;
use latchkey_oauth::token::jwk::KeyRing;
use latchkey_oauth::token::key_ring::{
    Added, Addition, KeyFault, MOST_KEYS, PUBLISHED_BEFORE_SIGNING, RingError, add, withdraw,
};
use latchkey_testkit::contract_keys::kms_key;
use latchkey_testkit::fixtures::{NOW, tenant};
use latchkey_testkit::memory::MemoryStore;

const AT_ONCE: Addition<'static> = Addition {
    alg: None,
    signs_after: Some(Seconds(0)),
    once: None,
};

async fn store() -> (MemoryStore, TenantId) {
    let (store, here) = (MemoryStore::default(), tenant("here"));
    for tenant in [&here, &tenant("there")] {
        let settings = TenantSettings::default();
        let put = store.put_tenant(tenant, &settings, Expected::Absent);
        put.await.unwrap();
    }
    (store, here)
}

async fn ring(store: &MemoryStore, tenant: &TenantId) -> KeyRing {
    store.tenant(tenant).await.unwrap().unwrap().keys
}

#[tokio::test]
async fn a_new_key_takes_over_without_a_gap_and_the_old_one_still_verifies() {
    let (store, here) = store().await;
    let add = async |name| {
        let key = kms_key(name);
        add(&store, &here, &key, Addition::default(), NOW)
            .await
            .unwrap()
    };
    let (_, first) = add("first").await;
    assert_eq!(first.signs_from, NOW);
    let (added, second) = add("second").await;
    assert_eq!(added, Added::Added);
    assert_eq!(add("second").await, (Added::AlreadyThere, second.clone()));
    let ring = ring(&store, &here).await;
    let signing = |after: u64| {
        let key = ring.signing_key(None, NOW.plus(Seconds(after)));
        key.unwrap().kid.clone()
    };
    let before = PUBLISHED_BEFORE_SIGNING.0;
    assert_eq!(signing(0), first.kid);
    assert_eq!(signing(before - 1), first.kid);
    assert_eq!(signing(before), second.kid);
    let later = NOW.plus(Seconds::days(30));
    assert_eq!(ring.published(later).count(), 2);
}

#[tokio::test]
async fn a_withdrawn_key_verifies_no_more_and_does_not_come_back() {
    let (store, here) = store().await;
    let (first, second) = (kms_key("first"), kms_key("second"));
    let (_, key) = add(&store, &here, &first, AT_ONCE, NOW).await.unwrap();
    let refused = withdraw(&store, &here, &key.kid, NOW).await;
    assert!(matches!(refused, Err(RingError::LastKey)), "{refused:?}");
    add(&store, &here, &second, AT_ONCE, NOW).await.unwrap();
    let withdrawn = withdraw(&store, &here, &key.kid, NOW).await.unwrap();
    assert_eq!(withdrawn.published_until, Some(NOW));
    let later = NOW.plus(Seconds(9));
    let again = withdraw(&store, &here, &key.kid, later).await.unwrap();
    assert_eq!(again, withdrawn);
    let ring = ring(&store, &here).await;
    assert!(ring.verifying_key(&key.kid, NOW).is_none());
    let refused = add(&store, &here, &first, AT_ONCE, NOW).await;
    assert!(
        matches!(refused, Err(RingError::Key(KeyFault::Withdrawn(_)))),
        "{refused:?}"
    );
    let refused = withdraw(&store, &here, "nobody", NOW).await;
    assert!(matches!(refused, Err(RingError::NoKey)), "{refused:?}");
}

#[tokio::test]
async fn what_cannot_be_added_leaves_the_ring_as_it_is() {
    let (store, here) = store().await;
    let (there, key) = (tenant("there"), kms_key("first"));
    add(&store, &here, &key, AT_ONCE, NOW).await.unwrap();
    let refused = add(&store, &there, &key, AT_ONCE, NOW).await;
    assert!(
        matches!(refused, Err(RingError::Key(KeyFault::AnotherTenants(_)))),
        "{refused:?}"
    );
    assert_eq!(ring(&store, &there).await, KeyRing::default());
    let refused = add(&store, &tenant("nowhere"), &key, AT_ONCE, NOW).await;
    assert!(matches!(refused, Err(RingError::NoTenant)), "{refused:?}");
    let other = Addition {
        alg: Some(Algorithm::RS256),
        ..AT_ONCE
    };
    let refused = add(&store, &here, &key, other, NOW).await;
    assert!(
        matches!(
            refused,
            Err(RingError::Key(KeyFault::WrongAlgorithm { .. }))
        ),
        "{refused:?}"
    );
    for number in 1..MOST_KEYS {
        let key = kms_key(&number.to_string());
        add(&store, &here, &key, AT_ONCE, NOW).await.unwrap();
    }
    let refused = add(&store, &here, &kms_key("one more"), AT_ONCE, NOW).await;
    assert!(
        matches!(refused, Err(RingError::Key(KeyFault::RingFull))),
        "{refused:?}"
    );
    assert_eq!(ring(&store, &here).await.keys.len(), MOST_KEYS);
}
