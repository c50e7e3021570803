//! The server beside the model: each step is taken for real, and answered as the model says.

use std::marker::PhantomData;
use std::sync::Mutex;

use latchkey_oauth::client::{Client as Registered, RegistryAdmin as _};
use latchkey_oauth::store::Expected;
use latchkey_oauth::tenant::TenantSettings;
use latchkey_oauth::time::Seconds;
use latchkey_testkit::fixtures::{SECRET, confidential, generation, hash_of, user, username};
use latchkey_tests::answer::Answer as Response;
use latchkey_tests::request::{get, post};
use latchkey_tests::store::Store;
use latchkey_tests::world::World;
use proptest_state_machine::StateMachineTest;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::Tally;
use crate::rules::{Answer, Issued, Kind, Model, RETRY_WINDOW, RefreshToken, Told, policy};
use crate::step::{Asked, Client, Source, Step, Steps, User};

/// Where the tenants are kept.
pub trait Place {
    fn world() -> impl Future<Output = World>;
    fn tally() -> &'static Tally;
}

pub struct OnMemory;

impl Place for OnMemory {
    async fn world() -> World {
        World::on_memory().await
    }

    fn tally() -> &'static Tally {
        static TALLY: Tally = Mutex::new(std::collections::BTreeMap::new());
        &TALLY
    }
}

pub struct OnDynamoDb;

impl Place for OnDynamoDb {
    async fn world() -> World {
        World::on_dynamodb().await
    }

    fn tally() -> &'static Tally {
        static TALLY: Tally = Mutex::new(std::collections::BTreeMap::new());
        &TALLY
    }
}

/// The test of a place.
pub struct Machine<P>(PhantomData<P>);

/// Two tenants served by the same functions, and the tokens issued so far.
pub struct Server {
    runtime: Runtime,
    tenants: [World; 2],
    tokens: Vec<String>,
}

impl<P: Place> StateMachineTest for Machine<P> {
    type SystemUnderTest = Server;
    type Reference = Steps;

    fn init_test(_: &Model) -> Server {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let tenants = runtime.block_on(async {
            let here = P::world().await;
            let there = here.neighbour().await;
            let tenants = [here, there];
            for tenant in &tenants {
                furnish(tenant).await;
            }
            tenants
        });
        Server {
            runtime,
            tenants,
            tokens: Vec::new(),
        }
    }

    fn apply(mut server: Server, model: &Model, step: Step) -> Server {
        let mut tally = P::tally().lock().unwrap_or_else(|it| it.into_inner());
        *tally.entry(model.happened).or_default() += 1;
        drop(tally);
        let Server {
            runtime,
            tenants,
            tokens,
        } = &mut server;
        runtime.block_on(taken(tenants, tokens, model, &step));
        server
    }

    /// In the end all tokens are asked about once more: by their own client, by an audience, and at UserInfo.
    fn teardown(mut server: Server, mut model: Model) {
        for token in 0..model.tokens.len() {
            let known = &model.tokens[token];
            let asked = Asked {
                tenant: known.tenant,
                client: known.client,
                token,
            };
            let by_audience = Asked {
                client: Client::Web,
                ..asked
            };
            for step in [
                Step::Introspect(asked),
                Step::Introspect(by_audience),
                Step::UserInfo(asked),
            ] {
                model.take(&step);
                server = Self::apply(server, &model, step);
            }
        }
    }
}

async fn furnish(world: &World) {
    let settings = TenantSettings {
        lockout: policy(),
        ..TenantSettings::default()
    };
    match &world.store {
        Store::Memory(store) => {
            let put = store.put_tenant(&world.tenant, &settings, Expected::Any);
            put.await.unwrap();
        }
        Store::DynamoDb(tables) => {
            let registry = &tables.registry;
            let put = registry.put_tenant(&world.tenant, &settings, Expected::Any);
            put.await.unwrap();
        }
    }
    for client in Client::ALL {
        world
            .store
            .put_client(&world.tenant, &registered(client))
            .await;
    }
}

fn registered(client: Client) -> Registered {
    let plain = confidential(client.id());
    match client {
        Client::Web => plain,
        Client::Retry => Registered {
            refresh_token_retry_window: RETRY_WINDOW,
            ..plain
        },
        Client::Shop => Registered {
            audience: vec!["web".to_owned(), "https://api.example.com".to_owned()],
            ..plain
        },
    }
}

