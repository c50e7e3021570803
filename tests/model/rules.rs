//! What the documents promise, as a small model: docs/architecture.md, docs/operations.md, the ADRs and the RFCs they
//! cite, not the code. Nothing here knows of stores, hashes or signatures.

mod lock;
mod tokens;

use std::fmt;

use latchkey_oauth::time::Seconds;

use crate::step::{Client, Guess, Source, Step, User};
pub use lock::policy;
use lock::{Counter, Failures};
use tokens::{Family, Token};
pub use tokens::{Kind, Told};

/// A disabled client is noticed by every function within this.
const NOTICED: u64 = 60;
pub const RETRY_WINDOW: Seconds = Seconds(60);

/// What a step is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The operator's steps and the clock's have no answer.
    None,
    Refused(u16, &'static str),
    Tokens(Issued),
    /// `None`: `{"active":false}` and nothing else.
    Introspected(Option<Told>),
    Claims(User),
    /// RFC 7009: 200 whatever became of it.
    Revoked,
}

/// An access token always; an ID token with `openid`, a refresh token where there is a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    pub id: bool,
    pub refresh: RefreshToken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshToken {
    None,
    New,
    /// The one that was issued as this token.
    Again(usize),
}

#[derive(Debug, Clone)]
pub struct Account {
    pub disabled: bool,
    /// Tokens of other generations do not count.
    pub generation: u64,
}

#[derive(Debug, Clone, Default)]
struct Tenant {
    accounts: [Option<Account>; 2],
    /// How often each password was changed; a user made again has a new one too.
    passwords: [u64; 2],
    disabled: [bool; 3],
    failures: Failures,
}

/// Everything, as it should be.
#[derive(Clone)]
pub struct Model {
    pub now: u64,
    pub tokens: Vec<Token>,
    /// How the last step is answered, and why.
    pub answer: Answer,
    pub happened: &'static str,
    families: Vec<Family>,
    tenants: [Tenant; 2],
    generations: u64,
}

/// A sequence that fails is told by its steps: the model it starts from is always the same.
impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Model")
    }
}

const INVALID_CLIENT: Answer = Answer::Refused(401, "invalid_client");
const INVALID_GRANT: Answer = Answer::Refused(400, "invalid_grant");

impl Model {
    pub fn new() -> Self {
        let account = || {
            Some(Account {
                disabled: false,
                generation: 0,
            })
        };
        let tenant = || Tenant {
            accounts: [account(), account()],
            ..Tenant::default()
        };
        Self {
            now: latchkey_testkit::fixtures::NOW.as_unix(),
            tokens: Vec::new(),
            answer: Answer::None,
            happened: "",
            families: Vec::new(),
            tenants: [tenant(), tenant()],
            generations: 0,
        }
    }

    pub fn user(&self, tenant: usize, user: User) -> Option<&Account> {
        self.tenants[tenant].accounts[user as usize].as_ref()
    }

    pub fn is_disabled(&self, tenant: usize, client: Client) -> bool {
        self.tenants[tenant].disabled[client as usize]
    }

    /// The password of a guess: each change makes another.
    pub fn password(&self, tenant: usize, user: User, guess: Guess) -> String {
        let changes = self.tenants[tenant].passwords[user as usize];
        let nth = |changes| match changes {
            0 => latchkey_testkit::fixtures::PASSWORD.to_owned(),
            some => format!("password after {some} changes"),
        };
        match guess {
            Guess::Right => nth(changes),
            Guess::Previous if changes > 0 => nth(changes - 1),
            Guess::Previous | Guess::Wrong => "none of them".to_owned(),
        }
    }

