//! Users that move in from another product, from the file to the first sign-in.

use std::fs;

use latchkey::apply::Tools;
use latchkey::export::users::line;
use latchkey::import::formats::Format;
use latchkey::import::{Counts, Options, run};
use latchkey::progress::Progress;
use latchkey::surroundings::Terminal;
use latchkey_oauth::client::RegistryAdmin;
use latchkey_oauth::random::SystemRandom;
use latchkey_oauth::store::Versioned;
use latchkey_oauth::tenant::TenantId;
use latchkey_oauth::time::SystemClock;
use latchkey_oauth::user::{User, UserAdmin};
use latchkey_testkit::fixtures::{hashing, username};
use latchkey_tests::request::get;
use latchkey_tests::store::Store;
use latchkey_tests::world::World;
use serde_json::{Value, json};

latchkey_tests::on_every_server!(
    who_moved_in_signs_in_with_the_password_they_had,
    what_moves_out_moves_in_the_same,
    one_person_in_many_rows_is_one_person,
);

const KEYCLOAK: &str = include_str!("../../examples/moving-in/keycloak-realm.json");

async fn import(world: &World, format: Format, text: &str) -> Counts {
    match &world.store {
        Store::Memory(store) => import_into(store, store, &world.tenant, format, text).await,
        Store::DynamoDb(tables) => {
            let (registry, users) = (&tables.registry, &tables.users);
            import_into(registry, users, &world.tenant, format, text).await
        }
    }
}

async fn import_into(
    registry: &impl RegistryAdmin,
    users: &impl UserAdmin,
    tenant: &TenantId,
    format: Format,
    text: &str,
) -> Counts {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users");
    fs::write(&file, text).unwrap();
    let options = Options {
        file,
        format,
        tenant: tenant.clone(),
        update: false,
        dry_run: false,
        resume: false,
    };
    let hashing = hashing();
    let tools = Tools {
        hashing: &hashing,
        random: &SystemRandom,
        clock: &SystemClock,
        prompter: &Terminal,
    };
    let mut tell = |_: &str| {};
    let mut progress = Progress::new(&SystemClock, &mut tell);
    let report = run(&options, registry, users, &tools, &mut progress).await;
    report.unwrap().counts
}

async fn exported(world: &World) -> String {
    let users: Vec<Versioned<User>> = match &world.store {
        Store::Memory(store) => store.users(&world.tenant).await.unwrap(),
        Store::DynamoDb(tables) => tables.users.users(&world.tenant).await.unwrap(),
    };
    users.iter().map(|user| line(user).unwrap()).collect()
}

/// Argon2id, PBKDF2 with SHA-256, and with SHA-1 as Keycloak had it before its version 8; twice, as the first sign-in
/// replaces the hash.
async fn who_moved_in_signs_in_with_the_password_they_had(world: World) {
    // Of the world's own, to whom the file must not bring anything.
    clear(&world).await;
    let counts = import(&world, Format::Keycloak, KEYCLOAK).await;
    assert_eq!(
        (counts.created, counts.left_out, counts.rejected),
        (5, 1, 1)
    );
    for (name, id) in [("alice", 1), ("carol", 3), ("dave", 4)] {
        let password = format!("{name}'s password");
        for _ in 0..2 {
            let answer = world
                .login_by("web", name, &password, "openid email")
                .await
                .ok();
            let token = answer.string("access_token");
            let told = world.send(get("/userinfo").bearer(&token)).await.ok();
            let sub = format!("0a6f4a0e-3a0c-4f6b-8b0a-7a2f4b1c9d0{id}");
            assert_eq!(told.string("sub"), sub);
        }
        let wrong = world
            .login_by("web", name, "another password", "openid")
            .await;
        let _ = wrong.refused(400, "invalid_grant");
    }
    // Who was disabled there, and who only ever came by way of another provider.
    for name in ["bob", "erin"] {
        let answer = world
            .login_by("web", name, &format!("{name}'s password"), "openid")
            .await;
        let _ = answer.refused(400, "invalid_grant");
    }
}

/// Deletes the users that every world has.
async fn clear(world: &World) {
    for line in exported(world).await.lines() {
        let user: Value = serde_json::from_str(line).unwrap();
        let name = username(user["username"].as_str().unwrap());
        let user = world.store.user(&world.tenant, &name).await.unwrap();
        world.store.delete_user(&world.tenant, &user).await;
    }
}

async fn what_moves_out_moves_in_the_same(world: World) {
    let users = (0..300).map(|number| {
        let user = json!({"username": format!("user-{number}"), "name": "Ä", "attributes": {"plan": number}});
        format!("{user}\n")
    });
    let counts = import(&world, Format::Jsonl, &users.collect::<String>()).await;
    assert_eq!((counts.created, counts.rows()), (300, 300));
    let lines = exported(&world).await;
    assert_eq!(
        import(&world, Format::Jsonl, &lines).await.skipped,
        lines.lines().count() as u64
    );

    let neighbour = world.neighbour().await;
    clear(&neighbour).await;
    assert_eq!(exported(&neighbour).await, "");
    import(&neighbour, Format::Jsonl, &lines).await;
    assert_eq!(exported(&neighbour).await, lines);
}

/// Rows are written side by side: those about one person meet.
async fn one_person_in_many_rows_is_one_person(world: World) {
    let rows = (0..200).map(|row| {
        let (name, sub) = (row % 4, row % 8);
        format!(
            "{}\n",
            json!({"username": format!("user-{name}"), "sub": format!("s-{sub}")})
        )
    });
    let counts = import(&world, Format::Jsonl, &rows.collect::<String>()).await;
    // Of two subjects that want one name, the first to come has it.
    assert_eq!(
        (counts.created, counts.skipped, counts.rejected),
        (4, 96, 100)
    );
    for name in 0..4 {
        let name = username(&format!("user-{name}"));
        assert!(world.store.user(&world.tenant, &name).await.is_some());
    }
}
