//! Claim: an account with 4 positions and 2 balances takes at most 320 B of state, and at most 700
//! B with its wake bounds and stored hash.
//!
//! Method: a book of 1,000,000 such accounts, sealed once so that every hash is stored, and
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
    let claim = "at most 320 B of state an account, 700 B with wake bounds and hashes";
    let mut figures = Figures::open("memory", claim);
    let before = resident();
    let mut driver = book::build(ACCOUNTS, 65_536);
    std::hint::black_box(driver.house.seal_digest());
    let memory = driver.house.memory();
    let each = |bytes: usize| bytes as f64 / ACCOUNTS as f64;
    let all = memory.state + memory.watch + memory.hashes;
    figures.at_most("state", each(memory.state), "B/account", 320.0, 1.0);
    figures.at_most("state, wake bounds and hashes", each(all), "B/account", 700.0, 1.0);
    figures.report("wake bounds", each(memory.watch), "B/account");
    figures.report("hashes", each(memory.hashes), "B/account");
    if let Some((before, after)) = before.zip(resident()) {
        let grown = (after - before) / ACCOUNTS as f64;
        figures.report("the process grew by", grown, "B/account");
    }
    figures.close();
}
