//! Many users, each with a family of refresh tokens: copies of what the functions and the command wrote for one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use latchkey_dynamodb::{Grants, keys};
use latchkey_oauth::random::{self, SystemRandom};
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::token::refresh_token::FamilyId;
use latchkey_oauth::token::repository::{TokenKeys, TokenStateRepository as _};
use latchkey_oauth::user::{Subject, SubjectKey, Username};

use super::names::USER;
use super::world::World;
use crate::aws;
use crate::progress::{self, QUIET, paint};

type Item = HashMap<String, AttributeValue>;

/// The items of one user: credentials, profile, state, family.
pub const ITEMS: u64 = 4;
/// BatchWriteItem takes 25 items: six users.
const USERS_A_BATCH: u64 = 6;
const WRITERS: u64 = 3;
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// How often what DynamoDB leaves unprocessed is sent again.
const MAX_ROUNDS: usize = 20;

/// Where a fill ended.
#[derive(Debug)]
pub struct Filled {
    /// Users from the first on that are all there.
    pub users: u64,
    pub took: Duration,
    /// Why it ended before its goal.
    pub stopped: Option<String>,
}

/// One user as the store has it.
#[derive(Debug)]
pub struct Model {
    url: String,
    users: String,
    grants: String,
    tenant: TenantId,
    login: Item,
    profile: Item,
    state: Item,
    family: Item,
}

pub fn username(number: u64) -> String {
    format!("grown-{number:07}")
}

impl Model {
    /// Of a user who has signed in.
    pub fn read(world: &World) -> Result<Self> {
        let tenant = TenantId::default_tenant();
        let (users, grants) = (
            world.stack.table("UsersTable"),
            world.stack.table("GrantsTable"),
        );
        let url = world.stack.dynamodb.url.clone();
        let client = aws::dynamodb(&url);
        aws::wait_for(async {
            let login = get(
                &client,
                &users,
                keys::login(&tenant, &Username::parse(USER)?),
            )
            .await?;
            let subject = SubjectKey::of(&tenant, &Subject::parse(text(&login, "sub")?)?);
            let profile = get(&client, &users, keys::profile(&tenant, subject)).await?;
            let state = get(&client, &grants, keys::state(&tenant, subject)).await?;
            let family = family_beside(&client, &grants, &state).await?;
            Ok(Self {
                url: url.clone(),
                users,
                grants,
                tenant,
                login,
                profile,
                state,
                family,
            })
        })
    }

    /// The same user under another name, with another subject and another family.
    fn copy(&self, number: u64) -> Result<(FamilyId, [(&str, Item); 4])> {
        let username = username(number);
        let subject = Subject::from_random(random::bytes(&SystemRandom)?);
        let key = SubjectKey::of(&self.tenant, &subject);
        let family = FamilyId::begin(key, &SystemRandom)?;
        let renamed = HashMap::from([
            (USER, username.clone()),
            (text(&self.login, "sub")?, subject.to_string()),
            (text(&self.family, "family")?, family.to_string()),
        ]);
        let copied = |item: &Item, key: keys::Key| -> Item {
            let attributes = item.iter();
            let mut copy: Item = attributes
                .map(|(name, value)| (name.clone(), rename(value, &renamed)))
                .collect();
            copy.extend(key);
            copy
        };
        let tenant = &self.tenant;
        let login = keys::login(tenant, &Username::parse(&username)?);
        let items = [
            (self.users.as_str(), copied(&self.login, login)),
            (
                &self.users,
                copied(&self.profile, keys::profile(tenant, key)),
            ),
            (&self.grants, copied(&self.state, keys::state(tenant, key))),
            (
                &self.grants,
                copied(&self.family, keys::family(tenant, &family)),
            ),
        ];
        Ok((family, items))
    }

    /// What the repositories make of a copy is a user with a family, or the copies would prove nothing.
    pub fn prove(&self) -> Result<()> {
        let client = aws::dynamodb(&self.url);
        let (id, items) = self.copy(u64::MAX)?;
        aws::wait_for(async {
            write(&client, items.into()).await?;
            let grants = Grants::new(client, self.grants.clone()).with_profiles(self.users.clone());
            let wanted = TokenKeys::of_family(&id).with_profile();
            let found = grants.token_state(&self.tenant, &wanted).await?;
            let family = found.family.context("a copied family is not found")?;
            let profile = found.profile.context("a copied profile is not found")?;
            let user = family.user.context("a copied family has no user")?;
            let name = username(u64::MAX);
            ensure!(found.subject.is_some(), "a copied state is not found");
            ensure!(family.id == id, "a copied family is another");
            ensure!(
                family.subject == profile.subject,
                "a copied subject is another"
            );
            ensure!(
                profile.username.as_str() == name,
                "a copied profile is another's"
            );
            ensure!(
                user.username.as_str() == name,
                "a copied family is another's"
            );
            Ok(())
        })
    }

