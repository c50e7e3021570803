//! ECDSA signatures: KMS writes the two numbers in DER (RFC 3279 section 2.2.3), JWS side by side in a fixed
//! length (RFC 7518 section 3.4).

use der::asn1::UintRef;
use der::{Decode as _, Encode as _, Sequence};

#[derive(Sequence)]
struct EcdsaSignature<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// `r || s`, each `coordinate` bytes long; `None` for what is no signature of that size.
pub fn fixed_length(signature: &[u8], coordinate: usize) -> Option<Vec<u8>> {
    let EcdsaSignature { r, s } = EcdsaSignature::from_der(signature).ok()?;
    let mut fixed = Vec::with_capacity(2 * coordinate);
    for number in [r, s] {
        let digits = number.as_bytes();
        let padding = coordinate.checked_sub(digits.len())?;
        fixed.resize(fixed.len() + padding, 0);
        fixed.extend_from_slice(digits);
    }
    Some(fixed)
}

/// The two numbers in DER again, from `r || s`, as certificates have them (RFC 5480 appendix A).
///
/// # Errors
/// For what DER does not take.
pub fn sequence(fixed: &[u8]) -> der::Result<Vec<u8>> {
    let (r, s) = fixed.split_at(fixed.len() / 2);
    let signature = EcdsaSignature {
        r: UintRef::new(r)?,
        s: UintRef::new(s)?,
    };
    signature.to_der()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
        let signature = EcdsaSignature {
            r: UintRef::new(r).unwrap(),
            s: UintRef::new(s).unwrap(),
        };
        signature.to_der().unwrap()
    }

    #[test]
    fn short_numbers_are_padded_and_long_ones_refused() {
        assert_eq!(
            fixed_length(&der(&[1], &[0xff, 2]), 4).unwrap(),
            [0, 0, 0, 1, 0, 0, 0xff, 2]
        );
        assert_eq!(fixed_length(&der(&[1; 33], &[1]), 32), None);
        assert_eq!(fixed_length(&[], 32), None);
        let mut trailing = der(&[1], &[2]);
        trailing.push(0);
        assert_eq!(fixed_length(&trailing, 32), None);
    }

    proptest! {
        #[test]
        fn any_two_numbers(r in proptest::collection::vec(1_u8.., 1..32), s in proptest::collection::vec(1_u8.., 1..32)) {
            let fixed = fixed_length(&der(&r, &s), 32).unwrap();
            prop_assert_eq!(fixed.len(), 64);
            prop_assert!(fixed[..32].ends_with(&r));
            prop_assert!(fixed[32..].ends_with(&s));
            prop_assert_eq!(sequence(&fixed).unwrap(), der(&r, &s));
        }

        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = fixed_length(&bytes, 32);
        }
    }
}
