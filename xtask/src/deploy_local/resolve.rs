//! What template.yaml says of a resource, its functions (`!Ref`, `!GetAtt`, `!Sub`, `!If`) worked out with the
//! parameters that were given and the names that the deployment gave out.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

#[derive(Debug)]
pub struct Resolver<'a> {
    /// As JSON, functions written out.
    pub template: &'a Value,
    pub parameters: BTreeMap<String, String>,
    pub stack: &'a str,
    pub region: &'a str,
    pub account: &'a str,
    /// Logical name to what `deployed.py describe` tells of it.
    pub deployed: &'a Value,
}

impl<'a> Resolver<'a> {
    /// The template's defaults, and over them what was given.
    pub fn new(
        template: &'a Value,
        given: &[(String, String)],
        stack: &'a str,
        deployed: &'a Value,
    ) -> Self {
        let declared = template.get("Parameters").and_then(Value::as_object);
        let mut parameters: BTreeMap<String, String> = declared
            .into_iter()
            .flatten()
            .filter_map(|(name, it)| Some((name.clone(), text(it.get("Default")?))))
            .collect();
        parameters.extend(given.iter().cloned());
        Self {
            template,
            parameters,
            stack,
            region: crate::aws::REGION,
            account: super::emulator::ACCOUNT,
            deployed,
        }
    }

    /// Whether a resource is there under these parameters.
    pub fn wanted(&self, resource: &Value) -> Result<bool> {
        match resource.get("Condition").and_then(Value::as_str) {
            Some(condition) => self.condition(condition),
            None => Ok(true),
        }
    }

    /// The properties of a resource, a function's with what `Globals` adds to them.
    pub fn properties(&self, resource: &Value) -> Result<Map<String, Value>> {
        let mut properties = resource.get("Properties").cloned().unwrap_or_default();
        if resource.get("Type") == Some(&Value::from("AWS::Serverless::Function")) {
            let globals = self.template.pointer("/Globals/Function").cloned();
            let mut merged = globals.unwrap_or_default();
            merge(&mut merged, properties);
            properties = merged;
        }
        let properties = self.value(&properties)?;
        properties
            .as_object()
            .cloned()
            .context("properties are a map")
    }

    pub fn value(&self, value: &Value) -> Result<Value> {
        match value {
            Value::Object(members) => match function(members) {
                Some((name, argument)) => self.call(name, argument),
                None => members
                    .iter()
                    .map(|(name, member)| Ok((name.clone(), self.value(member)?)))
                    .collect(),
            },
            Value::Array(elements) => elements.iter().map(|it| self.value(it)).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(value.clone()),
        }
    }

    fn call(&self, name: &str, argument: &Value) -> Result<Value> {
        match (name, argument) {
            ("Ref", Value::String(name)) => self.reference(name).map(Value::from),
            ("Fn::GetAtt", Value::Array(path)) => match path.as_slice() {
                [Value::String(resource), Value::String(attribute)] => {
                    self.attribute(resource, attribute).map(Value::from)
                }
                _ => bail!("!GetAtt {argument}"),
            },
            ("Fn::Sub", Value::String(pattern)) => self.substituted(pattern).map(Value::from),
            ("Fn::If", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(condition), yes, no] => {
                    self.value(if self.condition(condition)? { yes } else { no })
                }
                _ => bail!("!If {argument}"),
            },
            _ => bail!("{name} {argument} is not understood"),
        }
    }

    fn reference(&self, name: &str) -> Result<String> {
        let pseudo = match name {
            "AWS::StackName" => Some(self.stack),
            "AWS::Region" => Some(self.region),
            "AWS::AccountId" => Some(self.account),
            "AWS::Partition" => Some("aws"),
            _ => self.parameters.get(name).map(String::as_str),
        };
        let physical = || {
            let resource = self.deployed.get(name)?;
            resource.get("PhysicalId")?.as_str()
        };
        pseudo
            .or_else(physical)
            .map(str::to_owned)
            .with_context(|| format!("{name} is neither a parameter nor deployed"))
    }

    fn attribute(&self, resource: &str, attribute: &str) -> Result<String> {
        let deployed = self.deployed.get(resource);
        deployed
            .and_then(|it| it.get("Attributes")?.get(attribute)?.as_str())
            .map(str::to_owned)
            .with_context(|| format!("{resource}.{attribute} is not deployed"))
    }

    fn substituted(&self, pattern: &str) -> Result<String> {
        let mut parts = pattern.split("${");
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part
                .split_once('}')
                .with_context(|| format!("!Sub {pattern}"))?;
            let value = match name.split_once('.') {
                Some((resource, attribute)) => self.attribute(resource, attribute)?,
                None => self.reference(name)?,
            };
            whole.push_str(&value);
            whole.push_str(rest);
        }
        Ok(whole)
    }

    fn condition(&self, name: &str) -> Result<bool> {
        let condition = self.template.get("Conditions").and_then(|it| it.get(name));
        self.holds(condition.with_context(|| format!("there is no condition {name}"))?)
    }

    fn holds(&self, condition: &Value) -> Result<bool> {
        let call = condition.as_object().and_then(function);
        match call.context("a condition is a function")? {
            ("Fn::Equals", Value::Array(sides)) => match sides.as_slice() {
                [left, right] => Ok(same(&self.value(left)?, &self.value(right)?)),
                _ => bail!("!Equals has two sides"),
            },
            ("Fn::Not", Value::Array(one)) => match one.as_slice() {
                [condition] => Ok(!self.holds(condition)?),
                _ => bail!("!Not has one condition"),
            },
            (name, _) => bail!("the condition {name} is not understood"),
        }
    }
}

