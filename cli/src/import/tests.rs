//! Imports that are interrupted, and stores that do not answer.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::store::{Condition, Expected, Page, Part, StoreError, Version, Versioned};
use latchkey_oauth::user::{User, Username};
use latchkey_testkit::clock::FixedClock;
use latchkey_testkit::fixtures::{self, NOW};
use latchkey_testkit::memory::MemoryStore;
use secrecy::SecretString;
use serde_json::Value;

use super::checkpoint::beside;
use super::*;
use crate::surroundings::Prompter;

struct Nobody;

impl Prompter for Nobody {
    fn is_there(&self) -> bool {
        false
    }

    fn confirm(&self, _: &str) -> std::io::Result<bool> {
        Ok(false)
    }

    fn ask(&self, _: &str) -> std::io::Result<SecretString> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

/// A store that does not answer to some of the writes.
struct Flaky {
    store: MemoryStore,
    writes: AtomicU64,
    fails: Box<dyn Fn(u64) -> bool + Send + Sync>,
    loses_answers: bool,
}

impl Flaky {
    fn new(store: &MemoryStore, fails: impl Fn(u64) -> bool + Send + Sync + 'static) -> Self {
        Self {
            store: store.clone(),
            writes: AtomicU64::new(0),
            fails: Box::new(fails),
            loses_answers: false,
        }
    }

    fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }
}

impl UserAdmin for Flaky {
    async fn user(
        &self,
        of: &TenantId,
        name: &Username,
    ) -> Result<Option<Versioned<User>>, StoreError> {
        self.store.user(of, name).await
    }

    async fn put_user<'a>(
        &self,
        of: &TenantId,
        user: &User,
        condition: impl Into<Condition<'a>> + Send,
    ) -> Result<Option<Version>, StoreError> {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        if (self.fails)(number) {
            return Err(StoreError::unavailable("throttled"));
        }
        let written = self.store.put_user(of, user, condition).await;
        if self.loses_answers && number.is_multiple_of(3) {
            return Err(StoreError::unavailable("the answer was lost"));
        }
        written
    }

    async fn delete_user(
        &self,
        of: &TenantId,
        user: &User,
        expected: Expected,
    ) -> Result<bool, StoreError> {
        self.store.delete_user(of, user, expected).await
    }

    async fn users_page(
        &self,
        of: &TenantId,
        part: Part<'_>,
    ) -> Result<Page<Versioned<User>>, StoreError> {
        self.store.users_page(of, part).await
    }
}

async fn import(
    file: &Path,
    users: &impl UserAdmin,
    change: impl FnOnce(&mut Options),
) -> anyhow::Result<Report> {
    let mut options = Options {
        file: file.to_owned(),
        format: Format::Jsonl,
        tenant: fixtures::tenant("default"),
        update: false,
        dry_run: false,
        resume: false,
    };
    change(&mut options);
    let (hashing, clock) = (fixtures::hashing(), FixedClock::at(NOW));
    let tools = Tools {
        hashing: &hashing,
        random: &SystemRandom,
        clock: &clock,
        prompter: &Nobody,
    };
    let mut tell = |_: &str| {};
    let mut progress = Progress::new(&clock, &mut tell);
    run(
        &options,
        &MemoryStore::default(),
        users,
        &tools,
        &mut progress,
    )
    .await
}

/// `count` users, and a bad row after every hundredth.
fn file(folder: &Path, count: u32) -> PathBuf {
    let rows = (1..=count).map(|number| {
        let bad = if number % 100 == 0 { "{}\n" } else { "" };
        format!("{{\"username\": \"user-{number}\"}}\n{bad}")
    });
    let path = folder.join("users.jsonl");
    fs::write(&path, rows.collect::<String>()).unwrap();
    path
}

fn lines_of(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn a_store_that_throttles_is_given_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::default();
    // One of four writes is throttled, in no order.
    let flaky = Flaky::new(&store, |number| {
        number.wrapping_mul(2_654_435_761) >> 7 & 3 == 0
    });
    let report = import(&file(folder.path(), 500), &flaky, |_| {})
        .await
        .unwrap();
    assert_eq!((report.counts.created, report.counts.rejected), (500, 5));
    assert!(flaky.writes() > 600, "{}", flaky.writes());
    assert_eq!(
        store
            .users(&fixtures::tenant("default"))
            .await
            .unwrap()
            .len(),
        500
    );
}

#[tokio::test(start_paused = true)]
async fn who_was_written_though_the_answer_was_lost_is_new_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::default();
    let forgetful = Flaky {
        loses_answers: true,
        ..Flaky::new(&store, |_| false)
    };
    let report = import(&file(folder.path(), 300), &forgetful, |_| {}).await;
    let counts = report.unwrap().counts;
    assert_eq!((counts.created, counts.skipped), (300, 0));
    assert!(forgetful.writes() > 300);
}

