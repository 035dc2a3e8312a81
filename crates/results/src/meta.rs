//! What the writer of a result gave to be kept with it, and what its reader has made of that.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

/// The metadata of a result. It is read for every page, so what is made of it is kept as long as it is.
#[derive(Clone)]
pub struct Meta(Arc<Inner>);

struct Inner {
    bytes: Bytes,
    read: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Meta {
    /// As the writer gave it.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.0.bytes
    }

    /// What `read` makes of it, once for all pages; `None` where it makes nothing of it, or something else than the first
    /// time.
    pub fn read<T: Any + Send + Sync>(&self, read: impl FnOnce(&[u8]) -> Option<T>) -> Option<&T> {
        if self.0.read.get().is_none() {
            let made = read(&self.0.bytes)?;
            self.0.read.get_or_init(|| Box::new(made));
        }
        self.0.read.get()?.downcast_ref()
    }
}

impl From<Bytes> for Meta {
    fn from(bytes: Bytes) -> Meta {
        Meta(Arc::new(Inner { bytes, read: OnceLock::new() }))
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Meta({} bytes)", self.0.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_once() {
        let meta = Meta::from(Bytes::from_static(b"12"));
        let number = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse::<u32>().ok();
        assert_eq!(meta.read(|_| None::<u32>), None);
        assert_eq!(meta.read(number), Some(&12));
        assert_eq!(meta.clone().read(|_| Some(13_u32)), Some(&12));
        assert_eq!(meta.read(|_| Some("text")), None, "another type");
    }
}
