//! DER: ECDSA signatures from KMS (RFC 3279 section 2.2.3), and public keys (RFC 5280 section 4.1).
#![no_main]

use latchkey_kms::der::fixed_length;
use latchkey_kms::spki::public_key;
use latchkey_oauth::time::Timestamp;
use latchkey_oauth::token::key_ring::{KmsKey, ring_key};
use libfuzzer_sys::fuzz_target;

const SPECS: [&str; 4] = ["RSA_2048", "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_EDWARDS25519"];

fuzz_target!(|data: &[u8]| {
    for coordinate in [32, 48] {
        if let Some(fixed) = fixed_length(data, coordinate) {
            assert_eq!(fixed.len(), 2 * coordinate);
        }
    }
    let now = Timestamp::from_unix(1_800_000_000);
    for spec in SPECS {
        let Some(public) = public_key(spec, data) else {
            continue;
        };
        let key = KmsKey {
            id: "key".to_owned(),
            spec: spec.to_owned(),
            public,
        };
        if let Ok(key) = ring_key(&key, None, now, now) {
            assert_eq!(key.kid.len(), 43, "RFC 7638 with SHA-256");
            // A key that parses checks signatures, and this is none of them.
            assert!(!key.signed(b"message", &[0; 64]));
        }
    }
});
