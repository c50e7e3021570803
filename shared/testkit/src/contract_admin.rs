//! What every store keeps to towards operators: no lost update, lists in parts, requests carried out once.

use latchkey_oauth::client::{Client, ClientId, RegistryAdmin};
use latchkey_oauth::hash::sha256;
use latchkey_oauth::issuer::Domain;
use latchkey_oauth::store::{Condition, Expected, Once, OnceNote, OnceRepository, Part, Version};
use latchkey_oauth::tenant::{TenantId, TenantSettings};
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::family::Family;
use latchkey_oauth::token::repository::{FamilyAdmin, RefreshTokenRepository};
use latchkey_oauth::user::{UserAdmin, Username};

use crate::contract::family_of;
use crate::fixtures::{NOW, confidential, subject_key, tenant, user};

/// Of two who have read the same, one writes: of tenants, clients and APIs.
pub async fn versions(store: &impl RegistryAdmin, tenant_name: &str) {
    let here = tenant(tenant_name);
    let settings = TenantSettings::default();
    let put = async |expected| store.put_tenant(&here, &settings, expected).await.unwrap();
    overwrites_nothing(put).await;
    let mut shop = confidential("shop");
    let put = async |expected| store.put_client(&here, &shop, expected).await.unwrap();
    let version = overwrites_nothing(put).await;
    let read = store.read_client(&here, &shop.client_id).await.unwrap();
    assert_eq!(read.as_ref().map(|it| it.version), Some(version));
    assert_eq!(read.map(|it| it.value).as_ref(), Some(&shop));
    let api = crate::fixtures::api("https://orders.example.com");
    let put = async |expected| store.put_api(&here, &api, expected).await.unwrap();
    overwrites_nothing(put).await;

    // What is deleted and made again is another: who has read the first changes nothing of the second.
    let id = shop.client_id.clone();
    let delete = async |expected| store.delete_client(&here, &id, expected).await.unwrap();
    assert!(!delete(Expected::Version(Version::from_number(7))).await);
    assert!(delete(Expected::Version(version)).await);
    assert!(!delete(Expected::Version(version)).await);
    shop.disabled = true;
    let again = store.put_client(&here, &shop, Expected::Absent).await;
    assert_ne!(again.unwrap(), Some(version));
    let stale = Expected::Version(version);
    assert_eq!(store.put_client(&here, &shop, stale).await.unwrap(), None);
    assert!(!delete(stale).await);
    assert!(delete(Expected::Any).await);
    let deleted = store.delete_tenant(&here, Expected::Any);
    assert!(deleted.await.unwrap());
}

async fn overwrites_nothing(put: impl AsyncFn(Expected) -> Option<Version>) -> Version {
    assert_eq!(put(Expected::Version(Version::NONE)).await, None);
    assert_eq!(put(Expected::Version(Version::from_number(7))).await, None);
    let first = put(Expected::Absent).await.unwrap();
    assert_eq!(put(Expected::Absent).await, None);
    assert_eq!(put(Expected::Version(Version::NONE)).await, None);
    let second = put(Expected::Version(first)).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(put(Expected::Version(first)).await, None);
    let last = put(Expected::Any).await.unwrap();
    assert_eq!(put(Expected::Version(second)).await, None);
    last
}

/// A list is told in parts, in the order of names, each once, whatever is asked for.
pub async fn paging(registry: &impl RegistryAdmin, users: &impl UserAdmin, tenant_name: &str) {
    let here = tenant(tenant_name);
    for name in ["b", "a b", "a", "a/1", "c"] {
        let client = Client {
            client_id: ClientId::parse(name).unwrap(),
            ..confidential(name)
        };
        let put = registry.put_client(&here, &client, Expected::Absent);
        put.await.unwrap();
    }
    let clients = async |part: Part<'_>| {
        let page = registry.clients_page(&here, part).await.unwrap();
        let names = page.items.iter().map(|it| it.client_id.to_string());
        (names.collect::<Vec<_>>(), page.more)
    };
    in_parts(clients, &["a", "a b", "a/1", "b", "c"]).await;

    for name in ["zoë", "alice", "al", "bob", "alž"] {
        let user = user_named(name);
        let put = users.put_user(&here, &user, Expected::Absent);
        assert!(put.await.unwrap().is_some());
    }
    let names = async |part: Part<'_>| {
        let page = users.users_page(&here, part).await.unwrap();
        let names = page.items.iter().map(|it| it.profile.username.to_string());
        (names.collect::<Vec<_>>(), page.more)
    };
    in_parts(names, &["al", "alice", "alž", "bob", "zoë"]).await;

    let others = ["-1", "-2", "-3"].map(|end| tenant(&format!("{tenant_name}{end}")));
    let settings = TenantSettings::default();
    for other in &others {
        let put = registry.put_tenant(other, &settings, Expected::Absent);
        put.await.unwrap();
    }
    let begins = format!("{tenant_name}-");
    let part = Part {
        prefix: &begins,
        after: Some(others[0].as_str()),
        limit: 5,
    };
    let page = registry.tenants_page(part).await.unwrap();
    let found: Vec<TenantId> = page.items.iter().map(|it| it.id.clone()).collect();
    assert_eq!((found.as_slice(), page.more), (&others[1..], false));
}

