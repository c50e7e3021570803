//! Both metadata documents and the JWK set as a Lambda function: RFC 8414, OIDC Discovery, RFC 7517.

use latchkey_dialects::Documents;
use latchkey_dynamodb::Registry;
use latchkey_lambda::Watch;
use latchkey_oauth::directory::Directory;
use latchkey_oauth::endpoint::discovery::DiscoveryEndpoint;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), latchkey_lambda::Error> {
    let common = latchkey_lambda::settings(|read| read.common())?;
    let watch = Watch::new(common.metrics_namespace);
    let aws = latchkey_aws::for_lambda(common.region);
    let dynamodb =
        latchkey_dynamodb::metered(&aws, common.dynamodb_endpoint.as_deref(), &watch.meter);
    let registry = Registry::new(dynamodb, common.registry_table);
    latchkey_lambda::serve(
        DiscoveryEndpoint {
            directory: Directory::new(common.base, registry),
        },
        Documents,
        watch,
    )
    .await
}
