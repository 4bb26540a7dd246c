//! Goal: each rule of a batch is enforced by itself, not only through the checksum or the chain.
//! Method: frames made with a right checksum and one thing wrong.

use super::super::control::{Repair, Seal};
use super::super::frame::{
    BATCH_EVENTS_MAX, FrameSeed, chain_of, frame_length, hash_of, read_header, seal_frame,
};
use super::super::record::{Envelope, put_envelope};
use super::*;
use crate::Category;

const SEED: [u8; 16] = [5; 16];

fn context() -> Context {
    Context {
        next_seq: 10,
        chain: [1; 16],
        timestamp: 100,
        seal_interval: Some(4),
        learn_interval: false,
        closed: false,
    }
}

fn seal(at_seq: u64) -> Control {
    Control::Seal(Seal { at_seq, seal_digest: [2; 16], effect_digest: [3; 16], semantics: 1 })
}

fn close(last_seq: u64, chain: Chain) -> Control {
    Control::Close(Close {
        last_seq,
        chain,
        segment_hash: [0; 32],
        state_digest: [0; 32],
        effect_digest: [0; 16],
    })
}

fn repair() -> Control {
    Control::Repair(Repair {
        from_seq: 10,
        lost_seq: 11,
        quarantine_hash: [0; 32],
        reason: "lost".to_string(),
    })
}

/// A batch in the making; `Default` of everything is a sound batch of events 10 and 11.
struct Made {
    first_seq: u64,
    prev_chain: Chain,
    durable_seq: u64,
    /// Type, schema and time of the events.
    events: Vec<(u16, u16, i64)>,
    controls: Vec<Control>,
    events_claimed: Option<u32>,
    records_claimed: Option<u32>,
    controls_first: bool,
    garbage: usize,
}

impl Default for Made {
    fn default() -> Made {
        Made {
            first_seq: 10,
            prev_chain: [1; 16],
            durable_seq: 9,
            events: vec![(1, 1, 100), (2, 1, 101)],
            controls: Vec::new(),
            events_claimed: None,
            records_claimed: None,
            controls_first: false,
            garbage: 0,
        }
    }
}

impl Made {
    fn frame(&self) -> Vec<u8> {
        let mut frame = vec![0u8; FRAME_HEADER];
        if self.controls_first {
            self.controls.iter().for_each(|control| control.put(&mut frame, 100));
        }
        for (kind, schema, timestamp) in &self.events {
            let (kind, schema, timestamp) = (*kind, *schema, *timestamp);
            let envelope = Envelope { kind, schema, producer: 1, producer_seq: 1, timestamp };
            put_envelope(&mut frame, &envelope, 3);
            frame.extend_from_slice(b"abc");
        }
        if !self.controls_first {
            self.controls.iter().for_each(|control| control.put(&mut frame, 100));
        }
        frame.extend(std::iter::repeat_n(1, self.garbage));
        let events = self.events.len() as u32;
        let header = FrameHeader {
            payload: (frame.len() - FRAME_HEADER) as u32,
            first_seq: self.first_seq,
            events: self.events_claimed.unwrap_or(events),
            records: self.records_claimed.unwrap_or(events + self.controls.len() as u32),
            prev_chain: self.prev_chain,
            durable_seq: self.durable_seq,
        };
        seal_frame(&mut frame, &header, FrameSeed::of(&SEED));
        frame
    }

    fn verdict(&self, mut context: Context) -> Result<Option<Close>, Category> {
        let frame = self.frame();
        assert!(FrameSeed::of(&SEED).holds(&frame));
        assert_eq!(frame_length(&frame), Some(frame.len()));
        let checked =
            read_header(&frame).and_then(|header| check_batch(&mut context, &header, &frame));
        checked.map_err(|defect| defect.category)
    }
}

fn check(made: Made, expected: Result<(), Category>, what: &str) {
    assert_eq!(made.verdict(context()).map(|_| ()), expected, "{what}");
}

#[test]
fn sound_batches_pass() {
    let base = Made::default;
    check(base(), Ok(()), "two events");
    let events = vec![(1, 1, 100), (1, 1, 100), (1, 1, 100)];
    check(Made { events, controls: vec![seal(12)], ..base() }, Ok(()), "three and a seal");
    let alone = || Made { events: Vec::new(), ..base() };
    check(Made { controls: vec![close(9, [1; 16])], ..alone() }, Ok(()), "a close");
    check(Made { controls: vec![repair()], ..alone() }, Ok(()), "a repair");
}

