//! What the journal's tests share: events that are a function of their sequence, so that any
//! reader knows what must stand at each place, and the two acts "write up to" and "read all".
#![allow(dead_code)]

use std::sync::Arc;

use store::journal::control::{Control, Seal};
use store::journal::{self, Batch, Envelope, Options, Record, Room, Writer};
use store::storage::Storage;
use store::testing::MemoryDisk;
use store::{Category, StoreError};

/// Seal interval of these journals.
pub const INTERVAL: u64 = 16;
/// Their identity.
pub const LOG_ID: [u8; 16] = [9; 16];
/// Their genesis hash.
pub const GENESIS: [u8; 32] = [8; 32];

pub fn options(segment_bytes: u64) -> Options {
    Options { segment_bytes, seal_interval: Some(INTERVAL), ..Options::default() }
}

pub fn body(sequence: u64) -> Vec<u8> {
    let length = 20 + (sequence * 7 % 60) as usize;
    (0..length).map(|index| (sequence as usize * 31 + index * 17) as u8).collect()
}

pub fn envelope(sequence: u64) -> Envelope {
    Envelope {
        kind: 1 + (sequence % 9) as u16,
        schema: 1,
        producer: 3,
        producer_seq: sequence,
        timestamp: 1_000 + sequence as i64 * 10,
    }
}

pub fn seal(at_seq: u64) -> Seal {
    Seal { at_seq, seal_digest: [at_seq as u8; 16], effect_digest: [1; 16], semantics: 1 }
}

pub fn create(disk: &MemoryDisk, segment_bytes: u64) -> Result<Writer, StoreError> {
    journal::create(Arc::new(disk.clone()), LOG_ID, GENESIS, &options(segment_bytes))
}

/// Commits what is in memory, with the seal if one is due.
pub fn commit(writer: &mut Writer) -> Result<u64, StoreError> {
    let due = writer.seal_due().then(|| seal(writer.next_sequence() - 1));
    writer.commit(due.as_ref())
}

/// Appends up to sequence `last` in batches of at most `batch` events. `acked` follows what is
/// durable, also when a fault ends it.
pub fn write_to(
    writer: &mut Writer,
    last: u64,
    batch: u32,
    acked: &mut u64,
) -> Result<(), StoreError> {
    while writer.next_sequence() <= last {
        let sequence = writer.next_sequence();
        let bytes = body(sequence);
        let mut full = writer.batch_complete() || writer.batch_events() >= batch;
        full = full || writer.reserve(bytes.len())? == Room::BatchFull;
        if full {
            *acked = commit(writer)?;
        } else {
            assert_eq!(writer.append(&envelope(sequence), &bytes)?, sequence);
        }
    }
    *acked = commit(writer)?;
    assert_eq!(*acked, last);
    Ok(())
}

/// What `read_all` counted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub last: u64,
    pub batches: u64,
    pub seals: u64,
    pub closes: u64,
    pub repairs: u64,
}

/// Reads everything and compares each record with what its sequence demands.
pub fn read_all(storage: Arc<dyn Storage>, options: &Options) -> Result<Counts, StoreError> {
    let mut reader = journal::Reader::open(storage, options)?;
    let mut counts = Counts::default();
    while let Some(batch) = reader.next_batch()? {
        counts.batches += 1;
        compare(&batch, &mut counts);
    }
    Ok(counts)
}

fn compare(batch: &Batch<'_>, counts: &mut Counts) {
    for record in batch.records() {
        match record {
            Record::Event(event) => {
                counts.last += 1;
                assert_eq!(event.sequence, counts.last);
                assert_eq!(event.envelope, envelope(counts.last));
                assert_eq!(event.body, body(counts.last));
            }
            Record::Control(Control::Seal(found)) => {
                assert_eq!(found, seal(counts.last));
                assert_eq!(counts.last % INTERVAL, 0);
                counts.seals += 1;
            }
            Record::Control(Control::Close(_)) => counts.closes += 1,
            Record::Control(Control::Repair(_)) => counts.repairs += 1,
        }
    }
}

/// A small generator of random numbers, so that a seed says everything.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit.max(1)
    }
}

/// A journal of one 16 KiB segment with batches of mixed sizes that leave little zero tail, its
/// HEAD exact, as files.
pub fn sample_files() -> Vec<(String, Vec<u8>)> {
    let disk = MemoryDisk::new();
    let mut writer = create(&disk, 16 << 10).expect("creates");
    let mut acked = 0;
    for (round, last) in [3, 4, 9, 30, 31, 50, 70, 71, 90, 100].into_iter().enumerate() {
        let batch = [3, 1, 5, 16][round % 4];
        write_to(&mut writer, last, batch, &mut acked).expect("writes");
    }
    drop(writer);
    disk.files()
}

/// The answer must be a refusal for damage.
pub fn assert_refused(answer: Result<journal::RecoveryReport, StoreError>, what: &str) {
    match answer {
        Ok(report) => panic!("{what}: {:?} with {} events", report.verdict, report.last_seq),
        Err(error) => {
            let damage = matches!(error.category(), Category::Corrupt | Category::Unsupported);
            assert!(damage, "{what}: {error}");
        }
    }
}
