//! docs/openapi.yaml, and what the management API serves as JSON, are what the code does.

use latchkey_tests::generated::assert_generated;
use latchkey_tests::openapi::document;

#[test]
fn the_document_is_what_the_code_does() {
    let document = document();
    let json = serde_json::to_string(&document).unwrap();
    assert_generated("shared/admin/openapi.json", &format!("{json}\n"));
    let yaml = serde_saphyr::to_string(&document).unwrap();
    let head = "# Made by tests/openapi.rs from the code; do not edit.\n";
    assert_generated("docs/openapi.yaml", &format!("{head}{yaml}"));
}

/// Every reference leads somewhere, and every field that must be there is one that there is.
#[test]
fn the_document_holds_together() {
    let document = document();
    let mut open = vec![&document];
    let mut references = 0;
    while let Some(value) = open.pop() {
        if let Some(to) = value.get("$ref").and_then(|it| it.as_str()) {
            let pointer = to.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{to}");
            references += 1;
        }
        if let (Some(required), Some(properties)) = (value.get("required"), value.get("properties"))
        {
            for name in required.as_array().into_iter().flatten() {
                let name = name.as_str().unwrap();
                assert!(properties.get(name).is_some(), "{name} of {properties}");
            }
        }
        match value {
            serde_json::Value::Object(members) => open.extend(members.values()),
            serde_json::Value::Array(values) => open.extend(values),
            _ => {}
        }
    }
    assert!(references > 100, "{references}");
}
