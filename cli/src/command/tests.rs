//! The subcommands on a store in memory, called as from a shell.

use std::cell::RefCell;
use std::io;
use std::path::Path;

use clap::Parser as _;
use latchkey_oauth::client::{Client, RegistryRepository as _};
use latchkey_oauth::login::LoginRepository as _;
use latchkey_oauth::password::{Password, Verdict};
use latchkey_oauth::time::{Clock as _, Seconds};
use latchkey_oauth::token::jwk::{KeyRing, RingKey};
use latchkey_oauth::token::jws::{JwsSigner, SignError};
use latchkey_oauth::token::key_ring::{KeyFault, KeyLookupError, KeyManagement, KmsKey};
use latchkey_oauth::user::{User, UserAdmin as _};
use latchkey_testkit::clock::FixedClock;
use latchkey_testkit::contract_keys::kms_key;
use latchkey_testkit::fixtures::{self, NOW};
use latchkey_testkit::memory::MemoryStore;
use latchkey_testkit::random::SeededRandom;
use latchkey_testkit::signer::LocalKms;
use secrecy::SecretString;

use super::*;
use crate::apply::Tools;
use crate::arguments::{Arguments, Command};
use crate::registry_file;
use crate::surroundings::Prompter;

mod moving;
mod one_by_one;

/// A client's own.
const CERTIFICATE: &str = include_str!("tests/certificate.pem");

struct Deployment {
    store: MemoryStore,
    clock: FixedClock,
    random: SeededRandom,
    answers: Answers,
}