fn function(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = members.iter().next()?;
    let is_one = members.len() == 1 && (name == "Ref" || name.starts_with("Fn::"));
    is_one.then_some((name.as_str(), argument))
}

fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (name, value) in over {
                merge(base.entry(name).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

/// Equal but for what CloudFormation does not tell apart: `10`, `10.0` and `"10"`, and the spaces of a JSON text.
pub fn same(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => {
            wanted.len() == found.len()
                && wanted.iter().all(|(name, value)| {
                    let other = found.get(name);
                    other.is_some_and(|other| same(value, other))
                })
        }
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(one, two)| same(one, two))
        }
        (Value::Null, other) | (other, Value::Null) => other.is_null(),
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => false,
        (wanted, found) => text(wanted) == text(found) || same_document(wanted, found),
    }
}

fn same_document(wanted: &Value, found: &Value) -> bool {
    let document = |value: &Value| -> Option<Map<String, Value>> {
        serde_json::from_str(value.as_str()?).ok()
    };
    document(wanted).is_some_and(|wanted| document(found) == Some(wanted))
}

fn text(scalar: &Value) -> String {
    match scalar {
        Value::String(text) => text.clone(),
        Value::Number(number) => {
            let whole = number.as_f64().filter(|it| it.fract() == 0.0);
            whole.map_or_else(|| number.to_string(), |it| format!("{it:.0}"))
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template() -> Value {
        json!({
            "Parameters": {
                "Size": {"Type": "Number", "Default": 256},
                "Topic": {"Default": ""},
            },
            "Conditions": {
                "Quiet": {"Fn::Equals": [{"Ref": "Topic"}, ""]},
                "Loud": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Topic"}, ""]}]},
            },
            "Globals": {"Function": {
                "Timeout": 10,
                "Environment": {"Variables": {"A": {"Fn::GetAtt": ["Api", "ApiEndpoint"]}}},
            }},
        })
    }

    fn deployed() -> Value {
        json!({"Api": {"PhysicalId": "api1", "Attributes": {"ApiEndpoint": "https://api1"}}})
    }

    #[test]
    fn functions_are_worked_out() {
        let (template, deployed) = (template(), deployed());
        let given = [("Topic".to_owned(), "arn:t".to_owned())];
        let resolver = Resolver::new(&template, &given, "s", &deployed);
        let value = |value: Value| resolver.value(&value).unwrap();
        assert_eq!(value(json!({"Ref": "Size"})), json!("256"));
        assert_eq!(
            value(json!([{"Fn::Sub": "${AWS::StackName}/${Api}/${Api.ApiEndpoint}!"}])),
            json!(["s/api1/https://api1!"])
        );
        let choice = json!({"Fn::If": ["Loud", [{"Ref": "Topic"}], []]});
        assert_eq!(value(choice), json!(["arn:t"]));
        assert!(!resolver.wanted(&json!({"Condition": "Quiet"})).unwrap());
        assert!(resolver.wanted(&json!({"Condition": "Loud"})).unwrap());
        for unknown in [
            json!({"Ref": "X"}),
            json!({"Fn::GetAtt": ["Api", "X"]}),
            json!({"Fn::Join": []}),
        ] {
            assert!(resolver.value(&unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn a_function_has_what_globals_say_under_what_it_says() {
        let (template, deployed) = (template(), deployed());
        let resolver = Resolver::new(&template, &[], "s", &deployed);
        let function = json!({"Type": "AWS::Serverless::Function", "Properties": {
            "Timeout": 3, "Environment": {"Variables": {"B": {"Ref": "Size"}}},
        }});
        assert_eq!(
            Value::from(resolver.properties(&function).unwrap()),
            json!({"Timeout": 3, "Environment": {"Variables": {"A": "https://api1", "B": "256"}}})
        );
    }

    #[test]
    fn equal_is_what_cloudformation_holds_equal_and_no_more() {
        for (wanted, found) in [
            (json!(10), json!("10")),
            (json!(1), json!(1.0)),
            (json!({"a": [true]}), json!({"a": [true]})),
            (json!("{\"a\": 1}\n"), json!("{\"a\":1}")),
            (Value::Null, Value::Null),
        ] {
            assert!(same(&wanted, &found), "{wanted} {found}");
        }
        for (wanted, found) in [
            (json!(10), json!(11)),
            (json!(1.5), json!(1)),
            (json!({"a": 1}), json!({"a": 1, "b": 2})),
            (json!({"a": 1}), json!({"b": 1})),
            (json!(["a"]), json!(["a", "b"])),
            (json!(["a", "b"]), json!(["b", "a"])),
            (json!(""), Value::Null),
            (json!("[]"), json!([])),
            (json!("{\"a\":1}"), json!("{\"a\":2}")),
        ] {
            assert!(!same(&wanted, &found), "{wanted} {found}");
        }
    }
}
