//! Bodies, put into the management API's words. What is of the wrong kind goes on as it is, and is refused there.

use serde_json::{Map, Value};

use super::Kind;

/// What is wrong with a body, in the product's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It is no JSON object.
    NoObject,
    /// A field that must be there is not, or says nothing.
    Blank(&'static Field),
    /// A field is of another kind.
    Kind(&'static Field),
    /// A member that means something there, and nothing here.
    Unknown(String),
}

impl Wrong {
    /// Whether the management API would not see it.
    pub fn is_unsaid(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            // Here they may be left out.
            Self::Blank(field) => **field == AUDIENCES,
            Self::NoObject | Self::Kind(_) => false,
        }
    }
}

/// A field, in the words of both.
#[derive(Debug, PartialEq, Eq)]
pub struct Field {
    kind: Kind,
    /// What the management API calls it.
    pub ours: &'static str,
    /// Where it stands in the product's body.
    pub its: &'static str,
    /// What the product calls it when it complains.
    pub human: &'static str,
}

const fn field(kind: Kind, ours: &'static str, its: &'static str, human: &'static str) -> Field {
    Field {
        kind,
        ours,
        its,
        human,
    }
}

static NAME: Field = field(Kind::Api, "name", "name", "Name");
static DESCRIPTION: Field = field(Kind::Api, "description", "description", "Description");
static CONFIGURATION: Field = field(Kind::Api, "", "configuration", "Configuration");
pub static RESOURCE: Field = field(
    Kind::Api,
    "resource",
    "configuration.resource_identifier",
    "Resource identifier",
);
static AUDIENCES: Field = field(
    Kind::Api,
    "audience",
    "configuration.audiences",
    "Audiences",
);
static ACCESS: Field = field(
    Kind::Api,
    "access_token_lifetime",
    "configuration.access_token_expiration_minutes",
    "Access token expiration minutes",
);
static REFRESH: Field = field(
    Kind::Api,
    "refresh_token_lifetime",
    "configuration.refresh_token_expiration_minutes",
    "Refresh token expiration minutes",
);
pub static VALUE: Field = field(Kind::Scope, "value", "value", "Value");
static OF_SCOPE: Field = field(Kind::Scope, "description", "description", "Description");
pub static CLAIM: Field = field(Kind::Claim, "name", "name", "Name");
static MAPPING: Field = field(
    Kind::Claim,
    "attribute",
    "user_attribute_mappings",
    "User attribute mappings",
);
pub static APP: Field = field(Kind::Client, "client_id", "app_id", "App");
pub static SCOPES: Field = field(Kind::Client, "scope", "scopes", "Scopes");

/// The field of a kind that the management API calls so.
pub fn ours(kind: Kind, name: &str) -> Option<&'static Field> {
    let all = [
        &NAME,
        &DESCRIPTION,
        &RESOURCE,
        &AUDIENCES,
        &ACCESS,
        &REFRESH,
        &VALUE,
        &OF_SCOPE,
        &CLAIM,
        &MAPPING,
        &APP,
        &SCOPES,
    ];
    all.into_iter()
        .find(|it| it.kind == kind && it.ours == name)
}

/// What it calls a user's attributes.
pub const ATTRIBUTES: [(&str, &str); 4] = [
    ("firstname", "given_name"),
    ("lastname", "family_name"),
    ("phone", "phone_number"),
    ("memberof", "groups"),
];

/// What it puts before an attribute that is the account's own.
const CUSTOM: &str = "custom_attribute_";

/// A body that is being translated.
struct Body<'a> {
    said: Map<String, Value>,
    new: Map<String, Value>,
    wrong: &'a mut Vec<Wrong>,
}

impl Body<'_> {
    fn put(&mut self, field: &'static Field, value: Value) {
        self.new.insert(field.ours.to_owned(), value);
    }

    fn is_wrong(&mut self, field: &'static Field, value: Value) {
        self.wrong.push(Wrong::Kind(field));
        self.put(field, value);
    }

    /// Text, under the last part of its name; empty it is none.
    fn text(&mut self, field: &'static Field) {
        let name = field.its.rsplit('.').next().unwrap_or(field.its);
        match self.said.remove(name) {
            None => {}
            Some(Value::String(text)) if text.is_empty() => self.put(field, Value::Null),
            Some(value @ (Value::String(_) | Value::Null)) => self.put(field, value),
            Some(value) => self.is_wrong(field, value),
        }
    }

    /// Minutes, as a duration.
    fn minutes(&mut self, field: &'static Field) {
        let name = field.its.rsplit('.').next().unwrap_or(field.its);
        let value = match self.said.remove(name) {
            None => return,
            Some(value) => value,
        };
        let minutes = match &value {
            Value::Null => return self.put(field, Value::Null),
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.parse().ok(),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        match minutes {
            Some(minutes) => self.put(field, format!("{minutes}m").into()),
            None => self.is_wrong(field, value),
        }
    }

    /// One text or a list of them, spelt the one way or the other.
    fn audiences(&mut self) {
        let spelt = self.said.remove("audiencies");
        let Some(value) = self.said.remove("audiences").or(spelt) else {
            return;
        };
        match value {
            Value::Null => self.put(&AUDIENCES, Value::Null),
            Value::String(text) if text.is_empty() => self.put(&AUDIENCES, Value::Null),
            Value::String(text) => self.put(&AUDIENCES, vec![text].into()),
            Value::Array(list) if list.is_empty() => self.put(&AUDIENCES, Value::Null),
            Value::Array(list) if list.iter().all(Value::is_string) => {
                self.put(&AUDIENCES, list.into());
            }
            value @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                self.is_wrong(&AUDIENCES, value);
            }
        }
    }

    /// Says that a field is missing, if it is.
    fn require(&mut self, field: &'static Field) {
        if self.new.get(field.ours).is_none_or(Value::is_null) {
            self.wrong.push(Wrong::Blank(field));
        }
    }

    /// What is left would be told as done if it were passed over, unless it says nothing.
    fn close(mut self) -> Map<String, Value> {
        // What the path says already, and what answers tell beside it: its clients send back what they were told.
        for said_elsewhere in ["id", "auth_server_id", "api_auth_id"] {
            self.said.remove(said_elsewhere);
        }
        for (name, value) in self.said {
            let says_nothing = match &value {
                Value::Null => true,
                Value::Bool(yes) => !yes,
                Value::String(text) => text.is_empty(),
                Value::Array(list) => list.is_empty(),
                Value::Object(members) => members.is_empty(),
                Value::Number(_) => false,
            };
            if !says_nothing {
                self.wrong.push(Wrong::Unknown(name));
            }
        }
        self.new
    }
}

