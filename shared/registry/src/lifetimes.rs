//! Lifetimes of tokens, the same fields for a tenant and for a client.

use latchkey_oauth::tenant::LifetimeOverrides;
use latchkey_oauth::time::Seconds;

use crate::duration::Bounds;
use crate::fields::Fields;

/// Reads the four lifetimes, of a tenant or of a client.
pub fn read_lifetimes(fields: &mut Fields<'_>) -> LifetimeOverrides {
    let lifetimes = LifetimeOverrides {
        access_token: fields.duration("access_token_lifetime", Bounds::up_to(Seconds::days(30))),
        id_token: fields.duration("id_token_lifetime", Bounds::up_to(Seconds::days(30))),
        refresh_token: fields.duration("refresh_token_lifetime", Bounds::up_to(Seconds::days(400))),
        refresh_token_family: fields.duration(
            "refresh_token_family_lifetime",
            Bounds::up_to(Seconds::days(400)),
        ),
    };
    check(&lifetimes, fields);
    lifetimes
}

/// A refresh token that would outlive its family.
pub(crate) fn check(lifetimes: &LifetimeOverrides, fields: &Fields<'_>) {
    if let (Some(one), Some(family)) = (lifetimes.refresh_token, lifetimes.refresh_token_family)
        && one > family
    {
        fields.fault(
            "refresh_token_lifetime",
            "`refresh_token_lifetime` is longer than `refresh_token_family_lifetime`, which ends every token of the family. Shorten the one or lengthen the other.",
        );
    }
}
