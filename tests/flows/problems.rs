//! Problems of RFC 9457.

use latchkey_tests::answer::Answer;

/// The answer, which must be this problem.
#[must_use]
pub fn problem(answer: Answer, status: u16, error: &str) -> Answer {
    assert_eq!(answer.status(), status, "{answer:?}");
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("application/problem+json"), "{answer:?}");
    assert_eq!(
        answer.header("cache-control"),
        Some("no-store"),
        "{answer:?}"
    );
    assert_eq!(answer.string("error"), error, "{answer:?}");
    assert_eq!(answer.member("status"), status);
    for member in ["title", "detail"] {
        assert!(!answer.string(member).is_empty(), "{answer:?}");
    }
    answer
}

/// The fields that a problem points at, in order.
pub fn refused_fields(answer: Answer) -> Vec<String> {
    let answer = problem(answer, 422, "invalid_fields");
    let errors = answer.member("errors");
    let errors = errors.as_array().expect("errors").iter();
    errors
        .map(|error| {
            assert!(error["detail"].as_str().is_some_and(|it| !it.is_empty()));
            error["pointer"].as_str().expect("a pointer").to_owned()
        })
        .collect()
}
