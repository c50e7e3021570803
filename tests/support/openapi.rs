//! The OpenAPI document of the management API, made from its table of operations and from what the readers of the
//! vocabulary ask for.

use latchkey_admin::table::Operation;
use latchkey_registry::fault::Place;
use latchkey_registry::shape::{Asked, Shape, of};
use latchkey_registry::{api, client, key, tenant, user};
use serde_json::{Map, Value, json};

/// The document.
pub fn document() -> Value {
    let mut paths = Map::new();
    for operation in Operation::ALL {
        let row = operation.row();
        let path = paths.entry(row.path).or_insert_with(|| {
            let parameters: Vec<Value> = ids(row.path).map(id_parameter).collect();
            if parameters.is_empty() {
                json!({})
            } else {
                json!({ "parameters": parameters })
            }
        });
        path[row.method.to_lowercase()] = described(operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Latchkey management API",
            "version": "1",
            "description": "Tenants, APIs, clients, users, their grants and keys. Each tenant has it below its issuer; \
                `tenants` are at the default tenant alone. Fields are those of the registry file (docs/registry-file.md).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{
            "url": "{issuer}/admin/v1",
            "variables": {"issuer": {"default": "https://id.example.com", "description": "The tenant's issuer"}},
        }],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An access token of the tenant's whose audience names {issuer}/admin/v1",
            }},
            "schemas": schemas(),
            "parameters": parameters(),
            "headers": headers(),
            "responses": {
                "Problem": problem("What went wrong (RFC 9457)"),
                "InvalidFields": problem("Some fields are not as they should be; `errors` points at them"),
            },
        },
    })
}

fn ids(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'))
}

fn id_parameter(name: &str) -> Value {
    json!({
        "name": name, "in": "path", "required": true,
        "description": "As it is if it is made of A-Z a-z 0-9 - . _ @ + : alone, otherwise ~ and its base64url",
        "schema": {"type": "string", "maxLength": 700, "pattern": "^(~[A-Za-z0-9_-]+|[A-Za-z0-9_@+:-][A-Za-z0-9._@+:-]*)$"},
    })
}

fn parameter(name: &str, place: &str, description: &str, schema: Value) -> Value {
    json!({"name": name, "in": place, "description": description, "schema": schema})
}

fn parameters() -> Value {
    let text = json!({"type": "string"});
    let mut if_match = parameter(
        "If-Match",
        "header",
        "The ETag that reading it gave (RFC 9110 section 13.1.1)",
        text.clone(),
    );
    if_match["examples"] = json!({"any": {"value": "*", "summary": "Whatever is there"}});
    let if_match_or_not = if_match.clone();
    if_match["required"] = json!(true);
    json!({
        "limit": parameter("limit", "query", "How many at most", json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20})),
        "cursor": parameter("cursor", "query", "`next_cursor` of the part before", json!({"type": "string", "maxLength": 700, "pattern": "^[A-Za-z0-9_-]*$"})),
        "prefix": parameter("prefix", "query", "Only names that begin so", json!({"type": "string", "maxLength": 512})),
        "IfMatch": if_match,
        "IfMatchOrNot": if_match_or_not,
        "IfNoneMatch": parameter("If-None-Match", "header", "An ETag that is known (RFC 9110 section 13.1.2)", text),
        "IdempotencyKey": parameter(
            "Idempotency-Key", "header",
            "The same key and the same request within a day are carried out once; a secret is not shown again",
            json!({"type": "string", "minLength": 16, "maxLength": 255, "pattern": "^[!-~]+$"}),
        ),
        "confirmation": parameter("confirmation", "query", "`confirmation` of the refusal before", json!({"type": "string", "maxLength": 64})),
    })
}

fn headers() -> Value {
    let text =
        |description: &str| json!({"description": description, "schema": {"type": "string"}});
    json!({
        "ETag": text("Which state this is (RFC 9110 section 8.8.3)"),
        "Location": text("Where it is"),
        "Link": text("The next part, rel=next (RFC 8288)"),
        "WWW-Authenticate": text("RFC 6750 section 3"),
    })
}

fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

fn problem(description: &str) -> Value {
    json!({
        "description": description,
        "content": {"application/problem+json": {"schema": reference("schemas", "Problem")}},
    })
}

