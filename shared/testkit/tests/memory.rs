//! The store contract, kept by memory.

use latchkey_testkit::memory::MemoryStore;
use latchkey_testkit::{contract, contract_admin, contract_keys, contract_users};

#[tokio::test]
async fn memory_keeps_the_contract() {
    let store = MemoryStore::default();
    contract::registry(&store, "registry").await;
    contract_keys::key_ring(&store, &store, "key-ring").await;
    contract_keys::signing_keys(&store, "signing-keys").await;
    contract_users::users(&store, "users").await;
    contract_users::rehash(&store, "rehash").await;
    contract_users::set_password(&store, &store, "set-password").await;
    contract_users::attempts(&store, "attempts").await;
    contract::rotation(&store, "rotation").await;
    contract::revocation(&store, &store, "revocation").await;
    contract::opaque_access_tokens(&store, "opaque").await;
    contract::registration(&store, "registration").await;
    contract_admin::domains(&store, "domains").await;
    contract_admin::versions(&store, "versions").await;
    contract_admin::paging(&store, &store, "paging").await;
    contract_admin::once(&store, &store, &store, "once").await;
    contract_admin::families(&store, "families").await;
}
