//! Clients, users and keys, one by one.

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
    ] {
        told.push(format!("$ {line}\n{}", deployment.fault(line, "").await));
    }
    insta::assert_snapshot!(told.join("\n"));
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
    told.push(
        deployment
            .fault("latchkey keys add c --tenant nowhere", "")
            .await,
    );
    insta::assert_snapshot!(told.join("\n"));
    assert!(deployment.clock.now() > NOW);
}

#[tokio::test]
async fn nothing_is_deleted_for_good_unless_somebody_said_so() {
    const OTHER: &str = "tenants: [{ tenant: other }]";
    let mut deployment = Deployment::new();
    deployment.apply(SMALL).await;
    let before = deployment.state();
    let deletions = [
        ("latchkey user delete bob", ""),
        ("latchkey client delete shop", ""),
        ("latchkey apply f --prune", OTHER),
    ];
    for (line, file) in deletions {
        let fault = deployment.fault(line, file).await;
        assert!(fault.starts_with("nobody said yes"), "{fault}");
    }
    deployment.answers.1 = false;
    for (line, file) in deletions {
        let fault = deployment.fault(line, file).await;
        assert!(fault.contains("--yes does it without asking"), "{fault}");
    }
    assert_eq!(deployment.state(), before);
    deployment.answers.1 = true;
    for (line, file) in deletions {
        deployment.answers.0.borrow_mut().push("yes");
        deployment.ok(line, file).await;
    }
}
