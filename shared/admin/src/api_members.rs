//! Scopes and claims of an API as things of their own, so that who adds one need not write all the others. What they are is
//! the API's description: its list is changed, and the whole is read again.

use http::StatusCode;
use http::header::{ETAG, HeaderName, LOCATION};
use latchkey_oauth::api::Api;
use latchkey_oauth::audit::AuditEvent;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::hash;
use latchkey_oauth::store::{Condition, Expected, Versioned};
use latchkey_oauth::token::key_ring::KeyManagement;
use latchkey_oauth::user::UserAdmin;
use latchkey_registry::document;
use serde_json::{Map, Value as Json, json};

use crate::ask::{Ask, etag, path_of};
use crate::crud::{Told, object};
use crate::endpoint::{Grants, ManageEndpoint};
use crate::kind::Kind;
use crate::kind::api::{Apis, LIST, ambiguous, number};
use crate::once::{self, Key};
use crate::problem::{Refusal, already_there, not_found, refuse, stale};
use crate::segment;

/// How often a change is made anew where another write was faster, and nobody said what it was meant for.
pub(crate) const TRIES: usize = 4;

/// What an API has a list of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    /// Scopes.
    Scope,
    /// Claims.
    Claim,
}

impl Member {
    const fn called(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Claim => "claim",
        }
    }

    /// What the list is called, in paths, descriptions and answers.
    const fn list(self) -> &'static str {
        match self {
            Self::Scope => "scopes",
            Self::Claim => "claims",
        }
    }

    /// The member that identifies one.
    const fn id(self) -> &'static str {
        match self {
            Self::Scope => "value",
            Self::Claim => "name",
        }
    }

    fn name_of(self, it: &Json) -> Option<&str> {
        it.get(self.id()).and_then(Json::as_str)
    }

    /// The list as it is described.
    fn of(self, api: &Api) -> Vec<Json> {
        match document::api(api).remove(self.list()) {
            Some(Json::Array(list)) => list,
            Some(_) | None => Vec::new(),
        }
    }

    /// Where in the list one is.
    fn find(self, list: &[Json], id: &str) -> Result<Option<usize>, Refusal> {
        let names: Vec<&str> = list.iter().filter_map(|it| self.name_of(it)).collect();
        position(&names, id)
    }

    /// Refuses a name that another has than the one in this place.
    fn ensure_free(self, list: &[Json], new: &Json, place: Option<usize>) -> Result<(), Refusal> {
        let name = self.name_of(new);
        let taken = name.is_some()
            && list
                .iter()
                .enumerate()
                .any(|(index, it)| Some(index) != place && self.name_of(it) == name);
        if taken {
            return Err(already_there(self.called()));
        }
        Ok(())
    }

    fn path(self, api: &Api, id: &str) -> String {
        let api = path_of(LIST, api.resource.as_str());
        format!("{api}/{}/{}", self.list(), segment::of(id))
    }
}

/// Which of some names `id` means: itself, or the one whose number it is.
pub(crate) fn position(names: &[&str], id: &str) -> Result<Option<usize>, Refusal> {
    let named = names.iter().position(|name| *name == id);
    let (None, Some(number)) = (named, number(id)) else {
        return Ok(named);
    };
    let mut found = (0..)
        .zip(names)
        .filter(|(_, name)| hash::number(name) == number);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(ambiguous()),
        (found, _) => Ok(found.map(|(place, _)| place)),
    }
}

/// What is to be done to a list.
enum Change {
    /// One is added.
    Add(Map<String, Json>),
    /// The one of this name is as it is described here.
    Replace(String, Map<String, Json>),
    /// The one of this name goes.
    Remove(String),
}

impl Change {
    /// Carries it out. Tells where what was described is now.
    fn on(&self, of: Member, list: &mut Vec<Json>) -> Result<Option<usize>, Refusal> {
        match self {
            Self::Add(new) => {
                let new = Json::from(new.clone());
                of.ensure_free(list, &new, None)?;
                list.push(new);
                Ok(Some(list.len() - 1))
            }
            Self::Replace(id, new) => {
                let place = of.find(list, id)?;
                let found = place.and_then(|place| list.get(place));
                let found = found.ok_or_else(|| not_found(of.called()))?;
                let mut new = new.clone();
                // Called otherwise it is another one, in the same place; silence about it keeps the name.
                if new.get(of.id()).is_none_or(Json::is_null) {
                    let name = found.get(of.id()).cloned().unwrap_or_default();
                    new.insert(of.id().to_owned(), name);
                }
                let new = Json::from(new);
                of.ensure_free(list, &new, place)?;
                if let Some(found) = place.and_then(|place| list.get_mut(place)) {
                    *found = new;
                }
                Ok(place)
            }
            Self::Remove(id) => {
                let place = of.find(list, id)?.ok_or_else(|| not_found(of.called()))?;
                list.remove(place);
                Ok(None)
            }
        }
    }
}

/// An API that was written, and where in its list what was described is.
struct Written {
    api: Versioned<Api>,
    place: Option<usize>,
}

impl Written {
    fn told(self, of: Member) -> Told {
        let event = AuditEvent::ApiWritten;
        let object = Some(self.api.resource.to_string());
        let list = of.of(&self.api);
        let member = self.place.and_then(|place| list.get(place).cloned());
        match member {
            Some(member) => Told {
                event,
                object,
                ..Told::read(member)
            },
            None => Told::done(event, object),
        }
        .with(ETAG, etag(self.api.version))
    }
}

