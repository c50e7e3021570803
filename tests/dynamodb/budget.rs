//! The budget of AWS calls: what each kind of request costs, warm and cold.

use std::collections::BTreeMap;

use latchkey_oauth::time::Seconds;
use latchkey_testkit::fixtures::{PASSWORD, SECRET};
use latchkey_tests::counted::{self, Entries, Ledger};
use latchkey_tests::kinds::{Case, Kind};
use latchkey_tests::request::post;
use latchkey_tests::world::World;
use latchkey_tests::{aws, counted::clients};
use tokio::sync::OnceCell;

const CLIENT_CREDENTIALS: [(&str, &str); 1] = [("grant_type", "client_credentials")];

/// What a warm request may do.
struct Budget {
    /// Reads, writes and calls of KMS of the design: at most so many.
    design: [usize; 3],
    /// What is called, exactly.
    calls: &'static str,
    /// Why it is more than the design has.
    why: Option<&'static str>,
}

const fn within(design: [usize; 3], calls: &'static str) -> Budget {
    Budget {
        design,
        calls,
        why: None,
    }
}

const fn beyond(design: [usize; 3], calls: &'static str, why: &'static str) -> Budget {
    Budget {
        design,
        calls,
        why: Some(why),
    }
}

const OPAQUE: &str = "an opaque access token is kept where another is signed";

/// THE table. Two signatures are made one after the other and not side by side (ADR 4); they are as many.
const fn budget(kind: Kind) -> Budget {
    match kind {
        // An API is remembered as its client is, and its claims are of the profile that a login reads anyway.
        Kind::ClientCredentials | Kind::ClientCredentialsForAnApi => within([0, 0, 1], "Sign: 1"),
        // Nothing is signed, and the token is written instead: the design has no figure for it.
        Kind::ClientCredentialsOpaque => beyond([0, 0, 1], "PutItem: 1", OPAQUE),
        Kind::PasswordOpaque => beyond([2, 1, 2], "BatchGetItem: 2, PutItem: 2, Sign: 1", OPAQUE),
        Kind::RefreshTokenOpaque => beyond(
            [1, 1, 2],
            "BatchGetItem: 1, PutItem: 1, Sign: 1, UpdateItem: 1",
            OPAQUE,
        ),
        Kind::Password | Kind::PasswordForAnApi => {
            within([2, 1, 1], "BatchGetItem: 2, PutItem: 1, Sign: 1")
        }
        Kind::PasswordWithOpenid => within([2, 1, 2], "BatchGetItem: 2, PutItem: 1, Sign: 2"),
        // An unknown user costs what a known one does.
        Kind::WrongPassword | Kind::UnknownUser => beyond(
            [2, 1, 0],
            "BatchGetItem: 1, UpdateItem: 3",
            "a failure counts for the user, the address, and both (ADR 2); side by side",
        ),
        Kind::PasswordAfterFailures => beyond(
            [2, 2, 1],
            "BatchGetItem: 2, DeleteItem: 2, PutItem: 1, Sign: 1",
            "two counters are forgotten where the design has one (ADR 2)",
        ),
        Kind::PasswordWithAnOldHash => beyond(
            [2, 1, 1],
            "BatchGetItem: 2, PutItem: 1, Sign: 1, UpdateItem: 1",
            "the hash is made anew, once for each user and change of the settings",
        ),
        Kind::PasswordByAccessToken => beyond(
            [2, 1, 1],
            "BatchGetItem: 3, PutItem: 1",
            "the client's token is read; the user's is kept where another is signed",
        ),
        Kind::RevokeByAccessToken => within([1, 1, 0], "BatchGetItem: 1, UpdateItem: 1"),
        // The password is checked as at a login; credentials and state change together or not at all.
        Kind::ChangePassword => within([2, 1, 0], "BatchGetItem: 2, TransactWriteItems: 1"),
        Kind::ResetPassword => within([1, 1, 0], "BatchGetItem: 1, TransactWriteItems: 1"),
        Kind::RefreshToken | Kind::RefreshTokenForAnApi => {
            within([1, 1, 1], "BatchGetItem: 1, Sign: 1, UpdateItem: 1")
        }
        Kind::RefreshTokenWithOpenid => {
            within([1, 1, 2], "BatchGetItem: 1, Sign: 2, UpdateItem: 1")
        }
        Kind::RefreshTokenRepeated => within([1, 1, 1], "BatchGetItem: 1, Sign: 1"),
        Kind::RefreshTokenReused => within([1, 1, 1], "BatchGetItem: 1, UpdateItem: 1"),
        Kind::IntrospectAccessToken
        | Kind::IntrospectOpaque
        | Kind::IntrospectIdToken
        | Kind::IntrospectRefreshToken
        | Kind::UserInfo
        | Kind::UserInfoOpaque => within([1, 0, 0], "BatchGetItem: 1"),
        Kind::IntrospectUnknownKey => beyond(
            [1, 0, 0],
            "BatchGetItem: 2",
            "the key ring is read again, at most once in 10 s",
        ),
        Kind::RevokeOpaque => within([1, 1, 0], "UpdateItem: 1"),
        Kind::RevokeAccessToken => within([1, 1, 0], "PutItem: 1"),
        Kind::RevokeRefreshToken => within([1, 1, 0], "UpdateItem: 1"),
        // Nobody's hot path, and the design has no figure: what it takes is read as it is now, and written on condition.
        Kind::RegisterClient => within([0, 1, 0], "PutItem: 1"),
        Kind::RegisterClientByToken => within([1, 1, 0], "GetItem: 1, TransactWriteItems: 1"),
        Kind::ReadRegistration => within([1, 0, 0], "GetItem: 1"),
        Kind::ChangeRegistration | Kind::ActivateClient => {
            within([1, 1, 0], "GetItem: 1, PutItem: 1")
        }
        Kind::DeleteRegistration => within([1, 1, 0], "DeleteItem: 1, GetItem: 1"),
        // Whether the token still counts, whether the request was carried out before, and the ring.
        Kind::AddKey => within(
            [3, 1, 1],
            "BatchGetItem: 2, GetItem: 1, GetPublicKey: 1, TransactWriteItems: 1",
        ),
        Kind::WithdrawKey => within([2, 1, 0], "BatchGetItem: 2, TransactWriteItems: 1"),
        Kind::OpenidConfiguration | Kind::AuthorizationServerMetadata | Kind::Jwks => {
            within([0, 0, 0], "")
        }
    }
}

