//! Memory for pages that are read, used again: fresh memory would have to be filled before a file can be read into it.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use crate::wire::lock;

/// Bytes that are kept for the next pages at most.
const KEPT_BYTES: usize = 4 * 1024 * 1024;

/// Memory that nobody uses.
#[derive(Debug, Default)]
pub(crate) struct Buffers(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    free: Vec<Vec<u8>>,
    bytes: usize,
}

/// The bytes of a page.
#[derive(Debug, Default)]
pub struct Buffer {
    memory: Vec<u8>,
    len: usize,
    home: Option<Arc<Buffers>>,
}

impl Buffers {
    /// So many bytes, which are whatever they were.
    pub(crate) fn take(self: &Arc<Self>, len: usize) -> Buffer {
        let mut kept = lock(&self.0);
        let mut memory = kept.free.pop().unwrap_or_default();
        kept.bytes -= memory.capacity();
        drop(kept);
        if memory.len() < len {
            memory.resize(len, 0);
        }
        Buffer { memory, len, home: Some(Arc::clone(self)) }
    }
}

impl Buffer {
    /// The same bytes, to be shared.
    pub(crate) fn share(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let Some(home) = &self.home else { return };
        let mut kept = lock(&home.0);
        if kept.bytes + self.memory.capacity() <= KEPT_BYTES {
            kept.bytes += self.memory.capacity();
            kept.free.push(std::mem::take(&mut self.memory));
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[..self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[..self.len]
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Vec<u8>> for Buffer {
    fn from(memory: Vec<u8>) -> Buffer {
        Buffer { len: memory.len(), memory, home: None }
    }
}

impl From<Buffer> for Bytes {
    fn from(buffer: Buffer) -> Bytes {
        buffer.share()
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        Buffer::from(self.to_vec())
    }
}

impl PartialEq for Buffer {
    fn eq(&self, other: &Buffer) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again_and_bounded() {
        let buffers = Arc::<Buffers>::default();
        let first = buffers.take(1_000);
        let place = first.as_ptr();
        let bytes = first.share();
        let part = bytes.slice(10..20);
        drop(bytes);
        assert_eq!(lock(&buffers.0).bytes, 0, "a part of it is still used");
        drop(part);
        let second = buffers.take(500);
        assert_eq!((second.as_ptr(), second.len()), (place, 500));
        drop(second);
        let many: Vec<Buffer> = (0..10).map(|_| buffers.take(1024 * 1024)).collect();
        drop(many);
        let kept = lock(&buffers.0).bytes;
        assert!(kept <= KEPT_BYTES && kept > KEPT_BYTES / 2, "{kept} bytes are kept");
        drop(buffers.take(2 * KEPT_BYTES));
        assert!(lock(&buffers.0).bytes <= KEPT_BYTES);
    }
}
