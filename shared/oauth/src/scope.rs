//! Scope: RFC 6749 section 3.3.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// OIDC Core 1.0 section 3.1.2.1: the scope that asks for an ID token and opens UserInfo.
pub const OPENID: &str = "openid";

/// What every scope of the management API begins with.
pub const MANAGEMENT: &str = "manage:";

/// The most a scope may be long on the wire, in bytes.
const MAX_LENGTH: usize = 2_048;

/// A set of scope tokens in the order they were given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope(Vec<Box<str>>);

/// A scope that does not follow the grammar of RFC 6749 section 3.3, or is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is tokens of printable ASCII (no quote, no backslash) with single spaces between")]
pub struct MalformedScope;

impl Scope {
    /// Reads `scope-token *( SP scope-token )`; a token given twice counts once.
    ///
    /// # Errors
    /// [`MalformedScope`] when the grammar is not followed or 2,048 bytes are passed.
    pub fn parse(text: &str) -> Result<Self, MalformedScope> {
        if text.len() > MAX_LENGTH {
            return Err(MalformedScope);
        }
        let mut tokens: Vec<Box<str>> = Vec::new();
        for token in text.split(' ') {
            // scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
            let well_formed = !token.is_empty()
                && token
                    .bytes()
                    .all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
            if !well_formed {
                return Err(MalformedScope);
            }
            if !tokens.iter().any(|known| **known == *token) {
                tokens.push(token.into());
            }
        }
        Ok(Self(tokens))
    }

    /// Whether `token` is in the set.
    pub fn contains(&self, token: &str) -> bool {
        self.0.iter().any(|known| **known == *token)
    }

    /// Whether every token is also in `other`.
    pub fn is_subset_of(&self, other: &Self) -> bool {
        self.0.iter().all(|token| other.contains(token))
    }

    /// The tokens that are also in `other`.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.filter(|token| other.contains(token))
    }

    /// The tokens of both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let more = other.0.iter().filter(|token| !self.contains(token));
        Self(self.0.iter().chain(more).cloned().collect())
    }

    /// The tokens that a test lets through.
    #[must_use]
    pub fn filter(&self, wanted: impl Fn(&str) -> bool) -> Self {
        let kept = self.0.iter().filter(|token| wanted(token));
        Self(kept.cloned().collect())
    }

    /// Each token.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|token| &**token)
    }

    /// Every token but one.
    #[must_use]
    pub fn without(&self, token: &str) -> Self {
        self.filter(|known| known != token)
    }

    /// Whether there is no token at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, token) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(token)?;
        }
        Ok(())
    }
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Ok(Self::default());
        }
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_what_the_grammar_refuses() {
        for text in [
            "", " ", " a", "a ", "a  b", "a\tb", "a\"b", "a\\b", "ä", "a\nb",
        ] {
            assert_eq!(Scope::parse(text), Err(MalformedScope), "{text:?}");
        }
        assert!(Scope::parse(&"a".repeat(2_049)).is_err());
    }

    #[test]
    fn a_token_given_twice_counts_once() {
        assert_eq!(Scope::parse("a b a").unwrap().to_string(), "a b");
    }

    proptest! {
        #[test]
        fn parse_and_display_are_inverse(tokens in proptest::collection::btree_set("[!#-\\[\\]-~]{1,12}", 1..8)) {
            let text = tokens.into_iter().collect::<Vec<_>>().join(" ");
            let scope = Scope::parse(&text).unwrap();
            prop_assert_eq!(scope.to_string(), text);
            prop_assert!(scope.is_subset_of(&scope));
        }

        #[test]
        fn never_panics(text in ".*") {
            let _ = Scope::parse(&text);
        }
    }
}