/// The kind of thing a path is about: schema of one, and the member that lists them.
fn kind(path: &str) -> (&'static str, &'static str) {
    let mut segments = path.split('/').skip(1);
    match (segments.next(), segments.nth(1)) {
        (Some("clients"), _) => ("Client", "clients"),
        (Some("apis"), Some("scopes")) => ("ApiScope", "scopes"),
        (Some("apis"), Some("claims")) => ("ApiClaim", "claims"),
        (Some("apis"), Some("clients")) => ("ApiClient", "clients"),
        (Some("apis"), _) => ("Api", "apis"),
        (Some("users"), _) => ("User", "users"),
        (Some("keys"), _) => ("Key", "keys"),
        _ => ("Tenant", "tenants"),
    }
}

/// Whether a write need not say which state it is meant for: what is written is a part of something else.
fn is_part(thing: &str) -> bool {
    thing != "Api" && thing.starts_with("Api")
}

/// What tells one of a kind from the others.
fn identifier(thing: &str) -> &'static str {
    match thing {
        "Client" => "client_id",
        "Api" => "resource",
        "ApiScope" => "value",
        "ApiClaim" => "name",
        "ApiClient" => "client_id",
        "User" => "username",
        _ => "tenant",
    }
}

fn described(operation: Operation) -> Value {
    let row = operation.row();
    let name = format!("{operation:?}");
    let (first, rest) = name.split_at(1);
    let mut it = json!({
        "operationId": format!("{}{rest}", first.to_lowercase()),
        "summary": row.summary,
        "responses": {},
    });
    match row.scope {
        Some(scope) => it["description"] = json!(format!("Needs the scope `{scope}`.")),
        None => it["security"] = json!([]),
    }
    let mut parameters = Vec::new();
    let mut answers = vec![("401", "Problem"), ("403", "Problem"), ("400", "Problem")];
    let (thing, list) = kind(row.path);
    let ends_in_id = row.path.ends_with('}') || row.path == "/tenant";
    if row.path.contains('{') {
        answers.push(("404", "Problem"));
    }
    match (row.method, row.path) {
        ("GET", "/openapi.json") => {
            answers.clear();
            it["responses"]["200"] = body("OpenAPI 3.1", json!({"type": "object"}), &[]);
        }
        // A ring is changed, not replaced, and has no ETag.
        ("GET", "/keys") => {
            it["responses"]["200"] = body("The keys", list_of("keys", "Key", false), &[]);
        }
        ("GET", "/keys/{kid}") => {
            it["responses"]["200"] = body("It", reference("schemas", "Key"), &[]);
        }
        ("POST", "/keys") => {
            parameters.push("IdempotencyKey");
            writes(&mut it, "NewKey", "application/json");
            answers.extend([
                ("409", "Problem"),
                ("412", "Problem"),
                ("413", "Problem"),
                ("415", "Problem"),
                ("422", "InvalidFields"),
            ]);
            it["responses"]["201"] = body(
                "It is in the ring",
                reference("schemas", "Key"),
                &["Location"],
            );
        }
        ("DELETE", "/keys/{kid}") => {
            answers.extend([("409", "Problem"), ("412", "Problem")]);
            it["responses"]["204"] = json!({"description": "It is withdrawn"});
        }
        ("GET", path) if path.ends_with("/scopes") || path.ends_with("/claims") => {
            it["responses"]["200"] = body("All of them", list_of(list, thing, false), &["ETag"]);
        }
        ("GET", _) if ends_in_id => {
            parameters.push("IfNoneMatch");
            it["responses"]["200"] = body("It", reference("schemas", thing), &["ETag"]);
            it["responses"]["304"] = json!({"description": "As it is known", "headers": {"ETag": reference("headers", "ETag")}});
        }
        ("GET", path) => {
            parameters.extend(["limit", "cursor"]);
            let schema = if path.ends_with("/grants") {
                list_of("grants", "Grant", true)
            } else {
                parameters.push("prefix");
                list_of(list, thing, true)
            };
            it["responses"]["200"] = body("Some of them, in the order of names", schema, &["Link"]);
        }
        ("POST", path) if path.ends_with("/secrets") => {
            parameters.push("IdempotencyKey");
            answers.extend([("409", "Problem"), ("412", "Problem"), ("422", "Problem")]);
            it["responses"]["201"] = body(
                "The secret, shown this once",
                json!({
                    "type": "object", "required": ["client_id"],
                    "properties": {"client_id": {"type": "string"}, "client_secret": {"type": "string"}},
                }),
                &[],
            );
        }
        ("POST", path) if path.ends_with("/reset-tokens") => {
            parameters.push("IdempotencyKey");
            it["requestBody"] = json!({"content": {"application/json": {"schema": reference("schemas", "NewResetToken")}}});
            answers.extend([
                ("409", "Problem"),
                ("412", "Problem"),
                ("413", "Problem"),
                ("415", "Problem"),
                ("422", "InvalidFields"),
            ]);
            it["responses"]["201"] = body(
                "The token, shown this once, and until when it counts",
                json!({
                    "type": "object", "required": ["username"],
                    "properties": {
                        "username": {"type": "string"}, "reset_token": {"type": "string"}, "expires_at": {"type": "integer"},
                    },
                }),
                &[],
            );
        }
        ("POST", _) => {
            parameters.push("IdempotencyKey");
            writes(&mut it, thing, "application/json");
            // Elsewhere the path says which it is.
            let new =
                json!({"allOf": [reference("schemas", thing), {"required": [identifier(thing)]}]});
            it["requestBody"]["content"]["application/json"]["schema"] = new;
            answers.extend([
                ("409", "Problem"),
                ("413", "Problem"),
                ("415", "Problem"),
                ("422", "InvalidFields"),
            ]);
            if is_part(thing) {
                parameters.push("IfMatchOrNot");
                answers.push(("412", "Problem"));
            }
            it["responses"]["201"] = body(
                if is_part(thing) {
                    "It was added"
                } else {
                    "It was made. A secret that was made up is shown this once"
                },
                reference("schemas", thing),
                &["ETag", "Location"],
            );
        }
        ("PUT", path) if path.ends_with("/activation") => {
            answers.push(("412", "Problem"));
            it["responses"]["204"] = json!({"description": "It is let in"});
        }
        ("PUT", path) if path.ends_with("/password") => {
            it["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": reference("schemas", "NewPassword")}}});
            answers.extend([
                ("412", "Problem"),
                ("413", "Problem"),
                ("415", "Problem"),
                ("422", "InvalidFields"),
            ]);
            it["responses"]["204"] = json!({"description": "It is set"});
            it["responses"]["200"] = body(
                "It was made up, and is shown this once",
                json!({
                    "type": "object", "required": ["password"], "properties": {"password": {"type": "string"}},
                }),
                &[],
            );
        }
        ("PUT", _) if is_part(thing) => {
            parameters.push("IfMatchOrNot");
            let new = if thing != "ApiClient" {
                answers.push(("409", "Problem"));
                thing
            } else {
                parameters.push("IfNoneMatch");
                let made = body("It is assigned", reference("schemas", thing), &["ETag"]);
                it["responses"]["201"] = made;
                "NewApiClient"
            };
            writes(&mut it, new, "application/json");
            answers.extend([
                ("412", "Problem"),
                ("413", "Problem"),
                ("415", "Problem"),
                ("422", "InvalidFields"),
            ]);
            it["responses"]["200"] = body("It is so now", reference("schemas", thing), &["ETag"]);
        }
        ("PUT" | "PATCH", _) => {
            parameters.push("IfMatch");
            let merge = row.method == "PATCH";
            writes(
                &mut it,
                if merge { "MergePatch" } else { thing },
                if merge {
                    "application/merge-patch+json"
                } else {
                    "application/json"
                },
            );
            answers.extend([
                ("412", "Problem"),
                ("413", "Problem"),
                ("415", "Problem"),
                ("422", "InvalidFields"),
                ("428", "Problem"),
            ]);
            it["responses"]["200"] = body("It is so now", reference("schemas", thing), &["ETag"]);
        }
        ("DELETE", path) => {
            if is_part(thing) {
                parameters.push("IfMatchOrNot");
            } else if !path.contains("/grants") {
                parameters.push("IfMatch");
                answers.push(("428", "Problem"));
            }
            if thing == "ApiClient" {
                answers.push(("422", "InvalidFields"));
            }
            answers.push(("412", "Problem"));
            if path.starts_with("/tenants") {
                parameters.push("confirmation");
                answers.push(("409", "Problem"));
            }
            it["responses"]["204"] = json!({"description": "It is gone"});
        }
        _ => panic!("{operation:?} is described nowhere"),
    }
    for (status, name) in answers {
        it["responses"][status] = reference("responses", name);
    }
    if !parameters.is_empty() {
        let all = parameters.into_iter().map(|it| reference("parameters", it));
        it["parameters"] = all.collect();
    }
    it
}

