//! Client registration as a Lambda function: RFC 7591 and RFC 7592.

use latchkey_dynamodb::Registry;
use latchkey_lambda::Watch;
use latchkey_oauth::directory::Directory;
use latchkey_oauth::endpoint::translate::Standard;
use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::settings::GRANTS_TABLE;
use latchkey_registration::endpoint::RegisterEndpoint;

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
    let registry = Registry::new(dynamodb, common.registry_table).noting_in(grants);
    latchkey_lambda::serve(
        RegisterEndpoint {
            directory: Directory::new(common.base, registry.clone()),
            registry,
            random: Box::new(SystemRandom),
        },
        Standard,
        watch,
    )
    .await
}