#[tokio::test(start_paused = true)]
async fn an_import_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::default();
    let path = file(folder.path(), 3_000);
    let gone = Flaky::new(&store, |number| number >= 1_500);
    let error = import(&path, &gone, |_| {}).await.unwrap_err();
    let told = format!("{error:#}");
    // Some more may be written already: those are found to be there.
    assert!(
        told.contains("stopped after 1515 rows") && told.contains("--resume"),
        "{told}"
    );

    let rejected = beside(&path, "rejected.jsonl");
    assert_eq!(lines_of(&rejected).len(), 15);
    // What came after the checkpoint is read again, and must not be told twice.
    let more = fs::read_to_string(&rejected).unwrap() + "{\"line\":1517,\"reason\":\"\"}\n{\"li";
    fs::write(&rejected, more).unwrap();

    let error = import(&path, &store, |_| {}).await.unwrap_err();
    let told = format!("{error:#}");
    assert!(
        told.contains("--resume") && told.contains("to begin anew"),
        "{told}"
    );
    let others: [fn(&mut Options); 3] = [
        |options: &mut Options| options.tenant = fixtures::tenant("acme"),
        |options: &mut Options| options.update = true,
        |options: &mut Options| options.format = Format::Auth0,
    ];
    for change in others {
        let ended = import(&path, &store, |options| {
            options.resume = true;
            change(options);
        });
        let told = format!("{:#}", ended.await.unwrap_err());
        assert!(told.contains("Give the same ones"), "{told}");
    }

    let dry = import(&path, &store, |options| {
        options.resume = true;
        options.dry_run = true;
    });
    let counts = dry.await.unwrap().counts;
    assert_eq!((counts.created, counts.rejected), (3_000, 30));

    let rest = Flaky::new(&store, |_| false);
    let report = import(&path, &rest, |options| options.resume = true)
        .await
        .unwrap();
    assert_eq!(rest.writes(), 1_500);
    assert_eq!(report.resumed_after, 1_515);
    assert_eq!(report.counts.rows(), 3_030);
    assert_eq!((report.counts.created, report.counts.rejected), (3_000, 30));
    let lines = lines_of(&rejected);
    assert_eq!(lines.len(), 30);
    assert!(lines[15].starts_with("{\"line\":1616,"), "{}", lines[15]);
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        2,
        "the checkpoint is gone"
    );
    // And once more, from the beginning.
    let again = import(&path, &store, |options| options.resume = true)
        .await
        .unwrap();
    assert_eq!((again.counts.skipped, again.counts.rejected), (3_000, 30));
}

#[tokio::test(start_paused = true)]
async fn another_file_does_not_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::default();
    let path = file(folder.path(), 300);
    let gone = Flaky::new(&store, |number| number >= 150);
    import(&path, &gone, |_| {}).await.unwrap_err();
    // As long as before.
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("user-299", "user-300");
    fs::write(&path, text).unwrap();
    let ended = import(&path, &store, |options| options.resume = true).await;
    let told = format!("{:#}", ended.unwrap_err());
    assert!(told.contains("has changed"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_is_left_on_the_way_for_whoever_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let store = MemoryStore::default();
    let path = file(folder.path(), 3_000);
    let kept = beside(&path, "checkpoint.json");
    let (at, seen) = (kept.clone(), Arc::new(AtomicU64::new(0)));
    let see = Arc::clone(&seen);
    let watched = Flaky::new(&store, move |number| {
        if number == 2_500 {
            let kept: Value = serde_json::from_slice(&fs::read(&at).unwrap()).unwrap();
            let created = kept["counts"]["created"].as_u64().unwrap();
            see.store(created, Ordering::Relaxed);
        }
        false
    });
    import(&path, &watched, |_| {}).await.unwrap();
    // The checkpoint after 2,000 rows, of which 19 were bad.
    assert_eq!(seen.load(Ordering::Relaxed), 1_981);
    assert!(!kept.exists());
}

#[tokio::test]
async fn a_dry_run_leaves_no_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), 3_000);
    let store = MemoryStore::default();
    let report = import(&path, &store, |options| options.dry_run = true).await;
    assert_eq!(report.unwrap().counts.created, 3_000);
    assert!(!beside(&path, "checkpoint.json").exists());
    assert!(
        store
            .users(&fixtures::tenant("default"))
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_file_that_ends_early_is_told_of_when_all_before_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("realm.json");
    fs::write(
        &path,
        "{\"users\": [\n{\"username\": \"a\"},\n{\"username\": \"b\"},\n{\"user",
    )
    .unwrap();
    let store = MemoryStore::default();
    let ended = import(&path, &store, |options| options.format = Format::Keycloak).await;
    let told = format!("{:#}", ended.unwrap_err());
    assert!(
        told.contains("after 2 rows") && told.contains("line 4"),
        "{told}"
    );
    let users = store.users(&fixtures::tenant("default")).await.unwrap();
    assert_eq!(users.len(), 2);
    assert!(!beside(&path, "checkpoint.json").exists());
}