fn writes(it: &mut Value, schema: &str, media: &str) {
    let schema = reference("schemas", schema);
    it["requestBody"] = json!({"required": true, "content": {media: {"schema": schema}}});
}

fn body(description: &str, schema: Value, headers: &[&str]) -> Value {
    let mut body = json!({
        "description": description,
        "content": {"application/json": {"schema": schema}},
    });
    for header in headers {
        body["headers"][*header] = reference("headers", header);
    }
    body
}

fn list_of(member: &str, thing: &str, parts: bool) -> Value {
    let mut list = json!({
        "type": "object", "required": [member],
        "properties": {member: {"type": "array", "items": reference("schemas", thing)}},
    });
    if parts {
        list["properties"]["next_cursor"] = json!({"type": "string"});
    }
    list
}

fn schemas() -> Value {
    let place = Place::default();
    let mut of_tenants = of(|node, faults| tenant::read(node, None, faults));
    // These are written one by one.
    of_tenants.retain(|it| {
        let first = it.pointer.split('/').nth(1);
        !matches!(first, Some("clients" | "apis" | "users"))
    });
    let mut of_clients = of(|node, faults| client::read(node, &place, None, faults));
    // What the server says of a client that registered itself is not the caller's.
    of_clients.retain(|it| !it.pointer.starts_with("/registration"));
    let of_apis = of(|node, faults| api::read(node, &place, faults));
    let time = json!({"type": "integer", "description": "Seconds since 1970"});
    let maybe = json!({"type": ["integer", "null"]});
    json!({
        "Client": thing("Client", &of_clients),
        "Api": thing("Api", &of_apis),
        "ApiScope": thing("ApiScope", &below(&of_apis, "/scopes/0")),
        "ApiClaim": thing("ApiClaim", &below(&of_apis, "/claims/0")),
        "NewApiClient": object(&of(api::read_assignment)),
        "ApiClient": {
            "type": "object", "required": ["client_id", "scope", "scopes"],
            "properties": {
                "client_id": {"type": "string"}, "client_name": {"type": "string"}, "scope": {"type": "string"},
                "scopes": {"type": "array", "items": reference("schemas", "ApiScope")},
            },
        },
        "User": thing("User", &of(|node, faults| user::read(node, &place, None, faults))),
        "Tenant": thing("Tenant", &of_tenants),
        "NewKey": object(&of(key::read)),
        "MergePatch": {"type": "object", "description": "RFC 7396: what is null is taken out, what is not there stays"},
        "NewPassword": {
            "type": "object", "required": ["password"], "additionalProperties": false,
            "properties": {"password": secret()},
        },
        "NewResetToken": {
            "type": "object", "additionalProperties": false,
            "properties": {"lifetime": {"type": ["string", "null"], "description": "How long it counts, 1m to 7d; 1h where nothing is said"}},
        },
        "Grant": {
            "type": "object",
            "required": ["grant_id", "client_id", "scope", "resources", "created_at", "expires_at"],
            "properties": {
                "grant_id": {"type": "string"}, "client_id": {"type": "string"}, "scope": {"type": "string"},
                "resources": {"type": "array", "items": {"type": "string"}},
                "created_at": time, "expires_at": time, "auth_time": time,
                "amr": {"type": "array", "items": {"type": "string"}},
            },
        },
        "Key": {
            "type": "object",
            "required": ["kid", "alg", "published_from", "signs_from", "published", "may_sign"],
            "properties": {
                "kid": {"type": "string"}, "alg": {"type": "string"},
                "published_from": time, "signs_from": time, "signs_until": maybe, "published_until": maybe,
                "published": {"type": "boolean"}, "may_sign": {"type": "boolean"},
            },
        },
        "Problem": {
            "type": "object", "required": ["title", "status", "detail"],
            "properties": {
                "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
                "error": {"type": "string", "description": "For programs"},
                "errors": {"type": "array", "items": {
                    "type": "object", "required": ["pointer", "detail"],
                    "properties": {
                        "pointer": {"type": "string", "format": "json-pointer"},
                        "detail": {"type": "string"},
                    },
                }},
                "takes_away": {"type": "object", "additionalProperties": {"type": "integer"}},
                "confirmation": {"type": "string"},
            },
        },
    })
}

