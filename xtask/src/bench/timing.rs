//! Whether the time of a refusal tells who exists: guesses at known and at unknown names, in turns.

use anyhow::{Context, Result};

use super::event::Request;
use super::figures::Comparison;
use super::function::{Cost, Function};
use super::session::{as_client, grant};
use super::statistics::median;
use super::world::{World, known, stranger};
use crate::progress::Step;

/// Names of which one kind is known and the other is not; each guess is at another name and from another address, so
/// that no lock falls and every counter is as new as any other.
#[derive(Debug, Clone, Copy)]
enum Guess {
    User,
    /// The function has never heard the client's name.
    Client,
    /// The function remembers the client from its last request.
    RememberedClient,
}

impl Guess {
    const ALL: [Self; 3] = [Self::User, Self::Client, Self::RememberedClient];

    const fn label(self) -> &'static str {
        match self {
            Self::User => "user, wrong password",
            Self::Client => "client, wrong secret",
            Self::RememberedClient => "client used within the minute, wrong secret",
        }
    }

    const fn status(self) -> u16 {
        match self {
            Self::User => 400,
            Self::Client | Self::RememberedClient => 401,
        }
    }

    fn request(self, name: &str, source: u32) -> Request {
        let request = match self {
            Self::User => {
                let form = [("username", name), ("password", "not the password")];
                grant("password", &form)
            }
            Self::Client | Self::RememberedClient => {
                as_client("/token", &[("grant_type", "client_credentials")])
                    .basic(name, "not-the-client-secret")
            }
        };
        // RFC 2544's addresses are nobody's.
        request.from(format!("198.18.{}.{}", source / 256, source % 256))
    }
}

/// `samples` of each.
pub fn all(world: &World, samples: u32) -> Result<Vec<Comparison>> {
    let step = Step::slow(&format!(
        "Guesses at known and unknown names, {samples} of each"
    ));
    let all = Guess::ALL.map(|guess| compare(world, guess, samples).context(guess.label()));
    let all = all.into_iter().collect::<Result<_>>()?;
    step.done();
    Ok(all)
}

fn compare(world: &World, guess: Guess, samples: u32) -> Result<Comparison> {
    let mut token = Function::start(&world.place, "token")?;
    // The tenant, the honest client and the connections are warm.
    for name in ["warm-0001", "warm-0002", "warm-0003"] {
        ask(&mut token, guess, name, 65_000)?;
    }
    let (mut known_ones, mut strangers) = (Vec::new(), Vec::new());
    for number in 0..samples {
        if matches!(guess, Guess::RememberedClient) {
            ask(&mut token, guess, &known(number), 0)?;
        }
        let mut known_one = |token: &mut Function| -> Result<()> {
            known_ones.push(ask(token, guess, &known(number), 2 * number)?);
            Ok(())
        };
        let mut unknown_one = |token: &mut Function| -> Result<()> {
            strangers.push(ask(token, guess, &stranger(number), 2 * number + 1)?);
            Ok(())
        };
        // Neither is always the second.
        if number % 2 == 0 {
            known_one(&mut token)?;
            unknown_one(&mut token)?;
        } else {
            unknown_one(&mut token)?;
            known_one(&mut token)?;
        }
    }
    let middle = |costs: &[Cost], of: fn(&Cost) -> u64| {
        let samples: Vec<u64> = costs.iter().map(of).collect();
        median(&samples).context("no guess")
    };
    Ok(Comparison {
        what: guess.label().to_owned(),
        samples: known_ones.len(),
        known_wall: middle(&known_ones, |cost| cost.wall)?,
        unknown_wall: middle(&strangers, |cost| cost.wall)?,
        known_cpu: middle(&known_ones, |cost| cost.cpu)?,
        unknown_cpu: middle(&strangers, |cost| cost.cpu)?,
    })
}

fn ask(token: &mut Function, guess: Guess, name: &str, source: u32) -> Result<Cost> {
    let (answer, cost) = token.invoke_alone(guess.request(name, source).event())?;
    answer.expect(guess.status())?;
    Ok(cost)
}