    /// Users `from..to`, by several writers, until the time is up.
    pub fn fill(&self, from: u64, to: u64, limit: Duration) -> Filled {
        let begun = Instant::now();
        let next = AtomicU64::new(from);
        let written = AtomicU64::new(from);
        let over = AtomicBool::new(false);
        let stopped = thread::scope(|scope| {
            let writer = || {
                let ended = self.write_all(&next, &written, to, &over);
                if ended.is_err() {
                    over.store(true, Ordering::Relaxed);
                }
                ended
            };
            let writers: Vec<_> = (0..WRITERS).map(|_| scope.spawn(writer)).collect();
            let mut life = Instant::now();
            while !writers.iter().all(thread::ScopedJoinHandle::is_finished) {
                thread::sleep(Duration::from_millis(100));
                if life.elapsed() >= SIGN_OF_LIFE {
                    still(&written, to, begun);
                    life = Instant::now();
                }
                if begun.elapsed() > limit {
                    over.store(true, Ordering::Relaxed);
                }
            }
            let ended = writers
                .into_iter()
                .filter_map(|writer| match writer.join() {
                    Ok(ended) => ended.err(),
                    Err(_) => Some(anyhow!("a writer panicked")),
                });
            ended.map(|error| format!("{error:#}")).next()
        });
        let users = written.load(Ordering::Relaxed);
        let late = format!("{} were up", progress::seconds(limit));
        Filled {
            users,
            took: begun.elapsed(),
            stopped: stopped.or((users < to).then_some(late)),
        }
    }

    fn write_all(
        &self,
        next: &AtomicU64,
        written: &AtomicU64,
        to: u64,
        over: &AtomicBool,
    ) -> Result<()> {
        let client = aws::dynamodb(&self.url);
        aws::wait_for(async {
            loop {
                let first = next.fetch_add(USERS_A_BATCH, Ordering::Relaxed);
                if first >= to || over.load(Ordering::Relaxed) {
                    return Ok(());
                }
                let last = to.min(first + USERS_A_BATCH);
                let mut items = Vec::new();
                for number in first..last {
                    items.extend(self.copy(number)?.1);
                }
                write(&client, items).await?;
                written.fetch_add(last - first, Ordering::Relaxed);
            }
        })
    }
}

fn still(written: &AtomicU64, to: u64, begun: Instant) {
    let written = written.load(Ordering::Relaxed);
    let elapsed = progress::seconds(begun.elapsed());
    progress::note(&paint(
        QUIET,
        &format!("  … {written} of {to} users ({elapsed})"),
    ));
}

fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value
        .map(String::as_str)
        .with_context(|| format!("an item without {name}"))
}

/// Every text that is one of the old names becomes the new one, however deep it lies.
fn rename(value: &AttributeValue, names: &HashMap<&str, String>) -> AttributeValue {
    if let AttributeValue::S(text) = value {
        let new = names.get(text.as_str());
        return AttributeValue::S(new.unwrap_or(text).clone());
    }
    if let AttributeValue::M(members) = value {
        let members = members.iter();
        let renamed = members.map(|(name, value)| (name.clone(), rename(value, names)));
        return AttributeValue::M(renamed.collect());
    }
    if let AttributeValue::L(values) = value {
        let renamed = values.iter().map(|value| rename(value, names));
        return AttributeValue::L(renamed.collect());
    }
    value.clone()
}

async fn get(client: &Client, table: &str, key: keys::Key) -> Result<Item> {
    let request = client.get_item().table_name(table).set_key(Some(key));
    let answer = request.consistent_read(true).send().await?;
    answer
        .item
        .with_context(|| format!("an item of {table} is not there"))
}

/// A family of the user whose state it is.
async fn family_beside(client: &Client, table: &str, state: &Item) -> Result<Item> {
    let pk = AttributeValue::S(text(state, keys::PK)?.to_owned());
    let family = AttributeValue::S("family#".to_owned());
    let found = client
        .query()
        .table_name(table)
        .key_condition_expression("pk = :pk AND begins_with(sk, :family)")
        .expression_attribute_values(":pk", pk)
        .expression_attribute_values(":family", family)
        .send()
        .await?;
    found
        .items
        .and_then(|mut items| items.pop())
        .context("the user has no family")
}

async fn write(client: &Client, items: Vec<(&str, Item)>) -> Result<()> {
    let mut requests: HashMap<String, Vec<WriteRequest>> = HashMap::new();
    for (table, item) in items {
        let put = PutRequest::builder().set_item(Some(item)).build()?;
        let request = WriteRequest::builder().put_request(put).build();
        requests.entry(table.to_owned()).or_default().push(request);
    }
    for _ in 0..MAX_ROUNDS {
        let answer = client.batch_write_item().set_request_items(Some(requests));
        let answer = answer.send().await.context("BatchWriteItem")?;
        requests = answer.unprocessed_items.unwrap_or_default();
        if requests.is_empty() {
            return Ok(());
        }
    }
    Err(anyhow!("DynamoDB leaves items unprocessed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_however_deep() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let nested = |name: &str| {
            AttributeValue::M(HashMap::from([
                ("username".to_owned(), text(name)),
                (
                    "amr".to_owned(),
                    AttributeValue::L(vec![text("pwd"), text(name)]),
                ),
                ("at".to_owned(), AttributeValue::N("7".to_owned())),
            ]))
        };
        let names = HashMap::from([("old", "new".to_owned())]);
        assert_eq!(rename(&nested("old"), &names), nested("new"));
        assert_eq!(rename(&nested("older"), &names), nested("older"));
    }
}
