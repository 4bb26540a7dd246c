//! The seals of two journals, and the last one up to which both are equal.
//!
//! The effect digest is chained over every effect since genesis, and the events' bytes are hashed
//! on the way: once either differs it differs for ever, so the first seal that differs is found by
//! bisection.

use std::path::Path;

use store::journal::control::{Control, Seal};
use store::journal::{Options, RawEvent, Reader, Record};

use super::Alignment;
use crate::directory::{find_journal, open_storage};
use crate::failure::{Answer, Failure};

/// How many seals both journals have at one sequence, and the last of them that is equal.
pub fn bisect(a: &Path, b: &Path, alignment: Alignment) -> Answer<(usize, Option<u64>)> {
    Ok(last_equal(&seals(a)?, &seals(b)?, alignment))
}

/// A seal with the hash of every event before it.
#[derive(Debug, Clone)]
struct Sealed {
    seal: Seal,
    events: [u8; 32],
}

fn last_equal(a: &[Sealed], b: &[Sealed], alignment: Alignment) -> (usize, Option<u64>) {
    let mut others = b.iter().peekable();
    let mut common = Vec::new();
    for one in a {
        let at = one.seal.at_seq;
        while others.next_if(|other| other.seal.at_seq < at).is_some() {}
        if let Some(other) = others.next_if(|other| other.seal.at_seq == at) {
            common.push((one, other));
        }
    }
    let events = alignment == Alignment::Sequence;
    let equal = common.partition_point(|(one, other)| {
        one.seal.effect_digest == other.seal.effect_digest
            && (!events || one.events == other.events)
    });
    (common.len(), equal.checked_sub(1).map(|place| common[place].0.seal.at_seq))
}

fn seals(place: &Path) -> Answer<Vec<Sealed>> {
    let journal = find_journal(place);
    let said = |error| Failure::store(&journal, &error);
    let storage = open_storage(&journal)?;
    let mut reader = Reader::open(storage, &Options::default()).map_err(said)?;
    let mut seals = Vec::new();
    let mut events = blake3::Hasher::new();
    while let Some(batch) = reader.next_batch().map_err(said)? {
        for record in batch.records() {
            match record {
                Record::Event(event) => hash(&mut events, &event),
                Record::Control(Control::Seal(seal)) => {
                    seals.push(Sealed { seal, events: *events.finalize().as_bytes() });
                }
                Record::Control(_) => {}
            }
        }
    }
    Ok(seals)
}

fn hash(events: &mut blake3::Hasher, event: &RawEvent<'_>) {
    let envelope = &event.envelope;
    events.update(&envelope.kind.to_le_bytes());
    events.update(&envelope.producer.to_le_bytes());
    events.update(&envelope.producer_seq.to_le_bytes());
    events.update(&envelope.timestamp.to_le_bytes());
    events.update(&(event.body.len() as u64).to_le_bytes());
    events.update(event.body);
}

#[cfg(test)]
mod tests {
    //! Goal: the last equal seal is found wherever runs part. Method: invented seals.

    use super::*;

    fn sealed(at_seq: u64, effects: u8, events: u8) -> Sealed {
        let seal =
            Seal { at_seq, seal_digest: [1; 16], effect_digest: [effects; 16], semantics: 1 };
        Sealed { seal, events: [events; 32] }
    }

    fn check(parted: u64, events_parted: u64, alignment: Alignment, expected: Option<u64>) {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        for number in 1..=9 {
            let (effects, events) = (u8::from(number >= parted), u8::from(number >= events_parted));
            a.push(sealed(number * 10, 7, 7));
            b.push(sealed(number * 10, 7 + effects, 7 + events));
        }
        b.insert(0, sealed(5, 1, 1));
        assert_eq!(last_equal(&a, &b, alignment), (9, expected), "{parted} {events_parted}");
    }

    #[test]
    fn the_last_equal_seal_is_found() {
        for parted in 1..=10 {
            let expected = (parted > 1).then(|| (parted - 1) * 10);
            check(parted, 10, Alignment::Producer, expected);
            check(parted, 10, Alignment::Sequence, expected);
            check(10, parted, Alignment::Sequence, expected);
            check(10, parted, Alignment::Producer, Some(90));
        }
        assert_eq!(last_equal(&[], &[sealed(1, 1, 1)], Alignment::Sequence), (0, None));
    }
}
