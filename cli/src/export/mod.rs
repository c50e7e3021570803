//! What moves out: users as JSON Lines that an import reads ([`users`]), all else as a registry file that `apply` takes
//! ([`registry_file`]). Nobody is locked in.

pub mod registry_file;
mod tree;
pub mod users;

#[cfg(test)]
mod tests;
