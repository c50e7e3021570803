//! A step of the demonstration: its number, what is asked in it, and what was found in order.

use anyhow::{Error, Result, bail};
use serde_json::{Value, json};

use crate::demo_access::{Access, Missing, Part, Player};
use crate::demo_http::{Answer, Call, Http};
use crate::demo_jwt::Jwt;
use crate::demo_show as show;

#[derive(Debug)]
pub struct Story<'a> {
    pub http: &'a Http,
    pub access: &'a Access,
    /// Of the deployment; the tenant's adds its path.
    pub base_issuer: &'a str,
    /// Of the step; goes on from tenant to tenant.
    pub number: usize,
    pub faults: Vec<String>,
    /// Checks that found what should be.
    pub passed: usize,
    /// Whether requests and answers are shown.
    pub aloud: bool,
    step: String,
    good: Vec<String>,
    bad: Vec<String>,
}

impl<'a> Story<'a> {
    /// A story whose first step comes after number `after`.
    pub fn new(http: &'a Http, base_issuer: &'a str, access: &'a Access, after: usize) -> Self {
        Self {
            http,
            access,
            base_issuer,
            number: after,
            faults: Vec::new(),
            passed: 0,
            aloud: true,
            step: String::new(),
            good: Vec::new(),
            bad: Vec::new(),
        }
    }

    pub fn issuer(&self) -> String {
        let Access { issuer_path, .. } = self.access;
        format!("{}{issuer_path}", self.address())
    }

    /// What the paths of its endpoints follow.
    pub fn address(&self) -> String {
        format!("{}{}", self.base_issuer, self.access.tenant_path())
    }

    pub fn begin(&mut self, title: &str) {
        self.close();
        self.number += 1;
        self.step = title.to_owned();
        if self.aloud {
            let tenant = &self.access.tenant;
            show::heading(&format!("{}. {title} (tenant {tenant})", self.number));
        }
    }

    /// Tells how the step went.
    pub fn close(&mut self) {
        if self.good.is_empty() && self.bad.is_empty() {
            return;
        }
        if self.aloud {
            show::checks(&self.good, &self.bad);
        }
        self.passed += self.good.len();
        for fault in self.bad.drain(..) {
            let tenant = &self.access.tenant;
            self.faults.push(format!(
                "tenant {tenant}, step {} ({}): {fault}",
                self.number, self.step
            ));
        }
        self.good.clear();
    }

    /// Tells why it goes no further.
    pub fn ended(&mut self, error: &Error) {
        self.close();
        let tenant = &self.access.tenant;
        let fault = format!("tenant {tenant}: {error:#}, so the story ends here");
        if self.aloud {
            show::checks(&[], std::slice::from_ref(&fault));
        }
        self.faults.push(fault);
    }

    /// Who plays a part; nobody, and a word, where the demonstration does not have what the client proves itself with.
    pub fn player(&mut self, part: Part) -> Result<Option<Player<'a>>> {
        let access: &'a Access = self.access;
        match access.player(part) {
            Ok(player) => Ok(Some(player)),
            Err(missing @ Missing::Property(_)) => bail!("{missing}"),
            Err(Missing::Credentials(why)) => {
                self.aside(&format!("Passed over in tenant {}: {why}.", access.tenant));
                Ok(None)
            }
        }
    }

    /// What came of a request that was shown already.
    pub fn show(&self, answer: &Answer) {
        if self.aloud {
            show::answer(answer);
        }
    }

    pub fn aside(&self, text: &str) {
        if self.aloud {
            show::aside(text);
        }
    }

    pub fn ask(&self, call: &Call) -> Result<Answer> {
        self.ask_and_show(call, show::answer)
    }

    fn ask_and_show(&self, call: &Call, show: impl FnOnce(&Answer)) -> Result<Answer> {
        if self.aloud {
            show::request(self.http, call);
        }
        let answer = self.http.send(call)?;
        if self.aloud {
            show(&answer);
        }
        Ok(answer)
    }

    pub fn expect(&mut self, good: bool, what: impl Into<String>) {
        if good {
            self.good.push(what.into());
        } else {
            self.bad.push(what.into());
        }
    }

    pub fn status(&mut self, answer: &Answer, wanted: u16) {
        if answer.status == wanted {
            self.expect(true, format!("status {wanted}"));
        } else {
            self.expect(false, format!("status {wanted} (it was {})", answer.status));
        }
    }

    pub fn member(&mut self, document: &Value, name: &str, wanted: &Value) {
        let found = document.get(name).unwrap_or(&Value::Null);
        if found == wanted {
            self.expect(true, format!("{name} is {wanted}"));
        } else {
            self.expect(false, format!("{name} is {wanted} (it was {found})"));
        }
    }

    /// Asks for what was shown in full before.
    pub fn ask_again(&self, call: &Call) -> Result<Answer> {
        self.ask_and_show(call, show::known_answer)
    }

    /// A token that was good is refused. What was asked is known, so it is not shown again.
    pub fn is_refused(&mut self, call: &Call, what: &str) -> Result<()> {
        let answer = self.http.send(call)?;
        let challenge = answer.header("www-authenticate").unwrap_or_default();
        let refused = answer.status == 401 && challenge.contains("invalid_token");
        let told = if refused {
            format!("{what}: 401, invalid_token")
        } else {
            let status = answer.status;
            format!("{what}: 401, invalid_token (it was {status} {challenge})")
        };
        self.expect(refused, told);
        Ok(())
    }

    /// Shows what the issuer signed, and checks who did.
    pub fn signed(&mut self, which: &str, keys: &Value, jwt: &Jwt) {
        if self.aloud {
            show::part(&format!("{which}, header"), &jwt.header);
            show::part(&format!("{which}, claims"), &jwt.claims);
        }
        let signed = jwt.is_signed(keys);
        self.expect(
            signed,
            format!("{which}: a key of the issuer's JWK set made the signature"),
        );
        self.member(&jwt.claims, "iss", &json!(self.issuer()));
    }

    /// The same of a token, and what all of ours have in common.
    pub fn jwt(&mut self, which: &str, keys: &Value, jwt: &Jwt) {
        self.signed(which, keys, jwt);
        let missing: Vec<&str> = ["sub", "aud", "exp", "iat"]
            .into_iter()
            .filter(|name| jwt.claims.get(name).is_none())
            .collect();
        if missing.is_empty() {
            self.expect(true, "sub, aud, exp and iat are there");
        } else {
            self.expect(false, format!("{} should be there", missing.join(", ")));
        }
    }
}

pub fn text<'v>(document: &'v Value, name: &str) -> Option<&'v str> {
    document.get(name).and_then(Value::as_str)
}

/// Whether `aud` names it, alone or among others.
pub fn has_audience(document: &Value, name: &str) -> bool {
    let audience = document.get("aud");
    let among = audience.and_then(Value::as_array);
    among.is_some_and(|it| it.contains(&json!(name))) || audience == Some(&json!(name))
}

/// One audience may be written plainly or as a list.
pub fn is_audience(claims: &Value, client_id: &str) -> bool {
    let audience = claims.get("aud");
    audience == Some(&json!(client_id)) || audience == Some(&json!([client_id]))
}
