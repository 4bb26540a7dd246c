//! A buffer over one segment: batches are read many at a time and handed out as slices.

use std::io;

use crate::storage::{StorageFile, read_exact_at};

/// Bytes read ahead at once, unless one batch is longer.
const READ_AHEAD: usize = 1 << 20;

/// The bytes of a segment around the place being read.
#[derive(Debug)]
pub(crate) struct Window {
    file: Box<dyn StorageFile>,
    bytes: u64,
    start: u64,
    buffer: Vec<u8>,
}

impl Window {
    /// Over a file of `bytes` bytes.
    pub(crate) fn new(file: Box<dyn StorageFile>, bytes: u64) -> Window {
        Window { file, bytes, start: 0, buffer: Vec::new() }
    }

    /// `length` bytes at `offset`; the caller has checked that they lie inside the file.
    pub(crate) fn slice(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let end = offset + length as u64;
        let held = offset >= self.start && end <= self.start + self.buffer.len() as u64;
        if !held {
            let wanted = (length.max(READ_AHEAD) as u64).min(self.bytes - offset) as usize;
            self.buffer.resize(wanted, 0);
            self.start = offset;
            if let Err(error) = read_exact_at(&*self.file, offset, &mut self.buffer) {
                self.buffer.clear();
                return Err(error);
            }
        }
        let from = (offset - self.start) as usize;
        Ok(&self.buffer[from..from + length])
    }

    /// Whether all bytes from `offset` to the end of the file are zero.
    pub(crate) fn zero_from(&mut self, mut offset: u64) -> io::Result<bool> {
        while offset < self.bytes {
            let length = (self.bytes - offset).min(READ_AHEAD as u64) as usize;
            if !crate::bytes::all_zero(self.slice(offset, length)?) {
                return Ok(false);
            }
            offset += length as u64;
        }
        Ok(true)
    }
}
