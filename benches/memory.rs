//! Claim: an account with 4 positions and 2 balances takes at most 320 B of state, and at most 700
//! B with its wake bounds.
//!
//! Method: a book of 1,000,000 such accounts, and
//! `ClearingHouse::memory`, which counts what the machine reserved, used or not. The baseline is
//! the limit itself. Reported beside it: by how much the process grew, allocator and all. A
//! snapshot's copy is not in it.

use benches::book;
use benches::figure::Figures;

const ACCOUNTS: u64 = 1_000_000;

/// Resident bytes of this process; `None` where the system does not tell.
fn resident() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1_024.0)
}

fn main() {
    let claim = "at most 320 B of state an account, 700 B with wake bounds";
    let mut figures = Figures::open("memory", claim);
    let before = resident();
    let driver = book::build(ACCOUNTS, 65_536);
    let memory = driver.house.memory();
    let each = |bytes: usize| bytes as f64 / ACCOUNTS as f64;
    let all = memory.state + memory.watch;
    figures.at_most("state", each(memory.state), "B/account", 320.0, 1.0);
    figures.at_most("state and wake bounds", each(all), "B/account", 700.0, 1.0);
    figures.report("wake bounds", each(memory.watch), "B/account");
    if let Some((before, after)) = before.zip(resident()) {
        let grown = (after - before) / ACCOUNTS as f64;
        figures.report("the process grew by", grown, "B/account");
    }
    figures.close();
}
