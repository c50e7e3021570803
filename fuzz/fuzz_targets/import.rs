//! Files of users, of every format: nothing panics, rows come in the order of their lines, and whoever is not taken has a reason.
#![no_main]

use std::ops::ControlFlow;

use latchkey::import::entry;
use latchkey::import::formats::{Format, NoUser, read};
use libfuzzer_sys::fuzz_target;

const FORMATS: [Format; 5] = [
    Format::Csv,
    Format::Jsonl,
    Format::Keycloak,
    Format::Auth0,
    Format::Cognito,
];

fuzz_target!(|data: &[u8]| {
    let Some((first, mut file)) = data.split_first() else { return };
    let Some(format) = FORMATS.get(usize::from(*first) % 8) else { return };
    let mut line = 0;
    let _ = read(*format, &mut file, &mut |row| {
        assert!(row.line >= line, "{row:?}");
        line = row.line;
        match row.user.map(entry::read) {
            Ok(Err(reason)) | Err(NoUser::Bad(reason)) => assert!(!reason.is_empty()),
            Ok(Ok(_)) | Err(NoUser::Other) => {}
        }
        ControlFlow::Continue(())
    });
});