fn secret() -> Value {
    json!({"oneOf": [
        {"type": "string", "description": "It"},
        {"type": "object", "required": ["generate"], "additionalProperties": false, "properties": {"generate": {"const": true}}},
        {"type": "object", "required": ["hash"], "additionalProperties": false, "properties": {"hash": {"type": "string"}}},
    ]})
}

/// What was asked of each element of a list.
fn below(asked: &[Asked], place: &str) -> Vec<Asked> {
    let inside = asked.iter().filter_map(|it| {
        let pointer = it.pointer.strip_prefix(place)?.to_owned();
        Some(Asked {
            pointer,
            shape: it.shape,
        })
    });
    inside.filter(|it| !it.pointer.is_empty()).collect()
}

/// The schema of one of a kind, which need not say who it is.
fn thing(name: &str, asked: &[Asked]) -> Value {
    let mut schema = object(asked);
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|it| it != identifier(name));
        if required.is_empty() {
            schema.as_object_mut().expect("a schema").remove("required");
        }
    }
    schema
}

/// The same, or nothing: a field without a value is as good as absent.
fn or_null(mut schema: Value) -> Value {
    if let Some(kind) = schema.get("type").and_then(Value::as_str) {
        schema["type"] = json!([kind, "null"]);
    } else if let Some(kinds) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        kinds.push(json!({"type": "null"}));
    }
    schema
}

