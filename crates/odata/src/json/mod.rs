//! JSON answers (OData JSON Format 4.01): rows are encoded straight into page bytes, without an envelope.

mod document;
mod format;
mod key;
mod etag;
mod level;
mod page;
mod shape;
mod text;

pub use document::{NoPlainValue, raw_json, raw_typed};
pub use etag::EtagText;
pub use format::Format;
pub use key::{KeyValue, key_predicate};
pub use page::{PageEnd, PageLimits, PageOutput, PageWriter};
pub use shape::{Shape, told_collection, told_type};
pub use text::{not_finite, write_string};
