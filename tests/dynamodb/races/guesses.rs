//! Many guesses at once against the lock: none is lost, and a burst is worth what a lock allows.

use futures_util::{StreamExt as _, stream};
use latchkey_oauth::client::RegistryAdmin as _;
use latchkey_oauth::lockout::{Backoff, LockPolicy, Source};
use latchkey_oauth::login::{Login, LoginRepository as _};
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::TenantSettings;
use latchkey_testkit::fixtures::{NOW, PASSWORD, subject_key, user, username};
use latchkey_tests::answer::Answer;
use latchkey_tests::store::{Store, Tables};
use latchkey_tests::world::World;

use super::{rounds, source, told};

/// Few free failures: each guess costs four calls, and a lock is a lock.
const FREE: u32 = 2;
/// The guesses of a burst, and how many of them are under way at once.
const GUESSES: usize = 10;
const AT_ONCE: usize = 4;
/// How many of them the lock lets be looked at: whoever begins when more than the free failures were answered finds it,
/// and so does the guess with this many before it, of which all but those under way with it were answered.
const WORTH: usize = FREE as usize + AT_ONCE;

fn policy() -> LockPolicy {
    LockPolicy {
        user: Backoff {
            free: FREE,
            ..LockPolicy::default().user
        },
        ..LockPolicy::default()
    }
}

fn tables(world: &World) -> &Tables {
    let Store::DynamoDb(tables) = &world.store else {
        panic!("not on DynamoDB");
    };
    tables
}

async fn world() -> World {
    let world = World::on_dynamodb().await;
    let settings = TenantSettings {
        lockout: policy(),
        ..TenantSettings::default()
    };
    let registry = &tables(&world).registry;
    registry
        .put_tenant(&world.tenant, &settings, Expected::Any)
        .await
        .unwrap();
    world
}

/// The same world seen from an address of the round's own, and a user of its own.
async fn apart(world: &World, round: usize) -> (World, String) {
    let name = format!("user-{round}");
    let user = user(&name);
    world
        .store
        .put_user(&world.tenant, &user, Expected::Absent)
        .await;
    (world.from(&source(round)), name)
}

async fn counters(world: &World, name: &str) -> Login {
    let source = Source::parse(world.source());
    let users = &tables(world).users;
    let name = username(name);
    let found = users.find_login(&world.tenant, &name, &source);
    found.await.unwrap()
}

/// Sends guesses, a few at a time, of which perhaps one is right.
async fn burst(world: &World, name: &str, right_one: Option<usize>) -> Vec<Answer> {
    let guesses = stream::iter(0..GUESSES).map(|guess| {
        let (world, name) = (world.clone(), name.to_owned());
        tokio::spawn(async move {
            let right = Some(guess) == right_one;
            let password = if right { PASSWORD } else { "wrong" };
            world.login_by("web", &name, password, "read").await
        })
    });
    let answers = guesses.buffer_unordered(AT_ONCE);
    answers.map(Result::unwrap).collect().await
}

fn with_reason(answers: &[Answer], reason: Option<&str>) -> usize {
    let such = answers.iter().filter(|answer| answer.reason() == reason);
    such.count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_parallel_failure_is_lost() {
    let world = world().await;
    let outcomes = rounds(|round| {
        let world = world.clone();
        async move {
            let (world, name) = apart(&world, round).await;
            let answers = burst(&world, &name, None).await;
            let counted = with_reason(&answers, Some("wrong_password"));
            let locked = with_reason(&answers, Some("user_locked"));
            // Whoever came when the lock had fallen was refused uncounted; everybody else was counted.
            assert_eq!(counted + locked, GUESSES);
            assert!(counted <= WORTH, "{counted} guesses");
            let login = counters(&world, &name).await;
            let kept = [
                login.by_user.failures,
                login.by_user_and_source.failures,
                login.by_source.failures,
            ];
            assert_eq!(kept.map(|it| usize::try_from(it).unwrap()), [counted; 3]);
            assert!(login.by_user.failures > FREE);
            assert!(login.user_is_locked(&policy().user, NOW));
            let right = world.login(&name, "read").await;
            assert_eq!(right.reason(), Some("user_locked"));
            counted < WORTH
        }
    })
    .await;
    told("wrong passwords x10", &outcomes, "the lock fell early");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_guesses_is_worth_no_more_than_the_lock_allows() {
    let world = world().await;
    let outcomes = rounds(|round| {
        let world = world.clone();
        async move {
            let (world, name) = apart(&world, round).await;
            let right_one = round % GUESSES;
            let answers = burst(&world, &name, Some(right_one)).await;
            let admitted = with_reason(&answers, None) == 1;
            let looked_at = with_reason(&answers, Some("wrong_password")) + usize::from(admitted);
            if admitted {
                assert!(right_one < WORTH, "guess {right_one} got in");
                // The right one has ended the counting, which begins anew.
                assert!(looked_at <= 2 * WORTH, "{looked_at} guesses");
            } else {
                assert!(looked_at <= WORTH, "{looked_at} guesses");
            }
            (right_one < WORTH, admitted)
        }
    })
    .await;
    let (early, admitted): (Vec<bool>, Vec<bool>) = outcomes.into_iter().unzip();
    told("guesses x10", &early, "the right one came in time");
    told("guesses x10", &admitted, "the right one got in");
    let refused: Vec<bool> = admitted.iter().map(|it| !it).collect();
    told("guesses x10", &refused, "the right one was refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_guess_in_a_burst_is_refused_once_the_lock_has_fallen() {
    let world = world().await;
    for _ in 0..=FREE {
        let _ = world.login_by("web", "alice", "wrong", "read").await;
    }
    let alice = username("alice");
    let key = subject_key(&world.tenant, &user("alice"));
    // What a login that had read the counter before the burst finds when its password turns out right.
    let source = Source::parse(world.source());
    let users = &tables(&world).users;
    let recheck = users.recheck(&world.tenant, &alice, &source, key);
    let (now, _) = recheck.await.unwrap();
    assert!(now.user_is_locked(&policy().user, NOW));
}
