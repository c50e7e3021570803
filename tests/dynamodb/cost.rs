//! docs/cost.md: dollars for each kind of request, from the calls it was seen to make and AWS's list prices.

use std::fmt::Write as _;

use latchkey_tests::counted::Entries;
use latchkey_tests::generated::assert_generated;
use latchkey_tests::kinds::{Case, Kind};
use latchkey_tests::template::{resource_name, template};

use crate::budget::measured;
use crate::prices::{
    ALL, ASSUMED_LOGIN_MS, ASSUMED_OTHER_MS, ASSUMED_START_MS, COGNITO_FIRST_TIER, COGNITO_PLANS,
    COGNITO_TOKENS, HTTP_API, KEY, KMS_CALL, LAMBDA_DURATION, LAMBDA_REQUEST, MILLION, MONTH,
    READ_UNIT, WRITE_UNIT,
};

/// Users of the comparison, and what each does in a month.
const USERS: f64 = 100_000.0;
const LOGINS: f64 = 20.0;
const REFRESHES: f64 = 200.0;

/// Dollars for a million requests, by service.
#[derive(Clone, Copy)]
struct Cost {
    gateway: f64,
    lambda: f64,
    dynamodb: f64,
    kms: f64,
}

impl Cost {
    /// For a million of what was measured once.
    fn of(case: Case, entries: &Entries) -> Self {
        let [_, _, of_kms] = entries.counts();
        let seconds = milliseconds(case) / 1_000.0;
        let duration = LAMBDA_DURATION.of(seconds * gigabytes(case.kind.function()) * MILLION);
        Self {
            gateway: HTTP_API.of(MILLION),
            lambda: LAMBDA_REQUEST.of(MILLION) + duration,
            dynamodb: READ_UNIT.of(entries.read_units * MILLION)
                + WRITE_UNIT.of(entries.write_units * MILLION),
            kms: KMS_CALL.of(small(of_kms) * MILLION),
        }
    }

    fn together(self) -> f64 {
        self.gateway + self.lambda + self.dynamodb + self.kms
    }
}

fn small(count: usize) -> f64 {
    u32::try_from(count).expect("a small number").into()
}

/// What a function has, as the template gives it.
fn gigabytes(function: &str) -> f64 {
    let resource = &template()["Resources"][resource_name(function)]["Properties"]["MemorySize"];
    let megabytes = match resource.as_str() {
        Some(parameter) => &template()["Parameters"][parameter]["Default"],
        None => &template()["Globals"]["Function"]["MemorySize"],
    };
    megabytes.as_f64().expect("megabytes") / 1_024.0
}

fn milliseconds(case: Case) -> f64 {
    let warm = match case.kind {
        Kind::Password
        | Kind::PasswordWithOpenid
        | Kind::PasswordForAnApi
        | Kind::PasswordOpaque
        | Kind::WrongPassword
        | Kind::UnknownUser
        | Kind::PasswordAfterFailures
        | Kind::PasswordWithAnOldHash
        | Kind::PasswordByAccessToken
        | Kind::ResetPassword => ASSUMED_LOGIN_MS,
        // One hash is checked, and one made.
        Kind::ChangePassword => 2.0 * ASSUMED_LOGIN_MS,
        Kind::ClientCredentials
        | Kind::ClientCredentialsForAnApi
        | Kind::ClientCredentialsOpaque
        | Kind::RefreshToken
        | Kind::RefreshTokenWithOpenid
        | Kind::RefreshTokenForAnApi
        | Kind::RefreshTokenOpaque
        | Kind::RefreshTokenRepeated
        | Kind::RefreshTokenReused
        | Kind::IntrospectAccessToken
        | Kind::IntrospectOpaque
        | Kind::IntrospectIdToken
        | Kind::IntrospectRefreshToken
        | Kind::IntrospectUnknownKey
        | Kind::UserInfo
        | Kind::UserInfoOpaque
        | Kind::RevokeAccessToken
        | Kind::RevokeOpaque
        | Kind::RevokeRefreshToken
        | Kind::RevokeByAccessToken
        | Kind::OpenidConfiguration
        | Kind::AuthorizationServerMetadata
        | Kind::Jwks
        | Kind::RegisterClient
        | Kind::RegisterClientByToken
        | Kind::ReadRegistration
        | Kind::ChangeRegistration
        | Kind::DeleteRegistration
        | Kind::ActivateClient
        | Kind::AddKey
        | Kind::WithdrawKey => ASSUMED_OTHER_MS,
    };
    if case.cold {
        warm + ASSUMED_START_MS
    } else {
        warm
    }
}

async fn warm(kind: Kind) -> Cost {
    let case = Case { kind, cold: false };
    Cost::of(case, &measured().await[&case])
}