#[test]
fn one_thing_wrong_is_corrupt() {
    let base = Made::default;
    let corrupt = |made: Made, what: &str| check(made, Err(Category::Corrupt), what);
    corrupt(Made { first_seq: 13, durable_seq: 12, ..base() }, "a gap");
    corrupt(Made { first_seq: 9, durable_seq: 8, ..base() }, "a step back");
    corrupt(Made { first_seq: 0, durable_seq: u64::MAX, ..base() }, "sequence 0");
    corrupt(Made { prev_chain: [2; 16], ..base() }, "another chain");
    corrupt(Made { durable_seq: 10, ..base() }, "a durable sequence of its own");
    corrupt(Made { durable_seq: 8, ..base() }, "a durable sequence too low");
    corrupt(Made { events_claimed: Some(1), ..base() }, "fewer events claimed");
    corrupt(Made { events_claimed: Some(3), ..base() }, "more events claimed");
    corrupt(Made { records_claimed: Some(3), ..base() }, "more records claimed");
    corrupt(Made { records_claimed: Some(1), ..base() }, "fewer records than events");
    let many = Some(BATCH_EVENTS_MAX + 1);
    corrupt(Made { events_claimed: many, records_claimed: many, ..base() }, "too many events");
    corrupt(Made { events: Vec::new(), ..base() }, "no records");
    corrupt(Made { garbage: 5, ..base() }, "bytes after the last record");
    corrupt(Made { events: vec![(1, 1, 99)], ..base() }, "time before the last batch");
    corrupt(Made { events: vec![(1, 1, 105), (1, 1, 104)], ..base() }, "time runs back");
    corrupt(Made { events: vec![(0, 1, 100)], ..base() }, "type 0");
    corrupt(Made { events: vec![(1, 0, 100)], ..base() }, "schema 0");
}

#[test]
fn seals_and_closes_stand_where_they_belong() {
    let base = Made::default;
    let corrupt = |made: Made, what: &str| check(made, Err(Category::Corrupt), what);
    let three = || vec![(1, 1, 100); 3];
    corrupt(Made { events: three(), ..base() }, "a seal missing");
    corrupt(Made { controls: vec![seal(11)], ..base() }, "a seal between multiples");
    corrupt(Made { events: vec![(1, 1, 100); 4], ..base() }, "a batch over a multiple");
    corrupt(
        Made { events: vec![(1, 1, 100); 4], controls: vec![seal(13)], ..base() },
        "a batch over a multiple, sealed at its end",
    );
    corrupt(Made { events: three(), controls: vec![seal(11)], ..base() }, "a seal of another");
    corrupt(Made { events: three(), controls: vec![seal(12); 2], ..base() }, "two seals");
    corrupt(
        Made { events: three(), controls: vec![seal(12), repair()], ..base() },
        "a seal that is not last",
    );
    corrupt(
        Made { events: three(), controls: vec![seal(12)], controls_first: true, ..base() },
        "a seal before the events",
    );
    let alone = |control| Made { events: Vec::new(), controls: vec![control], ..base() };
    corrupt(alone(seal(9)), "a seal without events");
    corrupt(alone(close(8, [1; 16])), "a close of another sequence");
    corrupt(alone(close(9, [2; 16])), "a close of another chain");
    corrupt(Made { controls: vec![close(11, [1; 16])], ..base() }, "a close among events");
}

#[test]
fn the_first_seal_says_the_interval_and_the_rest_must_agree() {
    let mut context = Context { seal_interval: None, learn_interval: true, ..context() };
    let made = Made { controls: vec![seal(11)], ..Made::default() };
    let frame = made.frame();
    let header = read_header(&frame).expect("sound");
    check_batch(&mut context, &header, &frame).expect("teaches");
    assert_eq!(context.seal_interval, Some(11));
    context.next_seq = 12;
    context.chain = chain_of(&hash_of(&frame));
    let next = Made {
        first_seq: 12,
        durable_seq: 11,
        prev_chain: context.chain,
        events: vec![(1, 1, 101)],
        controls: vec![seal(12)],
        ..Made::default()
    };
    assert_eq!(next.verdict(context), Err(Category::Corrupt));
}

#[test]
fn what_a_later_version_may_mean_is_unsupported() {
    for (at, value) in [(12, 2u8), (14, 1), (15, 0x80)] {
        let mut frame = Made::default().frame();
        frame[at] = value;
        let defect = read_header(&frame).expect_err("unknown");
        assert_eq!(defect.category, Category::Unsupported, "{at}");
    }
    let mut frame = Made::default().frame();
    frame[56] = 1;
    assert_eq!(read_header(&frame).expect_err("reserved").category, Category::Corrupt);
    for (kind, schema) in [(0x8004, 1), (0x8001, 2), (0xffff, 1)] {
        let mut frame = vec![0u8; FRAME_HEADER];
        let envelope = Envelope { kind, schema, producer: 0, producer_seq: 0, timestamp: 100 };
        put_envelope(&mut frame, &envelope, 0);
        let header = FrameHeader {
            payload: (frame.len() - FRAME_HEADER) as u32,
            first_seq: 10,
            events: 0,
            records: 1,
            prev_chain: [1; 16],
            durable_seq: 9,
        };
        seal_frame(&mut frame, &header, FrameSeed::of(&SEED));
        let defect = check_batch(&mut context(), &header, &frame).expect_err("unknown");
        assert_eq!(defect.category, Category::Unsupported, "{kind:#x} {schema}");
    }
}
