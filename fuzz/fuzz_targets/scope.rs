//! Scopes: RFC 6749 section 3.3. Two lines, two scopes; the laws of sets hold.
#![no_main]

use latchkey_oauth::scope::Scope;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (first, second) = text.split_once('\n').unwrap_or((text, "openid"));
    let (Ok(a), Ok(b)) = (Scope::parse(first), Scope::parse(second)) else {
        return;
    };
    assert_eq!(Scope::parse(&a.to_string()).unwrap(), a, "written and read again");
    assert!(a.is_subset_of(&a));
    let both = a.intersection(&b);
    assert!(both.is_subset_of(&a) && both.is_subset_of(&b));
    assert_eq!(both.is_empty(), b.intersection(&a).is_empty());
    assert!(!a.without("openid").contains("openid"));
    let json = serde_json::to_string(&a).unwrap();
    assert_eq!(serde_json::from_str::<Scope>(&json).unwrap(), a);
});
