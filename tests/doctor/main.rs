//! `latchkey doctor` against servers that are as they should be, and against servers that are wrong on purpose.

mod faults;
mod front;

use latchkey::doctor::report::{Report, Verdict};
use latchkey::doctor::{Patient, Target, examine};
use latchkey_oauth::time::SystemClock;
use latchkey_testkit::fixtures::{PASSWORD, SECRET};
use latchkey_tests::world::World;
use secrecy::SecretString;

use faults::FAULTS;
use front::Front;

/// Every check there is, in the order they are told.
const CHECKS: [&str; 16] = [
    "reach",
    "tls",
    "clock",
    "metadata",
    "keys",
    "cors",
    "methods",
    "paths",
    "clients",
    "userinfo",
    "password",
    "login",
    "signature",
    "introspection",
    "claims",
    "revocation",
];

fn patient(client: &str, user: Option<&str>) -> Patient {
    Patient {
        client_id: client.to_owned(),
        client_secret: SecretString::from(SECRET),
        user: user.map(|name| (name.to_owned(), SecretString::from(PASSWORD))),
    }
}

fn told(report: &Report, verdict: Verdict) -> Vec<(&'static str, &str)> {
    let findings = report.findings.iter();
    let of_it = findings.filter(|finding| finding.verdict == verdict);
    of_it
        .map(|finding| (finding.check, finding.said.as_str()))
        .collect()
}

/// A report from a thread of its own: the doctor waits for its answers.
async fn report(front: &Front, patient: Patient) -> Report {
    let target = Target::parse(&front.world.issuer()).unwrap();
    let clock = front.world.clock.clone();
    let examined = move || examine(&target, Some(&patient), &clock);
    tokio::task::spawn_blocking(examined).await.unwrap()
}

#[tokio::test]
async fn nothing_is_wrong_where_nothing_is_wrong() {
    let front = Front::open().await;
    let report = report(&front, patient("web", Some("alice"))).await;
    assert_eq!(told(&report, Verdict::Wrong), []);
    let looked: Vec<&str> = report
        .findings
        .iter()
        .map(|finding| finding.check)
        .collect();
    assert_eq!(looked, CHECKS);
    let not_looked = told(&report, Verdict::NotLooked);
    assert_eq!(
        not_looked,
        [("tls", "plain http, which a loopback host may have")]
    );
}

#[tokio::test]
async fn a_client_may_sign_in_for_itself() {
    let front = Front::open().await;
    let report = report(&front, patient("service", None)).await;
    assert_eq!(told(&report, Verdict::Wrong), []);
    let not_looked = told(&report, Verdict::NotLooked);
    let not_looked: Vec<&str> = not_looked.into_iter().map(|(check, _)| check).collect();
    assert_eq!(not_looked, ["tls", "password", "claims"]);
}

/// Neither the password nor what comes after a login is blamed for it.
#[tokio::test]
async fn a_refused_client_is_told_as_such() {
    let front = Front::open().await;
    for user in [None, Some("alice")] {
        let mut patient = patient("web", user);
        patient.client_secret = SecretString::from("another's");
        let report = report(&front, patient).await;
        let wrong = told(&report, Verdict::Wrong);
        let [("login", said)] = wrong.as_slice() else {
            panic!("{wrong:#?}");
        };
        assert!(
            said.starts_with("refused by 401 invalid_client: is it a client"),
            "{said}"
        );
        assert_eq!(report.wrong_checks(), 1);
        let not_looked = told(&report, Verdict::NotLooked);
        let not_looked: Vec<&str> = not_looked.into_iter().map(|(check, _)| check).collect();
        assert_eq!(
            not_looked,
            [
                "tls",
                "password",
                "signature",
                "introspection",
                "claims",
                "revocation"
            ]
        );
    }
}

/// Each fault is told, by its check, in one line; and each check can fail.
#[tokio::test]
async fn each_fault_is_told() {
    let front = Front::open().await;
    let mut failed = Vec::new();
    for fault in FAULTS {
        front.plant(fault);
        let report = report(&front, patient("web", Some("alice"))).await;
        let wrong = told(&report, Verdict::Wrong);
        let mut found = wrong
            .iter()
            .filter(|(check, said)| *check == fault.check && said.contains(fault.said));
        assert!(found.next().is_some(), "{fault:?}: {wrong:#?}");
        assert!(wrong.iter().all(|(_, said)| !said.contains('\n')));
        failed.push(fault.check);
        // Failures of the wrong password are not to add up to a lock.
        front.world.advance(latchkey_oauth::time::Seconds::days(2));
    }
    let mut never = CHECKS.to_vec();
    never.retain(|check| !failed.contains(check) && *check != "tls");
    assert_eq!(never, [""; 0], "checks that nothing here makes fail");
}

#[tokio::test]
async fn where_nobody_answers_one_line_says_so() {
    let front = Front::open().await;
    let port = front.port;
    for (issuer, said) in [
        // No TLS where TLS should be.
        (format!("https://127.0.0.1:{port}"), "TLS"),
        // No such tenant.
        (
            format!("http://127.0.0.1:{port}/nobody"),
            "is answered by 404",
        ),
        ("http://127.0.0.1:1".to_owned(), "refused"),
    ] {
        let target = Target::parse(&issuer).unwrap();
        let clock = front.world.clock.clone();
        let examined = tokio::task::spawn_blocking(move || examine(&target, None, &clock));
        let report = examined.await.unwrap();
        let findings = told(&report, Verdict::Wrong);
        assert_eq!(findings.len(), 1, "{issuer}: {findings:?}");
        assert_eq!(findings[0].0, "reach");
        let text = findings[0].1.to_lowercase();
        assert!(
            text.contains(&said.to_lowercase())
                || said == "TLS" && text.contains("invalidcontenttype"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_binaries_are_well() {
    let world = World::on_binaries().await;
    let target = Target::parse(&world.issuer()).unwrap();
    let patient = patient("web", Some("alice"));
    let examined = move || examine(&target, Some(&patient), &SystemClock);
    let report = tokio::task::spawn_blocking(examined).await.unwrap();
    assert_eq!(told(&report, Verdict::Wrong), []);
}
