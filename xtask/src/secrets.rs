//! No log, no error and no Debug text of a whole run of the tests tells a secret. The tests note what they use and what is
//! written (`tests/support/secrets.rs`); here the two are held against each other.

mod spelling;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aho_corasick::{AhoCorasick, MatchKind};
use anyhow::{Context, Result, bail};

use crate::workspace;

/// A shorter secret is found in innocent words.
const SHORTEST: usize = 8;
/// Long enough, but words that logs and errors are made of.
const WORDS: [&str; 2] = ["password", "disabled"];
/// The beginnings of our tokens: `{"typ`, `{"alg`, `{"kid` and `{"iss` in base64url, and those of refresh tokens, opaque access
/// tokens and the tokens of registration. They find tokens that nobody has noted.
const BEGINNINGS: [&str; 9] = [
    "eyJ0eX", "eyJhbG", "eyJraW", "eyJpc3", "lkr.", "lka.", "lki.", "lkg.", "lkc.",
];
/// What has to follow a beginning before it is taken for a token.
const FOLLOWING: usize = 20;

/// Where one run of the tests notes what it uses and writes.
#[derive(Debug)]
pub struct Notes {
    folder: PathBuf,
}

/// What was looked for, in what, and found.
#[derive(Debug)]
pub struct Found {
    pub secrets: usize,
    pub bytes: usize,
    /// Kind of secret, file and line; never the secret.
    pub hits: Vec<String>,
}

struct Pattern {
    kind: String,
    text: Vec<u8>,
}

impl Notes {
    /// An empty folder.
    pub fn begin() -> Result<Self> {
        let folder = workspace::state().join("secrets");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps lines that a command wrote, as one more text to look into.
    pub fn keep(&self, name: &str, lines: &[String]) -> Result<()> {
        let path = self.folder.join(format!("{name}.written"));
        fs::write(path, lines.join("\n")).context("what a command wrote")
    }

    /// Looks for every secret in everything that was written, and in these logs.
    pub fn look(&self, registry: &Path, logs: &[PathBuf]) -> Result<Found> {
        let mut secrets = of_registry(registry)?;
        let mut texts = logs.to_vec();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            match path.extension().and_then(|it| it.to_str()) {
                Some("secrets") => secrets.extend(noted(&path)?),
                Some("written") => texts.push(path),
                _ => {}
            }
        }
        texts.sort();
        let patterns = patterns(secrets);
        let count = patterns.iter().map(|(_, distinct)| distinct).sum();
        let patterns: Vec<Pattern> = patterns.into_iter().flat_map(|(all, _)| all).collect();
        if count == 0 || texts.len() == logs.len() {
            bail!("the tests noted nothing");
        }
        let mut found = Found {
            secrets: count,
            bytes: 0,
            hits: Vec::new(),
        };
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(patterns.iter().map(|it| &it.text))?;
        for path in texts {
            let mut text = Vec::new();
            File::open(&path)
                .and_then(|mut file| file.read_to_end(&mut text))
                .with_context(|| workspace::shown(&path))?;
            found.bytes += text.len();
            found.hits.extend(hits(&search, &patterns, &path, &text));
        }
        Ok(found)
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// `["kind","secret"]` a line.
fn noted(path: &Path) -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(path)?;
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().context("noted secrets")
}

/// Clients' secrets and users' passwords as the third-party clients use them.
fn of_registry(path: &Path) -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(path).with_context(|| workspace::shown(path))?;
    let file: serde_json::Value = serde_saphyr::from_str(&text)?;
    let mut secrets = Vec::new();
    collect(&file, &mut secrets);
    if secrets.is_empty() {
        bail!("{} has no secret", workspace::shown(path));
    }
    Ok(secrets)
}

fn collect(value: &serde_json::Value, secrets: &mut Vec<(String, String)>) {
    if let Some(list) = value.as_array() {
        list.iter().for_each(|value| collect(value, secrets));
    }
    for (name, value) in value.as_object().into_iter().flatten() {
        match (name.as_str(), value.as_str()) {
            ("client_secret", Some(secret)) => {
                secrets.push(("client secret".into(), secret.into()))
            }
            ("password", Some(secret)) => secrets.push(("password".into(), secret.into())),
            (_, _) => collect(value, secrets),
        }
    }
}

/// Every secret in every spelling; with each group the number of secrets in it.
fn patterns(secrets: Vec<(String, String)>) -> Vec<(Vec<Pattern>, usize)> {
    let mut seen = HashSet::new();
    let mut groups = Vec::new();
    for (kind, secret) in secrets {
        let common = WORDS.contains(&secret.to_lowercase().as_str());
        if secret.len() < SHORTEST || common || !seen.insert(secret.clone()) {
            continue;
        }
        let spellings = spelling::all(&secret).into_iter().map(|text| Pattern {
            kind: kind.clone(),
            text,
        });
        groups.push((spellings.collect(), 1));
    }
    let beginnings = BEGINNINGS.iter().map(|text| Pattern {
        kind: "something like a token".to_owned(),
        text: text.as_bytes().to_vec(),
    });
    groups.push((beginnings.collect(), 0));
    groups
}

/// The first place in a text of each kind of secret.
fn hits(search: &AhoCorasick, patterns: &[Pattern], path: &Path, text: &[u8]) -> Vec<String> {
    let mut told = HashSet::new();
    let mut hits = Vec::new();
    for hit in search.find_overlapping_iter(text) {
        let Some(pattern) = patterns.get(hit.pattern().as_usize()) else {
            continue;
        };
        let is_beginning = BEGINNINGS.iter().any(|it| it.as_bytes() == pattern.text);
        let after = text.get(hit.end()..).unwrap_or_default();
        let of_token = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if is_beginning && after.iter().take_while(of_token).count() < FOLLOWING {
            continue;
        }
        if told.insert(&pattern.kind) {
            let before = text.get(..hit.start()).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            let file = workspace::shown(path);
            hits.push(format!("{} in {file}:{line}", pattern.kind));
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(secret: &str, text: &str) -> Vec<String> {
        let groups = patterns(vec![("password".to_owned(), secret.to_owned())]);
        let patterns: Vec<Pattern> = groups.into_iter().flat_map(|(all, _)| all).collect();
        let search = AhoCorasick::new(patterns.iter().map(|it| &it.text)).unwrap();
        hits(&search, &patterns, Path::new("log"), text.as_bytes())
    }

    #[test]
    fn a_hit_is_told_by_its_place_and_not_by_itself() {
        let hits = found("correct horse", "first\nsecond correct horse\n");
        assert_eq!(hits, ["password in log:2"]);
        assert!(found("correct horse", "correct house").is_empty());
    }

    #[test]
    fn short_ones_and_words_are_no_secrets() {
        assert!(found("wrong", "wrong").is_empty());
        assert!(found("password", "wrong_password").is_empty());
    }

    #[test]
    fn what_looks_like_a_token_is_one() {
        let begun = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJSUzI1NiJ9";
        assert_eq!(
            found("unrelated", begun),
            ["something like a token in log:1"]
        );
        let refresh = format!("lkr.{}.{}", "a".repeat(43), "b".repeat(70));
        assert_eq!(
            found("unrelated", &refresh),
            ["something like a token in log:1"]
        );
        assert!(found("unrelated", "lkr.a.b eyJ0eX").is_empty());
    }
}
