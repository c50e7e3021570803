//! What a description may refer to and does not contain: variables of the environment and files.

use std::io;
use std::path::Path;

/// Where secrets that are not in the file come from.
pub trait Surroundings {
    /// An environment variable.
    fn variable(&self, name: &str) -> Option<String>;

    /// A file's text; a relative path starts at the registry file.
    ///
    /// # Errors
    /// As reading a file has them.
    fn read(&self, path: &Path) -> io::Result<String>;
}

/// The way to them. Whoever writes over the network has none, nor anybody at a terminal: to them `{env}`, `{file}` and
/// `{prompt}` are unknown.
pub type Door<'a> = Option<&'a dyn Surroundings>;
