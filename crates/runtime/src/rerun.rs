//! A journal, applied again: every event in order, every seal met, every clean stop met.
//!
//! Two threads: one reads, verifies and decodes a few batches ahead, the caller's applies. The
//! events were durable before anybody heard of them, so observers see them at once.
//!
//! Law: a digest that differs from the one the journal holds is `DIVERGED`, with the sequence and
//! both digests; nothing after it is applied.

use std::sync::mpsc;

use clearing::{ClearingHouse, SEMANTICS, WARMED_TOGETHER};
use domain::{Command, Effect, Event, Sequence};
use store::StoreError;
use store::codec;
use store::journal::control::{Close, Control, Seal};
use store::journal::{Batch, Chain, Reader, Record};

use crate::error::RuntimeError;
use crate::observer::Observer;

/// Batches decoded ahead.
const AHEAD: usize = 4;

/// A batch of the journal, decoded.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) events: Vec<Event>,
    pub(crate) seal: Option<Seal>,
    pub(crate) close: Option<Close>,
    pub(crate) last_sequence: u64,
    pub(crate) chain: Chain,
}

impl Decoded {
    fn fill(&mut self, batch: &Batch<'_>) -> Result<(), StoreError> {
        self.events.clear();
        (self.seal, self.close) = (None, None);
        (self.last_sequence, self.chain) = (batch.last_seq(), batch.chain());
        for one in batch.records() {
            match one {
                Record::Event(raw) => self.events.push(codec::decode_event(&raw)?),
                Record::Control(Control::Seal(seal)) => self.seal = Some(seal),
                Record::Control(Control::Close(close)) => self.close = Some(close),
                Record::Control(Control::Repair(_)) => {}
            }
        }
        Ok(())
    }
}

/// The decoding thread, seen from the applying one.
pub(crate) struct DecodeAhead {
    decoded: mpsc::Receiver<Result<Decoded, StoreError>>,
    spent: mpsc::SyncSender<Decoded>,
}

impl DecodeAhead {
    pub(crate) fn start(mut reader: Reader) -> Result<Self, RuntimeError> {
        let (send, decoded) = mpsc::sync_channel(AHEAD);
        let (spent, returned) = mpsc::sync_channel::<Decoded>(AHEAD);
        let work = move || {
            loop {
                let mut next = returned.try_recv().unwrap_or_default();
                let answer = match reader.next_batch() {
                    Ok(Some(batch)) => next.fill(&batch).map(|()| next),
                    Ok(None) => return,
                    Err(error) => Err(error),
                };
                let failed = answer.is_err();
                if send.send(answer).is_err() || failed {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name(String::from("decode"))
            .spawn(work)
            .map_err(RuntimeError::io("start the decoding thread"))?;
        Ok(Self { decoded, spent })
    }

    /// The next batch; `None` at the end of the log.
    pub(crate) fn next(&mut self) -> Option<Result<Decoded, StoreError>> {
        self.decoded.recv().ok()
    }

    /// Gives a batch's memory back.
    pub(crate) fn spend(&mut self, decoded: Decoded) {
        // A full channel only means that the memory is freed.
        let _full = self.spent.try_send(decoded);
    }
}

/// Who watches a rerun: an observer that also sees each batch border.
pub trait Witness: Observer {
    /// A batch ended; the state is the one after it. An error ends the rerun.
    ///
    /// # Errors
    /// The witness's own check failed.
    fn border(&mut self, _house: &ClearingHouse, _chain: Chain) -> Result<(), RuntimeError> {
        Ok(())
    }
}

impl Witness for crate::observer::Unobserved {}

/// What a rerun met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rerun {
    /// Events applied.
    pub events: u64,
    /// Seals whose digests were met.
    pub seals: u64,
    /// Clean stops whose digests were met.
    pub closes: u64,
}

/// Applies what the journal holds after the state's own sequence, up to `until` if given.
///
/// # Errors
/// Damage to the journal, another semantics, or a digest that differs.
pub fn rerun(
    house: &mut ClearingHouse,
    reader: Reader,
    until: Option<Sequence>,
    witness: &mut dyn Witness,
) -> Result<Rerun, RuntimeError> {
    let mut ahead = DecodeAhead::start(reader)?;
    let mut effects = Vec::new();
    let mut met = Rerun::default();
    while let Some(decoded) = ahead.next() {
        let decoded = decoded?;
        if !apply_all(house, &decoded.events, until, &mut effects, witness, &mut met)? {
            break;
        }
        // A snapshot stands at a batch border, so a batch is behind it as a whole or not at all.
        if decoded.last_sequence == house.sequence().number() {
            meet_digests(house, &decoded, witness, &mut met)?;
            witness.reached(house.sequence());
            witness.border(house, decoded.chain)?;
        }
        ahead.spend(decoded);
    }
    Ok(met)
}

/// Whether the rerun goes on.
fn apply_all(
    house: &mut ClearingHouse,
    events: &[Event],
    until: Option<Sequence>,
    effects: &mut Vec<Effect>,
    witness: &mut dyn Witness,
    met: &mut Rerun,
) -> Result<bool, RuntimeError> {
    for (place, event) in events.iter().enumerate() {
        if place % WARMED_TOGETHER == 0 {
            let next = events.iter().skip(place).take(WARMED_TOGETHER);
            std::hint::black_box(house.warm(next.map(|event| &event.command)));
        }
        if event.sequence <= house.sequence() {
            continue;
        }
        if until.is_some_and(|until| event.sequence > until) {
            return Ok(false);
        }
        if let Command::Genesis(genesis) = &event.command
            && genesis.semantics != SEMANTICS
        {
            let (expected, found) = (SEMANTICS, genesis.semantics);
            return Err(RuntimeError::SemanticsUnsupported { expected, found });
        }
        house.apply(event, effects);
        witness.applied(event, effects, house);
        witness.observe(event, effects);
        met.events += 1;
    }
    Ok(true)
}

fn meet_digests(
    house: &mut ClearingHouse,
    decoded: &Decoded,
    witness: &mut dyn Witness,
    met: &mut Rerun,
) -> Result<(), RuntimeError> {
    if let Some(seal) = &decoded.seal {
        meet_seal(house, seal)?;
        met.seals += 1;
        witness.sealed(seal);
    }
    if let Some(close) = decoded.close.filter(Close::is_clean_stop) {
        let sequence = close.last_seq;
        meet(sequence, &close.effect_digest, &house.effect_digest())?;
        meet(sequence, &close.state_digest, &house.state_digest())?;
        met.closes += 1;
    }
    Ok(())
}

pub(crate) fn meet_seal(house: &mut ClearingHouse, seal: &Seal) -> Result<(), RuntimeError> {
    if seal.semantics != SEMANTICS {
        let (expected, found) = (SEMANTICS, seal.semantics);
        return Err(RuntimeError::SemanticsUnsupported { expected, found });
    }
    meet(seal.at_seq, &seal.effect_digest, &house.effect_digest())?;
    meet(seal.at_seq, &seal.seal_digest, &house.seal_digest())
}

pub(crate) fn meet(sequence: u64, recorded: &[u8], found: &[u8]) -> Result<(), RuntimeError> {
    if recorded == found {
        Ok(())
    } else {
        Err(StoreError::diverged(sequence, recorded, found).into())
    }
}
