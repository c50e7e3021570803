//! A function's process with a runtime API of its own.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use super::runtime_api::RuntimeApi;
use super::usage;
use crate::environment::Environment;
use crate::process::Service;

/// Where functions come from and what they are told.
#[derive(Debug, Clone)]
pub struct Place {
    /// The folder of the binaries.
    pub binaries: PathBuf,
    pub logs: PathBuf,
    pub environment: Environment,
    /// Ways to DynamoDB and KMS other than the environment's.
    pub through: Option<(String, String)>,
}

#[derive(Debug)]
pub struct Function {
    // Ends before the API it asks.
    service: Service,
    api: RuntimeApi,
    pid: u32,
    pub start: Cost,
}

/// Of a start, or of a request.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    pub wall: u64,
    pub cpu: u64,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    pub wall: u64,
}

/// What a function tells the runtime API.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    status_code: u16,
    #[serde(default)]
    body: Option<String>,
}

impl Function {
    /// Returns when the function asks for its first event.
    pub fn start(place: &Place, name: &str) -> Result<Self> {
        let api = RuntimeApi::start()?;
        let mut command = Command::new(place.binaries.join(name));
        place.environment.apply(&mut command);
        if let Some((dynamodb, kms)) = &place.through {
            command
                .env("LATCHKEY_DYNAMODB_ENDPOINT", dynamodb)
                .env("LATCHKEY_KMS_ENDPOINT", kms);
        }
        command
            .env("AWS_LAMBDA_RUNTIME_API", api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
        let log = place.logs.join(format!("{name}.log"));
        let begun = Instant::now();
        let service = Service::start(name, &mut command, &log)?;
        let pid = service.id();
        let mut function = Self {
            service,
            api,
            pid,
            start: Cost { wall: 0, cpu: 0 },
        };
        let polled = function.told(|api| api.polled())?;
        function.start = Cost {
            wall: nanoseconds(polled - begun),
            cpu: function.cpu()?,
        };
        Ok(function)
    }

    /// One event and its answer. The function then waits for the next.
    pub fn invoke(&mut self, event: String) -> Result<Answer> {
        let delivery = self.told(|api| api.deliver(event))?;
        let payload: Payload = serde_json::from_slice(&delivery.body).with_context(|| {
            let text = String::from_utf8_lossy(&delivery.body);
            format!("what the function answered: {text}")
        })?;
        Ok(Answer {
            status: payload.status_code,
            body: payload.body.unwrap_or_default(),
            wall: nanoseconds(delivery.wall),
        })
    }

    /// The same with the CPU time that it took, until the function waited again.
    pub fn invoke_alone(&mut self, event: String) -> Result<(Answer, Cost)> {
        let before = self.cpu()?;
        let answer = self.invoke(event)?;
        let cpu = self.cpu()? - before;
        let wall = answer.wall;
        Ok((answer, Cost { wall, cpu }))
    }

    pub fn cpu(&self) -> Result<u64> {
        usage::cpu_time(self.pid)
    }

    pub fn peak_memory(&self) -> Result<u64> {
        usage::peak_memory(self.pid)
    }

    /// A function that has ended says more than that it gave no sign.
    fn told<T>(&mut self, ask: impl FnOnce(&RuntimeApi) -> Result<T>) -> Result<T> {
        ask(&self.api).or_else(|error| {
            self.service.ensure_running()?;
            Err(error)
        })
    }
}

impl Answer {
    pub fn expect(&self, status: u16) -> Result<()> {
        if self.status != status {
            bail!(
                "{status} was due, and it was {}: {}",
                self.status,
                self.body
            );
        }
        Ok(())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    pub fn member(&self, name: &str) -> Result<String> {
        let value = self
            .json()
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned);
        value.with_context(|| format!("no {name} in {}", self.body))
    }
}

pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
