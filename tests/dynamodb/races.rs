//! Races on DynamoDB Local, some hundreds of rounds each: whatever the order, one family has one living token, and what
//! was answered holds for all that begins afterwards.

mod guesses;

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use latchkey_oauth::store::Expected;
use latchkey_oauth::user::User;
use latchkey_testkit::fixtures::{PASSWORD, generation, hash_of, user, username};
use latchkey_tests::request::get;
use latchkey_tests::world::World;

/// How often a race is run, and how many rounds of it at once.
const ROUNDS: usize = 240;
const ROUNDS_AT_ONCE: usize = 4;
/// How many requests meet in a round where all do the same.
const PARALLEL: usize = 4;

/// Runs a race in all its rounds, each as a task of its own, and hands back what each came to.
async fn rounds<F, T>(race: impl Fn(usize) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Debug + Send + 'static,
{
    let tasks = stream::iter(0..ROUNDS).map(|round| tokio::spawn(race(round)));
    let outcomes = tasks.buffer_unordered(ROUNDS_AT_ONCE);
    let outcomes: Vec<T> = outcomes.map(|it| it.expect("a round")).collect().await;
    assert_eq!(outcomes.len(), ROUNDS);
    outcomes
}

/// A race that always has the same winner is none. The line is shown with `-- --nocapture`.
fn told(race: &str, outcomes: &[bool], happened: &str) {
    let often = outcomes.iter().filter(|it| **it).count();
    println!("{race}: {ROUNDS} rounds, in {often} of them {happened}");
    assert!(often > 0, "{race}: never {happened}");
}

/// Whether something was answered: what begins afterwards must know of it.
#[derive(Debug, Clone, Default)]
struct Answered(Arc<AtomicBool>);

impl Answered {
    fn now(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn already(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Reads a few times, more often in some rounds than in others: what ends a token is one write, which would otherwise
/// always be faster than what it races with.
async fn delayed(world: &World, round: usize) {
    for _ in 0..round % 8 {
        let _ = world.store.user(&world.tenant, &username("alice")).await;
    }
}

/// A source address of the round's own: its failures are nobody else's.
fn source(round: usize) -> String {
    format!("10.0.{}.{}", round / 256, round % 256)
}

/// Sends the same refresh request many times at once; the refresh tokens of those that were answered with one.
async fn refreshed_by_all(world: &World, client: &'static str, token: &str) -> Vec<String> {
    let all = (0..PARALLEL).map(|_| {
        let (world, token) = (world.clone(), token.to_owned());
        tokio::spawn(async move { world.refresh_by(client, &token).await })
    });
    let mut tokens = Vec::new();
    for answer in join_all(all).await {
        let answer = answer.expect("an answer");
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
async fn without_a_window_parallel_refreshes_leave_no_two_successors() {
    let world = World::on_dynamodb().await;
    let outcomes = rounds(|_| {
        let world = world.clone();
        async move {
            let login = world.login("alice", "read").await.ok();
            let first = login.string("refresh_token");
            let tokens = refreshed_by_all(&world, "web", &first).await;
            assert_eq!(tokens.len(), 1, "exactly one exchange succeeds");
            // The others used a token that was used already: the family is dead, its winner with it.
            assert_eq!(living(&world, "web", &tokens).await, Vec::<String>::new());
            let dead = world.refresh(&tokens[0]).await;
            let _ = dead.refused(400, "invalid_grant");
            true
        }
    })
    .await;
    told("refresh x4, no window", &outcomes, "the family ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_window_parallel_refreshes_have_one_successor() {
    let world = World::on_dynamodb().await;
    let outcomes = rounds(|_| {
        let world = world.clone();
        async move {
            let login = world.login_by("retry", "alice", PASSWORD, "read");
            let first = login.await.ok().string("refresh_token");
            let tokens = refreshed_by_all(&world, "retry", &first).await;
            assert_eq!(tokens.len(), PARALLEL, "every one is answered");
            assert!(tokens.iter().all(|token| token == &tokens[0]));
            assert_eq!(living(&world, "retry", &tokens[..1]).await.len(), 1);
            let _ = world.refresh_by("retry", &tokens[0]).await.ok();
            true
        }
    })
    .await;
    told("refresh x4, window", &outcomes, "all had one successor");
}

/// What a chain of refreshes was given.
#[derive(Debug, Default)]
struct Issued {
    access: Vec<String>,
    refresh: Vec<String>,
}

impl Issued {
    fn note(&mut self, answer: &latchkey_tests::answer::Answer) {
        self.access.push(answer.string("access_token"));
        self.refresh.push(answer.string("refresh_token"));
    }

    fn newest(&self) -> &str {
        self.refresh.last().expect("a token")
    }

    /// No token of it is active, and none can be refreshed.
    async fn is_dead(&self, world: &World) {
        for token in self.access.iter().chain(&self.refresh) {
            assert!(!world.is_active(token).await, "a token outlived its end");
        }
        let bearer = get("/userinfo").bearer(self.access.last().expect("a token"));
        let _ = world.send(bearer).await.refused(401, "invalid_token");
        let dead = world.refresh(self.newest()).await;
        let _ = dead.refused(400, "invalid_grant");
    }
}

/// Refreshes again and again, each time with the newest token, until that is refused.
async fn refreshed_until_refused(world: World, mut issued: Issued, end: Answered) -> Issued {
    loop {
        let late = end.already();
        let answer = world.refresh(issued.newest()).await;
        if answer.status() != 200 {
            let _ = answer.refused(400, "invalid_grant");
            return issued;
        }
        assert!(!late, "refreshed after the end was answered");
        issued.note(&answer);
    }
}

/// A login, refreshed a few times, so that a race meets families of different age.
async fn begun(world: &World, username: &str, refreshes: usize) -> Issued {
    let mut issued = Issued::default();
    issued.note(&world.login(username, "openid").await.ok());
    for _ in 0..refreshes {
        issued.note(&world.refresh(issued.newest()).await.ok());
    }
    issued
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_ends_a_family_that_is_being_refreshed() {
    let world = World::on_dynamodb().await;
    let outcomes = rounds(|round| {
        let world = world.clone();
        async move {
            let issued = begun(&world, "alice", round / 8 % 2).await;
            // Any token of the family will do: its client says that it wants it gone.
            let presented = issued.refresh[0].clone();
            let (before, end) = (issued.refresh.len(), Answered::default());
            let refreshing = refreshed_until_refused(world.clone(), issued, end.clone());
            let refreshing = tokio::spawn(refreshing);
            delayed(&world, round).await;
            let _ = world.revoke(&presented).await;
            end.now();
            let issued = refreshing.await.expect("a chain");
            issued.is_dead(&world).await;
            issued.refresh.len() > before
        }
    })
    .await;
    told(
        "refresh against revoke",
        &outcomes,
        "a refresh came between",
    );
}

/// What an operator may do that ends all of a user's tokens.
async fn ended_by_operator(world: &World, round: usize, mut user: User) {
    user.credentials.generation = generation(1);
    match round % 3 {
        0 => user.credentials.disabled = true,
        1 => user.credentials.password_hash = Some(hash_of("a new one")),
        _ => return world.store.delete_user(&world.tenant, &user).await,
    }
    let (store, tenant) = (&world.store, &world.tenant);
    store.put_user(tenant, &user, Expected::Any).await;
}

/// Signs in again and again until that is refused.
async fn signed_in_until_refused(world: World, username: String, end: Answered) -> Issued {
    let mut issued = Issued::default();
    loop {
        let late = end.already();
        let answer = world.login(&username, "openid").await;
        if answer.status() != 200 {
            let _ = answer.refused(400, "invalid_grant");
            return issued;
        }
        assert!(!late, "signed in after the end was answered");
        issued.note(&answer);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_who_is_disabled_changed_or_deleted_ends_while_refreshing_and_signing_in() {
    let world = World::on_dynamodb().await;
    let outcomes = rounds(|round| {
        let world = world.from(&source(round));
        async move {
            let name = format!("user-{round}");
            world
                .store
                .put_user(&world.tenant, &user(&name), Expected::Absent)
                .await;
            let issued = begun(&world, &name, 0).await;
            let end = Answered::default();
            let refreshing = refreshed_until_refused(world.clone(), issued, end.clone());
            let refreshing = tokio::spawn(refreshing);
            let signing_in = signed_in_until_refused(world.clone(), name.clone(), end.clone());
            let signing_in = tokio::spawn(signing_in);
            delayed(&world, round / 3).await;
            ended_by_operator(&world, round, user(&name)).await;
            end.now();
            let refreshed = refreshing.await.expect("a chain");
            refreshed.is_dead(&world).await;
            let signed_in = signing_in.await.expect("logins");
            if !signed_in.refresh.is_empty() {
                signed_in.is_dead(&world).await;
            }
            refreshed.refresh.len() > 1 || !signed_in.refresh.is_empty()
        }
    })
    .await;
    told(
        "refresh and login against disable, new password, deletion",
        &outcomes,
        "tokens were issued meanwhile",
    );
}

/// Introspects again and again, until twice after the end; how often the token was active.
async fn watched(world: World, token: String, end: Answered) -> usize {
    let (mut active, mut ended) = (0, false);
    let mut afterwards = 0;
    while afterwards < 2 {
        let late = end.already();
        let is_active = world.is_active(&token).await;
        assert!(!(is_active && late), "active after revoke was answered");
        assert!(!(is_active && ended), "active again");
        active += usize::from(is_active);
        ended = !is_active;
        afterwards += usize::from(late);
    }
    active
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_introspects_after_a_revocation_was_answered_knows_of_it() {
    let world = World::on_dynamodb().await;
    let outcomes = rounds(|round| {
        let world = world.clone();
        async move {
            let login = begun(&world, "alice", 0).await;
            let (access, refresh) = (login.access[0].clone(), login.refresh[0].clone());
            // An access token goes alone, a refresh token with all of its family.
            let (presented, watched_tokens) = if round % 2 == 0 {
                (access.clone(), vec![access.clone(), access])
            } else {
                (refresh.clone(), vec![access, refresh])
            };
            let end = Answered::default();
            let watching = watched_tokens.into_iter().map(|token| {
                let watching = watched(world.clone(), token, end.clone());
                tokio::spawn(watching)
            });
            let watching: Vec<_> = watching.collect();
            let _ = world.revoke(&presented).await;
            end.now();
            let mut active = 0;
            for watch in watching {
                active += watch.await.expect("a watch");
            }
            active > 0
        }
    })
    .await;
    told(
        "introspect against revoke",
        &outcomes,
        "a token was still active in between",
    );
}
