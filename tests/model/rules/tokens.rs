//! Tokens and families: docs/adr/0001, docs/adr/0008, RFC 7662, RFC 7009, OIDC Core 5.3.

use super::{Answer, INVALID_CLIENT, INVALID_GRANT, Issued, Model, RETRY_WINDOW, RefreshToken};
use crate::step::{Asked, Client, User};

/// Access and ID tokens live this long, a refresh token and a family that long.
const SHORT: u64 = 15 * 60;
const REFRESH: u64 = 30 * 86_400;
const FAMILY: u64 = 90 * 86_400;

const INVALID_TOKEN: Answer = Answer::Refused(401, "invalid_token");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Access,
    Id,
    Refresh,
}

#[derive(Debug, Clone)]
pub struct Token {
    pub kind: Kind,
    pub tenant: usize,
    pub client: Client,
    /// With the generation it was issued under; `None` for a client's own.
    user: Option<(User, u64)>,
    family: Option<usize>,
    openid: bool,
    pub expires: u64,
    revoked: bool,
}

#[derive(Debug, Clone)]
pub struct Family {
    tenant: usize,
    client: Client,
    user: (User, u64),
    openid: bool,
    ends: u64,
    current: usize,
    /// What the current token was exchanged for, and when.
    previous: Option<(usize, u64)>,
    revoked: bool,
}

/// What introspection tells of an active token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub kind: Kind,
    pub client: Client,
    pub user: Option<User>,
    pub expires: u64,
}

impl Model {
    /// The living token of each family.
    pub fn current_tokens(&self) -> Vec<usize> {
        self.families.iter().map(|family| family.current).collect()
    }

    fn push(&mut self, token: &Token, kind: Kind, expires: u64) -> usize {
        self.tokens.push(Token {
            kind,
            expires,
            ..token.clone()
        });
        self.tokens.len() - 1
    }

    /// An access token, and an ID token if there is a user and `openid`.
    fn issue(&mut self, token: &Token) -> bool {
        let id = token.openid && token.user.is_some();
        self.push(token, Kind::Access, self.now + SHORT);
        if id {
            self.push(token, Kind::Id, self.now + SHORT);
        }
        id
    }

    /// A login: a family begins.
    pub(super) fn begin(
        &mut self,
        (tenant, client, user): (usize, Client, User),
        generation: u64,
        openid: bool,
    ) -> Issued {
        let token = Token {
            kind: Kind::Access,
            tenant,
            client,
            user: Some((user, generation)),
            family: Some(self.families.len()),
            openid,
            expires: 0,
            revoked: false,
        };
        let id = self.issue(&token);
        let current = self.push(&token, Kind::Refresh, self.now + REFRESH);
        self.families.push(Family {
            tenant,
            client,
            user: (user, generation),
            openid,
            ends: self.now + FAMILY,
            current,
            previous: None,
            revoked: false,
        });
        Issued {
            id,
            refresh: RefreshToken::New,
        }
    }

    pub(super) fn client_credentials(&mut self, tenant: usize, client: Client) -> Answer {
        if self.is_disabled(tenant, client) {
            return self.because("client: disabled", INVALID_CLIENT);
        }
        let token = Token {
            kind: Kind::Access,
            tenant,
            client,
            user: None,
            family: None,
            openid: false,
            expires: 0,
            revoked: false,
        };
        let id = self.issue(&token);
        let refresh = RefreshToken::None;
        self.because(
            "client: token issued",
            Answer::Tokens(Issued { id, refresh }),
        )
    }

    fn honours(&self, tenant: usize, (user, generation): (User, u64)) -> bool {
        let account = self.user(tenant, user);
        account.is_some_and(|it| !it.disabled && it.generation == generation)
    }

    pub(super) fn refresh(&mut self, asked: Asked) -> Answer {
        if self.is_disabled(asked.tenant, asked.client) {
            return self.because("refresh: client disabled", INVALID_CLIENT);
        }
        let token = self.tokens[asked.token].clone();
        let refused = match (token.kind, token.family) {
            (Kind::Refresh, Some(number)) => return self.refresh_of(asked, &token, number),
            (Kind::Refresh | Kind::Access | Kind::Id, _) => "refresh: no refresh token",
        };
        self.because(refused, INVALID_GRANT)
    }

    fn refresh_of(&mut self, asked: Asked, token: &Token, number: usize) -> Answer {
        let family = self.families[number].clone();
        let refused = if family.tenant != asked.tenant {
            Some("refresh: another tenant's")
        } else if family.client != asked.client {
            Some("refresh: another client's")
        } else if family.revoked {
            Some("refresh: family revoked")
        } else if !self.honours(family.tenant, family.user) {
            Some("refresh: user ended")
        } else {
            None
        };
        if let Some(why) = refused {
            return self.because(why, INVALID_GRANT);
        }
        let current = family.current == asked.token;
        // Fixed from the first use, and only while its successor is the living one.
        let repeated = family.client == Client::Retry
            && family.previous.is_some_and(|(previous, exchanged)| {
                previous == asked.token && self.now < exchanged + RETRY_WINDOW.0
            });
        if !current && !repeated {
            self.families[number].revoked = true;
            return self.because("refresh: used twice", INVALID_GRANT);
        }
        if self.tokens[family.current].expires <= self.now {
            return self.because("refresh: expired", INVALID_GRANT);
        }
        let token = Token {
            openid: family.openid,
            revoked: false,
            ..token.clone()
        };
        let id = self.issue(&token);
        if repeated {
            let refresh = RefreshToken::Again(family.current);
            let answer = Answer::Tokens(Issued { id, refresh });
            return self.because("refresh: the same successor again", answer);
        }
        // No rotation extends a family.
        let expires = family.ends.min(self.now + REFRESH);
        let next = self.push(&token, Kind::Refresh, expires);
        self.families[number].current = next;
        self.families[number].previous = Some((asked.token, self.now));
        let refresh = RefreshToken::New;
        self.because("refresh: rotated", Answer::Tokens(Issued { id, refresh }))
    }

