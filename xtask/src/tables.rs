//! Makes the tables and the keys that template.yaml defines.

use anyhow::{Context, Result};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use aws_sdk_kms::types::{KeySpec, KeyUsageType, Tag};

use crate::template::{Key, SigningKey, Table};

/// By what template.yaml's policies go: whose functions may sign with a key.
const SIGNS_FOR: &str = "latchkey:signs-for";

/// `RegistryTable` of the template is `latchkey-registry` locally.
pub fn local_name(prefix: &str, logical: &str) -> String {
    let name = logical.strip_suffix("Table").unwrap_or(logical);
    format!("{prefix}-{}", name.to_ascii_lowercase())
}

/// Makes the table and sets its expiry; one that exists already is left as it is.
pub async fn create(client: &Client, name: &str, table: &Table) -> Result<()> {
    let mut request = client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest);
    for attribute in &table.attribute_definitions {
        request = request.attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name(&attribute.attribute_name)
                .attribute_type(ScalarAttributeType::from(attribute.attribute_type.as_str()))
                .build()?,
        );
    }
    for key in &table.key_schema {
        request = request.key_schema(element(key)?);
    }
    for index in &table.global_secondary_indexes {
        let keys = index.key_schema.iter().map(element);
        let projection = ProjectionType::from(index.projection.projection_type.as_str());
        request = request.global_secondary_indexes(
            GlobalSecondaryIndex::builder()
                .index_name(&index.index_name)
                .set_key_schema(Some(keys.collect::<Result<_>>()?))
                .projection(Projection::builder().projection_type(projection).build())
                .build()?,
        );
    }
    match request.send().await {
        Ok(_) => set_expiry(client, name, table).await,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_resource_in_use_exception()) =>
        {
            Ok(())
        }
        Err(error) => Err(error).with_context(|| format!("cannot create table {name}")),
    }
}

fn element(key: &Key) -> Result<KeySchemaElement> {
    Ok(KeySchemaElement::builder()
        .attribute_name(&key.attribute_name)
        .key_type(KeyType::from(key.key_type.as_str()))
        .build()?)
}

async fn set_expiry(client: &Client, name: &str, table: &Table) -> Result<()> {
    let Some(expiry) = &table.time_to_live_specification else {
        return Ok(());
    };
    let specification = TimeToLiveSpecification::builder()
        .attribute_name(&expiry.attribute_name)
        .enabled(expiry.enabled)
        .build()?;
    client
        .update_time_to_live()
        .table_name(name)
        .time_to_live_specification(specification)
        .send()
        .await
        .with_context(|| format!("cannot set the expiry of table {name}"))?;
    Ok(())
}

pub async fn delete(client: &Client, name: &str) -> Result<()> {
    client
        .delete_table()
        .table_name(name)
        .send()
        .await
        .with_context(|| format!("cannot delete table {name}"))?;
    Ok(())
}

/// A key like the template's for the functions of a stack; its id.
pub async fn create_key(
    client: &aws_sdk_kms::Client,
    key: &SigningKey,
    stack: &str,
) -> Result<String> {
    let tag = Tag::builder().tag_key(SIGNS_FOR).tag_value(stack).build()?;
    let answer = client
        .create_key()
        .tags(tag)
        .key_spec(KeySpec::from(key.key_spec.as_str()))
        .key_usage(KeyUsageType::from(key.key_usage.as_str()))
        .send()
        .await
        .context("cannot create a KMS key")?;
    let metadata = answer.key_metadata.context("KMS returned no key")?;
    Ok(metadata.key_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_names_follow_the_template() {
        assert_eq!(local_name("latchkey", "RegistryTable"), "latchkey-registry");
        assert_eq!(
            local_name("latchkey-test-7", "Users"),
            "latchkey-test-7-users"
        );
    }
}
