//! Forms, as the standard's reader will see them. What is no form, or is badly encoded, is left for that to refuse.

use bytes::Bytes;
use http::request::Parts;
use latchkey_oauth::form::{MAX_BODY, is_form};
use zeroize::Zeroizing;

/// A form that is put into other words. Values are wiped when dropped: passwords are among them.
pub struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// The form of a request, if there is one that the standard's reader would not refuse for its encoding.
    pub fn of(parts: &Parts, body: &Bytes) -> Option<Self> {
        if !is_form(parts)
            || body.len() > MAX_BODY
            || latchkey_oauth::form::Form::parse(body).is_err()
        {
            return None;
        }
        let pairs = form_urlencoded::parse(body);
        let pairs =
            pairs.map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())));
        Some(Self(pairs.collect()))
    }

    /// A form of these parameters.
    pub fn from(pairs: impl IntoIterator<Item = (String, Zeroizing<String>)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// A parameter's value.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Calls a parameter otherwise.
    pub fn rename(&mut self, from: &str, to: &str) {
        for (name, _) in &mut self.0 {
            if name == from {
                to.clone_into(name);
            }
        }
    }

    /// Gives a parameter another value, if it is there.
    pub fn change(&mut self, name: &str, change: impl Fn(&str) -> String) {
        for (known, value) in &mut self.0 {
            if known == name {
                *value = Zeroizing::new(change(value));
            }
        }
    }

    /// Takes a parameter out.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// The form as it is sent.
    pub fn encode(&self) -> Bytes {
        let mut text = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.0 {
            text.append_pair(name, value);
        }
        Bytes::from(text.finish())
    }
}