    /// What has ended a token before its time.
    fn ended(&self, token: &Token) -> Option<Ended> {
        let family_revoked = |family: usize| self.families[family].revoked;
        if token.revoked {
            Some(Ended::Revoked)
        } else if token.family.is_some_and(family_revoked) {
            Some(Ended::Family)
        } else if token
            .user
            .is_some_and(|user| !self.honours(token.tenant, user))
        {
            Some(Ended::User)
        } else {
            None
        }
    }

    pub(super) fn introspect(&mut self, asked: Asked) -> Answer {
        if self.is_disabled(asked.tenant, asked.client) {
            return self.because("introspect: client disabled", INVALID_CLIENT);
        }
        let token = self.tokens[asked.token].clone();
        let own = token.client == asked.client;
        let audience = token.kind == Kind::Access
            && (token.client, asked.client) == (Client::Shop, Client::Web);
        let inactive = if token.tenant != asked.tenant {
            Some("introspect: another tenant's")
        } else if !own && !audience {
            Some("introspect: not the caller's")
        } else if token.expires <= self.now {
            Some("introspect: expired")
        } else if let Some(ended) = self.ended(&token) {
            Some(match ended {
                Ended::Revoked => "introspect: revoked",
                Ended::Family => "introspect: family revoked",
                Ended::User => "introspect: user ended",
            })
        } else if self.is_disabled(token.tenant, token.client) {
            Some("introspect: its client disabled")
        } else if token.kind == Kind::Refresh && !self.current_tokens().contains(&asked.token) {
            Some("introspect: used refresh token")
        } else {
            None
        };
        if let Some(why) = inactive {
            return self.because(why, Answer::Introspected(None));
        }
        let active = match token.kind {
            Kind::Access if own => "introspect: active access token, to its client",
            Kind::Access => "introspect: active access token, to its audience",
            Kind::Refresh => "introspect: active refresh token",
            Kind::Id => "introspect: active ID token",
        };
        let told = Told {
            kind: token.kind,
            client: token.client,
            user: token.user.map(|(user, _)| user),
            expires: token.expires,
        };
        self.because(active, Answer::Introspected(Some(told)))
    }

    pub(super) fn userinfo(&mut self, asked: Asked) -> Answer {
        let token = self.tokens[asked.token].clone();
        let refused = if token.kind != Kind::Access {
            Some("userinfo: no access token")
        } else if token.tenant != asked.tenant {
            Some("userinfo: another tenant's")
        } else if token.expires <= self.now {
            Some("userinfo: expired")
        } else if token.client == Client::Shop && !token.openid {
            Some("userinfo: not for userinfo")
        } else {
            None
        };
        if let Some(why) = refused {
            return self.because(why, INVALID_TOKEN);
        }
        let Some((user, _)) = token.user.filter(|_| token.openid) else {
            // Of a token that is short of scope and has ended as well, RFC 6750 has either told.
            let short = Answer::Refused(403, "insufficient_scope");
            return self.because("userinfo: scope too short", short);
        };
        let refused = match self.ended(&token) {
            Some(Ended::Revoked) => Some("userinfo: revoked"),
            Some(Ended::Family) => Some("userinfo: family revoked"),
            Some(Ended::User) => Some("userinfo: user ended"),
            None if self.is_disabled(token.tenant, token.client) => {
                Some("userinfo: its client disabled")
            }
            None => None,
        };
        match refused {
            Some(why) => self.because(why, INVALID_TOKEN),
            None => self.because("userinfo: claims told", Answer::Claims(user)),
        }
    }

    pub(super) fn revoke(&mut self, asked: Asked) -> Answer {
        if self.is_disabled(asked.tenant, asked.client) {
            return self.because("revoke: client disabled", INVALID_CLIENT);
        }
        let token = self.tokens[asked.token].clone();
        let happened = if (token.tenant, token.client) != (asked.tenant, asked.client) {
            "revoke: another's"
        } else {
            match (token.kind, token.family) {
                (Kind::Refresh, Some(family)) => {
                    self.families[family].revoked = true;
                    "revoke: family"
                }
                (Kind::Access, _) if self.now < token.expires => {
                    self.tokens[asked.token].revoked = true;
                    "revoke: access token"
                }
                (Kind::Access | Kind::Refresh, _) => "revoke: expired access token",
                (Kind::Id, _) => "revoke: ID token",
            }
        };
        self.because(happened, Answer::Revoked)
    }
}

#[derive(Debug, Clone, Copy)]
enum Ended {
    Revoked,
    Family,
    User,
}
