//! Users moving in and out, from files as an operator has them.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

/// A folder with a file to import.
struct Folder(TempDir);

impl Folder {
    fn with(name: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(name), text).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Every file, by name.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    /// Runs a command line in which `@` is the folder. What was told, and how it ended.
    async fn run(&self, deployment: &Deployment, line: &str) -> (String, anyhow::Result<()>) {
        let folder = format!("{}/", self.0.path().display());
        let (told, ended) = deployment.run(&line.replace('@', &folder), "").await;
        (told.replace(&folder, "@"), ended)
    }

    async fn told(&self, deployment: &Deployment, line: &str) -> String {
        let (told, ended) = self.run(deployment, line).await;
        let folder = format!("{}/", self.0.path().display());
        match ended {
            Ok(()) => format!("$ {line}\n{told}"),
            Err(error) => {
                let error = format!("{error:#}").replace(&folder, "@");
                format!("$ {line}\n{told}ERROR {error}\n")
            }
        }
    }
}

const KEYCLOAK: &str = include_str!("../../../../examples/moving-in/keycloak-realm.json");
const JSON_LINES: &str = include_str!("../../../../examples/moving-in/users.jsonl");

async fn deployment() -> Deployment {
    let deployment = Deployment::new();
    deployment
        .apply("tenants: [{ tenant: default }, { tenant: acme }]")
        .await;
    deployment
}

