//! What every store keeps to of key rings: no lost update, and no key in two tenants' rings.

use futures_util::future::join;
use latchkey_oauth::client::{RegistryAdmin, RingWrite};
use latchkey_oauth::hash::sha256;
use latchkey_oauth::store::{Expected, Once, OnceNote, OnceRepository};
use latchkey_oauth::tenant::{TenantId, TenantSettings};
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::jwk::{KeyRing, PublicKey};
use latchkey_oauth::token::key_ring::{KmsKey, ring_key};

use crate::fixtures::{NOW, tenant};

/// An Ed25519 key that nobody else has: nothing is verified with it.
pub fn kms_key(name: &str) -> KmsKey {
    KmsKey {
        id: format!("arn:{name}"),
        spec: "ECC_NIST_EDWARDS25519".to_owned(),
        public: PublicKey::Ed25519 {
            x: sha256(name.as_bytes()).as_bytes().to_vec(),
        },
    }
}

fn ring(names: &[&str], of: &str) -> KeyRing {
    let keys = names.iter().map(|name| {
        let key = kms_key(&format!("{of}-{name}"));
        ring_key(&key, None, NOW, NOW).expect("a key that signs")
    });
    KeyRing {
        keys: keys.collect(),
    }
}

async fn put_tenant(store: &impl RegistryAdmin, tenant: &TenantId) {
    let settings = TenantSettings::default();
    let put = store.put_tenant(tenant, &settings, Expected::Any);
    put.await.unwrap();
}

/// A key ring is replaced only by who has seen it as it is, and by a request that is carried out once only once.
pub async fn key_ring(store: &impl RegistryAdmin, notes: &impl OnceRepository, tenant_name: &str) {
    let here = tenant(tenant_name);
    put_tenant(store, &here).await;
    let (none, one) = (KeyRing::default(), ring(&["a"], tenant_name));
    let put = async |expected, keys, once| {
        let put = store.put_keys(&here, expected, keys, once);
        put.await.unwrap()
    };
    let read = async || store.tenant(&here).await.unwrap().unwrap();
    assert_eq!(put(&none, &one, None).await, RingWrite::Written);
    assert_eq!(put(&none, &none, None).await, RingWrite::Stale);
    assert_eq!(read().await.keys, one);

    let once = Once {
        tenant: here.clone(),
        key: sha256(tenant_name.as_bytes()),
        note: OnceNote {
            request: sha256(b"a request"),
            location: "/keys/b".to_owned(),
            until: NOW.plus(Seconds(60)),
        },
        now: NOW,
    };
    let noted = async || notes.once(&here, &once.key, NOW).await.unwrap();
    let two = ring(&["a", "b"], tenant_name);
    assert_eq!(put(&none, &two, Some(&once)).await, RingWrite::Stale);
    assert_eq!(noted().await, None);
    assert_eq!(put(&one, &two, Some(&once)).await, RingWrite::Written);
    assert_eq!(noted().await, Some(once.note.clone()));
    assert_eq!(put(&one, &two, None).await, RingWrite::Stale);
    let three = ring(&["a", "b", "c"], tenant_name);
    assert_eq!(put(&two, &three, Some(&once)).await, RingWrite::Stale);

    let settings = TenantSettings {
        name: Some("renamed".to_owned()),
        ..TenantSettings::default()
    };
    let renamed = store.put_tenant(&here, &settings, Expected::Any);
    renamed.await.unwrap();
    assert_eq!(read().await.keys, two);
}

/// A key is one tenant's: whoever was first, for good.
pub async fn signing_keys(store: &impl RegistryAdmin, tenant_name: &str) {
    let here = tenant(tenant_name);
    let there = tenant(&format!("{tenant_name}-x"));
    put_tenant(store, &here).await;
    put_tenant(store, &there).await;
    let none = KeyRing::default();
    let put = async |tenant, expected, keys| {
        let put = store.put_keys(tenant, expected, keys, None);
        put.await.unwrap()
    };
    let own = ring(&["own"], tenant_name);
    let shared = ring(&["own", "shared"], tenant_name);
    assert_eq!(put(&here, &none, &own).await, RingWrite::Written);
    assert_eq!(put(&here, &own, &shared).await, RingWrite::Written);
    // Another's, whichever place it has in the ring, and whatever else is wrong; and then nothing of it is written.
    let theirs = ring(&["theirs", "shared"], tenant_name);
    for stale in [&none, &own] {
        assert_eq!(put(&there, stale, &theirs).await, RingWrite::AnotherTenants);
    }
    assert_eq!(store.tenant(&there).await.unwrap().unwrap().keys, none);
    let theirs = ring(&["theirs"], tenant_name);
    assert_eq!(put(&here, &shared, &theirs).await, RingWrite::Written);

    // Neither being out of the ring nor the end of its tenant makes a key anybody else's.
    assert_eq!(put(&there, &none, &own).await, RingWrite::AnotherTenants);
    assert!(store.delete_tenant(&here, Expected::Any).await.unwrap());
    for keys in [&own, &shared, &theirs] {
        assert_eq!(put(&there, &none, keys).await, RingWrite::AnotherTenants);
    }
    put_tenant(store, &here).await;
    assert_eq!(put(&here, &none, &shared).await, RingWrite::Written);

    // Of two at once one has it.
    let wanted = ring(&["wanted"], tenant_name);
    let both = join(put(&here, &shared, &wanted), put(&there, &none, &wanted)).await;
    let (first, second) = match both {
        (RingWrite::Written, second) => (&here, second),
        (other, RingWrite::Written) => (&there, other),
        (RingWrite::Stale | RingWrite::AnotherTenants, refused) => {
            panic!("nobody has it: {refused:?}")
        }
    };
    assert_eq!(second, RingWrite::AnotherTenants);
    assert_eq!(store.tenant(first).await.unwrap().unwrap().keys, wanted);
}