fn user_named(name: &str) -> latchkey_oauth::user::User {
    let mut user = user("x");
    user.profile.username = Username::parse(name).unwrap();
    let subject = format!(
        "subject-{}",
        name.len() * 1_000 + name.chars().map(|it| it as usize).sum::<usize>()
    );
    user.profile.subject = latchkey_oauth::user::Subject::parse(&subject).unwrap();
    user.credentials.subject = user.profile.subject.clone();
    user
}

/// Five names, of which the first begins the second and the third.
async fn in_parts(read: impl AsyncFn(Part<'_>) -> (Vec<String>, bool), names: &[&str; 5]) {
    for limit in 1..=6 {
        let (mut told, mut after) = (Vec::new(), None);
        loop {
            let part = Part {
                prefix: "",
                after: after.as_deref(),
                limit,
            };
            let (found, more) = read(part).await;
            assert!(found.len() <= limit && (!more || found.len() == limit));
            after = found.last().cloned().or(after);
            told.extend(found);
            if !more {
                break;
            }
        }
        assert_eq!(told, names, "{limit} at a time");
    }
    let part = Part {
        prefix: names[0],
        after: None,
        limit: 9,
    };
    assert_eq!(
        read(part).await,
        (
            names[..3].iter().map(|it| (*it).to_owned()).collect(),
            false
        )
    );
    assert_eq!(read(part.after(names[1])).await.0, [names[2]]);
    // A place after all that is asked for, or before, or that nobody has: a part of the list all the same.
    assert_eq!(read(part.after(names[4])).await, (Vec::new(), false));
    assert_eq!(read(part.after("!")).await.0, names[..3]);
    assert_eq!(
        read(Part {
            prefix: "nobody",
            ..part
        })
        .await,
        (Vec::new(), false)
    );
}

/// A request that is carried out once is noted with what it makes, or neither is there.
pub async fn once<S>(
    store: &S,
    notes: &impl OnceRepository,
    users: &impl UserAdmin,
    tenant_name: &str,
) where
    S: RegistryAdmin,
{
    let here = tenant(tenant_name);
    let request = |key: &str| Once {
        tenant: here.clone(),
        key: sha256(key.as_bytes()),
        note: OnceNote {
            request: sha256(b"a request"),
            location: "/somewhere".to_owned(),
            until: NOW.plus(Seconds(60)),
        },
        now: NOW,
    };
    let noted = async |once: &Once, now| notes.once(&here, &once.key, now).await.unwrap();
    let first = request(&format!("{tenant_name} first"));
    assert_eq!(noted(&first, NOW).await, None);
    let (shop, other) = (confidential("shop"), confidential("other"));
    let put = async |client: &Client, expected, once: &Once| {
        let condition = Condition {
            expected,
            once: Some(once),
        };
        store.put_client(&here, client, condition).await.unwrap()
    };
    let version = put(&shop, Expected::Absent, &first).await.unwrap();
    assert_eq!(noted(&first, NOW).await, Some(first.note.clone()));
    // The key is used up, for whatever else it is used.
    assert_eq!(put(&other, Expected::Absent, &first).await, None);
    assert_eq!(store.client(&here, &other.client_id).await.unwrap(), None);
    // What is refused is not noted.
    let second = request(&format!("{tenant_name} second"));
    assert_eq!(put(&shop, Expected::Absent, &second).await, None);
    assert_eq!(noted(&second, NOW).await, None);
    assert!(
        put(&shop, Expected::Version(version), &second)
            .await
            .is_some()
    );
    // Another tenant's key is another key.
    let there = tenant(&format!("{tenant_name}-x"));
    assert_eq!(notes.once(&there, &first.key, NOW).await.unwrap(), None);
    // After its time it means nothing, whether or not it has been taken away.
    let later = NOW.plus(Seconds(60));
    assert_eq!(noted(&first, later).await, None);
    let anew = Once {
        now: later,
        ..first
    };
    assert!(put(&other, Expected::Absent, &anew).await.is_some());

    let third = request(&format!("{tenant_name} third"));
    let condition = Condition {
        expected: Expected::Absent,
        once: Some(&third),
    };
    let (alice, bob) = (user("alice"), user("bob"));
    let put = users.put_user(&here, &alice, condition).await.unwrap();
    assert!(put.is_some());
    assert_eq!(users.put_user(&here, &bob, condition).await.unwrap(), None);
    assert_eq!(noted(&third, NOW).await, Some(third.note.clone()));
}

/// A subject's living families are listed, and end one by one.
pub async fn families<G: FamilyAdmin + RefreshTokenRepository>(grants: &G, tenant_name: &str) {
    let here = tenant(tenant_name);
    let alice = subject_key(&here, &user("alice"));
    let part = Part {
        prefix: "",
        after: None,
        limit: 2,
    };
    let mut made = Vec::new();
    for seed in 1..=4 {
        let (family, _) = family_of(&here, seed);
        grants.insert(&here, &family).await.unwrap();
        made.push(family);
    }
    made.sort_by_key(|family| family.id.number());
    let made: [Family; 4] = made.try_into().unwrap();
    let page =
        async |part: Part<'_>, now| grants.families_page(&here, alice, part, now).await.unwrap();
    let first = page(part, NOW).await;
    assert_eq!((first.items.as_slice(), first.more), (&made[..2], true));
    let last = made[1].id.number();
    let second = page(part.after(&last), NOW).await;
    assert_eq!((second.items.as_slice(), second.more), (&made[2..], false));

    assert!(grants.end_family(&here, &made[0].id, NOW).await.unwrap());
    assert!(!grants.end_family(&here, &made[0].id, NOW).await.unwrap());
    let there = tenant(&format!("{tenant_name}-x"));
    assert!(!grants.end_family(&there, &made[1].id, NOW).await.unwrap());
    let left = page(part, NOW).await;
    assert_eq!((left.items.as_slice(), left.more), (&made[1..3], true));
    let one = Part { limit: 1, ..part };
    assert_eq!(page(one, NOW).await.items, made[1..2]);
    assert_eq!(page(part, made[1].token_expires_at).await.items, []);
    let nobody = subject_key(&here, &user("nobody"));
    let none = grants.families_page(&here, nobody, part, NOW).await;
    assert_eq!(none.unwrap().items, []);
}

/// A domain is one tenant's, for as long as that has it.
pub async fn domains(store: &impl RegistryAdmin, tenant_name: &str) {
    let (one, other) = (tenant(tenant_name), tenant(&format!("{tenant_name}-x")));
    let domain = |name: &str| Domain::parse(&format!("{name}.{tenant_name}.example")).unwrap();
    let put = async |tenant, name: Option<&str>| {
        let settings = TenantSettings {
            domain: name.map(domain),
            ..TenantSettings::default()
        };
        let put = store.put_tenant(tenant, &settings, Expected::Any);
        put.await.unwrap().is_some()
    };
    let of = async |name| store.tenant_of_domain(&domain(name)).await.unwrap();
    assert_eq!(of("login").await, None);
    assert!(put(&one, Some("login")).await);
    assert_eq!(of("login").await, Some(one.clone()));
    let found = store.tenant(&one).await.unwrap().unwrap();
    assert_eq!(found.settings.domain, Some(domain("login")));

    assert!(!put(&other, Some("login")).await);
    assert_eq!(store.tenant(&other).await.unwrap(), None);
    assert!(put(&one, Some("login")).await);
    assert!(put(&one, Some("id")).await);
    assert_eq!(
        (of("login").await, of("id").await),
        (None, Some(one.clone()))
    );
    assert!(put(&other, Some("login")).await);
    assert!(put(&one, None).await);
    assert_eq!(
        (of("login").await, of("id").await),
        (Some(other.clone()), None)
    );
    assert!(store.delete_tenant(&other, Expected::Any).await.unwrap());
    assert_eq!(of("login").await, None);
}
