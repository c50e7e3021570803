//! Random sequences of everything that can be asked of two tenants, each answer held against a small model: on memory
//! many, on DynamoDB Local fewer. What differs is shrunk to the shortest sequence that still does.

mod rules;
mod server;
mod step;

use std::collections::BTreeMap;
use std::sync::Mutex;

use proptest::test_runner::{Config, TestRunner};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use rules::Model;
use server::{Machine, OnDynamoDb, OnMemory, Place};
use step::Steps;

/// The longest sequence.
const LONGEST: usize = 40;

/// How often each thing happened, told by [`Model::happened`].
type Tally = Mutex<BTreeMap<&'static str, usize>>;

/// Runs sequences and tells what happened in them.
fn run<P: Place>(cases: u32) -> BTreeMap<&'static str, usize> {
    let config = Config {
        cases,
        // The shortest sequence is printed; whoever mends it makes a flow test of it.
        failure_persistence: None,
        ..Config::default()
    };
    let sequences = Steps::sequential_strategy(1..=LONGEST);
    let outcome = TestRunner::new(config.clone()).run(&sequences, |(model, steps, seen)| {
        Machine::<P>::test_sequential(config.clone(), model, steps, seen);
        Ok(())
    });
    if let Err(difference) = outcome {
        panic!("{difference}");
    }
    let tally = P::tally().lock().unwrap().clone();
    for (what, often) in &tally {
        println!("{often:6}  {what}");
    }
    tally
}

#[test]
fn on_memory() {
    let tally = run::<OnMemory>(1_024);
    let missing: Vec<_> = Model::OUTCOMES
        .iter()
        .filter(|what| !tally.contains_key(*what))
        .collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
    let known = |what: &&str| Model::OUTCOMES.contains(what);
    assert!(tally.keys().all(known), "not in the list of outcomes");
}

#[test]
fn on_dynamodb() {
    let _ = run::<OnDynamoDb>(16);
}
