//! Faults at every single call of every kind of request: the answer is the right one or a 503 with Retry-After, in
//! time, and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::iter;
use latchkey_tests::aws::{dynamodb, kms, sdk};
use latchkey_tests::aws_call::AwsCall;
use latchkey_tests::generated::assert_generated;
use latchkey_tests::kinds::{Case, Kind};
use latchkey_tests::promise::Outcome;
use latchkey_tests::request::get;
use latchkey_tests::template::template;
use latchkey_tests::wire::{Fault, Injection, Wire};
use latchkey_tests::world::World;

use crate::budget::measured;

/// How many at once. Most of the time of the slow ones is waiting for answers that never come.
const PARALLEL: usize = 32;

/// One fault at one call of one case.
#[derive(Debug, Clone)]
struct Trial {
    case: Case,
    injection: Injection,
}

impl Trial {
    /// All of them: each case, each of its calls, each fault, once and lasting.
    fn of(case: Case, calls: &[AwsCall]) -> Vec<Self> {
        let mut trials = Vec::new();
        let mut before: BTreeMap<String, usize> = BTreeMap::new();
        for call in calls {
            let label = call.to_string();
            let count = before.entry(label.clone()).or_default();
            for (fault, lasting) in Fault::ALL
                .into_iter()
                .flat_map(|it| [(it, false), (it, true)])
            {
                let injection = Injection {
                    label: label.clone(),
                    occurrence: *count,
                    fault,
                    lasting,
                };
                trials.push(Self { case, injection });
            }
            *count += 1;
        }
        trials
    }

    fn name(&self) -> String {
        let Injection {
            label,
            occurrence,
            fault,
            lasting,
        } = &self.injection;
        let temperature = if self.case.cold { "cold" } else { "warm" };
        let form = if *lasting { "lasting" } else { "once" };
        format!(
            "{temperature} {}: {label} no. {}: {}, {form}",
            self.case.kind.name(),
            occurrence + 1,
            fault.name()
        )
    }

    /// Makes a world, has the fault happen in it, and holds what was promised.
    async fn run(self, stack: Stack) -> Outcome {
        let Self { case, injection } = self;
        let lasting = injection.lasting;
        let world = World::for_kinds(&stack.dynamodb, &stack.kms).await;
        let wire = Wire::new(injection);
        let (dynamodb, kms) = wire.clients(&stack.sdk);
        let served = world.served_by(&dynamodb, &kms);
        let prepared = case.prepare(&world, &served).await;

        wire.arm();
        let asked = Instant::now();
        let answer = case.send(&served, &prepared).await;
        let waited = asked.elapsed();
        assert!(wire.injected() > 0, "the call was not made");
        assert!(waited < deadline(), "answered after {waited:?}: {answer:?}");
        let outcome = case.kind.outcome(&prepared, &answer);
        // What passes by itself is not the client's business.
        assert!(lasting || outcome == Outcome::Right, "{answer:?}");
        case.kind.holds(&world, &prepared, answer).await;
        outcome
    }
}

/// Clients that all trials share, for what is healthy.
#[derive(Debug, Clone)]
struct Stack {
    sdk: latchkey_aws::SdkConfig,
    dynamodb: latchkey_dynamodb::Client,
    kms: latchkey_kms::Client,
}

/// When Lambda ends a function.
fn deadline() -> Duration {
    let seconds = &template()["Globals"]["Function"]["Timeout"];
    Duration::from_secs(seconds.as_u64().expect("a time-out"))
}

