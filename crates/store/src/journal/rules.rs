//! What a batch whose checksum holds must satisfy beside its checksum. A breach was written, not
//! suffered: CORRUPT or UNSUPPORTED, never torn.

use crate::error::Defect;

use super::control::{Close, Control};
use super::frame::{Chain, FRAME_HEADER, FrameHeader};
use super::record::{Record, Records};

/// What is known after the batches read so far.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// Sequence the next event must have.
    pub(crate) next_seq: u64,
    /// Chain after the last batch.
    pub(crate) chain: Chain,
    /// Time of the last record.
    pub(crate) timestamp: i64,
    /// Events between seals, once known.
    pub(crate) seal_interval: Option<u64>,
    /// Whether the first seal met may say what the interval is: only from the very beginning.
    pub(crate) learn_interval: bool,
    /// Whether the last batch was a close.
    pub(crate) closed: bool,
}

/// Checks a batch against what came before it and returns its close record, if it has one.
pub(crate) fn check_batch(
    context: &mut Context,
    header: &FrameHeader,
    frame: &[u8],
) -> Result<Option<Close>, Defect> {
    if header.first_seq != context.next_seq {
        let expected = format!("first sequence {}", context.next_seq);
        return Err(Defect::corrupt(expected, format!("{}", header.first_seq)));
    }
    if header.prev_chain != context.chain {
        let expected = format!("chain {}", crate::bytes::hex(&context.chain));
        return Err(Defect::corrupt(expected, crate::bytes::hex(&header.prev_chain)));
    }
    if header.durable_seq != header.first_seq - 1 {
        let expected = format!("durable sequence {}", header.first_seq - 1);
        return Err(Defect::corrupt(expected, format!("{}", header.durable_seq)));
    }
    let payload = &frame[FRAME_HEADER..FRAME_HEADER + header.payload as usize];
    let controls = check_records(context, header, payload)?;
    check_seal(context, header, &controls)?;
    let mut close = None;
    for control in &controls {
        if let Control::Close(found) = control {
            check_close(context, header, found)?;
            close = Some(*found);
        }
    }
    context.closed = close.is_some();
    Ok(close)
}

/// Walks the records: as many as announced, events first, time never decreasing, types known.
fn check_records(
    context: &mut Context,
    header: &FrameHeader,
    payload: &[u8],
) -> Result<Vec<Control>, Defect> {
    let mut records = Records::new(payload, header.first_seq);
    let mut events = 0u32;
    let mut controls = Vec::new();
    while let Some(record) = records.step() {
        match record? {
            Record::Event(event) => {
                if event.envelope.kind == 0 || event.envelope.schema == 0 {
                    return Err(Defect::corrupt("a type and a schema from 1", "0"));
                }
                if !controls.is_empty() {
                    return Err(Defect::corrupt("control records last", "an event after one"));
                }
                if event.envelope.timestamp < context.timestamp {
                    let expected = format!("a timestamp of at least {}", context.timestamp);
                    return Err(Defect::corrupt(expected, event.envelope.timestamp.to_string()));
                }
                context.timestamp = event.envelope.timestamp;
                events += 1;
            }
            Record::Control(control) => controls.push(control),
        }
    }
    if events == header.events && events as usize + controls.len() == header.records as usize {
        Ok(controls)
    } else {
        let expected = format!("{} events, {} records", header.events, header.records);
        let found = format!("{events} events, {} records", events as usize + controls.len());
        Err(Defect::corrupt(expected, found))
    }
}

/// A seal ends the batch that ends at a multiple of the interval, and stands nowhere else.
fn check_seal(
    context: &mut Context,
    header: &FrameHeader,
    controls: &[Control],
) -> Result<(), Defect> {
    let last_seq = header.last_seq();
    let seals = controls.iter().filter(|control| matches!(control, Control::Seal(_))).count();
    if let Some(Control::Seal(seal)) = controls.last() {
        if seals > 1 || header.events == 0 || seal.at_seq != last_seq {
            let found = format!("a seal at {} ({seals} of them)", seal.at_seq);
            return Err(Defect::corrupt(format!("one seal at {last_seq}"), found));
        }
        if context.seal_interval.is_none() && context.learn_interval {
            context.seal_interval = Some(seal.at_seq);
        }
    } else if seals > 0 {
        return Err(Defect::corrupt("a seal as the last record", "a record after it"));
    }
    let Some(interval) = context.seal_interval.filter(|_| header.events > 0) else {
        return Ok(());
    };
    // The first multiple at or after the first event: the batch may reach it and not pass it.
    let due = header.first_seq.div_ceil(interval).saturating_mul(interval);
    if last_seq > due {
        let found = format!("a batch up to {last_seq}");
        Err(Defect::corrupt(format!("a batch that ends at the seal at {due}"), found))
    } else if (last_seq == due) == (seals == 1) {
        Ok(())
    } else {
        let expected = format!("a seal at multiples of {interval} only");
        Err(Defect::corrupt(expected, format!("{seals} seals at {last_seq}")))
    }
}

fn check_close(context: &Context, header: &FrameHeader, close: &Close) -> Result<(), Defect> {
    let alone = header.events == 0 && header.records == 1;
    if alone && close.last_seq == header.last_seq() && close.chain == context.chain {
        Ok(())
    } else {
        let expected = format!("a close alone in its batch, after sequence {}", header.last_seq());
        let found = format!("{} records, close after {}", header.records, close.last_seq);
        Err(Defect::corrupt(expected, found))
    }
}

#[cfg(test)]
mod tests;
