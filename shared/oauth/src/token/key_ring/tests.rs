use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_unix(1_800_000_000);

fn key(public: PublicKey) -> KmsKey {
    KmsKey {
        id: "arn:key".to_owned(),
        spec: "A_SPEC".to_owned(),
        public,
    }
}

fn ed25519(seed: u8) -> KmsKey {
    key(PublicKey::Ed25519 { x: vec![seed; 32] })
}

#[test]
fn each_kind_of_key_has_its_algorithms() {
    let rsa = key(PublicKey::Rsa {
        n: vec![0xc1; 256],
        e: vec![1, 0, 1],
    });
    let ec = |length| {
        key(PublicKey::Ec {
            x: vec![1; length],
            y: vec![2; length],
        })
    };
    let defaults = [
        (&rsa, Algorithm::RS256),
        (&ec(32), Algorithm::ES256),
        (&ec(48), Algorithm::ES384),
        (&ed25519(1), Algorithm::EdDSA),
    ];
    for (key, alg) in defaults {
        assert_eq!(ring_key(key, None, NOW, NOW).unwrap().alg, alg);
    }
    let with = |key: &KmsKey, alg| ring_key(key, Some(alg), NOW, NOW);
    let pss = with(&rsa, Algorithm::PS256).unwrap();
    // One key is one kid, whatever it signs with (RFC 7638 section 3.2): `alg` is no part of the thumbprint.
    assert_eq!(pss.kid, with(&rsa, Algorithm::RS256).unwrap().kid);
    let refused = with(&ec(32), Algorithm::RS256).unwrap_err().to_string();
    assert!(refused.contains("ES256 goes with it"), "{refused}");
    let odd = ring_key(&ec(31), None, NOW, NOW).unwrap_err();
    assert!(matches!(odd, KeyFault::Unreadable(_)), "{odd:?}");
}

#[test]
fn a_key_that_never_took_over_ends_nobodys_time() {
    let key = |seed, after| {
        let from = NOW.plus(Seconds(after));
        ring_key(&ed25519(seed), None, NOW, from).unwrap()
    };
    let mut ring = with(&KeyRing::default(), key(1, 0));
    ring = with(&with(&ring, key(2, 100)), key(3, 200));
    let until = |ring: &KeyRing| -> Vec<Option<u64>> {
        let keys = ring.keys.iter();
        keys.map(|key| key.signs_until.map(|until| until.since(NOW).0))
            .collect()
    };
    assert_eq!(until(&ring), [Some(100), Some(200), None]);
    ring.keys[1].published_until = Some(NOW);
    hand_over(&mut ring, Algorithm::EdDSA, NOW);
    assert_eq!(until(&ring)[0], Some(200));
    ring.keys[2].published_until = Some(NOW);
    hand_over(&mut ring, Algorithm::EdDSA, NOW);
    assert_eq!(until(&ring)[0], None);
    // What has ended is not begun again.
    ring.keys[0].signs_until = Some(NOW);
    hand_over(&mut ring, Algorithm::EdDSA, NOW);
    assert_eq!(until(&ring)[0], Some(0));
}

/// A key is added, and when it is to sign; or one is withdrawn.
fn changes() -> impl Strategy<Value = Vec<(u64, Result<Option<u64>, usize>)>> {
    let change = prop_oneof![
        2 => proptest::option::of(0_u64..20_000).prop_map(Ok),
        1 => (0_usize..8).prop_map(Err),
    ];
    proptest::collection::vec((0_u64..5_000, change), 1..9)
}

proptest! {
    /// Whatever was added and withdrawn when, from the first key on there is always one that signs.
    #[test]
    fn there_is_always_a_key_that_signs(changes in changes(), at in 0_u64..60_000) {
        let first = ring_key(&ed25519(255), None, NOW, NOW).unwrap();
        let mut ring = with(&KeyRing::default(), first);
        let mut now = NOW;
        for (index, (pause, change)) in changes.into_iter().enumerate() {
            now = now.plus(Seconds(pause));
            match change {
                Ok(after) => {
                    let from = now.plus(Seconds(after.unwrap_or_default()));
                    let seed = u8::try_from(index).unwrap();
                    ring = with(&ring, ring_key(&ed25519(seed), None, now, from).unwrap());
                }
                Err(place) => {
                    let kid = ring.keys.get(place).map(|key| key.kid.clone());
                    if let Some(Ok((changed, _))) = kid.map(|kid| without(&ring, &kid, None, now)) {
                        ring = changed;
                    }
                }
            }
            prop_assert!(ring.signing_key(None, now).is_some());
        }
        prop_assert!(ring.signing_key(None, now.plus(Seconds(at))).is_some());
    }
}