/// Runs trials side by side and tells of all that failed.
async fn run(trials: Vec<Trial>) -> Vec<(Trial, Outcome)> {
    let stack = Stack {
        sdk: sdk().await,
        dynamodb: dynamodb().await,
        kms: kms().await,
    };
    let running = iter(trials).map(|trial| {
        let running = tokio::spawn(trial.clone().run(stack.clone()));
        async move { (trial, running.await) }
    });
    let mut running = running.buffer_unordered(PARALLEL);
    let (mut ended, mut failed) = (Vec::new(), Vec::new());
    while let Some((trial, outcome)) = running.next().await {
        match outcome {
            Ok(outcome) => ended.push((trial, outcome)),
            Err(_) => failed.push(trial.name()),
        }
    }
    failed.sort();
    let (few, all) = (failed.len(), failed.len() + ended.len());
    assert!(
        failed.is_empty(),
        "{few} of {all} failed, why is above:\n{}",
        failed.join("\n")
    );
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_every_single_call() {
    let mut trials = Vec::new();
    for (case, entries) in measured().await {
        trials.extend(Trial::of(*case, &entries.calls));
    }
    println!("{} faults, {PARALLEL} at a time", trials.len());
    let ended = run(trials).await;
    assert_generated("docs/faults.md", &document(&ended).await);
}

/// What was injected where, and how it ended.
async fn document(ended: &[(Trial, Outcome)]) -> String {
    let faults = Fault::ALL.map(Fault::name).join(", ");
    let mut text = format!(
        "# Faults\n\nMade by `tests/dynamodb/faults.rs`; do not edit. At each single call of each kind of request, warm \
         and cold, each of these faults\nis injected below the SDK's retries, once (the first attempt) and lasting (every \
         attempt of that call, while others work):\n{faults}.\nTime-outs are the functions' own. A client is answered as \
         if nothing had happened, or with 503 and Retry-After, before Lambda's\n{} s are over. What happens once is always \
         answered right. After each one the test holds that nothing is lost:\n`tests/support/promise.rs`.\n\n\
         {} faults at {} calls.\n\n\
         | request | calls, warm | cold, before them | faults | right | 503 |\n|---|---|---|---|---|---|\n",
        deadline().as_secs(),
        ended.len(),
        ended.len() / (2 * Fault::ALL.len()),
    );
    let calls = |case: Case, entries: &BTreeMap<Case, latchkey_tests::counted::Entries>| {
        let calls = entries.get(&case).map(|entries| entries.calls.clone());
        let calls = calls.unwrap_or_default();
        calls.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let measured = measured().await;
    for kind in Kind::all() {
        let warm = calls(Case { kind, cold: false }, measured);
        let cold = calls(Case { kind, cold: true }, measured);
        let before = cold.iter().filter(|call| !warm.contains(call));
        let before: Vec<&str> = before.map(String::as_str).collect();
        let of_kind = ended.iter().filter(|(trial, _)| trial.case.kind == kind);
        let right = of_kind.clone().filter(|(_, it)| *it == Outcome::Right);
        let (all, right) = (of_kind.count(), right.count());
        let _ = writeln!(
            text,
            "| {} | {} | {} | {all} | {right} | {} |",
            kind.name(),
            or_none(&warm.join("; ")),
            or_none(&before.join("; ")),
            all - right,
        );
    }
    text.push_str("\nWhat lasts and is answered right all the same:\n\n");
    let healed = ended
        .iter()
        .filter(|(trial, outcome)| trial.injection.lasting && *outcome == Outcome::Right);
    let healed: BTreeSet<String> = healed.map(|(trial, _)| trial.name()).collect();
    for name in healed {
        let _ = writeln!(text, "- {name}");
    }
    text
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

#[tokio::test]
async fn a_signer_that_refuses_is_a_fault_of_ours_with_an_id() {
    let world = World::on_dynamodb().await;
    let mut ring = world.keys.clone();
    ring.keys[0].kms_key_id = "00000000-0000-0000-0000-000000000000".to_owned();
    world
        .store
        .put_keys(&world.tenant, &world.keys, &ring)
        .await;
    let answer = world
        .login("alice", "openid")
        .await
        .refused(500, "server_error");
    assert!(answer.string("error_description").contains("request-1"));
    assert_eq!(answer.reason(), Some("signer_failed"));
}

#[tokio::test]
async fn a_tenant_without_a_key_is_a_fault_of_ours() {
    let world = World::on_dynamodb().await;
    let none = latchkey_oauth::token::jwk::KeyRing::default();
    world
        .store
        .put_keys(&world.tenant, &world.keys, &none)
        .await;
    let answer = world
        .login("alice", "read")
        .await
        .refused(500, "server_error");
    assert_eq!(answer.reason(), Some("tenant_has_no_signing_key"));
    let set = world.send(get("/jwks")).await.ok();
    assert_eq!(set.text(), r#"{"keys":[]}"#);
}
