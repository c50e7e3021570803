//! What every store keeps to about users and their failures to sign in.

use latchkey_oauth::lockout::{Attempts, Backoff, Source};
use latchkey_oauth::login::{Counter, LoginRepository};
use latchkey_oauth::secret_token::{Purpose, SecretToken};
use latchkey_oauth::store::Expected;
use latchkey_oauth::time::Seconds;
use latchkey_oauth::token::repository::{TokenKeys, TokenStateRepository};
use latchkey_oauth::user::{Credentials, PasswordReset, User, UserAdmin};

use crate::fixtures::{NOW, generation, hash_of, subject_key, tenant, user, username};
use crate::random::SeededRandom;

const POLICY: Backoff = Backoff {
    free: 3,
    longest: Seconds(60),
    memory: Seconds(3_600),
};

/// A user is written whole or not at all, and only over what the writer has seen.
pub async fn users(store: &(impl UserAdmin + LoginRepository), tenant_name: &str) {
    let here = tenant(tenant_name);
    let alice = user("alice");
    let source = Source::parse("192.0.2.1");
    let put = async |user: &User, expected| store.put_user(&here, user, expected).await.unwrap();
    let first = put(&alice, Expected::Absent).await.unwrap();
    assert_eq!(put(&alice, Expected::Absent).await, None);
    let found = store.user(&here, &alice.profile.username).await.unwrap();
    let found = found.unwrap();
    assert_eq!((&found.value, found.version), (&alice, first));
    let elsewhere = tenant(&format!("{tenant_name}-x"));
    assert_eq!(
        store
            .user(&elsewhere, &alice.profile.username)
            .await
            .unwrap(),
        None
    );

    let mut changed = alice.clone();
    changed.credentials.disabled = true;
    changed.credentials.generation = generation(1);
    let second = put(&changed, Expected::Version(first)).await.unwrap();
    // Nor does a change of claims alone go over what somebody else has changed meanwhile.
    let mut renamed = alice.clone();
    renamed.profile.claims.insert("name".to_owned(), "A".into());
    assert_eq!(put(&renamed, Expected::Version(first)).await, None);
    let login = store
        .find_login(&here, &alice.profile.username, &source)
        .await
        .unwrap();
    assert_eq!(login.credentials.as_ref(), Some(&changed.credentials));

    let mut impostor = user("mallory");
    impostor.credentials.subject = alice.credentials.subject.clone();
    impostor.profile.subject = alice.profile.subject.clone();
    assert_eq!(put(&impostor, Expected::Absent).await, None);
    let login = store
        .find_login(&here, &impostor.profile.username, &source)
        .await
        .unwrap();
    assert_eq!(login.credentials, None);

    let bob = user("bob");
    assert!(put(&bob, Expected::Absent).await.is_some());
    let users = store.users(&here).await.unwrap();
    let users: Vec<_> = users.into_iter().map(|it| it.value).collect();
    assert_eq!(users, [changed.clone(), bob]);
    let stale = store.delete_user(&here, &changed, Expected::Version(first));
    assert!(!stale.await.unwrap());
    let deleted = store.delete_user(&here, &changed, Expected::Version(second));
    assert!(deleted.await.unwrap());
    assert_eq!(
        store.user(&here, &alice.profile.username).await.unwrap(),
        None
    );
}

/// A hash is replaced only while it is the one that was seen.
pub async fn rehash(store: &(impl UserAdmin + LoginRepository), tenant_name: &str) {
    let here = tenant(tenant_name);
    let alice = user("alice");
    let name = &alice.profile.username;
    let put = store.put_user(&here, &alice, Expected::Absent);
    put.await.unwrap();
    let old = alice.credentials.password_hash.clone().unwrap();
    let (new, late) = (hash_of("new"), hash_of("late"));
    store.replace_hash(&here, name, &old, &new).await.unwrap();
    store.replace_hash(&here, name, &old, &late).await.unwrap();
    let found = store.user(&here, name).await.unwrap().unwrap();
    assert_eq!(found.credentials.password_hash, Some(new));
    let nobody = username("nobody");
    store
        .replace_hash(&here, &nobody, &old, &late)
        .await
        .unwrap();
    assert_eq!(store.user(&here, &nobody).await.unwrap(), None);
}

