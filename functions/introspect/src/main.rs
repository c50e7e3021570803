//! Token introspection as a Lambda function: RFC 7662.

use latchkey_dialects::Dialects;
use latchkey_dynamodb::{Grants, Registry};
use latchkey_lambda::Watch;
use latchkey_oauth::directory::Directory;
use latchkey_oauth::endpoint::introspect::IntrospectEndpoint;
use latchkey_oauth::settings::GRANTS_TABLE;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), latchkey_lambda::Error> {
    let (common, grants) = latchkey_lambda::settings(|read| {
        let (common, grants) = (read.common(), read.required(GRANTS_TABLE));
        Some((common?, grants?))
    })?;
    let watch = Watch::new(common.metrics_namespace);
    let aws = latchkey_aws::for_lambda(common.region);
    let dynamodb =
        latchkey_dynamodb::metered(&aws, common.dynamodb_endpoint.as_deref(), &watch.meter);
    let registry = Registry::new(dynamodb.clone(), common.registry_table);
    latchkey_lambda::serve(
        IntrospectEndpoint {
            directory: Directory::new(common.base, registry),
            grants: Grants::new(dynamodb, grants),
        },
        Dialects,
        watch,
    )
    .await
}