/// What each case calls and consumes, measured once for all tests.
pub async fn measured() -> &'static BTreeMap<Case, Entries> {
    static MEASURED: OnceCell<BTreeMap<Case, Entries>> = OnceCell::const_new();
    let measure = async || {
        let (dynamodb, kms) = (aws::dynamodb().await, aws::kms().await);
        let ledger = Ledger::default();
        let counting = clients(&ledger).await;
        let mut all = BTreeMap::new();
        for case in Case::all() {
            let world = World::for_kinds(&dynamodb, &kms).await;
            let served = world.served_by(&counting.0, &counting.1);
            let prepared = case.prepare(&world, &served).await;
            ledger.take();
            let answer = case.send(&served, &prepared).await;
            assert!(answer.status() < 500, "{case:?}: {answer:?}");
            all.insert(case, ledger.take());
        }
        all
    };
    MEASURED.get_or_init(measure).await
}

#[tokio::test]
async fn a_warm_request_stays_within_its_budget() {
    let measured = measured().await;
    for kind in Kind::all() {
        let entries = &measured[&Case { kind, cold: false }];
        let Budget { design, calls, why } = budget(kind);
        assert_eq!(entries.names(), calls, "{}", kind.name());
        let over = entries
            .counts()
            .iter()
            .zip(design)
            .any(|(ours, most)| *ours > most);
        assert_eq!(over, why.is_some(), "{}: {why:?}", kind.name());
    }
}

