//! Data of the standards and sample databases, which lie beside the project and are no part of it.

use std::path::{Path, PathBuf};

/// A file or folder of `../shared`, or nothing, after saying so, where that is not there.
pub fn shared(path: &str) -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if !place.exists() {
        println!("skipped: ../shared/{path} is not here");
        return None;
    }
    Some(place)
}
