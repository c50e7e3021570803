//! Registry files: faults are told with their place, and no secret is ever in them.
#![no_main]

use std::io;
use std::path::Path;

use latchkey::registry_file::parse;
use latchkey_registry::door::Surroundings;
use libfuzzer_sys::fuzz_target;

struct Nothing;

impl Surroundings for Nothing {
    fn variable(&self, _name: &str) -> Option<String> {
        Some("a-secret-of-the-environment".to_owned())
    }

    fn read(&self, _path: &Path) -> io::Result<String> {
        Ok("a-secret-of-a-file".to_owned())
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let told = match parse("fuzzed.yaml", text, &Nothing) {
        Ok(file) => format!("{file:?}"),
        Err(faulty) => {
            let told = faulty.to_string();
            assert!(told.contains("fuzzed.yaml"), "{told}");
            told
        }
    };
    assert!(!told.contains("a-secret-of"), "{told}");
});