impl<R: RegistryAdmin, U: UserAdmin, G: Grants, K: KeyManagement> ManageEndpoint<R, U, G, K> {
    /// An API that must be there.
    pub(crate) async fn api(&self, ask: &Ask<'_>, id: &str) -> Result<Versioned<Api>, Refusal> {
        let found = <Apis as Kind<Self>>::read(self, ask, id).await?;
        found.ok_or_else(|| not_found(<Apis as Kind<Self>>::NAME))
    }

    /// All of them: an API has so many at most.
    pub(crate) async fn list_members(
        &self,
        ask: &Ask<'_>,
        of: Member,
        id: &str,
    ) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let api = self.api(ask, id).await?;
        let mut told = Told::read(json!({of.list(): of.of(&api)}));
        told.object = Some(api.resource.to_string());
        Ok(told.with(ETAG, etag(api.version)))
    }

    /// Adds one.
    pub(crate) async fn add_member(
        &self,
        ask: &Ask<'_>,
        of: Member,
        id: &str,
    ) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let mut key = once::read(&self.grants, ask).await?;
        if let Key::Used(location) = &key {
            return self.added_before_to(ask, of, id, location).await;
        }
        let new = object(ask.json(None)?)?;
        let name = new.get(of.id()).and_then(Json::as_str).unwrap_or_default();
        let name = name.to_owned();
        match self.change(ask, of, id, &Change::Add(new), &mut key).await {
            Ok(written) => {
                let location = format!("{}{}", ask.base, of.path(&written.api, &name));
                let mut told = written.told(of);
                told.status = StatusCode::CREATED;
                Ok(told.with(LOCATION, location))
            }
            // The same request twice at once: the other was faster.
            Err(refusal) => match key.used_meanwhile(&self.grants, ask).await? {
                Some(location) => self.added_before_to(ask, of, id, &location).await,
                None => Err(refusal),
            },
        }
    }

    async fn added_before_to(
        &self,
        ask: &Ask<'_>,
        of: Member,
        id: &str,
        location: &str,
    ) -> Result<Told, Refusal> {
        let api = self.api(ask, id).await?;
        let mut list = of.of(&api).into_iter();
        let found = list.find(|it| {
            of.name_of(it)
                .is_some_and(|name| of.path(&api, name) == location)
        });
        let Some(found) = found else {
            return Err(refuse(
                StatusCode::CONFLICT,
                "made_and_gone",
                "This request was carried out before, and what it made has been deleted since.",
            ));
        };
        let mut told = Told::read(found);
        told.status = StatusCode::CREATED;
        told.object = Some(api.resource.to_string());
        Ok(told
            .with(ETAG, etag(api.version))
            .with(LOCATION, format!("{}{location}", ask.base))
            .with(
                HeaderName::from_static("idempotent-replayed"),
                "true".to_owned(),
            ))
    }

    /// Describes one anew.
    pub(crate) async fn replace_member(
        &self,
        ask: &Ask<'_>,
        of: Member,
        ids: &[String],
    ) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let [api, id] = ids else {
            return Err(not_found(of.called()));
        };
        let new = object(ask.json(None)?)?;
        let change = Change::Replace(id.clone(), new);
        let written = self.change(ask, of, api, &change, &mut Key::None).await?;
        Ok(written.told(of))
    }

    /// Takes one away.
    pub(crate) async fn remove_member(
        &self,
        ask: &Ask<'_>,
        of: Member,
        ids: &[String],
    ) -> Result<Told, Refusal> {
        ask.no_parameters()?;
        let [api, id] = ids else {
            return Err(not_found(of.called()));
        };
        let change = Change::Remove(id.clone());
        let written = self.change(ask, of, api, &change, &mut Key::None).await?;
        let object = Some(written.api.resource.to_string());
        Ok(Told::done(AuditEvent::ApiWritten, object))
    }

    /// Changes a list over what was read, and anew over what somebody else wrote meanwhile, unless it was meant for that state.
    async fn change(
        &self,
        ask: &Ask<'_>,
        of: Member,
        id: &str,
        change: &Change,
        key: &mut Key,
    ) -> Result<Written, Refusal> {
        for _ in 0..TRIES {
            let found = self.api(ask, id).await?;
            ask.may_mean(found.version)?;
            let mut list = of.of(&found);
            let place = change.on(of, &mut list)?;
            let pointer = match place {
                Some(place) => format!("/{}/{place}", of.list()),
                None => String::new(),
            };
            let name = place.and_then(|place| list.get(place).and_then(|it| of.name_of(it)));
            let location = name.map(|name| of.path(&found, name));
            let mut document = document::api(&found);
            document.insert(of.list().to_owned(), list.into());
            let described = <Apis as Kind<Self>>::describe(self, ask, document, Some(&found));
            let described = described
                .await
                .map_err(|refusal| refusal.within(&pointer))?;
            let condition = Condition {
                expected: Expected::Version(found.version),
                once: location.and_then(|location| key.noting(location)),
            };
            let put = <Apis as Kind<Self>>::put(self, ask, &described.value, condition);
            if let Some(version) = put.await? {
                let value = described.value;
                let api = Versioned { value, version };
                return Ok(Written { api, place });
            }
            if ask.means_one()? || key.used_meanwhile(&self.grants, ask).await?.is_some() {
                break;
            }
        }
        Err(stale())
    }
}
