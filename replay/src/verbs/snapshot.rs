//! `snapshot list`: the snapshots of a run, each read and checked.

use std::path::Path;

use serde_json::json;
use store::snapshot::Anchor;

use crate::cli::{SnapshotAct, SnapshotArgs};
use crate::console::Console;
use crate::directory;
use crate::failure::{Answer, DONE, FOUND, Failure, UNFINISHED};
use crate::golden::hex;
use crate::snapshots;
use crate::summary::numbers::grouped;

/// Does what was asked about snapshots.
///
/// # Errors
/// No such run; another process has them. Exit 1 when one fails its hashes.
pub fn snapshot(console: &mut Console, args: &SnapshotArgs) -> Answer {
    match &args.act {
        SnapshotAct::List { source } => list(console, source),
    }
}

fn list(console: &mut Console, source: &Path) -> Answer {
    let Some(folder) = directory::find_snapshots(source) else {
        // Snapshots are a cache: a journal without any is whole.
        if directory::find_journal(source).join("HEAD").is_file() {
            return print(console, &[], DONE);
        }
        let sentence = "neither snapshots here nor a journal that could have some";
        return Err(Failure::about(UNFINISHED, "snapshot.absent", source, sentence));
    };
    let Some(store) = snapshots::read(console, &folder)? else { return Ok(FOUND) };
    let anchors = store.list().map_err(|error| Failure::store(&folder, &error))?;
    let mut exit = DONE;
    let mut rows = Vec::new();
    for anchor in anchors {
        let checked = match store.get(anchor.sequence) {
            Ok(Some(_)) => "sound".to_owned(),
            Ok(None) => "gone".to_owned(),
            Err(error) => error.to_string(),
        };
        if checked != "sound" {
            exit = FOUND;
        }
        rows.push((anchor, checked));
    }
    print(console, &rows, exit)
}

fn print(console: &mut Console, rows: &[(Anchor, String)], exit: u8) -> Answer {
    if console.json {
        let rows: Vec<serde_json::Value> = rows
            .iter()
            .map(|(anchor, checked)| {
                json!({
                    "sequence": anchor.sequence,
                    "semantics": anchor.semantics,
                    "bytes": anchor.bytes,
                    "state_digest": hex(&anchor.state_digest),
                    "checked": checked,
                })
            })
            .collect();
        console.document(&json!({ "schema": "clearsim.snapshot-list/1", "snapshots": rows }))?;
        return Ok(exit);
    }
    console
        .line(format!("{:>12}  {:>14}  {:<64}  checked", "sequence", "bytes", "state digest"))?;
    for (anchor, checked) in rows {
        let bytes = grouped(u128::from(anchor.bytes));
        let digest = hex(&anchor.state_digest);
        console.line(format!("{:>12}  {bytes:>14}  {digest}  {checked}", anchor.sequence))?;
    }
    Ok(exit)
}
