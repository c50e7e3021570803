//! Amazon Cognito's CSV: the header of its own import, to which an export adds `sub` and `enabled`. Cognito gives no
//! passwords away.

use super::csv::Column;

/// The column of a name.
pub fn column(name: &str) -> Option<Column> {
    match name {
        "cognito:username" => Some(Column::Text("username".to_owned())),
        "sub" => Some(Column::Text("sub".to_owned())),
        "enabled" => Some(Column::Not("disabled".to_owned())),
        "cognito:groups" => Some(Column::List("groups".to_owned())),
        // One text there.
        "address" => Some(Column::Address("formatted".to_owned())),
        "cognito:mfa_enabled" | "cognito:user_status" => Some(Column::LeftOut),
        // Under the name that Cognito's tokens have it under.
        _ if name.starts_with("custom:") => Some(Column::Attribute(name.to_owned())),
        _ => Column::of_claim(name),
    }
}
