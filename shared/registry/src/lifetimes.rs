//! Lifetimes of tokens, the same fields for a tenant, for an API and for a client.

use latchkey_oauth::tenant::LifetimeOverrides;
use latchkey_oauth::time::Seconds;

use crate::duration::Bounds;
use crate::fields::Fields;

/// Reads the lifetimes of a tenant or of a client.
pub fn read_lifetimes(fields: &mut Fields<'_>) -> LifetimeOverrides {
    LifetimeOverrides {
        id_token: fields.duration("id_token_lifetime", Bounds::up_to(Seconds::days(30))),
        ..read_lifetimes_of_api(fields)
    }
}

/// Reads the lifetimes of an API, which says nothing about ID tokens: they are for the client.
pub fn read_lifetimes_of_api(fields: &mut Fields<'_>) -> LifetimeOverrides {
    let access = Bounds::up_to(Seconds::days(30));
    let refresh = Bounds::up_to(Seconds::days(400));
    let lifetimes = LifetimeOverrides {
        access_token: fields.duration("access_token_lifetime", access),
        client_credentials_access_token: fields
            .duration("client_credentials_access_token_lifetime", access),
        id_token: None,
        refresh_token: fields.duration("refresh_token_lifetime", refresh),
        refresh_token_family: fields.duration("refresh_token_family_lifetime", refresh),
    };
    check(&lifetimes, fields);
    lifetimes
}

/// A refresh token that would outlive its family.
fn check(lifetimes: &LifetimeOverrides, fields: &Fields<'_>) {
    if let (Some(one), Some(family)) = (lifetimes.refresh_token, lifetimes.refresh_token_family)
        && one > family
    {
        fields.fault(
            "refresh_token_lifetime",
            "`refresh_token_lifetime` is longer than `refresh_token_family_lifetime`, which ends every token of the family. Shorten the one or lengthen the other.",
        );
    }
}
