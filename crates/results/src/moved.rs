//! The results of a node that moves from one registry to another: which of them lie on its disk and can be opened.

use std::path::Path;

use bytes::Bytes;

use crate::files::{Part, file_name, read_header};
use crate::header::Header;
use crate::keys::MasterKeys;
use crate::registry::ResultRow;

/// A result whose files are there and can be opened.
#[derive(Clone, Debug)]
pub struct Moved {
    /// Its row.
    pub row: ResultRow,
    /// The sealed header of its file.
    pub header: Bytes,
}

/// Of the results that a registry knows, those whose files lie in `dir` and can be opened with `keys`. The node that owns
/// them is not to run meanwhile. May block.
#[must_use]
pub fn of_directory(dir: &Path, rows: Vec<ResultRow>, keys: &MasterKeys) -> Vec<Moved> {
    let one = |row: ResultRow| {
        let name = file_name((row.id, row.generation), row.owner, Part::Pages);
        let bytes = read_header(&dir.join(name)).ok()?;
        let (header, private, _) = Header::open(&bytes, keys)?;
        let sealed = Bytes::copy_from_slice(bytes.get(..header.len())?);
        header.agrees(&private, &row).then_some(Moved { row, header: sealed })
    };
    rows.into_iter().filter_map(one).collect()
}
