//! Documents that are made from what the code does: a test makes the text again, and the file must say the same.

use std::fs;
use std::path::Path;

use crate::aws::setting_if_given;

/// Set to have documents written instead of compared.
const WRITE: &str = "LATCHKEY_WRITE_GENERATED";

/// Holds a file of the repository to a text, or writes it where that is asked for.
///
/// # Panics
/// If the file says something else; the message says what rewrites it.
pub fn assert_generated(path: &str, text: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a workspace around the tests");
    let file = root.join(path);
    if setting_if_given(WRITE).is_some() {
        fs::write(&file, text).unwrap_or_else(|error| panic!("{path}: {error}"));
        return;
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    if kept != text {
        let mut lines = kept.lines();
        let changed = text.lines().find(|line| lines.next() != Some(line));
        panic!(
            "{path} is no longer what the code does. The first line that differs is now:\n  {}\nIf that is meant, \
             write it anew by\n  {WRITE}=1 cargo xtask test\nand commit it.",
            changed.unwrap_or("(an end)")
        );
    }
}
