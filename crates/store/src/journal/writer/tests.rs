//! Goal: what holds segments together is checked by itself: the hash in a close record, the close
//! before a rotation, and what a segment's header says of the log before it.
//! Method: journals forged from inside, sound in every other respect.

use std::sync::Arc;

use super::super::control::Control;
use super::super::segment::SEGMENT_HEADER;
use super::super::{Reader, create};
use super::*;
use crate::testing::MemoryDisk;

fn options() -> Options {
    Options { segment_bytes: 8 << 10, ..Options::default() }
}

fn append(writer: &mut Writer, events: u64) {
    for _ in 0..events {
        let producer_seq = writer.next_sequence();
        let envelope = Envelope { kind: 1, schema: 1, producer: 1, producer_seq, timestamp: 7 };
        assert_eq!(writer.reserve(4).expect("has room"), Room::Fits);
        writer.append(&envelope, b"body").expect("appends");
        writer.commit(None).expect("commits");
    }
}

/// A journal of two segments; `forge` acts at the end of the first.
fn journal(forge: impl FnOnce(&mut Writer)) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let mut writer = create(Arc::new(disk.clone()), [1; 16], [2; 32], &options()).expect("creates");
    append(&mut writer, 3);
    forge(&mut writer);
    writer.rotate().expect("rotates");
    append(&mut writer, 3);
    drop(writer);
    disk
}

fn read(disk: &MemoryDisk) -> Result<u64, Category> {
    let mut reader =
        Reader::open(Arc::new(disk.clone()), &options()).map_err(|error| error.category())?;
    while reader.next_batch().map_err(|error| error.category())?.is_some() {}
    Ok(reader.next_sequence() - 1)
}

fn dummy_close(writer: &Writer) -> Close {
    Close {
        last_seq: writer.durable_seq,
        chain: writer.chain,
        segment_hash: writer.segment_hash.value(),
        state_digest: [0; 32],
        effect_digest: [0; 16],
    }
}

#[test]
fn a_forged_close_is_refused() {
    assert_eq!(read(&journal(|_| {})), Ok(6));
    let sound = journal(|writer| {
        let close = dummy_close(writer);
        writer.write_control(&Control::Close(close)).expect("writes");
        writer.last_close = Some(close);
    });
    assert_eq!(read(&sound), Ok(6), "by hand, and right");
    let wrong_hash = journal(|writer| {
        let close = Close { segment_hash: [7; 32], ..dummy_close(writer) };
        writer.write_control(&Control::Close(close)).expect("writes");
        writer.last_close = Some(close);
    });
    assert_eq!(read(&wrong_hash), Err(Category::Corrupt));
    let missing = journal(|writer| writer.last_close = Some(dummy_close(writer)));
    assert_eq!(read(&missing), Err(Category::Corrupt));
}

#[test]
fn a_forged_header_of_the_next_segment_is_refused() {
    type Forge = fn(&mut SegmentHeader);
    let forgeries: [(Forge, Result<u64, Category>); 3] = [
        (|_| {}, Ok(6)),
        (|header| header.base_seq += 1, Err(Category::Corrupt)),
        (|header| header.prev_chain = [9; 16], Err(Category::Corrupt)),
    ];
    for (forge, expected) in forgeries {
        let disk = journal(|_| {});
        let name = segment_name(1);
        let mut bytes = disk.file(&name).expect("is there");
        let page = &mut bytes[..SEGMENT_HEADER as usize];
        let mut header = SegmentHeader::decode(page).expect("sound");
        forge(&mut header);
        page.copy_from_slice(&header.encode());
        disk.plant(&name, bytes);
        assert_eq!(read(&disk), expected);
    }
}

#[test]
fn an_index_that_leads_to_another_sequence_is_not_followed() {
    let disk = journal(|_| {});
    let storage: Arc<dyn Storage> = Arc::new(disk);
    let mut reader = Reader::open(storage.clone(), &options()).expect("opens");
    let third = loop {
        let batch = reader.next_batch().expect("reads").expect("three batches");
        if batch.first_seq() == 3 {
            break batch.position().offset;
        }
    };
    let header = crate::journal::survey::survey(&*storage).expect("sound").headers[0].clone();
    let first_seq = |said: u64, offset: u64| {
        let mut index = IndexBuilder::default();
        index.note(said, 0, offset);
        index.save(&*storage, &header);
        let mut reader = Reader::open_at(storage.clone(), &options(), 3).expect("seeks");
        reader.next_batch().expect("reads").expect("a batch").first_seq()
    };
    assert_eq!(first_seq(3, third), 3, "a right index helps");
    assert_eq!(first_seq(2, third), 1, "one that says another sequence does not");
    assert_eq!(first_seq(3, third + 8), 1, "nor one that leads between batches");
    assert_eq!(first_seq(3, 1 << 40), 1, "nor one that leads out of the file");
}