/// Failures add up, are forgotten, and are cleared only by who has seen them all.
pub async fn attempts(store: &(impl UserAdmin + LoginRepository), tenant_name: &str) {
    let here = tenant(tenant_name);
    let alice = username("alice");
    let source = Source::parse("2001:db8::1");
    let both = Counter::UserAndSource(&alice, &source);
    let read = async || store.find_login(&here, &alice, &source).await.unwrap();
    let fail = async |counter, seen: Attempts, now| {
        let recorded = store.record_failure(&here, counter, &seen, &POLICY, now);
        recorded.await.unwrap();
    };
    for expected in 1..=3 {
        fail(both, read().await.by_user_and_source, NOW).await;
        assert_eq!(read().await.by_user_and_source.failures, expected);
    }
    assert_eq!(read().await.by_user.failures, 0);
    // Who has read an older state counts on all the same.
    let stale = read().await;
    for _ in 0..2 {
        fail(Counter::Source(&source), stale.by_source, NOW).await;
        fail(Counter::User(&alice), stale.by_user, NOW).await;
    }
    assert_eq!(read().await.by_source.failures, 2);
    assert_eq!(read().await.by_user.failures, 2);
    let elsewhere = Source::parse("2001:db8:1::1");
    let there = store.find_login(&here, &alice, &elsewhere).await.unwrap();
    assert_eq!(
        (there.by_user.failures, there.by_user_and_source.failures),
        (2, 0)
    );

    let mut one_short = read().await;
    one_short.by_user_and_source.failures -= 1;
    one_short.by_user.failures -= 1;
    store
        .clear_failures(&here, &alice, &source, &one_short)
        .await
        .unwrap();
    assert_eq!(read().await.by_user_and_source.failures, 3);
    assert_eq!(read().await.by_user.failures, 2);
    let key = subject_key(&here, &user("alice"));
    let (seen, _) = store.recheck(&here, &alice, &source, key).await.unwrap();
    assert_eq!(seen, read().await);

    // The memory is counted from the first failure.
    let soon = NOW.plus(Seconds(POLICY.memory.0 - 1));
    fail(both, seen.by_user_and_source, soon).await;
    let counted = read().await.by_user_and_source;
    assert_eq!(
        (
            counted.failures,
            counted.first_failure,
            counted.last_failure
        ),
        (4, NOW, soon)
    );
    let later = NOW.plus(POLICY.memory);
    fail(both, counted, later).await;
    let forgotten = read().await.by_user_and_source;
    assert_eq!((forgotten.failures, forgotten.first_failure), (1, later));
    let seen = read().await;
    let cleared = store.clear_failures(&here, &alice, &source, &seen);
    cleared.await.unwrap();
    let left = read().await;
    assert_eq!(
        (left.by_user_and_source.failures, left.by_user.failures),
        (0, 0)
    );
    assert_eq!(left.by_source.failures, 2);
}

/// A password is set over the one that was seen, in credentials and state alike, once: of two at a time one.
pub async fn set_password(
    users: &(impl UserAdmin + LoginRepository),
    states: &impl TokenStateRepository,
    tenant_name: &str,
) {
    let here = tenant(tenant_name);
    let alice = user("alice");
    let name = &alice.profile.username;
    let first = users.put_user(&here, &alice, Expected::Absent).await;
    let first = first.unwrap().unwrap();
    let seen = alice.credentials.clone();
    let with = |hash: &str, generation| Credentials {
        password_hash: Some(hash_of(hash)),
        generation,
        ..seen.clone()
    };
    let (one, other) = (with("one", generation(1)), with("other", generation(2)));
    // A hash made anew meanwhile is of the same password.
    let (old, better) = (seen.password_hash.as_ref().unwrap(), hash_of("better"));
    users.replace_hash(&here, name, old, &better).await.unwrap();
    let (one_set, other_set) = futures_util::join!(
        users.set_password(&here, name, &seen, &one),
        users.set_password(&here, name, &seen, &other),
    );
    let (one_set, other_set) = (one_set.unwrap(), other_set.unwrap());
    assert_ne!(one_set, other_set, "both or neither");
    let winner = if one_set { one } else { other };
    let found = users.user(&here, name).await.unwrap().unwrap();
    assert_eq!(found.credentials, winner);
    assert_eq!(found.profile, alice.profile);
    let keys = TokenKeys {
        subject: Some(subject_key(&here, &alice)),
        ..TokenKeys::default()
    };
    let state = states.token_state(&here, &keys).await.unwrap().subject;
    assert_eq!(state, Some(winner.state(name)));
    // Whoever has read the user before does not write over it.
    let late = users.put_user(&here, &alice, Expected::Version(first));
    assert_eq!(late.await.unwrap(), None);

    // Another reset token meanwhile, and the one that was seen counts no more.
    let reset = |seed| PasswordReset {
        hash: SecretToken::new(Purpose::PasswordReset, &SeededRandom::new(seed))
            .unwrap()
            .hash(),
        until: NOW,
    };
    let mut with_token = found.value;
    with_token.credentials.reset = Some(reset(1));
    let put = users.put_user(&here, &with_token, Expected::Any);
    assert!(put.await.unwrap().is_some());
    let before = winner.clone();
    let new = with("new", generation(3));
    assert!(
        !users
            .set_password(&here, name, &before, &new)
            .await
            .unwrap()
    );
    let mut other_token = with_token.credentials.clone();
    other_token.reset = Some(reset(2));
    let by_other = users.set_password(&here, name, &other_token, &new);
    assert!(!by_other.await.unwrap());
    let found = users.user(&here, name).await.unwrap().unwrap();
    assert_eq!(found.value, with_token);
    let by_it = users.set_password(&here, name, &with_token.credentials, &new);
    assert!(by_it.await.unwrap());
    let found = users.user(&here, name).await.unwrap().unwrap();
    assert_eq!(found.credentials, new);
    let again = users.set_password(&here, name, &with_token.credentials, &new);
    assert!(!again.await.unwrap());
    let nobody = username("nobody");
    let nobody = users.set_password(&here, &nobody, &seen, &new);
    assert!(!nobody.await.unwrap());
}
