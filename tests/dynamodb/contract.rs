//! The store contract, kept by DynamoDB as it is by memory.

use latchkey_testkit::{contract, contract_admin, contract_keys, contract_users};
use latchkey_tests::aws::dynamodb;
use latchkey_tests::store::Tables;
use latchkey_tests::world::fresh_tenant;

async fn tables() -> (Tables, String) {
    (Tables::by(&dynamodb().await), fresh_tenant().to_string())
}

#[tokio::test]
async fn registry() {
    let (tables, tenant) = tables().await;
    contract::registry(&tables.registry, &tenant).await;
}

#[tokio::test]
async fn key_ring() {
    let (tables, tenant) = tables().await;
    contract_keys::key_ring(&tables.registry, &tables.grants, &tenant).await;
}

#[tokio::test]
async fn signing_keys() {
    let (tables, tenant) = tables().await;
    contract_keys::signing_keys(&tables.registry, &tenant).await;
}

#[tokio::test]
async fn users() {
    let (tables, tenant) = tables().await;
    contract_users::users(&tables.users, &tenant).await;
}

#[tokio::test]
async fn rehash() {
    let (tables, tenant) = tables().await;
    contract_users::rehash(&tables.users, &tenant).await;
}

#[tokio::test]
async fn set_password() {
    let (tables, tenant) = tables().await;
    contract_users::set_password(&tables.users, &tables.grants, &tenant).await;
}

#[tokio::test]
async fn attempts() {
    let (tables, tenant) = tables().await;
    contract_users::attempts(&tables.users, &tenant).await;
}

#[tokio::test]
async fn rotation() {
    let (tables, tenant) = tables().await;
    contract::rotation(&tables.grants, &tenant).await;
}

#[tokio::test]
async fn revocation() {
    let (tables, tenant) = tables().await;
    contract::revocation(&tables.grants, &tables.users, &tenant).await;
}

#[tokio::test]
async fn opaque_access_tokens() {
    let (tables, tenant) = tables().await;
    contract::opaque_access_tokens(&tables.grants, &tenant).await;
}

#[tokio::test]
async fn registration() {
    let (tables, tenant) = tables().await;
    contract::registration(&tables.registry, &tenant).await;
}

#[tokio::test]
async fn versions() {
    let (tables, tenant) = tables().await;
    contract_admin::versions(&tables.registry, &tenant).await;
}

#[tokio::test]
async fn paging() {
    let (tables, tenant) = tables().await;
    contract_admin::paging(&tables.registry, &tables.users, &tenant).await;
}

#[tokio::test]
async fn once() {
    let (tables, tenant) = tables().await;
    contract_admin::once(&tables.registry, &tables.grants, &tables.users, &tenant).await;
}

#[tokio::test]
async fn families() {
    let (tables, tenant) = tables().await;
    contract_admin::families(&tables.grants, &tenant).await;
}

#[tokio::test]
async fn domains() {
    let (tables, tenant) = tables().await;
    contract_admin::domains(&tables.registry, &tenant).await;
}
