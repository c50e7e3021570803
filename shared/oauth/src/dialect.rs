//! Products whose clients a tenant may serve as they are.

use serde::{Deserialize, Serialize};
use strum::EnumCount;

/// A product whose clients a tenant may serve.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, EnumCount,
)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// onePortal, by Trivore.
    OnePortal,
    /// ActivID, by HID.
    ActivId,
    /// miniOrange.
    MiniOrange,
    /// Ubisecure's identity server.
    Ubisecure,
    /// OneLogin.
    OneLogin,
}

impl Dialect {
    /// Every one.
    pub const ALL: [Self; Self::COUNT] = [
        Self::OnePortal,
        Self::ActivId,
        Self::MiniOrange,
        Self::Ubisecure,
        Self::OneLogin,
    ];

    /// Its name in the registry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OnePortal => "oneportal",
            Self::ActivId => "activid",
            Self::MiniOrange => "miniorange",
            Self::Ubisecure => "ubisecure",
            Self::OneLogin => "onelogin",
        }
    }

    /// The dialect of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == name)
    }
}