/// The last is given first; whether there is anybody at all.
struct Answers(RefCell<Vec<&'static str>>, bool);

impl Prompter for Answers {
    fn is_there(&self) -> bool {
        self.1
    }

    fn confirm(&self, _: &str) -> io::Result<bool> {
        Ok(self.0.borrow_mut().pop() == Some("yes"))
    }

    fn ask(&self, what: &str) -> io::Result<SecretString> {
        let answer = self.0.borrow_mut().pop();
        answer
            .map(SecretString::from)
            .ok_or_else(|| io::Error::other(format!("nobody answers for {what}")))
    }
}

struct Nothing;

impl Surroundings for Nothing {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "SECRET").then(|| "a secret from the environment".to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<String> {
        if path == Path::new("certificate.pem") {
            return Ok(CERTIFICATE.to_owned());
        }
        Err(io::ErrorKind::NotFound.into())
    }
}

impl KeyManagement for Nothing {
    async fn key(&self, id: &str) -> Result<KmsKey, KeyLookupError> {
        match id {
            "unknown" => Err(KeyFault::NotTold("NotFoundException".into()).into()),
            "rsa" => Ok(LocalKms::at(0).kms_key()),
            id => Ok(kms_key(id)),
        }
    }
}

/// With the key `rsa`; nobody has a private half of the others.
impl JwsSigner for Nothing {
    async fn sign(&self, key: &RingKey, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signer = LocalKms::at(0);
        if signer.kms_key().id != key.kms_key_id {
            return Err(SignError::Internal("AccessDeniedException".into()));
        }
        signer.sign(key, message).await
    }
}

impl Deployment {
    fn new() -> Self {
        Self {
            store: MemoryStore::default(),
            clock: FixedClock::at(NOW),
            random: SeededRandom::new(7),
            answers: Answers(RefCell::default(), true),
        }
    }

    /// Runs a command line, in which `+` stands for a space within a word; `file` is what it is to apply. What was written, and how it ended.
    async fn run(&self, line: &str, file: &str) -> (String, anyhow::Result<()>) {
        let words = line.split_whitespace().map(|word| word.replace('+', " "));
        let arguments = Arguments::try_parse_from(words).unwrap();
        let hashing = fixtures::hashing();
        let mut written = Vec::new();
        let mut session = Session {
            registry: &self.store,
            users: &self.store,
            tools: Tools {
                hashing: &hashing,
                random: &self.random,
                clock: &self.clock,
                prompter: &self.answers,
            },
            surroundings: &Nothing,
            output: Output::new(&mut written, arguments.json),
            tell: &mut |_| {},
        };
        let ended = match arguments.command {
            Command::Apply(apply) => match registry_file::parse("file", file, &Nothing) {
                Ok(file) => session.apply(&file, &apply).await,
                Err(faulty) => Err(faulty.into()),
            },
            Command::Tenant(command) => session.tenant(command).await,
            Command::Api(command) => session.api(command).await,
            Command::Client(command) => session.client(command).await,
            Command::User(command) => session.user(command).await,
            Command::Keys(command) => session.keys(command, &Nothing, &Nothing).await,
            Command::Export(export) => session.export(export).await,
            Command::Doctor(_) | Command::Completions(_) => panic!("{line} is not on a store"),
        };
        let text = String::from_utf8(written).unwrap();
        (anstream::adapter::strip_str(&text).to_string(), ended)
    }

    async fn apply(&self, file: &str) -> String {
        self.ok("latchkey apply f", file).await
    }

    async fn ok(&self, line: &str, file: &str) -> String {
        let (text, ended) = self.run(line, file).await;
        ended.unwrap();
        text
    }

    async fn fault(&self, line: &str, file: &str) -> String {
        let (_, ended) = self.run(line, file).await;
        format!("{:#}", ended.unwrap_err())
    }

    async fn user(&self, name: &str) -> User {
        let (tenant, name) = (fixtures::tenant("default"), fixtures::username(name));
        self.store
            .user(&tenant, &name)
            .await
            .unwrap()
            .unwrap()
            .value
    }

    async fn client(&self, id: &str) -> Client {
        let (tenant, id) = (fixtures::tenant("default"), fixtures::client_id(id));
        self.store.client(&tenant, &id).await.unwrap().unwrap()
    }

    async fn ring(&self) -> KeyRing {
        let tenant = fixtures::tenant("default");
        self.store.tenant(&tenant).await.unwrap().unwrap().keys
    }

    fn state(&self) -> String {
        format!("{:?}", self.store)
    }
}

fn password_is(user: &User, text: &str) -> bool {
    let password = Password::parse(text).unwrap();
    let stored = user.credentials.password_hash.as_ref();
    fixtures::hashing().verify(&password, stored) != Verdict::Wrong
}

const EXAMPLE: &str = include_str!("../../../examples/registry.yaml");

const SMALL: &str = r"
tenants:
  - tenant: default
    access_token_lifetime: 15m
    clients:
      - client_id: shop
        client_secret: { generate: true }
        grant_types: [password, refresh_token]
        scope: openid profile
    users:
      - username: alice
        password: first password
        name: Alice
        email: alice@example.com
      - username: bob
        password: { generate: true }
";

const CHANGED: &str = r"
tenants:
  - tenant: default
    name: Shop
    access_token_lifetime: 7d
    clients:
      - client_id: shop
        client_secret: another secret of the shop
        grant_types: [password]
        scope: openid profile
        audience: [https://api.example.com]
    users:
      - username: alice
        password: second password
        name: Alice
        nickname: al
      - username: bob
        password: { generate: true }
        disabled: true
";

const PRUNED: &str = r"
tenants:
  - tenant: default
    clients: []
    users:
      - { username: alice, disabled: true }
";

#[tokio::test]
async fn what_apply_tells() {
    let deployment = Deployment::new();
    let mut told = Vec::new();
    for (line, file) in [
        ("latchkey apply f --dry-run", SMALL),
        ("latchkey apply f", SMALL),
        ("latchkey apply f", SMALL),
        ("latchkey apply f", CHANGED),
        ("latchkey apply f", PRUNED),
        ("latchkey apply f --prune --dry-run", PRUNED),
        ("latchkey apply f --prune", PRUNED),
        (
            "latchkey apply f --prune --yes",
            "tenants: [{ tenant: other }]",
        ),
    ] {
        deployment.clock.advance(Seconds(60));
        told.push(format!("$ {line}\n{}", deployment.ok(line, file).await));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn what_apply_tells_a_script() {
    let deployment = Deployment::new();
    let text = deployment.ok("latchkey apply f --json", SMALL).await;
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn a_second_apply_changes_nothing() {
    let deployment = Deployment::new();
    deployment.apply(EXAMPLE).await;
    let before = deployment.state();
    deployment.clock.advance(Seconds::hours(1));
    let text = deployment.apply(EXAMPLE).await;
    assert!(text.contains("Nothing to do."), "{text}");
    assert_eq!(deployment.state(), before);
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    let before = deployment.state();
    deployment
        .ok("latchkey apply f --dry-run --prune", CHANGED)
        .await;
    assert_eq!(deployment.state(), before);
}

#[tokio::test]
async fn tokens_end_with_a_new_password_and_with_a_disabling_and_not_otherwise() {
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    let (alice, bob) = (deployment.user("alice").await, deployment.user("bob").await);
    deployment.clock.advance(Seconds(60));
    deployment
        .apply(&SMALL.replace("name: Alice", "name: Alice E."))
        .await;
    let renamed = deployment.user("alice").await;
    assert_eq!(renamed.credentials, alice.credentials);
    deployment.apply(CHANGED).await;
    let changed = (deployment.user("alice").await, deployment.user("bob").await);
    assert!(password_is(&changed.0, "second password"));
    assert_ne!(
        changed.0.credentials.generation,
        alice.credentials.generation
    );
    assert!(changed.1.credentials.disabled);
    assert_ne!(changed.1.credentials.generation, bob.credentials.generation);
    assert_eq!(
        changed.1.credentials.password_hash,
        bob.credentials.password_hash
    );
    assert_eq!(changed.0.profile.subject, alice.profile.subject);
}

#[tokio::test]
async fn silence_enables_nobody() {
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    deployment.ok("latchkey user disable bob", "").await;
    deployment.ok("latchkey client disable shop", "").await;
    deployment.apply(SMALL).await;
    assert!(deployment.user("bob").await.credentials.disabled);
    let of = fixtures::tenant("default");
    let client = deployment
        .store
        .client(&of, &fixtures::client_id("shop"))
        .await;
    assert!(client.unwrap().unwrap().disabled);
    let again = deployment.ok("latchkey user disable bob", "").await;
    assert_eq!(again, "User bob is disabled already. Nothing to do.\n");
    deployment.ok("latchkey user enable bob", "").await;
    assert!(!deployment.user("bob").await.credentials.disabled);
}

#[tokio::test]
async fn a_hash_made_at_sign_in_outlives_the_imported_one() {
    let imported = "$2b$04$abcdefghijklmnopqrstuuVYbyWTi9Vv9NPsyqFQLnfSUB3Y6YAIa";
    let file = format!(
        "tenants: [{{tenant: default, users: [{{username: alice, password: {{hash: {imported}}}}}]}}]"
    );
    let deployment = Deployment::new();
    deployment.apply(&file).await;
    let alice = deployment.user("alice").await;
    let old = alice.credentials.password_hash.unwrap();
    let (of, name) = (fixtures::tenant("default"), fixtures::username("alice"));
    let new = fixtures::hash_of("whatever it was");
    deployment
        .store
        .replace_hash(&of, &name, &old, &new)
        .await
        .unwrap();
    let text = deployment.apply(&file).await;
    assert!(
        text.contains("have a newer hash") && text.contains("Nothing to do."),
        "{text}"
    );
    // Where the store's is of no newer make, the file's is another password.
    let other = file.replace("abcdefghijk", "bbcdefghijk");
    let fresh = Deployment::new();
    fresh.apply(&file).await;
    assert!(
        fresh
            .apply(&other)
            .await
            .contains("~ user default/alice: password")
    );
}

#[tokio::test]
async fn a_password_that_a_user_chose_outlives_the_files() {
    let file = "tenants: [{tenant: default, users: [{username: alice, password: the file's own}]}]";
    let deployment = Deployment::new();
    deployment.apply(file).await;
    let seen = deployment.user("alice").await.credentials;
    let mut chosen = seen.clone();
    let hash = fixtures::hash_of("of her own choice");
    chosen
        .set_password(hash, &latchkey_oauth::random::SystemRandom)
        .unwrap();
    chosen.own_password = true;
    let (of, name) = (fixtures::tenant("default"), fixtures::username("alice"));
    let set = deployment.store.set_password(&of, &name, &seen, &chosen);
    assert!(set.await.unwrap());
    let text = deployment.apply(file).await;
    assert!(
        text.contains("have chosen one of their own") && text.contains("Nothing to do."),
        "{text}"
    );
    assert!(password_is(
        &deployment.user("alice").await,
        "of her own choice"
    ));
    // Who manages users sets another all the same, and then the file's counts again.
    deployment
        .ok("latchkey user password alice --generate", "")
        .await;
    assert!(!deployment.user("alice").await.credentials.own_password);
    deployment.apply(file).await;
    assert!(password_is(
        &deployment.user("alice").await,
        "the file's own"
    ));
}

#[tokio::test]
async fn a_subject_is_never_changed_and_never_anothers() {
    let deployment = Deployment::new();
    deployment
        .apply("tenants: [{tenant: default, users: [{username: alice, sub: a-1}]}]")
        .await;
    let mut told = Vec::new();
    for users in [
        "{username: alice, sub: a-2}",
        "{username: alice-smith, sub: a-1}",
    ] {
        let file = format!("tenants: [{{tenant: default, users: [{users}]}}]");
        told.push(deployment.fault("latchkey apply f", &file).await);
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn without_a_terminal_nothing_is_written_where_something_is_to_be_asked() {
    let mut deployment = Deployment::new();
    deployment.answers.1 = false;
    let file = SMALL.replace("password: first password", "password: { prompt: true }");
    deployment.ok("latchkey apply f --dry-run", &file).await;
    let before = deployment.state();
    let (text, ended) = deployment.run("latchkey apply f", &file).await;
    let error = ended.unwrap_err().to_string();
    assert!(
        error.starts_with("there is no terminal to ask for the password of user alice"),
        "{error}"
    );
    assert_eq!((text.as_str(), deployment.state()), ("", before));
    deployment.apply("tenants: [{ tenant: default }]").await;
    let (text, ended) = deployment.run("latchkey user add dora", "").await;
    assert!(text.is_empty() && ended.is_err(), "{text}");
}

#[tokio::test]
async fn what_was_made_up_is_told_though_a_later_change_fails() {
    let deployment = Deployment::new();
    let file = SMALL.replace("password: first password", "password: { prompt: true }");
    let (text, ended) = deployment.run("latchkey apply f --json", &file).await;
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["generated"][0]["client_id"], "shop");
    assert_eq!(document["created"], 2);
    assert!(
        document["error"]
            .as_str()
            .unwrap()
            .contains("nobody answers")
    );
    let error = format!("{:#}", ended.unwrap_err());
    assert!(
        error.starts_with("2 changes were made, then one failed"),
        "{error}"
    );
    // The same command again makes the rest.
    deployment.answers.0.borrow_mut().push("an answer");
    deployment.apply(&file).await;
    assert!(password_is(&deployment.user("alice").await, "an answer"));
}