async fn by_kind() -> String {
    let mut text = String::from(
        "| request | reads (units) | writes (units) | KMS calls | API Gateway | Lambda | DynamoDB | KMS | \
         together | a cold one more |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let measured = measured().await;
    for kind in Kind::all() {
        let case = Case { kind, cold: false };
        let entries = &measured[&case];
        let [reads, writes, of_kms] = entries.counts();
        let cost = Cost::of(case, entries);
        let cold = Case { kind, cold: true };
        let more = measured.get(&cold).map(|entries| {
            let more = Cost::of(cold, entries).together() - cost.together();
            format!("{more:.2}")
        });
        let _ = writeln!(
            text,
            "| {} | {reads} ({}) | {writes} ({}) | {of_kms} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {} |",
            kind.name(),
            entries.read_units,
            entries.write_units,
            cost.gateway,
            cost.lambda,
            cost.dynamodb,
            cost.kms,
            cost.together(),
            more.as_deref().unwrap_or("-"),
        );
    }
    text
}

async fn beside_cognito() -> String {
    let login = warm(Kind::PasswordWithOpenid).await.together();
    let refresh = warm(Kind::RefreshTokenWithOpenid).await.together();
    let requests = login * LOGINS + refresh * REFRESHES;
    let ours = requests * USERS / MILLION + KEY.of(1.0);
    let mut text = format!(
        "{} users a month, each with {LOGINS} logins and {REFRESHES} refreshes, all with an ID token, all \
         warm:\n\n| | dollars a month |\n|---|---|\n| Latchkey, with its key | {ours:.2} |\n",
        thousands(USERS)
    );
    for plan in COGNITO_PLANS {
        let theirs = (USERS - plan.free_users) * plan.per_user;
        let _ = writeln!(
            text,
            "| Cognito {}: {} a user, {} free | {theirs:.2} |",
            plan.name,
            plan.per_user,
            thousands(plan.free_users)
        );
    }
    let token = warm(Kind::ClientCredentials).await.together();
    let first = thousands(COGNITO_FIRST_TIER);
    let _ = write!(
        text,
        "\nclient_credentials, {first} tokens a month:\n\n| | dollars |\n|---|---|\n| Latchkey | {:.2} |\n\
         | Cognito, {} | {:.2} |\n",
        token * COGNITO_FIRST_TIER / MILLION,
        COGNITO_TOKENS.listed,
        COGNITO_TOKENS.of(COGNITO_FIRST_TIER),
    );
    let _ = write!(
        text,
        "\nBeyond {first} a month Cognito's tokens cost less each; at the first tier's price a million \
         would be {:.2},\nof which Latchkey's {token:.2} is {:.1} %.\n",
        COGNITO_TOKENS.of(MILLION),
        100.0 * token / COGNITO_TOKENS.of(MILLION),
    );
    text
}

/// A number with a comma before its thousands.
fn thousands(number: f64) -> String {
    let digits = format!("{number}");
    match digits.len().checked_sub(3) {
        Some(place) if place > 0 => {
            let (thousands, rest) = digits.split_at(place);
            format!("{thousands},{rest}")
        }
        _ => digits,
    }
}

fn prices() -> String {
    let mut text = String::from("| what | dollars |\n|---|---|\n");
    for price in ALL {
        let _ = writeln!(text, "| {} | {} |", price.what, price.listed);
    }
    text
}

#[tokio::test]
async fn the_document_says_what_is_measured() {
    let text = format!(
        "# What Latchkey costs\n\n\
         Made by `tests/dynamodb/cost.rs`; do not edit. The calls and units are those that each kind of request was seen \
         to make, on\nDynamoDB Local and a KMS emulator; the prices are list prices of us-east-1, {MONTH}, without free \
         tiers. Look them up for\nyour Region.\n\n\
         ## A million requests\n\n{}\n\
         *Reads* and *writes* are calls, in brackets the request units that DynamoDB Local reports for them: a strongly \
         consistent read\nis one unit for each item up to 4 KB, an eventually consistent one (tenant, client, keys) half \
         of it, a write one unit for each\nKB. An item that is not there costs as much on AWS; DynamoDB Local leaves it \
         out, so it is added here. Larger items cost more:\nclaims of several kilobytes, say. *A cold one more* is what \
         the first request of a function adds.\n\n\
         Lambda's time is ASSUMED, not measured on AWS: {ASSUMED_LOGIN_MS} ms for a request that checks a password, \
         {ASSUMED_OTHER_MS} ms for any other,\n{ASSUMED_START_MS} ms for a start; memory is the template's ({} MB for \
         `token`, {} MB for the others).\n\n\
         Logs are 0.50 a GB taken in: a line of ours has some 440 bytes, 0.22 a million, or 1,420 with \
         `Monitoring=on`, 0.71 (its metrics\nand alarms: operations.md), beside Lambda's own lines.\n\n\
         Left out: X-Ray, data transfer, storage (0.25 a GB and month, 0.20 for its \
         point-in-time recovery),\nand what KMS charges for the AWS-managed key of encrypted tables: DynamoDB asks it a \
         few times an hour for each table, not once\na request.\n\n\
         ## Beside Cognito\n\n{}\n\
         Cognito's prices for users were read in September 2026. For machine-to-machine tokens only the first tier's \
         could be found,\nin third parties' words. A plan of Cognito's has things that Latchkey has not (hosted pages, \
         messages, federation), and a user\ncosts the same however often they sign in; so does Latchkey's key.\n\n\
         ## Prices\n\n{}",
        by_kind().await,
        gigabytes("token") * 1_024.0,
        gigabytes("userinfo") * 1_024.0,
        beside_cognito().await,
        prices(),
    );
    assert_generated("docs/cost.md", &text);
}
