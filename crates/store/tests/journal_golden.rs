//! Goal: the format of released journals is what it was, byte for byte, in both directions.
//! Method: the same commands, clean stop and restart give the files of the newest format in
//! tests/golden; those of every format read back as the same commands. Regenerate only with a new
//! format number: `cargo test -p store --test journal_golden -- --ignored`.

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
use store::Category;
use store::codec;
use store::journal::{self, Options, Record, Room, Verdict};
use store::storage::Storage;
use store::testing::MemoryDisk;

const FILES: [&str; 3] = ["00000000.log", "00000001.log", "HEAD"];
const EVENTS: u64 = 90;

fn options() -> Options {
    Options { segment_bytes: 8 << 10, seal_interval: Some(16), ..Options::default() }
}

/// Formats that are read; the last is written.
const FORMATS: [u32; 2] = [1, 2];

fn directory(format: u32) -> PathBuf {
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    golden.join(format!("journal-{format}"))
}

fn newest() -> PathBuf {
    directory(FORMATS.into_iter().max().expect("a format"))
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
        let golden = std::fs::read(newest().join(name)).expect("a golden file");
        let built = disk.file(name).expect("was built");
        let differs = golden.iter().zip(&built).position(|(golden, built)| golden != built);
        assert_eq!((differs, golden.len()), (None, built.len()), "{name}");
    }
}

#[test]
fn golden_journals_read_back_as_the_commands_they_were_made_of() {
    for format in FORMATS {
        let mut reader =
            journal::Reader::open_shared(Arc::new(golden(format)), &options()).expect("opens");
        let mut next = 1;
        while let Some(batch) = reader.next_batch().expect("reads") {
            for record in batch.records() {
                if let Record::Event(raw) = record {
                    let read = codec::decode_event(&raw).expect("decodes");
                    assert_eq!(read, event(next), "format {format}");
                    next += 1;
                }
            }
        }
        assert_eq!(next - 1, EVENTS, "format {format}");
    }
}

fn golden(format: u32) -> MemoryDisk {
    MemoryDisk::from_files(FILES.map(|name| {
        let path = directory(format).join(name);
        (name.to_string(), std::fs::read(path).expect("a golden file"))
    }))
}

/// A journal of an older format goes on where it ends: its last segment in its own format, later
/// ones in the newest.
#[test]
fn an_older_journal_is_written_on() {
    let disk = golden(1);
    let storage: Arc<dyn Storage> = Arc::new(disk.clone());
    let writer = journal::open(storage, &options()).expect("opens").writer;
    write_on(disk, writer);
}

/// Writes until a segment of the newest format has begun, and reads everything back.
fn write_on(disk: MemoryDisk, mut writer: journal::Writer) {
    append_up_to(&mut writer, 3 * EVENTS, 7);
    writer.close([1; 32], [2; 16]).expect("closes");
    let mut reader = journal::Reader::open_shared(Arc::new(disk), &options()).expect("opens");
    let (mut next, mut segments) = (1, Vec::new());
    while let Some(batch) = reader.next_batch().expect("reads, and every segment's hash holds") {
        next += batch.records().filter(|one| matches!(one, Record::Event(_))).count() as u64;
        segments.push(batch.position().segment);
    }
    assert_eq!(next - 1, 3 * EVENTS);
    assert!(segments.last() > Some(&1), "a segment of the newest format was begun");
}

/// A batch that was torn in a segment of an older format is cut and kept, whether nothing of it was
/// acknowledged or only HEAD was late; the rest is written on, and its hash holds.
#[test]
fn a_torn_tail_of_an_older_journal_is_recovered() {
    let name = FILES[1];
    let (first_seq, last, end) = last_batch(&golden(1));
    let half = last + (end - last) / 2;

    let begun = golden(1);
    let mut log = begun.file(name).expect("a golden file");
    log.copy_within(last..half, end);
    begun.plant(name, log);
    check_torn(begun, EVENTS + 1, end);

    let cut = golden(1);
    let mut log = cut.file(name).expect("a golden file");
    log[half..end].fill(0);
    cut.plant(name, log);
    let refused = journal::inspect(Arc::new(cut.clone()), &options());
    assert_eq!(refused.expect_err("acknowledged").category(), Category::Corrupt);
    let mut head = cut.file("HEAD").expect("a golden file");
    let generation = |slot: &[u8]| u64::from_le_bytes(slot[8..16].try_into().expect("8 bytes"));
    let newest = head.chunks_exact_mut(4_096).max_by_key(|slot| generation(slot));
    newest.expect("two slots").fill(0);
    cut.plant("HEAD", head);
    check_torn(cut, first_seq, last);
}

/// The first sequence of a journal's last batch, where it begins in its segment, and where it ends.
fn last_batch(disk: &MemoryDisk) -> (u64, usize, usize) {
    let shared = || Arc::new(disk.clone());
    let end = journal::inspect(shared(), &options()).expect("sound").end.offset;
    let mut reader = journal::Reader::open_shared(shared(), &options()).expect("opens");
    let (mut first_seq, mut last, mut next) = (0, 0, 1);
    while let Some(batch) = reader.next_batch().expect("reads") {
        (first_seq, last) = (next, batch.position().offset);
        next += batch.records().filter(|one| matches!(one, Record::Event(_))).count() as u64;
    }
    (first_seq, last as usize, end as usize)
}

/// Opens a journal that is torn there: what is cut is kept, and it is written on.
fn check_torn(disk: MemoryDisk, expected: u64, offset: usize) {
    let log = disk.file(FILES[1]).expect("is there");
    let opened = journal::open(Arc::new(disk.clone()), &options()).expect("opens");
    let Verdict::Torn { position, sequence, file: Some(file) } = &opened.report.verdict else {
        panic!("{:?}", opened.report);
    };
    assert_eq!((*sequence, position.offset as usize), (expected, offset));
    let kept = disk.file(file).expect("is there");
    assert!(kept.len() > 30 && log[offset..].starts_with(&kept), "{} bytes", kept.len());
    write_on(disk, opened.writer);
}

#[test]
#[ignore = "writes the golden files: only with a new format number"]
fn regenerate() {
    std::fs::create_dir_all(newest()).expect("a directory");
    let disk = build();
    for name in FILES {
        std::fs::write(newest().join(name), disk.file(name).expect("was built")).expect("writes");
    }
    assert_eq!(disk.files().iter().filter(|(name, _)| name.ends_with(".log")).count(), 2);
}