#[tokio::test]
async fn what_an_import_tells() {
    let deployment = deployment().await;
    let folder = Folder::with("realm.json", KEYCLOAK);
    fs::write(folder.path("users.jsonl"), JSON_LINES).unwrap();
    let mut told = Vec::new();
    for line in [
        "latchkey user import @realm.json --format keycloak --dry-run",
        "latchkey user import @realm.json --format keycloak",
        "latchkey user import @realm.json --format keycloak --json",
        "latchkey user import @users.jsonl --format csv",
        "latchkey user import @users.jsonl --format jsonl --tenant acme",
        "latchkey user import @users.jsonl --format jsonl",
        "latchkey user import @nothing.csv --format csv",
        "latchkey user import @realm.json --format keycloak --tenant nowhere",
        "latchkey user list",
        "latchkey user list --tenant acme",
    ] {
        told.push(folder.told(&deployment, line).await);
    }
    told.push(folder.read("users.jsonl.rejected.jsonl"));
    told.push(folder.files().join(" "));
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn rejected_rows_have_an_exit_code_of_their_own() {
    let deployment = deployment().await;
    let folder = Folder::with("users.jsonl", JSON_LINES);
    let line = "latchkey user import @users.jsonl --format jsonl";
    let (_, ended) = folder.run(&deployment, line).await;
    assert!(ended.unwrap_err().is::<import::SomeRejected>());
    let (_, ended) = folder
        .run(&deployment, &line.replace("jsonl --", "nothing --"))
        .await;
    assert!(!ended.unwrap_err().is::<import::SomeRejected>());
}

#[tokio::test]
async fn a_dry_run_of_an_import_writes_nobody() {
    let deployment = deployment().await;
    let before = deployment.state();
    let folder = Folder::with("realm.json", KEYCLOAK);
    let line = "latchkey user import @realm.json --format keycloak --dry-run";
    let (told, _) = folder.run(&deployment, line).await;
    assert!(told.contains("Without --dry-run: 5 created"), "{told}");
    assert_eq!(deployment.state(), before);
    assert_eq!(folder.files(), ["realm.json", "realm.json.rejected.jsonl"]);
}

/// Somebody signs in: the hash becomes one of today's make.
async fn sign_in(deployment: &Deployment, name: &str, password: &str) {
    let user = deployment.user(name).await;
    assert!(password_is(&user, password));
    let (of, name) = (fixtures::tenant("default"), fixtures::username(name));
    let old = user.credentials.password_hash.unwrap();
    let new = fixtures::hash_of(password);
    let users = &deployment.store;
    users.replace_hash(&of, &name, &old, &new).await.unwrap();
}

#[tokio::test]
async fn an_update_brings_claims_and_the_password_only_of_those_who_never_signed_in() {
    let deployment = deployment().await;
    // The hash of "s3cret", and of another password.
    let (hash, other) = (
        "$2b$04$abcdefghijklmnopqrstuuLZYjhNQAOdpbzt4WxWlUHjv1wsyH5DG",
        "$2b$04$abcdefghijklmnopqrstuuVYbyWTi9Vv9NPsyqFQLnfSUB3Y6YAIa",
    );
    let file = |name: &str, hash: &str| {
        let user = |of: &str| json!({"username": of, "name": name, "password_hash": hash});
        format!("{}\n{}\n", user("alice"), user("bob"))
    };
    let folder = Folder::with("users.jsonl", &file("First", hash));
    let line = "latchkey user import @users.jsonl --format jsonl";
    folder.run(&deployment, line).await.1.unwrap();
    sign_in(&deployment, "alice", "s3cret").await;
    let before = [deployment.user("alice").await, deployment.user("bob").await];

    fs::write(folder.path("users.jsonl"), file("Second", other)).unwrap();
    let told = folder.told(&deployment, line).await;
    assert!(told.contains("2 there already"), "{told}");
    assert_eq!(deployment.user("bob").await, before[1]);

    let told = folder.told(&deployment, &format!("{line} --update")).await;
    assert!(told.contains("Done: 2 updated."), "{told}");
    let after = [deployment.user("alice").await, deployment.user("bob").await];
    assert_eq!(after[0].profile.claims["name"], "Second");
    assert_eq!(after[1].profile.claims["name"], "Second");
    // Alice keeps her password and her tokens; Bob, who never came, has the new one.
    assert_eq!(after[0].credentials, before[0].credentials);
    assert!(!password_is(&after[1], "s3cret"));
    let again = folder.told(&deployment, &format!("{line} --update")).await;
    assert!(again.contains("Done: 2 there already"), "{again}");

    // Not even by a hash that is of today's make.
    let newer = fixtures::hash_of("a password of another system's");
    fs::write(folder.path("users.jsonl"), file("Second", newer.expose())).unwrap();
    folder.told(&deployment, &format!("{line} --update")).await;
    assert!(password_is(&deployment.user("alice").await, "s3cret"));
    let bob = deployment.user("bob").await;
    assert!(password_is(&bob, "a password of another system's"));
}

#[tokio::test]
async fn nobody_becomes_another() {
    let deployment = deployment().await;
    let text = [
        json!({"username": "alice", "sub": "a-1"}),
        json!({"username": "Alice", "sub": "a-2"}),
        json!({"username": "alice-smith", "sub": "a-1"}),
    ];
    let text: Vec<String> = text.iter().map(ToString::to_string).collect();
    let folder = Folder::with("users.jsonl", &text.join("\n"));
    for update in ["", " --update"] {
        let line = format!("latchkey user import @users.jsonl --format jsonl{update}");
        let told = folder.told(&deployment, &line).await;
        assert!(
            told.contains("line 2: user alice: there is a user"),
            "{told}"
        );
        assert!(
            told.contains("line 3: user alice-smith: the `sub`"),
            "{told}"
        );
    }
    assert_eq!(
        deployment.user("alice").await.profile.subject.as_str(),
        "a-1"
    );
}

const RICH: &str = include_str!("rich.yaml");

#[tokio::test]
async fn what_is_exported_goes_into_an_empty_store_and_comes_out_the_same() {
    let first = Deployment::new();
    first.apply(EXAMPLE).await;
    first.apply(RICH).await;
    first.ok("latchkey keys add a --tenant rich", "").await;
    first
        .ok("latchkey user disable bob --tenant rich", "")
        .await;
    first
        .ok("latchkey client disable job --tenant rich", "")
        .await;
    let out = Folder::with("nothing", "");
    out.run(&first, "latchkey export -o @registry.yaml")
        .await
        .1
        .unwrap();
    let exported = out.read("registry.yaml");
    insta::assert_snapshot!(
        exported
            .split("tenants:")
            .last()
            .unwrap()
            .split("tenant: rich")
            .last()
            .unwrap()
    );

    let second = Deployment::new();
    second.apply(&exported).await;
    second.ok("latchkey keys add a --tenant rich", "").await;
    for tenant in ["acme", "default", "rich"] {
        let line = format!(
            "latchkey user import @registry.yaml.{tenant}.users.jsonl --format jsonl --tenant {tenant}"
        );
        out.run(&second, &line).await.1.unwrap();
    }
    let again = Folder::with("nothing", "");
    again
        .run(&second, "latchkey export -o @registry.yaml")
        .await
        .1
        .unwrap();
    assert_eq!(out.files(), again.files());
    for name in out.files() {
        assert_eq!(out.read(&name), again.read(&name), "{name}");
    }
    // Into the store where it came from it brings nothing, so nothing was left out.
    let told = first.apply(&exported).await;
    assert!(told.contains("Nothing to do."), "{told}");
    let line = "latchkey user import @registry.yaml.rich.users.jsonl --format jsonl --tenant rich --update";
    let told = out.told(&first, line).await;
    assert!(told.contains("Done: 3 there already"), "{told}");
}

/// What is pasted into an empty deployment signs there at once, the first line before all others.
#[tokio::test]
async fn an_export_adds_no_key_that_is_withdrawn_or_signs_no_more() {
    let deployment = deployment().await;
    let added = async |line: &str| {
        let told = deployment.ok(&format!("{line} --json"), "").await;
        let told: Value = serde_json::from_str(&told).unwrap();
        told["kid"].as_str().unwrap().to_owned()
    };
    let lines = async || {
        let text = deployment.ok("latchkey export", "").await;
        let lines = text.lines().filter_map(|line| {
            let rest = line.strip_prefix("#   latchkey keys add arn:")?;
            Some(rest.split_whitespace().next()?.to_owned())
        });
        lines.collect::<Vec<String>>()
    };
    assert_eq!(lines().await, [""; 0]);
    added("latchkey keys add ended").await;
    deployment.clock.advance(Seconds::hours(1));
    let leaked = added("latchkey keys add leaked --signs-from now").await;
    deployment.clock.advance(Seconds::hours(1));
    added("latchkey keys add superseded --signs-from 2d").await;
    added("latchkey keys add next --signs-from 1d").await;
    assert_eq!(lines().await, ["leaked", "next"]);
    added("latchkey keys add signs --signs-from now").await;
    let line = format!("latchkey keys withdraw {leaked}");
    deployment.ok(&line, "").await;
    assert_eq!(lines().await, ["signs"]);
    added("latchkey keys add later").await;
    assert_eq!(lines().await, ["signs", "later"]);
    deployment.clock.advance(Seconds::hours(4));
    assert_eq!(lines().await, ["later"]);
}

#[tokio::test]
async fn one_file_may_hold_everything() {
    let first = Deployment::new();
    first.apply(EXAMPLE).await;
    first.apply(RICH).await;
    let exported = first.ok("latchkey export --with-users", "").await;
    let second = Deployment::new();
    second.apply(&exported).await;
    assert_eq!(
        second.ok("latchkey export --with-users", "").await,
        exported
    );
    let lines = "latchkey user export --tenant rich";
    assert_eq!(second.ok(lines, "").await, first.ok(lines, "").await);
    assert!(first.apply(&exported).await.contains("Nothing to do."));
    assert!(!first.ok("latchkey export", "").await.contains("$argon2id"));
}

#[tokio::test]
async fn an_export_goes_on_to_the_last_user() {
    let deployment = deployment().await;
    let users = (0..2_500)
        .map(|number| format!("{{\"username\":\"user-{number:04}\",\"sub\":\"s-{number:04}\"}}\n"));
    let users: String = users.collect();
    let folder = Folder::with("users.jsonl", &users);
    let line = "latchkey user import @users.jsonl --format jsonl";
    folder.run(&deployment, line).await.1.unwrap();
    assert_eq!(deployment.ok("latchkey user export", "").await, users);
    let line = "latchkey user export -o @out.jsonl --json";
    let (told, ended) = folder.run(&deployment, line).await;
    ended.unwrap();
    assert!(told.contains("\"users\": 2500"), "{told}");
    assert_eq!(folder.read("out.jsonl"), users);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_hashes() {
    use std::os::unix::fs::PermissionsExt as _;

    let deployment = Deployment::new();
    deployment.apply(EXAMPLE).await;
    let folder = Folder::with("old.jsonl", "as it was");
    fs::set_permissions(folder.path("old.jsonl"), fs::Permissions::from_mode(0o644)).unwrap();
    for line in [
        "latchkey export -o @registry.yaml",
        "latchkey user export -o @old.jsonl",
        "latchkey user export -o @new.jsonl",
    ] {
        folder.run(&deployment, line).await.1.unwrap();
    }
    for name in folder.files() {
        let mode = fs::metadata(folder.path(&name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(folder.files().len(), 5);
}
