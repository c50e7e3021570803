//! What was refused, told in the product's words: `{"message", "statusCode", "name"}`.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::words::{APP, CLAIM, Field, RESOURCE, VALUE, Wrong, ours};
use super::{Kind, Managing};
use crate::answer::with_body;

/// What the management API says of a scope that an API has not, and what is said of it here.
const NO_SCOPE: &str = " has no scope ";
const NOT_OF_IT: &str = "does not belong to the specified ApiAuthorizationApp";
const NOT_THERE: &str = "The resource with the given id could not be found";

pub fn answer(managing: &Managing, response: Response<Bytes>) -> Response<Bytes> {
    let problem: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let (status, message, field) = said(managing, response.status(), &problem);
    let mut body = json!({
        "message": message,
        "statusCode": status.as_u16(),
        "name": name(status),
    });
    if let (Some(field), Value::Object(members)) = (field, &mut body) {
        members.insert("field".to_owned(), field.into());
    }
    let mut response = with_body(response, &body);
    *response.status_mut() = status;
    response
}

fn name(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or_default();
    let words: String = reason.split([' ', '-']).collect();
    // "Internal Server Error" is one already.
    format!("{}Error", words.strip_suffix("Error").unwrap_or(&words))
}

/// Status, message, and the field that is at fault where it is one's kind.
fn said(
    managing: &Managing,
    status: StatusCode,
    problem: &Value,
) -> (StatusCode, String, Option<&'static str>) {
    let wrong = managing.wrong.as_slice();
    let of_the_body = [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY].contains(&status);
    if of_the_body {
        if wrong.contains(&Wrong::NoObject) {
            let message = "The body is no JSON object".to_owned();
            return (StatusCode::BAD_REQUEST, message, None);
        }
        let kind = wrong.iter().find_map(|it| match it {
            Wrong::Kind(field) => Some(*field),
            Wrong::NoObject | Wrong::Blank(_) | Wrong::Unknown(_) => None,
        });
        if let Some(field) = kind {
            let message = format!("The value of {} is of the wrong type", field.its);
            return (StatusCode::BAD_REQUEST, message, Some(field.its));
        }
    }
    let no_app = status == StatusCode::NOT_FOUND && wrong.contains(&Wrong::Blank(&APP));
    match status {
        StatusCode::UNAUTHORIZED => (status, "Unauthorized".to_owned(), None),
        StatusCode::UNPROCESSABLE_ENTITY => (status, invalid(managing, problem), None),
        StatusCode::NOT_FOUND if no_app => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            (status, invalid(managing, &Value::Null), None)
        }
        StatusCode::NOT_FOUND => (status, NOT_THERE.to_owned(), None),
        StatusCode::PRECONDITION_FAILED if is(problem, "not_assigned") => {
            (StatusCode::NOT_FOUND, NOT_THERE.to_owned(), None)
        }
        StatusCode::PRECONDITION_FAILED if is(problem, "already_assigned") => taken(managing),
        // Somebody was faster.
        StatusCode::PRECONDITION_FAILED => (StatusCode::CONFLICT, detail(problem), None),
        StatusCode::CONFLICT if is(problem, "already_exists") => taken(managing),
        other => (other, detail(problem), None),
    }
}

fn is(problem: &Value, error: &str) -> bool {
    problem.get("error").is_some_and(|it| it == error)
}

fn detail(problem: &Value) -> String {
    let detail = problem.get("detail").and_then(Value::as_str);
    detail.unwrap_or_default().to_owned()
}

fn taken(managing: &Managing) -> (StatusCode, String, Option<&'static str>) {
    let field: &Field = match managing.kind {
        Kind::Api => &RESOURCE,
        Kind::Scope => &VALUE,
        Kind::Claim => &CLAIM,
        Kind::Client => &APP,
    };
    let message = format!("Validation failed: {} has already been taken", field.human);
    (StatusCode::UNPROCESSABLE_ENTITY, message, None)
}

fn invalid(managing: &Managing, problem: &Value) -> String {
    let mut told = Vec::new();
    let mut blank = Vec::new();
    for wrong in &managing.wrong {
        match wrong {
            Wrong::Blank(field) => {
                blank.push(field.ours);
                told.push(format!("{} can't be blank", field.human));
            }
            Wrong::Unknown(name) => told.push(format!("{} is not supported", human(name))),
            Wrong::NoObject | Wrong::Kind(_) => {}
        }
    }
    let errors = problem.get("errors").and_then(Value::as_array);
    for error in errors.into_iter().flatten() {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = text("pointer").split('/').nth(1);
        // The member without a name stands for what is told above already.
        let Some(name) = name.filter(|name| !name.is_empty() && !blank.contains(name)) else {
            if text("pointer").is_empty() {
                told.push(text("detail").trim_end_matches('.').to_owned());
            }
            continue;
        };
        if let Some((_, scope)) = text("detail").split_once(NO_SCOPE) {
            let scope = scope.trim_end_matches('.');
            told.push(format!("Scopes {scope} {NOT_OF_IT}"));
            continue;
        }
        let field = ours(managing.kind, name);
        let called = field.map_or_else(|| human(name), |field| field.human.to_owned());
        told.push(complaint(&called, name, text("detail")));
    }
    if told.is_empty() {
        told.push(detail(problem));
    }
    format!("Validation failed: {}", told.join(", "))
}

/// What is wrong, of a field called otherwise.
fn complaint(called: &str, name: &str, detail: &str) -> String {
    let detail = detail.trim_end_matches('.');
    // Before the field's name it says whose field it is.
    match detail.split_once(&format!("`{name}`")) {
        Some((_, rest)) => format!("{called}{rest}"),
        None => format!("{called}: {detail}"),
    }
}

/// `user_attribute_macros` as it would be said.
fn human(name: &str) -> String {
    let mut words = name.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}
