//! The demonstration: a password login from discovery to revocation, with every answer checked.

use anyhow::Result;

use crate::demo_access::Access;
use crate::demo_checks::Story;
use crate::demo_http::Http;
use crate::demo_show as show;

/// The whole story in the first tenant, a short one in each other, a product's own where it is served; what was not as it
/// should be. Tenants that are left out are told, and why.
pub fn run(
    url: &str,
    issuer: &str,
    accesses: &[Access],
    passed_over: &[String],
) -> Result<Vec<String>> {
    let (_, faults) = stories(&Http::new(url), issuer, accesses, true)?;
    for word in passed_over {
        show::aside(word);
    }
    show::heading("");
    Ok(faults)
}

/// The same without showing it: how many checks passed, and what was not as it should be.
pub fn run_silently(
    http: &Http,
    issuer: &str,
    accesses: &[Access],
) -> Result<(usize, Vec<String>)> {
    stories(http, issuer, accesses, false)
}

fn stories(
    http: &Http,
    issuer: &str,
    accesses: &[Access],
    aloud: bool,
) -> Result<(usize, Vec<String>)> {
    let mut passed = 0;
    let mut faults = Vec::new();
    if accesses.is_empty() {
        faults.push(
            "the registry file has no client with the password grant and no user whose secrets are known"
                .to_owned(),
        );
    }
    let mut number = 0;
    for (index, access) in accesses.iter().enumerate() {
        let mut story = Story::new(http, issuer, access, number);
        story.aloud = aloud;
        let outcome = match accesses.first() {
            _ if !access.dialects.is_empty() => {
                story.dialects();
                Ok(())
            }
            Some(first) if index > 0 => story.short(first),
            Some(_) | None => story.whole(),
        };
        if let Err(error) = outcome {
            story.ended(&error);
        }
        number = story.number;
        passed += story.passed;
        faults.extend(story.faults);
    }
    Ok((passed, faults))
}
