//! Keys and values. Key = big-endian (sequence, chunk), the manifest as chunk 2^32 - 1.
//! A chunk's value is its BLAKE3 and up to 64 KiB, below the length from which sled would write
//! a file of its own. The manifest's value is its fields and their BLAKE3.

use serde::{Deserialize, Serialize};

use crate::codec;
use crate::error::Defect;

use super::Anchor;

/// Bytes of state in a chunk.
pub(super) const CHUNK: usize = 64 << 10;

const FORMAT: u32 = 1;
const HASH: usize = 32;
const MANIFEST_CHUNK: u32 = u32::MAX;

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    semantics: u32,
    sequence: u64,
    chain: [u8; 16],
    state_digest: [u8; 32],
    chunks: u32,
    bytes: u64,
}

impl Manifest {
    pub(super) fn of(anchor: &Anchor) -> Manifest {
        Manifest {
            format: FORMAT,
            semantics: anchor.semantics,
            sequence: anchor.sequence,
            chain: anchor.chain,
            state_digest: anchor.state_digest,
            chunks: anchor.bytes.div_ceil(CHUNK as u64) as u32,
            bytes: anchor.bytes,
        }
    }

    pub(super) fn anchor(&self) -> Anchor {
        Anchor {
            sequence: self.sequence,
            chain: self.chain,
            semantics: self.semantics,
            state_digest: self.state_digest,
            bytes: self.bytes,
        }
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, Defect> {
        let mut value = codec::to_bytes(self)?;
        let hash = blake3::hash(&value);
        value.extend_from_slice(hash.as_bytes());
        Ok(value)
    }

    pub(super) fn decode(value: &[u8], sequence: u64) -> Result<Manifest, Defect> {
        let split = value.split_last_chunk::<HASH>();
        let sound = split.filter(|(fields, hash)| blake3::hash(fields).as_bytes() == *hash);
        let Some((fields, _)) = sound else {
            return Err(Defect::corrupt("a manifest with its hash", "bytes that do not match"));
        };
        let manifest: Manifest = codec::decode_exact(fields)?;
        if manifest.format != FORMAT {
            let found = format!("format {}", manifest.format);
            return Err(Defect::unsupported(format!("snapshot format {FORMAT}"), found));
        }
        let chunks = manifest.bytes.div_ceil(CHUNK as u64);
        if manifest.sequence == sequence && u64::from(manifest.chunks) == chunks {
            Ok(manifest)
        } else {
            let found = format!("sequence {}, {} chunks", manifest.sequence, manifest.chunks);
            Err(Defect::corrupt(format!("sequence {sequence}, {chunks} chunks"), found))
        }
    }
}

/// Key of a chunk.
pub(super) fn chunk_key(sequence: u64, chunk: u32) -> [u8; 12] {
    let mut key = [0u8; 12];
    key[..8].copy_from_slice(&sequence.to_be_bytes());
    key[8..].copy_from_slice(&chunk.to_be_bytes());
    key
}

/// Key of a manifest: after all chunks of its sequence.
pub(super) fn manifest_key(sequence: u64) -> [u8; 12] {
    chunk_key(sequence, MANIFEST_CHUNK)
}

/// Value of a chunk.
pub(super) fn chunk_value(chunk: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(HASH + chunk.len());
    value.extend_from_slice(blake3::hash(chunk).as_bytes());
    value.extend_from_slice(chunk);
    value
}

/// The chunk in a value, if it is there and matches its hash.
pub(super) fn read_chunk(value: Option<&[u8]>, index: u64) -> Result<&[u8], Defect> {
    let Some(value) = value else {
        return Err(Defect::corrupt(format!("chunk {index}"), "none"));
    };
    match value.split_first_chunk::<HASH>() {
        Some((hash, chunk)) if blake3::hash(chunk).as_bytes() == hash => Ok(chunk),
        _ => Err(Defect::corrupt(format!("chunk {index} with its hash"), "other bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_a_manifest_is_noticed() {
        let anchor = Anchor {
            sequence: 4_096,
            chain: [3; 16],
            semantics: 2,
            state_digest: [4; 32],
            bytes: 200_000,
        };
        let value = Manifest::of(&anchor).encode().expect("encodes");
        assert_eq!(Manifest::decode(&value, 4_096).expect("decodes").anchor(), anchor);
        assert!(Manifest::decode(&value, 4_097).is_err(), "under another key");
        for bit in 0..value.len() * 8 {
            let mut bad = value.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(Manifest::decode(&bad, 4_096).is_err(), "bit {bit}");
        }
        for length in 0..value.len() {
            assert!(Manifest::decode(&value[..length], 4_096).is_err(), "length {length}");
        }
    }
    #[test]
    fn every_flipped_bit_of_a_chunk_is_noticed() {
        let value = chunk_value(b"some bytes of a state");
        assert_eq!(read_chunk(Some(&value), 0), Ok(&b"some bytes of a state"[..]));
        for bit in 0..value.len() * 8 {
            let mut bad = value.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(read_chunk(Some(&bad), 0).is_err(), "bit {bit}");
        }
        assert!(read_chunk(Some(&value[..31]), 0).is_err() && read_chunk(None, 0).is_err());
    }
}
