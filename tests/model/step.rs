//! What can be asked, and how sequences of it are made up.

use proptest::prelude::*;
use proptest::sample::select;
use proptest_state_machine::ReferenceStateMachine;

use crate::rules::{Kind, Model};

/// Three clients, known by the same names in both tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Without anything special, and a resource server to [`Client::Shop`].
    Web,
    /// With a retry window.
    Retry,
    /// Whose tokens are for [`Client::Web`] and an API.
    Shop,
}

impl Client {
    pub const ALL: [Self; 3] = [Self::Web, Self::Retry, Self::Shop];

    pub const fn id(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Retry => "retry",
            Self::Shop => "shop",
        }
    }
}

/// Two users, known by the same names in both tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum User {
    Alice,
    Carol,
}

impl User {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alice => "alice",
            Self::Carol => "carol",
        }
    }
}

/// Where somebody signs in from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    Home,
    Abroad,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guess {
    Right,
    /// The password before the last change.
    Previous,
    Wrong,
}

/// A request, something an operator does, or time that passes. Tokens are told by the order of their issue.
#[derive(Debug, Clone)]
pub enum Step {
    Login {
        tenant: usize,
        client: Client,
        user: User,
        guess: Guess,
        source: Source,
        openid: bool,
    },
    ClientCredentials {
        tenant: usize,
        client: Client,
    },
    Refresh(Asked),
    Introspect(Asked),
    UserInfo(Asked),
    Revoke(Asked),
    Disable(usize, User),
    Enable(usize, User),
    ChangePassword(usize, User),
    Delete(usize, User),
    Recreate(usize, User),
    /// And waits until every function has noticed.
    SwitchClient {
        tenant: usize,
        client: Client,
        disabled: bool,
    },
    Wait(u64),
}

/// A token, presented by a client at a tenant.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub tenant: usize,
    pub client: Client,
    pub token: usize,
}

const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

/// At and around every time that decides something.
const WAITS: [u64; 17] = [
    1,
    2,
    4,
    29,
    30,
    31,
    59,
    MINUTE,
    61,
    10 * MINUTE,
    15 * MINUTE - 1,
    15 * MINUTE,
    60 * MINUTE,
    30 * DAY - 1,
    30 * DAY,
    29 * DAY,
    60 * DAY,
];

/// How sequences are made up.
#[derive(Debug)]
pub struct Steps;

/// The first much more often, so that steps meet.
fn mostly<T: Clone + std::fmt::Debug + 'static>(first: T, second: T) -> impl Strategy<Value = T> {
    prop_oneof![4 => Just(first), 1 => Just(second)]
}

fn tenant() -> impl Strategy<Value = usize> {
    mostly(0, 1)
}

fn user() -> impl Strategy<Value = User> {
    mostly(User::Alice, User::Carol)
}

fn client() -> impl Strategy<Value = Client> {
    select(&Client::ALL[..])
}

fn login() -> impl Strategy<Value = Step> {
    let guess = prop_oneof![
        5 => Just(Guess::Right),
        1 => Just(Guess::Previous),
        3 => Just(Guess::Wrong),
    ];
    let source = mostly(Source::Home, Source::Abroad);
    let parts = (tenant(), client(), user(), guess, source, any::<bool>());
    parts.prop_map(
        |(tenant, client, user, guess, source, openid)| Step::Login {
            tenant,
            client,
            user,
            guess,
            source,
            openid,
        },
    )
}

/// One of these tokens, mostly presented by its own client at its own tenant.
fn asked(model: &Model, tokens: Vec<usize>) -> impl Strategy<Value = Asked> + use<> {
    let own = tokens.into_iter().map(|token| {
        let known = &model.tokens[token];
        (token, known.tenant, known.client)
    });
    let own = select(own.collect::<Vec<_>>());
    (own, 0..10_u8, client()).prop_map(|((token, tenant, owner), whose, client)| Asked {
        token,
        tenant: if whose == 0 { 1 - tenant } else { tenant },
        client: if whose < 7 { owner } else { client },
    })
}