/// Takes a step. The model has taken it already.
async fn taken(tenants: &[World; 2], tokens: &mut Vec<String>, model: &Model, step: &Step) {
    let text = |asked: &Asked| tokens[asked.token].clone();
    match step {
        Step::Login {
            tenant,
            client,
            user,
            guess,
            source,
            openid,
        } => {
            let address = match source {
                Source::Home => "192.0.2.1",
                Source::Abroad => "198.51.100.7",
            };
            let world = tenants[*tenant].from(address);
            let password = model.password(*tenant, *user, *guess);
            let scope = if *openid { "openid read" } else { "read" };
            let answer = world.login_by(client.id(), user.name(), &password, scope);
            issued(tokens, model, answer.await);
        }
        Step::ClientCredentials { tenant, client } => {
            let form = [("grant_type", "client_credentials")];
            let ask = post("/token", &form).basic(client.id(), SECRET);
            issued(tokens, model, tenants[*tenant].send(ask).await);
        }
        Step::Refresh(asked) => {
            let world = &tenants[asked.tenant];
            let answer = world.refresh_by(asked.client.id(), &text(asked)).await;
            issued(tokens, model, answer);
        }
        Step::Introspect(asked) => {
            let ask = post("/introspect", &[("token", &*text(asked))]);
            let ask = ask.basic(asked.client.id(), SECRET);
            let world = &tenants[asked.tenant];
            introspected(model, world.send(ask).await, &world.issuer());
        }
        Step::UserInfo(asked) => {
            let ask = get("/userinfo").bearer(&text(asked));
            claimed(model, tenants[asked.tenant].send(ask).await);
        }
        Step::Revoke(asked) => {
            let ask = post("/revoke", &[("token", &*text(asked))]);
            let ask = ask.basic(asked.client.id(), SECRET);
            revoked(model, tenants[asked.tenant].send(ask).await);
        }
        Step::Disable(tenant, who)
        | Step::Enable(tenant, who)
        | Step::ChangePassword(tenant, who)
        | Step::Delete(tenant, who)
        | Step::Recreate(tenant, who) => written(&tenants[*tenant], model, *tenant, *who).await,
        Step::SwitchClient {
            tenant,
            client,
            disabled,
        } => {
            let world = &tenants[*tenant];
            let client = Registered {
                disabled: *disabled,
                ..registered(*client)
            };
            world.store.put_client(&world.tenant, &client).await;
            world.advance(Seconds(60));
        }
        Step::Wait(seconds) => tenants[0].advance(Seconds(*seconds)),
    }
}

/// Brings a user to the state that the model has, as an operator does.
async fn written(world: &World, model: &Model, tenant: usize, who: User) {
    let known = world.store.user(&world.tenant, &username(who.name())).await;
    let Some(account) = model.user(tenant, who) else {
        let known = known.expect("a user to delete");
        return world.store.delete_user(&world.tenant, &known).await;
    };
    let mut next = user(who.name());
    let password = model.password(tenant, who, crate::step::Guess::Right);
    next.credentials.password_hash = Some(hash_of(&password));
    next.credentials.disabled = account.disabled;
    next.credentials.generation = generation(account.generation);
    let seen = known.map_or(Expected::Absent, |_| Expected::Any);
    world.store.put_user(&world.tenant, &next, seen).await;
}

fn refused(response: Response, answer: &Answer) {
    let Answer::Refused(status, error) = answer else {
        panic!("the model has {answer:?}, the server {response:?}");
    };
    let _ = response.refused(*status, error);
}

fn issued(tokens: &mut Vec<String>, model: &Model, response: Response) {
    let Answer::Tokens(Issued { id, refresh }) = &model.answer else {
        return refused(response, &model.answer);
    };
    let response = response.ok();
    tokens.push(response.string("access_token"));
    if *id {
        tokens.push(response.string("id_token"));
    } else {
        assert_eq!(response.member("id_token"), Value::Null);
    }
    match refresh {
        RefreshToken::None => assert_eq!(response.member("refresh_token"), Value::Null),
        RefreshToken::New => {
            let token = response.string("refresh_token");
            assert!(!tokens.contains(&token), "an old refresh token");
            tokens.push(token);
        }
        RefreshToken::Again(known) => {
            assert_eq!(response.string("refresh_token"), tokens[*known]);
        }
    }
    assert_eq!(tokens.len(), model.tokens.len());
}

fn introspected(model: &Model, response: Response, issuer: &str) {
    let Answer::Introspected(told) = &model.answer else {
        return refused(response, &model.answer);
    };
    let response = response.ok();
    let Some(told) = told else {
        assert_eq!(response.text(), r#"{"active":false}"#);
        return;
    };
    let Told {
        kind,
        client,
        user,
        expires,
    } = *told;
    let sub = user.map_or(client.id().to_owned(), subject);
    let told = response.json();
    let expected = json!({
        "active": true,
        "client_id": client.id(),
        "sub": sub,
        "exp": expires,
        "iss": issuer,
        "username": user.map(User::name),
        "token_type": (kind == Kind::Access).then_some("Bearer"),
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(told.get(name).unwrap_or(&Value::Null), value, "{name}");
    }
}

fn claimed(model: &Model, response: Response) {
    let Answer::Claims(user) = model.answer else {
        return refused(response, &model.answer);
    };
    assert_eq!(response.ok().json(), json!({"sub": subject(user)}));
}

fn revoked(model: &Model, response: Response) {
    if model.answer != Answer::Revoked {
        return refused(response, &model.answer);
    }
    assert_eq!(response.ok().text(), "");
}

fn subject(user: User) -> String {
    format!("subject-of-{}", user.name())
}
