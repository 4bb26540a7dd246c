//! Goal: the format of released journals is what it was, byte for byte, in both directions.
//! Method: the same commands, clean stop and restart give the files in tests/golden/journal-1;
//! those files read back as the same commands. Regenerate only with a new format number:
//! `cargo test -p store --test journal_golden -- --ignored`.

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use domain::account::AccountId;
use domain::amount::Amount;
use domain::asset::AssetId;
use domain::command::{self, Command, Feed, FeedRole};
use domain::event::Event;
use domain::instrument::InstrumentId;
use domain::price::Price;
use domain::quantity::Quantity;
use domain::time::{Sequence, Timestamp};
use store::codec;
use store::journal::{self, Options, Record, Room};
use store::storage::Storage;
use store::testing::MemoryDisk;

const FILES: [&str; 3] = ["00000000.log", "00000001.log", "HEAD"];
const EVENTS: u64 = 90;

fn options() -> Options {
    Options { segment_bytes: 8 << 10, seal_interval: Some(16), ..Options::default() }
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/journal-1")
}

fn command(sequence: u64) -> Command {
    let (account, asset) = (AccountId::new(sequence % 5), AssetId::new(sequence as u32 % 3));
    let instrument = InstrumentId::new(1);
    let amount = Amount::new(i128::from(sequence) * 1_000_003 - 5);
    match sequence % 6 {
        0 => command::OpenAccount { account }.into(),
        1 => command::Deposit { account, asset, amount }.into(),
        2 => command::Pulse {}.into(),
        3 => command::RegisterTrade {
            buyer: account,
            seller: AccountId::new(7),
            instrument,
            quantity: Quantity::new(sequence as i64),
            price: Price::new(61_000 + sequence as i64),
            buyer_fee: Amount::new(1),
            seller_fee: Amount::new(2),
        }
        .into(),
        4 => command::PublishPrice {
            feed: Feed { role: FeedRole::Index, target: 2 },
            source: 3,
            price: Price::new(61_000 - sequence as i64),
            confidence: Price::new(4),
            published_at: Timestamp::from_nanos(sequence as i64),
        }
        .into(),
        _ => command::Withdraw { account, asset, amount }.into(),
    }
}

fn event(sequence: u64) -> Event {
    Event {
        sequence: Sequence::new(sequence),
        timestamp: Timestamp::from_nanos(1_584_000_000_000_000_000 + sequence as i64),
        producer: sequence as u32 % 2,
        producer_seq: sequence,
        command: command(sequence),
    }
}

fn append_up_to(writer: &mut journal::Writer, last: u64, batch: u32) {
    while writer.next_sequence() <= last {
        let event = event(writer.next_sequence());
        let bytes = codec::body_bytes(&event.command).expect("short");
        let full = writer.batch_complete() || writer.batch_events() >= batch;
        if full || writer.reserve(bytes).expect("has room") == Room::BatchFull {
            support::commit(writer).expect("commits");
        } else {
            codec::append_event(writer, &event).expect("appends");
        }
    }
    support::commit(writer).expect("commits");
}

/// The golden journal: batches of several sizes, seals, a rotation, a clean stop, a restart.
fn build() -> MemoryDisk {
    let disk = MemoryDisk::new();
    let genesis_hash = *blake3::hash(b"golden genesis 1").as_bytes();
    let mut log_id = [0u8; 16];
    log_id.copy_from_slice(&genesis_hash[..16]);
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let mut writer =
        journal::create(storage.clone(), log_id, genesis_hash, &options()).expect("creates");
    append_up_to(&mut writer, 20, 3);
    append_up_to(&mut writer, 40, 100);
    writer.close([0xab; 32], [0xcd; 16]).expect("closes");
    let mut writer = journal::open(storage, &options()).expect("opens").writer;
    append_up_to(&mut writer, EVENTS, 7);
    drop(writer);
    disk
}

#[test]
fn the_newest_golden_journal_is_reproduced_byte_for_byte() {
    let disk = build();
    for name in FILES {
        let golden = std::fs::read(directory().join(name)).expect("a golden file");
        let built = disk.file(name).expect("was built");
        let differs = golden.iter().zip(&built).position(|(golden, built)| golden != built);
        assert_eq!((differs, golden.len()), (None, built.len()), "{name}");
    }
}

#[test]
fn golden_journals_read_back_as_the_commands_they_were_made_of() {
    let files = FILES.map(|name| {
        (name.to_string(), std::fs::read(directory().join(name)).expect("a golden file"))
    });
    let disk = Arc::new(MemoryDisk::from_files(files));
    let mut reader = journal::Reader::open_shared(disk, &options()).expect("opens");
    let mut next = 1;
    while let Some(batch) = reader.next_batch().expect("reads") {
        for record in batch.records() {
            if let Record::Event(raw) = record {
                assert_eq!(codec::decode_event(&raw).expect("decodes"), event(next));
                next += 1;
            }
        }
    }
    assert_eq!(next - 1, EVENTS);
}

#[test]
#[ignore = "writes the golden files: only with a new format number"]
fn regenerate() {
    std::fs::create_dir_all(directory()).expect("a directory");
    let disk = build();
    for name in FILES {
        std::fs::write(directory().join(name), disk.file(name).expect("was built"))
            .expect("writes");
    }
    assert_eq!(disk.files().iter().filter(|(name, _)| name.ends_with(".log")).count(), 2);
}