fn presented(model: &Model) -> BoxedStrategy<Step> {
    let all: Vec<usize> = (0..model.tokens.len()).collect();
    if all.is_empty() {
        return login().boxed();
    }
    let mut refresh: Vec<usize> = all.clone();
    refresh.retain(|token| model.tokens[*token].kind == Kind::Refresh);
    let living = model.current_tokens();
    let mut shops: Vec<usize> = all.clone();
    shops.retain(|token| {
        let known = &model.tokens[*token];
        known.client == Client::Shop && known.kind == Kind::Access && model.now < known.expires
    });
    let or_all = |tokens: Vec<usize>| {
        if tokens.is_empty() {
            all.clone()
        } else {
            tokens
        }
    };
    prop_oneof![
        5 => asked(model, or_all(living)).prop_map(Step::Refresh),
        3 => asked(model, or_all(refresh)).prop_map(Step::Refresh),
        1 => asked(model, all.clone()).prop_map(Step::Refresh),
        7 => asked(model, all.clone()).prop_map(Step::Introspect),
        2 => asked(model, or_all(shops)).prop_map(|asked| Step::Introspect(Asked { client: Client::Web, ..asked })),
        4 => asked(model, all.clone()).prop_map(Step::UserInfo),
        2 => asked(model, all.clone()).prop_map(Step::Revoke),
    ]
    .boxed()
}

/// What an operator may do now. What undoes something comes more often, or soon nobody could sign in.
fn operators(model: &Model) -> Vec<Step> {
    let mut steps = Vec::new();
    for tenant in 0..2 {
        for user in [User::Alice, User::Carol] {
            match model.user(tenant, user) {
                None => steps.extend([Step::Recreate(tenant, user), Step::Recreate(tenant, user)]),
                Some(known) if known.disabled => {
                    steps.extend([Step::Enable(tenant, user), Step::Enable(tenant, user)]);
                }
                Some(_) => steps.extend([
                    Step::Disable(tenant, user),
                    Step::ChangePassword(tenant, user),
                    Step::Delete(tenant, user),
                ]),
            }
        }
        for client in Client::ALL {
            let disabled = !model.is_disabled(tenant, client);
            let switch = Step::SwitchClient {
                tenant,
                client,
                disabled,
            };
            steps.extend(vec![switch; if disabled { 1 } else { 2 }]);
        }
    }
    steps
}

impl ReferenceStateMachine for Steps {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::new()).boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        prop_oneof![
            9 => login(),
            1 => (tenant(), client()).prop_map(|(tenant, client)| Step::ClientCredentials { tenant, client }),
            20 => presented(model),
            4 => select(operators(model)),
            5 => select(&WAITS[..]).prop_map(Step::Wait),
        ]
        .boxed()
    }

    fn preconditions(model: &Model, step: &Step) -> bool {
        match step {
            Step::Refresh(asked)
            | Step::Introspect(asked)
            | Step::UserInfo(asked)
            | Step::Revoke(asked) => asked.token < model.tokens.len(),
            Step::Disable(tenant, user) => {
                model.user(*tenant, *user).is_some_and(|it| !it.disabled)
            }
            Step::Enable(tenant, user) => model.user(*tenant, *user).is_some_and(|it| it.disabled),
            Step::ChangePassword(tenant, user) | Step::Delete(tenant, user) => {
                model.user(*tenant, *user).is_some()
            }
            Step::Recreate(tenant, user) => model.user(*tenant, *user).is_none(),
            Step::SwitchClient {
                tenant,
                client,
                disabled,
            } => model.is_disabled(*tenant, *client) != *disabled,
            Step::Login { .. } | Step::ClientCredentials { .. } | Step::Wait(_) => true,
        }
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        model.take(step);
        model
    }
}
