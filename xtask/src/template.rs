//! Reads template.yaml: what is deployed is also what is made locally.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::workspace;

#[derive(Debug, Deserialize)]
pub struct Template {
    #[serde(rename = "Resources")]
    resources: BTreeMap<String, Resource>,
}

#[derive(Debug, Deserialize)]
struct Resource {
    #[serde(rename = "Type")]
    kind: String,
    /// CloudFormation's tags (`!Ref`, `!Sub`) are read past: nothing used here has one.
    #[serde(rename = "Properties", default)]
    properties: Value,
}

/// `AWS::DynamoDB::Table`, as far as a local table can follow it.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Table {
    pub attribute_definitions: Vec<Attribute>,
    pub key_schema: Vec<Key>,
    pub time_to_live_specification: Option<TimeToLive>,
    #[serde(default)]
    pub global_secondary_indexes: Vec<Index>,
    #[serde(default)]
    local_secondary_indexes: Vec<Value>,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    pub attribute_name: String,
    pub attribute_type: String,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Key {
    pub attribute_name: String,
    pub key_type: String,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Index {
    pub index_name: String,
    pub key_schema: Vec<Key>,
    pub projection: Projection,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Projection {
    pub projection_type: String,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TimeToLive {
    pub attribute_name: String,
    pub enabled: bool,
}

/// `AWS::KMS::Key`.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SigningKey {
    pub key_spec: String,
    pub key_usage: String,
}

impl Template {
    pub fn read() -> Result<Self> {
        let path = workspace::root().join("template.yaml");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).context("template.yaml")
    }

    fn parse(text: &str) -> Result<Self> {
        Ok(serde_saphyr::from_str(text)?)
    }

    /// Every table by its logical name.
    pub fn tables(&self) -> Result<Vec<(String, Table)>> {
        let tables: Vec<(String, Table)> = self.of_kind("AWS::DynamoDB::Table")?;
        if tables.is_empty() {
            bail!("template.yaml defines no table");
        }
        for (name, table) in &tables {
            if !table.local_secondary_indexes.is_empty() {
                bail!("{name} has a local secondary index, which xtask cannot make yet");
            }
        }
        Ok(tables)
    }

    /// The one key that signs.
    pub fn signing_key(&self) -> Result<SigningKey> {
        let mut keys: Vec<(String, SigningKey)> = self.of_kind("AWS::KMS::Key")?;
        match (keys.pop(), keys.is_empty()) {
            (Some((_, key)), true) => Ok(key),
            (Some(_) | None, _) => bail!("template.yaml should define exactly one KMS key"),
        }
    }

    fn of_kind<T: DeserializeOwned>(&self, kind: &str) -> Result<Vec<(String, T)>> {
        self.resources
            .iter()
            .filter(|(_, resource)| resource.kind == kind)
            .map(|(name, resource)| {
                let properties = serde_json::from_value(resource.properties.clone())
                    .with_context(|| format!("{kind} {name}"))?;
                Ok((name.clone(), properties))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
Resources:
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: { Name: !Sub "${AWS::StackName}", Other: !If [A, !Ref B, !GetAtt C.Arn] }
  ThingsTable:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions:
        - { AttributeName: pk, AttributeType: S }
      KeySchema:
        - { AttributeName: pk, KeyType: HASH }
      TimeToLiveSpecification: { AttributeName: expires_at, Enabled: true }
      Tags:
        - { Key: stage, Value: !Ref Stage }
  Key:
    Type: AWS::KMS::Key
    Properties: { KeySpec: RSA_2048, KeyUsage: SIGN_VERIFY, Description: !Sub "${X}" }
"#;

    #[test]
    fn tables_and_key_are_read_past_the_tags() {
        let template = Template::parse(TEXT).unwrap();
        let tables = template.tables().unwrap();
        let (name, table) = tables.first().unwrap();
        assert_eq!((tables.len(), name.as_str()), (1, "ThingsTable"));
        assert_eq!(table.key_schema.first().unwrap().key_type, "HASH");
        assert!(table.time_to_live_specification.as_ref().unwrap().enabled);
        assert_eq!(template.signing_key().unwrap().key_spec, "RSA_2048");
    }

    #[test]
    fn an_index_is_refused_rather_than_forgotten() {
        let text = TEXT.replace(
            "      Tags:\n",
            "      LocalSecondaryIndexes: [{ IndexName: x }]\n      Tags:\n",
        );
        let error = Template::parse(&text).unwrap().tables().unwrap_err();
        assert!(error.to_string().contains("secondary index"), "{error}");
    }

    #[test]
    fn the_deployment_has_three_tables_and_an_rsa_key() {
        let template = Template::read().unwrap();
        let names: Vec<String> = template
            .tables()
            .unwrap()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["GrantsTable", "RegistryTable", "UsersTable"]);
        let indexes = template.tables().unwrap().into_iter();
        let indexes = indexes.flat_map(|(_, table)| table.global_secondary_indexes);
        let indexes: Vec<String> = indexes.map(|index| index.index_name).collect();
        assert_eq!(indexes, ["tenants", "by_tenant"]);
        assert_eq!(
            template.signing_key().unwrap(),
            SigningKey {
                key_spec: "RSA_2048".to_owned(),
                key_usage: "SIGN_VERIFY".to_owned(),
            }
        );
    }
}
