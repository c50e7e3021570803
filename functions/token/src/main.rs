//! The token endpoint as a Lambda function: RFC 6749 section 3.2.

use latchkey_dialects::Dialects;
use latchkey_dynamodb::{Grants, Registry, Users};
use latchkey_kms::KmsSigner;
use latchkey_lambda::Watch;
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
        let kms_endpoint = read.optional(KMS_ENDPOINT);
        Some((common?, users?, grants?, hashing?, kms_endpoint))
    })?;
    let watch = Watch::new(common.metrics_namespace);
    let aws = latchkey_aws::for_lambda(common.region);
    let dynamodb =
        latchkey_dynamodb::metered(&aws, common.dynamodb_endpoint.as_deref(), &watch.meter);
    let kms = latchkey_kms::metered(&aws, kms_endpoint.as_deref(), &watch.meter);
    let registry = Registry::new(dynamodb.clone(), common.registry_table);
    latchkey_lambda::serve(
        TokenEndpoint {
            directory: Directory::new(common.base, registry),
            users: Users::new(dynamodb.clone(), users.clone(), grants.clone()),
            grants: Grants::new(dynamodb, grants).with_profiles(users),
            signer: KmsSigner::new(kms),
            hashing,
            random: Box::new(SystemRandom),
        },
        Dialects,
        watch,
    )
    .await
}
