//! What the tests install from registries is under licences that are open source.

use crate::installed::{Language, run};

/// By what each package says of itself.
#[test]
fn python_packages_are_open_source() {
    run(Language::Python, "licences.py", &[]);
}