/// The schema of an object from what was asked of it.
fn object(asked: &[Asked]) -> Value {
    let mut schema = json!({"type": "object", "additionalProperties": false, "properties": {}});
    for Asked { pointer, shape } in asked {
        let mut place = &mut schema;
        let mut segments = pointer.split('/').skip(1).peekable();
        let mut name = "";
        while let Some(segment) = segments.next() {
            name = segment;
            if segments.peek().is_none() {
                break;
            }
            place = if segment == "0" {
                &mut place["items"]
            } else {
                &mut place["properties"][segment]
            };
            // Of scopes an element may be text as well.
            if place.get("oneOf").is_some() {
                place = &mut place["oneOf"][1];
            }
        }
        if *shape == Shape::Required {
            let required = place["required"].as_array().cloned().unwrap_or_default();
            if !required.contains(&json!(name)) {
                place["required"] = required.into_iter().chain([json!(name)]).collect();
            }
            continue;
        }
        let known = place["properties"]
            .as_object_mut()
            .expect("an object's members");
        // Asked for again, it is the same.
        known
            .entry(name)
            .or_insert_with(|| or_null(field(name, *shape)));
        if name == "attributes" {
            known.insert(
                name.to_owned(),
                json!({"type": "object", "description": "The tenant's own claims"}),
            );
        }
    }
    schema
}

fn field(name: &str, shape: Shape) -> Value {
    match shape {
        Shape::Text => json!({"type": "string"}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Number { least, most } => {
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        Shape::Duration => {
            json!({"type": "string", "pattern": "^([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$", "examples": ["15m"]})
        }
        Shape::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Shape::List if matches!(name, "scopes" | "claims") => {
            json!({"type": "array", "items": {"oneOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": false, "properties": {}},
            ]}})
        }
        Shape::List => {
            json!({"type": "array", "items": {"type": "object", "additionalProperties": false, "properties": {}}})
        }
        Shape::Object => json!({"type": "object", "additionalProperties": false, "properties": {}}),
        Shape::Json => json!({}),
        Shape::Secret => secret(),
        Shape::Required => Value::Null,
    }
}
