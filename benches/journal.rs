//! Claim: a group commit costs at most a quarter more than appending and syncing the same bytes:
//! at least 0.8 of the durable events a second of plain append + fdatasync.
//!
//! Method: batches of 64, 1,024 and 4,096 deposits (56 B a record) through the journal's writer:
//! reserve, append, frame with checksum and chain, write, fdatasync, HEAD. The baseline appends
//! byte strings of the very lengths of those frames to a file and syncs each. Both on the same
//! disk, one batch of each in turn, so that what else the disk does falls on both; wall time of
//! all of them, new segments included, after a warm round. Encoding is part of neither.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use benches::figure::Figures;
use domain::command::Deposit;
use domain::{AccountId, Amount, AssetId, Command};
use store::codec;
use store::journal::control::Seal;
use store::journal::{Envelope, Options, Room, Writer, create};
use store::storage::RealStorage;

/// Events between seals: each batch size ends at its multiples.
const SEAL_INTERVAL: u64 = 4_096;
const ROUNDS: u64 = 7;
/// Bytes before the records of a batch.
const FRAME_HEADER: usize = 64;
const ENVELOPE: usize = 28;

fn writer(directory: &std::path::Path) -> Writer {
    let storage = RealStorage::open(directory).expect("a temporary directory");
    let options = Options { seal_interval: Some(SEAL_INTERVAL), ..Options::default() };
    create(Arc::new(storage), [1; 16], [2; 32], &options).expect("a new journal")
}

fn body() -> Vec<u8> {
    let (account, asset) = (AccountId::new(7), AssetId::new(2));
    let command: Command = Deposit { account, asset, amount: Amount::new(5) }.into();
    let mut body = Vec::new();
    codec::encode_into(&command, &mut body).expect("a small body");
    body
}

/// Seconds that `batches` group commits of `size` events take.
fn commit(writer: &mut Writer, body: &[u8], size: u64, batches: u64) -> f64 {
    let began = Instant::now();
    for _ in 0..batches {
        for _ in 0..size {
            // A segment that ends takes a shorter batch, as in the loop.
            if writer.reserve(body.len()).expect("room on the disk") == Room::BatchFull {
                finish(writer);
                assert_eq!(writer.reserve(body.len()).expect("room on the disk"), Room::Fits);
            }
            let timestamp = writer.timestamp().max(0) + 1_000;
            let producer_seq = writer.next_sequence();
            let envelope = Envelope { kind: 4, schema: 1, producer: 1, producer_seq, timestamp };
            writer.append(&envelope, body).expect("room in the batch");
        }
        finish(writer);
    }
    began.elapsed().as_secs_f64()
}

/// Commits the batch, with a seal where one is due.
fn finish(writer: &mut Writer) {
    let seal = writer.seal_due().then(|| Seal {
        at_seq: writer.next_sequence() - 1,
        seal_digest: [3; 16],
        effect_digest: [4; 16],
        semantics: 1,
    });
    writer.commit(seal.as_ref()).expect("a disk that works");
}

/// Seconds that appending and syncing as many frames of the same length takes.
fn append(file: &mut File, frame: &[u8], batches: u64) -> f64 {
    let began = Instant::now();
    for _ in 0..batches {
        file.write_all(frame).expect("room on the disk");
        file.sync_data().expect("a disk that works");
    }
    began.elapsed().as_secs_f64()
}

fn compare(figures: &mut Figures, size: u64, batches: u64) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut writer = writer(directory.path());
    let mut file = File::create(directory.path().join("plain.bin")).expect("a file");
    let body = body();
    let length = (FRAME_HEADER + size as usize * (ENVELOPE + body.len())).next_multiple_of(8);
    let frame = vec![0x5a; length];
    commit(&mut writer, &body, size, batches);
    append(&mut file, &frame, batches);
    let (mut journaled, mut plain) = (0.0, 0.0);
    for _ in 0..ROUNDS * batches {
        journaled += commit(&mut writer, &body, size, 1);
        plain += append(&mut file, &frame, 1);
    }
    let events = (size * batches * ROUNDS) as f64;
    let figure = format!("durable events at batches of {size}");
    figures.at_least(&figure, events / journaled, "1/s", events / plain, 0.8);
}

fn main() {
    let claim = "group commit reaches 0.8 of plain append + fdatasync of the same bytes";
    let mut figures = Figures::open("journal", claim);
    for (size, batches) in [(64, 512), (1_024, 128), (4_096, 64)] {
        compare(&mut figures, size, batches);
    }
    figures.close();
}