fn body(said: Map<String, Value>, wrong: &mut Vec<Wrong>) -> Body<'_> {
    Body {
        said,
        new: Map::new(),
        wrong,
    }
}

/// An API.
pub fn api(said: Map<String, Value>, creates: bool, wrong: &mut Vec<Wrong>) -> Map<String, Value> {
    let mut body = body(said, wrong);
    body.text(&NAME);
    body.text(&DESCRIPTION);
    match body.said.remove("configuration") {
        None | Some(Value::Null) => {}
        Some(Value::Object(configuration)) => {
            // What of the outer members is unknown, is known to be now.
            body.said = [std::mem::take(&mut body.said), configuration]
                .into_iter()
                .flatten()
                .collect();
            body.text(&RESOURCE);
            body.audiences();
            body.minutes(&ACCESS);
            body.minutes(&REFRESH);
        }
        Some(value) => body.is_wrong(&CONFIGURATION, value),
    }
    if creates {
        body.require(&RESOURCE);
        body.require(&AUDIENCES);
    }
    body.close()
}

/// A scope of an API.
pub fn scope(
    said: Map<String, Value>,
    creates: bool,
    wrong: &mut Vec<Wrong>,
) -> Map<String, Value> {
    let mut body = body(said, wrong);
    body.text(&VALUE);
    body.text(&OF_SCOPE);
    if creates {
        body.require(&VALUE);
    }
    body.close()
}

/// A claim of an API's tokens: the user's attribute of another name, or of its own.
pub fn claim(
    said: Map<String, Value>,
    creates: bool,
    wrong: &mut Vec<Wrong>,
) -> Map<String, Value> {
    let mut body = body(said, wrong);
    if let Some(label) = body.said.remove("label") {
        body.said.entry("name").or_insert(label);
    }
    body.text(&CLAIM);
    body.text(&MAPPING);
    if let Some(Value::String(attribute)) = body.new.get_mut(MAPPING.ours) {
        let own = attribute.strip_prefix(CUSTOM).map(str::to_owned);
        let known = ATTRIBUTES.iter().find(|(its, _)| its == attribute);
        if let Some(ours) = own.or_else(|| known.map(|(_, ours)| (*ours).to_owned())) {
            *attribute = ours;
        }
    }
    if creates {
        body.require(&CLAIM);
    }
    body.close()
}

/// A client of an API, by number or name, and the assignment.
pub fn client(
    said: Map<String, Value>,
    creates: bool,
    wrong: &mut Vec<Wrong>,
) -> (Option<String>, Map<String, Value>) {
    let mut body = body(said, wrong);
    let app = match body.said.remove(APP.its) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        Some(Value::Number(number)) => Some(number.to_string()),
        None | Some(Value::Null | Value::String(_)) => {
            if creates {
                body.wrong.push(Wrong::Blank(&APP));
            }
            None
        }
        Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
            body.wrong.push(Wrong::Kind(&APP));
            None
        }
    };
    if let Some(app) = &app {
        body.put(&APP, app.as_str().into());
    }
    match body.said.remove(SCOPES.its) {
        // An assignment without scopes is possible here, and not there; what is empty text is refused.
        None | Some(Value::Null) => body.put(&SCOPES, "".into()),
        Some(Value::Array(list)) => {
            let names = list.iter().map(|it| match it {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            });
            match names.collect::<Option<Vec<_>>>() {
                Some(names) => body.put(&SCOPES, names.join(" ").into()),
                None => body.is_wrong(&SCOPES, list.into()),
            }
        }
        Some(value) => {
            // Text would be taken for the scope that it is here.
            body.wrong.push(Wrong::Kind(&SCOPES));
            body.put(&SCOPES, vec![value].into());
        }
    }
    if body.new.get(SCOPES.ours).is_some_and(|it| it == "") {
        body.wrong.push(Wrong::Blank(&SCOPES));
    }
    (app, body.close())
}
