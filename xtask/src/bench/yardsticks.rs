//! What a request cannot do without, measured in a process of its own, which is built as the functions are.

use std::process::Command;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use latchkey_oauth::password::Argon2Settings;

use super::event::Request;
use super::figures::Yardsticks;
use super::function::Function;
use super::session::Session;
use super::statistics::median;
use super::world::{TENANT, World};
use crate::progress::Step;
use crate::{aws, process};

/// Measurements, and how often the work is done for each.
#[derive(Debug, Clone, Copy)]
struct Effort {
    samples: u32,
    repeat: u32,
}

pub fn all(world: &World, session: &Session, rounds: u32) -> Result<Yardsticks> {
    let step = Step::slow("Argon2id, an RS256 check and a BatchGetItem by themselves");
    let effort = |repeat| Effort {
        samples: rounds,
        repeat,
    };
    let cost = Argon2Settings::default();
    let mut argon2id = vec!["argon2id".to_owned()];
    for (name, value) in [
        ("memory-kib", cost.memory_kib),
        ("iterations", cost.iterations),
        ("parallelism", cost.parallelism),
    ] {
        argon2id.push(format!("--{name}={value}"));
    }
    let rs256 = vec![
        "rs256".to_owned(),
        session.access_token().to_owned(),
        jwk_set(world)?,
    ];
    let figures = Yardsticks {
        argon2id: Some(measure(world, effort(10), &argon2id)?),
        rs256: Some(measure(world, effort(1_000), &rs256)?),
        batch_get: Some(measure(world, effort(100), &batch_get(world)?)?),
    };
    step.done();
    Ok(figures)
}

fn measure(world: &World, effort: Effort, work: &[String]) -> Result<u64> {
    let mut command = Command::new(world.place.binaries.join("yardstick"));
    world.place.environment.apply(&mut command);
    command
        .arg(format!("--samples={}", effort.samples))
        .arg(format!("--repeat={}", effort.repeat))
        .args(work);
    parse(&process::capture(&mut command)?)
}

fn parse(output: &str) -> Result<u64> {
    let samples = output
        .lines()
        .map(str::parse)
        .collect::<Result<Vec<_>, _>>();
    median(&samples.context("the yardstick's answer")?).context("the yardstick measured nothing")
}

fn jwk_set(world: &World) -> Result<String> {
    let mut discovery = Function::start(&world.place, "discovery")?;
    let answer = discovery.invoke(Request::get("/jwks").event())?;
    answer.expect(200)?;
    Ok(answer.body)
}

/// The three items that an introspection asks for: a family, its user's state, and a revocation that is not there.
fn batch_get(world: &World) -> Result<Vec<String>> {
    let table = world.stack.table("GrantsTable");
    let client = aws::dynamodb(&world.stack.dynamodb.url);
    let found = aws::wait_for(async {
        let pages = client.scan().table_name(&table);
        let pages = pages.filter_expression("begins_with(sk, :family)");
        let family = AttributeValue::S("family#".to_owned());
        Ok(pages
            .expression_attribute_values(":family", family)
            .send()
            .await?)
    })?;
    let item = found.items().first().context("no family in the store")?;
    let text = |name: &str| {
        let value = item.get(name).and_then(|value| value.as_s().ok());
        value.cloned().context("a family without a key")
    };
    let (pk, sk) = (text("pk")?, text("sk")?);
    let revoked = format!("revoked#{TENANT}#Wm0gbm90aGluZyBoZXJlIQ");
    let keys = [
        pk.clone(),
        sk,
        pk,
        "state".to_owned(),
        revoked,
        "revoked".to_owned(),
    ];
    let mut work = vec![
        "batch-get".to_owned(),
        world.stack.dynamodb.url.clone(),
        table,
    ];
    work.extend(keys);
    Ok(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_yardsticks_answer_is_understood() {
        assert_eq!(parse("30\n10\n20\n").unwrap(), 20);
        assert!(parse("").is_err());
        assert!(parse("fast\n").is_err());
    }
}
