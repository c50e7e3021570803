//! The token endpoint as a Lambda function: RFC 6749 section 3.2.

use latchkey_dynamodb::{Grants, Registry, Users};
use latchkey_kms::KmsSigner;
use latchkey_oauth::directory::Directory;
use latchkey_oauth::endpoint::token::TokenEndpoint;
use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::settings::{GRANTS_TABLE, KMS_ENDPOINT, USERS_TABLE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), latchkey_lambda::Error> {
    let (common, users, grants, hashing, kms_endpoint) = latchkey_lambda::settings(|read| {
        let common = read.common();
        let (users, grants) = (read.required(USERS_TABLE), read.required(GRANTS_TABLE));
        let hashing = read.password_hashing();
        Some((
            common?,
            users?,
            grants?,
            hashing?,
            read.optional(KMS_ENDPOINT),
        ))
    })?;
    let aws = latchkey_aws::load().await;
    let dynamodb = latchkey_dynamodb::client(&aws, common.dynamodb_endpoint.as_deref());
    let kms = latchkey_kms::client(&aws, kms_endpoint.as_deref());
    let registry = Registry::new(dynamodb.clone(), common.registry_table);
    latchkey_lambda::serve(TokenEndpoint {
        directory: Directory::new(common.base, registry),
        users: Users::new(dynamodb.clone(), users.clone(), grants.clone()),
        grants: Grants::new(dynamodb, grants).with_profiles(users),
        signer: KmsSigner::new(kms),
        hashing,
        random: Box::new(SystemRandom),
    })
    .await
}