    /// Takes a step, and notes how it is answered.
    pub fn take(&mut self, step: &Step) {
        self.happened = "operator or time";
        self.answer = Answer::None;
        match *step {
            Step::Login {
                tenant,
                client,
                user,
                guess,
                source,
                openid,
            } => {
                let who = (tenant, client, user);
                self.answer = self.login(who, guess, source, openid);
            }
            Step::ClientCredentials { tenant, client } => {
                self.answer = self.client_credentials(tenant, client);
            }
            Step::Refresh(asked) => self.answer = self.refresh(asked),
            Step::Introspect(asked) => self.answer = self.introspect(asked),
            Step::UserInfo(asked) => self.answer = self.userinfo(asked),
            Step::Revoke(asked) => self.answer = self.revoke(asked),
            Step::Disable(tenant, user) => self.renew(tenant, user, true),
            Step::Enable(tenant, user) => self.renew(tenant, user, false),
            Step::ChangePassword(tenant, user) => {
                self.tenants[tenant].passwords[user as usize] += 1;
                let disabled = self.user(tenant, user).is_some_and(|it| it.disabled);
                self.renew(tenant, user, disabled);
            }
            Step::Delete(tenant, user) => self.tenants[tenant].accounts[user as usize] = None,
            Step::Recreate(tenant, user) => {
                self.tenants[tenant].passwords[user as usize] += 1;
                self.renew(tenant, user, false);
            }
            Step::SwitchClient {
                tenant,
                client,
                disabled,
            } => {
                self.tenants[tenant].disabled[client as usize] = disabled;
                self.now += NOTICED;
            }
            Step::Wait(seconds) => self.now += seconds,
        }
    }

    /// Each of these ends the tokens issued before.
    fn renew(&mut self, tenant: usize, user: User, disabled: bool) {
        self.generations += 1;
        self.tenants[tenant].accounts[user as usize] = Some(Account {
            disabled,
            generation: self.generations,
        });
    }

    fn because(&mut self, happened: &'static str, answer: Answer) -> Answer {
        self.happened = happened;
        answer
    }

    fn login(
        &mut self,
        (tenant, client, user): (usize, Client, User),
        guess: Guess,
        source: Source,
        openid: bool,
    ) -> Answer {
        if self.is_disabled(tenant, client) {
            return self.because("login: client disabled", INVALID_CLIENT);
        }
        let now = self.now;
        let right = self.password(tenant, user, guess) == self.password(tenant, user, Guess::Right);
        let account = self.user(tenant, user).cloned();
        let failures = &mut self.tenants[tenant].failures;
        // An attempt during a wait is not counted, right or wrong.
        if failures.is_locked(Counter::Source(source), now) {
            return self.because("login: source locked", INVALID_GRANT);
        }
        if failures.user_is_locked(user, source, now) {
            return self.because("login: user locked", INVALID_GRANT);
        }
        let refused = match &account {
            None => Some("login: no such user"),
            Some(_) if !right => Some("login: wrong password"),
            Some(account) if account.disabled => Some("login: user disabled"),
            Some(_) => None,
        };
        match (refused, account) {
            (Some(why), _) => {
                failures.count(user, source, now);
                self.because(why, INVALID_GRANT)
            }
            (None, Some(account)) => {
                let forgotten = failures.forget(user, source, now);
                let issued = self.begin((tenant, client, user), account.generation, openid);
                let happened = if forgotten {
                    "login: signed in, failures forgotten"
                } else {
                    "login: signed in"
                };
                self.because(happened, Answer::Tokens(issued))
            }
            (None, None) => unreachable!("nobody is signed in who is not there"),
        }
    }

    /// Everything that should have happened by the end of a run on memory.
    pub const OUTCOMES: [&str; 50] = [
        "operator or time",
        "login: client disabled",
        "login: source locked",
        "login: user locked",
        "login: no such user",
        "login: wrong password",
        "login: user disabled",
        "login: signed in",
        "login: signed in, failures forgotten",
        "client: disabled",
        "client: token issued",
        "refresh: client disabled",
        "refresh: no refresh token",
        "refresh: another tenant's",
        "refresh: another client's",
        "refresh: family revoked",
        "refresh: user ended",
        "refresh: used twice",
        "refresh: expired",
        "refresh: rotated",
        "refresh: the same successor again",
        "introspect: client disabled",
        "introspect: another tenant's",
        "introspect: not the caller's",
        "introspect: expired",
        "introspect: revoked",
        "introspect: family revoked",
        "introspect: user ended",
        "introspect: its client disabled",
        "introspect: used refresh token",
        "introspect: active access token, to its client",
        "introspect: active access token, to its audience",
        "introspect: active refresh token",
        "introspect: active ID token",
        "userinfo: no access token",
        "userinfo: another tenant's",
        "userinfo: expired",
        "userinfo: not for userinfo",
        "userinfo: scope too short",
        "userinfo: revoked",
        "userinfo: family revoked",
        "userinfo: user ended",
        "userinfo: its client disabled",
        "userinfo: claims told",
        "revoke: client disabled",
        "revoke: another's",
        "revoke: ID token",
        "revoke: expired access token",
        "revoke: access token",
        "revoke: family",
    ];
}
