//! The store contract, kept by memory.

use latchkey_testkit::contract;
use latchkey_testkit::memory::MemoryStore;

#[tokio::test]
async fn memory_keeps_the_contract() {
    let store = MemoryStore::default();
    contract::registry(&store, "registry").await;
    contract::key_ring(&store, "key-ring").await;
    contract::users(&store, "users").await;
    contract::rehash(&store, "rehash").await;
    contract::attempts(&store, "attempts").await;
    contract::rotation(&store, "rotation").await;
    contract::revocation(&store, &store, "revocation").await;
    contract::opaque_access_tokens(&store, "opaque").await;
}
