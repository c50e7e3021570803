//! UserInfo as a Lambda function: OIDC Core section 5.3.

use latchkey_dialects::Dialects;
use latchkey_dynamodb::{Grants, Registry};
use latchkey_kms::KmsSigner;
use latchkey_lambda::Watch;
use latchkey_oauth::directory::Directory;
use latchkey_oauth::endpoint::userinfo::UserInfoEndpoint;
use latchkey_oauth::settings::{GRANTS_TABLE, KMS_ENDPOINT, USERS_TABLE};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), latchkey_lambda::Error> {
    let (common, grants, users, kms) = latchkey_lambda::settings(|read| {
        let (common, kms) = (read.common(), read.optional(KMS_ENDPOINT));
        let (grants, users) = (read.required(GRANTS_TABLE), read.required(USERS_TABLE));
        Some((common?, grants?, users?, kms))
    })?;
    let watch = Watch::new(common.metrics_namespace);
    let meter = watch.meter.clone();
    let aws = latchkey_aws::for_lambda(common.region);
    let dynamodb =
        latchkey_dynamodb::metered(&aws, common.dynamodb_endpoint.as_deref(), &watch.meter);
    let registry = Registry::new(dynamodb.clone(), common.registry_table);
    latchkey_lambda::serve(
        UserInfoEndpoint {
            directory: Directory::new(common.base, registry),
            grants: Grants::new(dynamodb, grants).with_profiles(users),
            signer: KmsSigner::at_first_use(move || {
                latchkey_kms::metered(&aws, kms.as_deref(), &meter)
            }),
        },
        Dialects,
        watch,
    )
    .await
}
