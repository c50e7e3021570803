//! Races on DynamoDB Local: whatever the order, one family has one living token.

use futures_util::future::join_all;
use latchkey_oauth::lockout::{LockPolicy, Source};
use latchkey_oauth::user::LoginRepository as _;
use latchkey_testkit::fixtures::{NOW, PASSWORD, username};
use latchkey_tests::store::Store;
use latchkey_tests::world::World;

/// How many requests at once, and how often.
const PARALLEL: usize = 20;
const ROUNDS: usize = 25;

async fn refreshed_by_all(world: &World, client: &str, token: &str) -> Vec<String> {
    let all = (0..PARALLEL).map(|_| world.refresh_by(client, token));
    let answers = join_all(all).await;
    let mut tokens = Vec::new();
    for answer in answers {
        if answer.status() == 200 {
            tokens.push(answer.string("refresh_token"));
        } else {
            let _ = answer.refused(400, "invalid_grant");
        }
    }
    tokens
}

async fn living(world: &World, client: &str, tokens: &[String]) -> Vec<String> {
    let mut living: Vec<String> = Vec::new();
    for token in tokens {
        let told = world.introspect_by(client, token).await;
        if told.member("active") == true && !living.contains(token) {
            living.push(token.clone());
        }
    }
    living
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_window_twenty_parallel_refreshes_leave_no_two_successors() {
    let world = World::on_dynamodb().await;
    for _ in 0..ROUNDS {
        let login = world.login("alice", "read").await.ok();
        let tokens = refreshed_by_all(&world, "web", &login.string("refresh_token")).await;
        assert_eq!(tokens.len(), 1, "exactly one exchange succeeds");
        // The others used a token that was used already: the family is dead, its winner with it.
        assert_eq!(living(&world, "web", &tokens).await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_window_twenty_parallel_refreshes_have_one_successor() {
    let world = World::on_dynamodb().await;
    for _ in 0..ROUNDS {
        let login = world
            .login_by("retry", "alice", PASSWORD, "read")
            .await
            .ok();
        let tokens = refreshed_by_all(&world, "retry", &login.string("refresh_token")).await;
        assert_eq!(tokens.len(), PARALLEL, "every one is answered");
        assert_eq!(living(&world, "retry", &tokens).await.len(), 1);
        let next = world.refresh_by("retry", &tokens[0]).await.ok();
        let _ = next.string("refresh_token");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_parallel_failure_is_lost() {
    let world = World::on_dynamodb().await;
    let Store::DynamoDb(tables) = &world.store else {
        panic!("not on DynamoDB");
    };
    let alice = username("alice");
    let source = Source::parse(world.source());
    let read = async || {
        let login = tables.users.find_login(&world.tenant, &alice, &source);
        login.await.unwrap()
    };
    let wrong = (0..PARALLEL).map(|_| world.login_by("web", "alice", "wrong", "read"));
    let answers = join_all(wrong).await;
    let counted = answers
        .iter()
        .filter(|answer| answer.reason() == Some("wrong_password"))
        .count();
    let login = read().await;
    // Whoever came when the lock had fallen was refused uncounted; everybody else was counted.
    assert_eq!(usize::try_from(login.by_user.failures).unwrap(), counted);
    assert_eq!(login.by_user_and_source.failures, login.by_user.failures);
    assert_eq!(login.by_source.failures, login.by_user.failures);
    assert!(counted > usize::try_from(LockPolicy::default().user.free).unwrap());
    assert!(login.user_is_locked(&LockPolicy::default().user, NOW));
    let locked = world.login("alice", "read").await;
    assert_eq!(locked.reason(), Some("user_locked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_guess_in_a_burst_is_refused_once_the_lock_has_fallen() {
    let world = World::on_dynamodb().await;
    for _ in 0..LockPolicy::default().user.free + 1 {
        let _ = world.login_by("web", "alice", "wrong", "read").await;
    }
    let Store::DynamoDb(tables) = &world.store else {
        panic!("not on DynamoDB");
    };
    let alice = username("alice");
    let user = world.store.user(&world.tenant, &alice).await.unwrap();
    let key = latchkey_testkit::fixtures::subject_key(&world.tenant, &user);
    // What a login that had read the counter before the burst finds when its password turns out right.
    let source = Source::parse(world.source());
    let recheck = tables.users.recheck(&world.tenant, &alice, &source, key);
    let (now, _) = recheck.await.unwrap();
    assert!(now.user_is_locked(&LockPolicy::default().user, NOW));
}
