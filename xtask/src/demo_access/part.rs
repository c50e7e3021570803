//! Who plays which part in a story: a client by what the part needs, wherever it stands in the registry file.

use std::fmt;

use latchkey_oauth::dialect::Dialect;

use super::{Client, ClientLogin};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Signs a user in, as the standards have it.
    Standard,
    /// Signs a user in, as that product's clients do.
    Of(Dialect),
    /// Manages APIs at OneLogin's paths.
    OneLoginManager,
}

/// A client of the registry file, and its credentials if they are known here.
#[derive(Debug)]
pub struct Candidate {
    pub client: Client,
    pub login: Option<ClientLogin>,
}

#[derive(Debug, Clone, Copy)]
pub struct Player<'a> {
    pub client: &'a Client,
    pub login: &'a ClientLogin,
}

/// Why nobody plays a part.
#[derive(Debug, PartialEq, Eq)]
pub enum Missing {
    /// What no client has.
    Property(String),
    /// Who could, if their credentials were to be had.
    Credentials(String),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Property(what) => write!(f, "the tenant has no client with {what}"),
            Self::Credentials(why) => f.write_str(why),
        }
    }
}

type Test = fn(&Client) -> bool;
/// What a part needs, in the registry file's words.
type Need = (&'static str, Test);

const PASSWORD: Need = ("the password grant", |it| it.has("password"));
const CLIENT_CREDENTIALS: Need = ("the client_credentials grant", |it| {
    it.has("client_credentials")
});
const BASIC: Need = ("client_secret_basic", |it| {
    it.method() == "client_secret_basic"
});
const OPENID: Need = ("openid in its scope", |it| it.may_ask_for("openid"));
const NAMES: Need = ("email and profile in its scope", |it| {
    it.may_ask_for("email") && it.may_ask_for("profile")
});
/// Its tokens are then for the issuer.
const NO_AUDIENCE: Need = ("no audience of its own", |it| it.audience.is_empty());
const BY_ACCESS_TOKEN: Need = ("authentication_by_access_token", |it| {
    it.authentication_by_access_token
});
const SIGNED: Need = ("userinfo_signed_response_alg", |it| {
    it.userinfo_signed_response_alg.is_some()
});
const MANAGES: Need = ("manage:apis:write in its scope", |it| {
    it.may_ask_for("manage:apis:write")
});

impl Part {
    fn needs(self) -> &'static [Need] {
        match self {
            Self::Standard => &[PASSWORD],
            Self::Of(Dialect::OnePortal) => &[PASSWORD, BASIC],
            Self::Of(Dialect::ActivId) => &[
                BY_ACCESS_TOKEN,
                CLIENT_CREDENTIALS,
                PASSWORD,
                SIGNED,
                NO_AUDIENCE,
            ],
            Self::Of(Dialect::MiniOrange) => &[PASSWORD, NAMES, NO_AUDIENCE, BASIC],
            Self::Of(Dialect::Ubisecure) => &[PASSWORD, OPENID],
            Self::Of(Dialect::OneLogin) => &[PASSWORD, OPENID, BASIC],
            Self::OneLoginManager => &[MANAGES, CLIENT_CREDENTIALS, BASIC],
        }
    }

    /// What tells a product's own client from another that would do.
    fn prefers(self, client: &Client) -> bool {
        match self {
            Self::Of(Dialect::OneLogin) => !client.apis.is_empty(),
            Self::Of(Dialect::OnePortal) => client.has("refresh_token"),
            Self::Of(Dialect::ActivId | Dialect::MiniOrange | Dialect::Ubisecure)
            | Self::Standard
            | Self::OneLoginManager => true,
        }
    }
}

pub fn choose(candidates: &[Candidate], part: Part) -> Result<Player<'_>, Missing> {
    let mut fit: Vec<&Candidate> = candidates.iter().collect();
    let mut wanted = Vec::new();
    for (what, met) in part.needs() {
        fit.retain(|it| met(&it.client));
        wanted.push(*what);
        if fit.is_empty() {
            return Err(Missing::Property(wanted.join(" and ")));
        }
    }
    let known = fit.iter().filter_map(|it| {
        let login = it.login.as_ref()?;
        let client = &it.client;
        Some(Player { client, login })
    });
    let preferred = known.clone().find(|it| part.prefers(it.client));
    let chosen = preferred.or_else(|| known.clone().next());
    chosen.ok_or_else(|| {
        let why: Vec<String> = fit.iter().map(|it| it.client.why_unknown()).collect();
        Missing::Credentials(why.join("; "))
    })
}