#[tokio::test]
async fn a_cold_request_reads_tenant_client_and_api_as_well_and_nothing_else() {
    let measured = measured().await;
    for (case, cold) in measured.iter().filter(|(case, _)| case.cold) {
        let warm = &measured[&Case {
            cold: false,
            ..*case
        }];
        let of_an_api = [
            Kind::ClientCredentialsForAnApi,
            Kind::PasswordForAnApi,
            Kind::RefreshTokenForAnApi,
        ];
        let more = match case.kind.function() {
            // Which read the client anyway, or no client at all.
            "discovery" | "register" => 1,
            _ if of_an_api.contains(&case.kind) => 3,
            _ => 2,
        };
        let [reads, writes, of_kms] = warm.counts();
        assert_eq!(cold.counts(), [reads + more, writes, of_kms], "{case:?}");
    }
}

#[tokio::test]
async fn what_is_malformed_costs_nothing() {
    let (world, ledger) = counted::world().await;
    let _ = world.login("alice", "openid").await.ok();
    let _ = world.introspect("x").await;
    ledger.take();
    let _ = world.refresh("lkr.x.y").await.refused(400, "invalid_grant");
    let _ = world
        .login_by("web", "alice", PASSWORD, "admin")
        .await
        .refused(400, "invalid_scope");
    let _ = world.introspect("lkr.x.y").await;
    let _ = world.introspect("not a token").await;
    let _ = world.send(post("/nowhere", &[])).await;
    assert_eq!(ledger.take().names(), "");
}

#[tokio::test]
async fn a_minute_later_tenant_and_client_are_read_again() {
    let (world, ledger) = counted::world().await;
    let ask = post("/token", &CLIENT_CREDENTIALS).basic("web", SECRET);
    for _ in 0..2 {
        let _ = world.send(ask.clone()).await.ok();
        let cold = ledger.take().names();
        assert_eq!(cold, "BatchGetItem: 1, GetItem: 1, Sign: 1");
        world.advance(Seconds(59));
        let _ = world.send(ask.clone()).await.ok();
        assert_eq!(ledger.take().names(), "Sign: 1");
        world.advance(Seconds(1));
    }
}

#[tokio::test]
async fn an_unknown_key_has_the_ring_read_again_at_most_once_in_ten_seconds() {
    let (world, ledger) = counted::world().await;
    let case = Case {
        kind: Kind::IntrospectUnknownKey,
        cold: false,
    };
    // The ring has been read ten seconds ago, and has the key now.
    let prepared = case.prepare(&world, &world).await;
    let (_, rest) = prepared.access_token.split_once('.').unwrap();
    let stranger = r#"{"alg":"RS256","typ":"at+jwt","kid":"nobodys"}"#;
    let stranger = latchkey_tests::jwt::base64url(stranger.as_bytes());
    let unknown = format!("{stranger}.{rest}");
    ledger.take();
    assert!(!world.is_active(&unknown).await);
    assert_eq!(ledger.take().names(), "BatchGetItem: 1", "the ring");
    for _ in 0..3 {
        assert!(!world.is_active(&unknown).await);
        assert_eq!(ledger.take().names(), "");
    }
    world.advance(Seconds(10));
    assert!(!world.is_active(&unknown).await);
    assert_eq!(ledger.take().names(), "BatchGetItem: 1", "the ring, again");
}

#[tokio::test]
async fn units_are_those_of_the_items_read_and_written() {
    // Every item of these is small, so each key is a unit, there or not: so AWS charges.
    for (case, entries) in measured().await {
        let calls = entries.calls.iter();
        let reads: f64 = calls
            .map(|call| {
                let (items, each) = call.reads;
                (0..items).map(|_| each).sum::<f64>()
            })
            .sum();
        let writes: f64 = entries.calls.iter().map(|call| call.write_units).sum();
        let told = (entries.read_units, entries.write_units);
        assert_eq!(told, (reads, writes), "{case:?}");
    }
}
