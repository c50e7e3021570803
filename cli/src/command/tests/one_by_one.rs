//! Clients, users and keys, one by one.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use latchkey_oauth::certificate::{CertificateName, DistinguishedName, KnownCertificate};
use latchkey_oauth::hash::sha256;
use latchkey_oauth::registration::{Activation, Registration, RegistrationRepository as _};
use latchkey_oauth::secret_token::{Purpose, SecretToken};
use latchkey_oauth::time::Seconds;
use x509_cert::Certificate;
use x509_cert::der::{Decode as _, DecodePem as _, Encode as _};

use super::*;

#[tokio::test]
async fn users_one_by_one() {
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    let mut told = Vec::new();
    deployment
        .answers
        .0
        .borrow_mut()
        .extend(["newest password", "typed password"]);
    for line in [
        "latchkey user add carol --claim name=Carol+C --claim address.country=Austria --claim groups=a --claim groups=b --claim email=c@d --claim email_verified=true",
        "latchkey user add dora --generate --sub d-1",
        "latchkey user password carol",
        "latchkey user delete dora --yes",
        "latchkey user list",
        "latchkey user list --json",
    ] {
        told.push(format!("$ {line}\n{}", deployment.ok(line, "").await));
    }
    let carol = deployment.user("carol").await;
    assert!(password_is(&carol, "newest password"));
    assert_eq!(
        Value::from(carol.profile.claims),
        json!({
            "name": "Carol C", "address": {"country": "Austria"}, "groups": ["a", "b"], "email": "c@d", "email_verified": true,
        })
    );
    for line in [
        "latchkey user add alice",
        "latchkey user add eve --claim email_verified=perhaps --claim shoe_size=38",
        "latchkey user disable nobody",
        "latchkey user list --tenant nowhere",
        "latchkey user reset-token alice --tenant nowhere",
        "latchkey user delete alice --tenant nowhere --yes",
    ] {
        told.push(format!("$ {line}\n{}", deployment.fault(line, "").await));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn a_reset_token_is_told_once() {
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    let line = "latchkey user reset-token alice --expires 30m --json";
    let told: Value = serde_json::from_str(&deployment.ok(line, "").await).unwrap();
    let until = fixtures::NOW.plus(Seconds::minutes(30));
    assert_eq!(told["expires_at"], json!(until));
    let token = SecretToken::parse(
        Purpose::PasswordReset,
        told["reset_token"].as_str().unwrap(),
    );
    let token = token.unwrap();
    let kept = deployment.user("alice").await.credentials.reset.unwrap();
    assert!(kept.is_by(&token, fixtures::NOW) && !kept.is_by(&token, until));
    let line = "latchkey user reset-token alice";
    let text = deployment.ok(line, "").await;
    assert!(
        text.contains("It counts for 1h, and is not shown again."),
        "{text}"
    );
    let kept = deployment.user("alice").await.credentials.reset.unwrap();
    assert!(!kept.is_by(&token, fixtures::NOW), "one at a time");
    // A password that is set ends it.
    deployment
        .ok("latchkey user password alice --generate", "")
        .await;
    assert_eq!(deployment.user("alice").await.credentials.reset, None);
    let fault = deployment
        .fault("latchkey user reset-token nobody", "")
        .await;
    assert!(fault.contains("has no user nobody"), "{fault}");
}

#[tokio::test]
async fn clients_one_by_one() {
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    let mut told = Vec::new();
    for line in [
        "latchkey client add job --grant-type client_credentials --scope a+b --name Nightly+job",
        "latchkey client add app --auth-method none --grant-type refresh_token",
        "latchkey client secret job --keep-old --from-env SECRET",
        "latchkey client list --json",
        "latchkey client secret job --drop-old",
        "latchkey client secret job --json",
        "latchkey client delete app --yes",
        "latchkey client list",
    ] {
        told.push(format!("$ {line}\n{}", deployment.ok(line, "").await));
    }
    for line in [
        "latchkey client add shop",
        "latchkey client add app2 --auth-method none --grant-type password --generate",
        "latchkey client secret nobody",
    ] {
        told.push(format!("$ {line}\n{}", deployment.fault(line, "").await));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn keys_of_a_tenant() {
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    let mut told = Vec::new();
    for line in [
        "latchkey keys list",
        "latchkey keys add a",
        "latchkey keys add a",
        "latchkey keys add b",
        "latchkey keys list",
        "latchkey tenant list",
        "latchkey tenant list --json",
    ] {
        told.push(format!("$ {line}\n{}", deployment.ok(line, "").await));
        deployment.clock.advance(Seconds::minutes(30));
    }
    deployment.clock.advance(Seconds::hours(3));
    told.push(deployment.ok("latchkey keys list", "").await);
    deployment.ok("latchkey tenant add acme", "").await;
    for line in [
        "latchkey keys add c --tenant nowhere",
        "latchkey keys add unknown",
        "latchkey keys add c --alg RS256",
        // Each tenant has keys of its own.
        "latchkey keys add a --tenant acme",
        "latchkey keys withdraw nothing",
    ] {
        told.push(format!("$ {line}\n{}", deployment.fault(line, "").await));
    }
    insta::assert_snapshot!(told.join("\n"));
    assert!(deployment.clock.now() > NOW);
}

#[tokio::test]
async fn a_key_that_was_superseded_before_its_time_has_no_dates() {
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    for line in [
        "latchkey keys add a",
        "latchkey keys add b",
        "latchkey keys add c --signs-from now",
    ] {
        deployment.ok(line, "").await;
        deployment.clock.advance(Seconds::minutes(30));
    }
    let told = deployment.ok("latchkey keys list", "").await;
    let rows: Vec<Vec<&str>> = told
        .lines()
        .map(|row| row.split_whitespace().skip(1).collect())
        .collect();
    assert_eq!(
        rows[1..],
        [
            vec![
                "EdDSA", "verifies", "only", "1h30m", "ago", "30m", "ago", "arn:a"
            ],
            vec!["EdDSA", "verifies", "only", "never", "arn:b"],
            vec!["EdDSA", "signs", "30m", "ago", "arn:c"],
        ]
    );
}

#[tokio::test]
async fn a_key_is_certified() {
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    for line in [
        "latchkey keys add rsa",
        "latchkey keys add b --signs-from now",
    ] {
        deployment.ok(line, "").await;
    }
    let before = deployment.ring().await;
    let [rsa, other] = &before.keys[..] else {
        panic!("{before:?}")
    };
    let line = format!("latchkey keys certify {}", rsa.kid);
    let text = deployment.ok(&line, "").await;
    assert!(
        text.contains(&rsa.kid) && text.contains("good for 3650d"),
        "{text}"
    );

    let ring = deployment.ring().await;
    let certificate = |ring: &KeyRing| {
        let common = &ring.keys[0].jwk.common;
        let [text] = &common.x509_chain.as_ref().unwrap()[..] else {
            panic!("{common:?}")
        };
        let der = STANDARD.decode(text).unwrap();
        let thumbprint = URL_SAFE_NO_PAD.encode(sha256(&der).as_bytes());
        assert_eq!(common.x509_sha256_fingerprint, Some(thumbprint));
        Certificate::from_der(&der).unwrap()
    };
    let first = certificate(&ring);
    let tbs = first.tbs_certificate();
    let message = tbs.to_der().unwrap();
    assert!(rsa.signed(&message, first.signature().raw_bytes()));
    // Nothing else has changed.
    let mut without = ring.clone();
    without.keys[0].jwk = rsa.jwk.clone();
    assert_eq!(without, before);
    // It is kept as JSON.
    let kept = serde_json::to_string(&ring).unwrap();
    assert_eq!(serde_json::from_str::<KeyRing>(&kept).unwrap(), ring);
    let listed = deployment.ok("latchkey keys list --json", "").await;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let ends = json!(NOW.plus(Seconds::days(3_650)));
    assert_eq!(listed[0]["certificate_until"], ends);
    assert_eq!(listed[1]["certificate_until"], json!(null));

    // Another takes its place.
    let line = format!("{line} --valid-for 30d --json");
    let told: Value = serde_json::from_str(&deployment.ok(&line, "").await).unwrap();
    let second = deployment.ring().await;
    let x5c = second.keys[0].jwk.common.x509_chain.clone();
    assert_eq!(told["x5c"], json!(x5c));
    assert_eq!(told["valid_until"], json!(NOW.plus(Seconds::days(30))));
    let second = certificate(&second);
    let serial = second.tbs_certificate().serial_number();
    assert_ne!(serial, tbs.serial_number());

    // Nobody signs; no such key; withdrawn; and none of them changed the ring.
    let mut told = Vec::new();
    for line in [
        format!("latchkey keys certify {}", other.kid),
        "latchkey keys certify nothing".to_owned(),
        format!("latchkey keys certify {} --tenant nowhere", rsa.kid),
    ] {
        told.push(deployment.fault(&line, "").await);
    }
    let line = format!("latchkey keys withdraw {}", rsa.kid);
    deployment.ok(&line, "").await;
    let withdrawn = deployment.ring().await;
    let line = format!("latchkey keys certify {}", rsa.kid);
    told.push(deployment.fault(&line, "").await);
    assert_eq!(deployment.ring().await, withdrawn);
    for (fault, with) in told.iter().zip([
        "for which whoever runs this command needs kms:Sign: the signer failed: AccessDeniedException",
        "tenant default has no such key",
        "there is no tenant nowhere",
        "has been withdrawn",
    ]) {
        assert!(fault.contains(with), "{fault}");
    }
}

/// RFC 8705: neither has a secret.
#[tokio::test]
async fn clients_with_certificates() {
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    let by_subject = "latchkey client add one --grant-type client_credentials --scope a --auth-method tls_client_auth";
    let by_itself = "latchkey client add two --grant-type client_credentials --scope a --auth-method self_signed_tls_client_auth";
    let subject = format!("{by_subject} --tls-client-auth-subject-dn CN=one,O=Example");
    deployment.ok(&subject, "").await;
    let certificate = format!("{by_itself} --certificate certificate.pem");
    deployment.ok(&certificate, "").await;
    let one = deployment.client("one").await;
    let subject = DistinguishedName::parse("CN=one,O=Example").unwrap();
    assert_eq!(
        one.tls_client_auth,
        Some(CertificateName::SubjectDn(subject))
    );
    let two = deployment.client("two").await;
    let der = Certificate::from_pem(CERTIFICATE)
        .unwrap()
        .to_der()
        .unwrap();
    let known = KnownCertificate::from_base64(&STANDARD.encode(der));
    assert_eq!(two.certificates, [known.unwrap()]);
    for client in [one, two] {
        assert!(client.client_secret_hashes.is_empty(), "{client:?}");
    }

    for line in [
        format!("{certificate} --generate"),
        format!("{certificate} --tls-client-auth-subject-dn CN=two"),
    ] {
        let words = line.split(' ').map(str::to_owned);
        assert!(Arguments::try_parse_from(words).is_err(), "{line}");
    }
    for (line, said) in [
        (
            by_subject.replace("one", "three"),
            "`tls_client_auth` needs one of",
        ),
        (
            by_itself.replace("two", "three"),
            "`self_signed_tls_client_auth` needs `jwks`",
        ),
        (
            certificate.replace("two", "three").replace(".pem", ".der"),
            "the certificate certificate.der: ",
        ),
    ] {
        let fault = deployment.fault(&line, "").await;
        assert!(fault.contains(said), "{fault}");
    }
}

#[test]
fn how_long_a_certificate_is_good() {
    for (text, good) in [
        ("1d", true),
        ("3650d", true),
        ("23h", false),
        ("3651d", false),
    ] {
        let words = ["latchkey", "keys", "certify", "KID", "--valid-for", text];
        assert_eq!(Arguments::try_parse_from(words).is_ok(), good, "{text}");
    }
}

#[tokio::test]
async fn nothing_is_deleted_for_good_unless_somebody_said_so() {
    const OTHER: &str = "tenants: [{ tenant: other }]";
    let mut deployment = Deployment::new();
    deployment.apply(SMALL).await;
    deployment
        .ok("latchkey tenant add acme --name Acme+Ltd", "")
        .await;
    deployment
        .ok("latchkey api add urn:example:stock", "")
        .await;
    let before = deployment.state();
    let deletions = [
        ("latchkey user delete bob", ""),
        ("latchkey api delete urn:example:stock", ""),
        ("latchkey tenant delete acme", ""),
        ("latchkey client delete shop", ""),
        ("latchkey apply f --prune", OTHER),
    ];
    for (line, file) in deletions {
        let fault = deployment.fault(line, file).await;
        assert!(fault.starts_with("nobody said yes"), "{fault}");
    }
    deployment.answers.1 = false;
    for (line, file) in deletions {
        let (told, ended) = deployment.run(line, file).await;
        let fault = format!("{:#}", ended.unwrap_err());
        assert!(fault.contains("--yes does it without asking"), "{fault}");
        // What would go is told once.
        assert!(!told.contains("This deletes"), "{told}");
    }
    assert_eq!(deployment.state(), before);
    deployment.answers.1 = true;
    for (line, file) in deletions {
        deployment.answers.0.borrow_mut().push("yes");
        deployment.ok(line, file).await;
    }
}

#[tokio::test]
async fn apis_one_by_one() {
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    let mut told = Vec::new();
    for line in [
        "latchkey api add https://orders.example.com --name Orders --description What+is+ordered --audience https://orders.example.com --audience shop --scope orders:read=See+orders --scope orders:write --claim email_address=email --claim groups --constant tier=gold --access-token-lifetime 10m",
        "latchkey api assign https://orders.example.com shop --scope orders:read",
        "latchkey api assign https://orders.example.com shop --scope orders:read",
        "latchkey api list",
        "latchkey api list --json",
        "latchkey api unassign https://orders.example.com shop",
        "latchkey api unassign https://orders.example.com shop",
        "latchkey api delete https://orders.example.com --yes",
        "latchkey api list",
    ] {
        told.push(format!("$ {line}\n{}", deployment.ok(line, "").await));
    }
    for line in [
        "latchkey api delete https://nowhere.example.com --yes",
        "latchkey api assign https://nowhere.example.com shop",
        "latchkey api add urn:example:stock --scope openid --claim sub --access-token-lifetime 10",
        "latchkey api list --tenant nowhere",
    ] {
        told.push(format!("$ {line}\n{}", deployment.fault(line, "").await));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn tenants_one_by_one() {
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    let mut told = Vec::new();
    for line in [
        "latchkey tenant add acme --name Acme+Ltd",
        "latchkey user add carol --tenant acme --generate",
        "latchkey client add job --tenant acme --grant-type client_credentials",
        "latchkey api add urn:example:stock --tenant acme",
        "latchkey tenant delete acme --yes",
        "latchkey tenant list",
    ] {
        told.push(format!("$ {line}\n{}", deployment.ok(line, "").await));
    }
    for line in [
        "latchkey tenant add default",
        "latchkey tenant delete acme --yes",
    ] {
        told.push(format!("$ {line}\n{}", deployment.fault(line, "").await));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn clients_that_register_themselves() {
    const REGISTERING: &str = "tenants: [{ tenant: default, registration: { grant_types: [client_credentials], activation: required } }]";
    let deployment = Deployment::new();
    deployment.apply(SMALL).await;
    let mut told = vec![
        deployment
            .fault("latchkey client registration-token", "")
            .await,
        deployment.fault("latchkey client activate shop", "").await,
    ];
    told.push(deployment.ok("latchkey apply f", REGISTERING).await);
    let line = "latchkey client registration-token --uses 3 --expires 1d --json";
    let token = deployment.ok(line, "").await;
    let token: Value = serde_json::from_str(&token).unwrap();
    let token = token["initial_access_token"].as_str().unwrap();
    let initial = SecretToken::parse(Purpose::InitialAccess, token).unwrap();
    let of = fixtures::tenant("default");
    let mut waiting = fixtures::confidential("waiting");
    waiting.registration = Some(Registration {
        access_token: initial.hash(),
        issued_at: NOW,
        activation: Activation::Waiting,
    });
    let hash = initial.hash();
    let registered = deployment.store.register(&of, &waiting, Some(&hash), NOW);
    assert!(registered.await.unwrap());

    let line = "latchkey client activation-code waiting --expires 2d --json";
    let code = deployment.ok(line, "").await;
    let code: Value = serde_json::from_str(&code).unwrap();
    let code = code["activation_code"].as_str().unwrap();
    let code = SecretToken::parse(Purpose::Activation, code).unwrap();
    let activation = async || {
        let found = deployment
            .store
            .client(&of, &waiting.client_id)
            .await
            .unwrap();
        found.unwrap().registration.unwrap().activation
    };
    let expected = Activation::Code {
        hash: code.hash(),
        until: NOW.plus(Seconds::days(2)),
    };
    assert_eq!(activation().await, expected);
    told.push(deployment.ok("latchkey client activate waiting", "").await);
    assert_eq!(activation().await, Activation::Done);
    told.push(deployment.ok("latchkey client activate waiting", "").await);
    told.push(
        deployment
            .fault("latchkey client activation-code waiting", "")
            .await,
    );
    insta::assert_snapshot!(told.join("\n"));
}
