//! The demonstration: a password login from discovery to revocation, with every answer checked.

use anyhow::Result;

use crate::demo_access::Access;
use crate::demo_checks::Story;
use crate::demo_http::Http;
use crate::demo_show as show;

/// The whole story in the first tenant, a short one in each other; what was not as it should be.
pub fn run(url: &str, issuer: &str, accesses: &[Access]) -> Result<Vec<String>> {
    let http = Http::new(url);
    let mut faults = Vec::new();
    if accesses.is_empty() {
        faults.push(
            "the registry file has no client with the password grant and no user whose secrets are known"
                .to_owned(),
        );
    }
    let mut number = 0;
    for (index, access) in accesses.iter().enumerate() {
        let mut story = Story::new(&http, issuer, access, number);
        let ended = match accesses.first() {
            Some(first) if index > 0 => story.short(first),
            Some(_) | None => story.whole(),
        };
        number = story.number;
        faults.extend(story.faults);
        if let Err(error) = ended {
            let fault = format!(
                "tenant {}: {error:#}, so the story ends here",
                access.tenant
            );
            show::checks(&[], std::slice::from_ref(&fault));
            faults.push(fault);
        }
    }
    show::heading("");
    Ok(faults)
}
