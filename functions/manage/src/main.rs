//! The management API as a Lambda function.

use latchkey_admin::ManageEndpoint;
use latchkey_dialects::Dialects;
use latchkey_dynamodb::{Grants, Registry, Users};
use latchkey_kms::PublicKeys;
use latchkey_lambda::Watch;
use latchkey_oauth::directory::Directory;
use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::settings::{GRANTS_TABLE, KMS_ENDPOINT, USERS_TABLE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), latchkey_lambda::Error> {
    let (common, users, grants, hashing, kms) = latchkey_lambda::settings(|read| {
        let common = read.common();
        let (users, grants) = (read.required(USERS_TABLE), read.required(GRANTS_TABLE));
        let (hashing, kms) = (read.password_hashing(), read.optional(KMS_ENDPOINT));
        Some((common?, users?, grants?, hashing?, kms))
    })?;
    let watch = Watch::new(common.metrics_namespace);
    let meter = watch.meter.clone();
    let aws = latchkey_aws::for_lambda(common.region);
    let dynamodb =
        latchkey_dynamodb::metered(&aws, common.dynamodb_endpoint.as_deref(), &watch.meter);
    let registry = Registry::new(dynamodb.clone(), common.registry_table).noting_in(grants.clone());
    latchkey_lambda::serve(
        ManageEndpoint {
            directory: Directory::new(common.base, registry.clone()),
            registry,
            users: Users::new(dynamodb.clone(), users, grants.clone()),
            grants: Grants::new(dynamodb, grants),
            kms: PublicKeys::new(move || latchkey_kms::metered(&aws, kms.as_deref(), &meter)),
            hashing,
            random: Box::new(SystemRandom),
        },
        Dialects,
        watch,
    )
    .await
}
