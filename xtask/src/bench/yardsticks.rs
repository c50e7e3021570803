//! What a request cannot do without, measured in a process of its own, which is built as the functions are.

use std::process::Command;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::AttributeValue;
use latchkey_oauth::password::Argon2Settings;

use super::event::Request;
use super::figures::Yardsticks;
use super::function::Function;
use super::names::TENANT;
use super::session::Session;
use super::statistics::median;
use super::world::World;
use crate::{aws, process};

/// What a function waits between two logins, for DynamoDB, KMS and the client: others have the core and its caches then,
/// which a hash of 19 MiB feels.
const PAUSE: &str = "--pause-ms=5";

/// The works, and what was measured of each so far.
#[derive(Debug)]
pub struct Yardstick {
    argon2id: Work,
    argon2id_in_a_row: Work,
    rs256: Work,
    batch_get: Work,
}

#[derive(Debug)]
struct Work {
    arguments: Vec<String>,
    samples: Vec<u64>,
}

impl Yardstick {
    pub fn ready(world: &World, session: &Session) -> Result<Self> {
        let rs256 = vec![
            "rs256".to_owned(),
            session.access_token().to_owned(),
            jwk_set(world)?,
        ];
        Ok(Self {
            argon2id: Work::new(&["--repeat=10", PAUSE], argon2id()),
            argon2id_in_a_row: Work::new(&["--repeat=10"], argon2id()),
            rs256: Work::new(&["--repeat=1000"], rs256),
            batch_get: Work::new(&["--repeat=100"], batch_get(world)?),
        })
    }

    /// One measurement of each, in turns with the functions' requests.
    pub fn measure(&mut self, world: &World) -> Result<()> {
        self.argon2id.measure(world)?;
        self.argon2id_in_a_row.measure(world)?;
        self.rs256.measure(world)?;
        self.batch_get.measure(world)
    }

    pub fn figures(&self) -> Yardsticks {
        Yardsticks {
            argon2id: median(&self.argon2id.samples),
            argon2id_in_a_row: median(&self.argon2id_in_a_row.samples),
            rs256: median(&self.rs256.samples),
            batch_get: median(&self.batch_get.samples),
        }
    }
}

impl Work {
    fn new(pace: &[&str], what: Vec<String>) -> Self {
        let mut arguments: Vec<String> = pace.iter().map(|&it| it.to_owned()).collect();
        arguments.extend(what);
        Self {
            arguments,
            samples: Vec::new(),
        }
    }

    fn measure(&mut self, world: &World) -> Result<()> {
        let mut command = Command::new(world.place.binaries.join("yardstick"));
        world.place.environment.apply(&mut command);
        command.args(&self.arguments);
        self.samples.push(parse(&process::capture(&mut command)?)?);
        Ok(())
    }
}

fn argon2id() -> Vec<String> {
    let cost = Argon2Settings::default();
    let costs = [
        ("memory-kib", cost.memory_kib),
        ("iterations", cost.iterations),
        ("parallelism", cost.parallelism),
    ];
    let mut work = vec!["argon2id".to_owned()];
    work.extend(costs.map(|(name, value)| format!("--{name}={value}")));
    work
}

fn parse(output: &str) -> Result<u64> {
    output.trim().parse().context("the yardstick's answer")
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
        assert_eq!(parse("30\n").unwrap(), 30);
        assert!(parse("").is_err());
        assert!(parse("fast\n").is_err());
    }
}
