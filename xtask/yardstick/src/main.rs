//! What a request cannot do without, measured by itself, for `cargo xtask bench` to compare with: one Argon2id hash, one
//! check of an RS256 signature, one read of DynamoDB. Prints the CPU
//! time of one of each in nanoseconds.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use argon2::{Algorithm, Argon2, Params, Version};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use clap::{Parser, Subcommand};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;
use rustix::time::{ClockId, clock_gettime};

#[derive(Debug, Parser)]
struct Arguments {
    /// How often the work is done
    #[arg(long)]
    repeat: u32,
    /// What to wait before each time, as a function waits for a request: others have the core and its caches meanwhile
    #[arg(long, default_value_t = 0)]
    pause_ms: u64,
    #[command(subcommand)]
    work: Work,
}

#[derive(Debug, Subcommand)]
enum Work {
    /// One hash of a password
    Argon2id {
        #[arg(long)]
        memory_kib: u32,
        #[arg(long)]
        iterations: u32,
        #[arg(long)]
        parallelism: u32,
    },
    /// One check of a JWT's signature
    Rs256 { token: String, jwk_set: String },
    /// One consistent BatchGetItem of some keys, each PK and SK
    BatchGet {
        endpoint: String,
        table: String,
        keys: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy)]
struct Pace {
    repeat: u32,
    pause: Duration,
}

/// How often the work is done before it is measured: connections, caches and the allocator are warm then.
const WARM_UP: u32 = 20;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let pace = Pace {
        repeat: arguments.repeat,
        pause: Duration::from_millis(arguments.pause_ms),
    };
    match arguments.work {
        Work::Argon2id {
            memory_kib,
            iterations,
            parallelism,
        } => {
            let params = Params::new(memory_kib, iterations, parallelism, None)?;
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
            measure(pace, async || {
                let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
                argon2.hash_password_into(
                    black_box(b"password"),
                    b"sixteen bytes ..",
                    &mut output,
                )?;
                black_box(output);
                Ok(())
            })
            .await
        }
        Work::Rs256 { token, jwk_set } => {
            let set: JwkSet = serde_json::from_str(&jwk_set)?;
            let key = DecodingKey::from_jwk(set.keys.first().context("an empty JWK set")?)?;
            let (message, signature) = token.rsplit_once('.').context("not a JWT")?;
            measure(pace, async || {
                let algorithm = jsonwebtoken::Algorithm::RS256;
                let message = black_box(message).as_bytes();
                let valid = jsonwebtoken::crypto::verify(signature, message, &key, algorithm)?;
                ensure!(valid, "the signature does not hold");
                Ok(())
            })
            .await
        }
        Work::BatchGet {
            endpoint,
            table,
            keys,
        } => batch_get(pace, &endpoint, &table, &keys).await,
    }
}

async fn batch_get(pace: Pace, endpoint: &str, table: &str, keys: &[String]) -> Result<()> {
    let sdk = aws_config::defaults(aws_config::BehaviorVersion::latest());
    let client = Client::new(&sdk.endpoint_url(endpoint).load().await);
    let mut wanted = KeysAndAttributes::builder().consistent_read(true);
    for key in keys.chunks(2) {
        let names = ["pk", "sk"].map(str::to_owned).into_iter();
        let values = key.iter().cloned().map(AttributeValue::S);
        wanted = wanted.keys(names.zip(values).collect());
    }
    let wanted = HashMap::from([(table.to_owned(), wanted.build()?)]);
    measure(pace, async || {
        let request = client.batch_get_item();
        let answer = request.set_request_items(Some(wanted.clone())).send();
        let answer = answer.await.context("BatchGetItem")?;
        let found = answer.responses.and_then(|mut found| found.remove(table));
        ensure!(
            found.is_some_and(|items| !items.is_empty()),
            "no item found"
        );
        Ok(())
    })
    .await
}

async fn measure(pace: Pace, work: impl AsyncFn() -> Result<()>) -> Result<()> {
    for _ in 0..WARM_UP {
        work().await?;
    }
    let before = cpu_time()?;
    for _ in 0..pace.repeat {
        thread::sleep(pace.pause);
        work().await?;
    }
    let each = (cpu_time()? - before) / u64::from(pace.repeat);
    writeln!(std::io::stdout(), "{each}")?;
    Ok(())
}

/// Of this process, in nanoseconds.
fn cpu_time() -> Result<u64> {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = u64::try_from(time.tv_sec)?;
    Ok(seconds * 1_000_000_000 + u64::try_from(time.tv_nsec)?)
}
