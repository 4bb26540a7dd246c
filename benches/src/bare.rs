//! The bare loop: what the hardware allows for the mixed workload.
//!
//! Decode, apply to two accounts, two margin checks of four positions, chained hash, buffered log;
//! nothing else: no rulebook, no ledger, no wake index, no refusals beyond the margin check.

use domain::Command;
use xxhash_rust::xxh3::xxh3_128;

/// An account of the loop: two balances, four positions.
#[derive(Clone, Copy, Default)]
struct Account {
    usd: i64,
    btc: i64,
    quantities: [i64; 4],
    costs: [i128; 4],
}

/// The loop's state.
pub struct Bare {
    accounts: Vec<Account>,
    marks: [i64; 10],
    digest: u128,
    log: Vec<u8>,
    refused: u64,
}

/// Bytes of one encoded record.
pub const RECORD: usize = 64;

/// Encodes a command of the mixed workload in fixed places.
#[must_use]
pub fn encode(command: &Command) -> [u8; RECORD] {
    let mut record = [0; RECORD];
    let mut put = |at: usize, number: u64| {
        record[at..at + 8].copy_from_slice(&number.to_le_bytes());
    };
    put(0, u64::from(command.kind()));
    match command {
        Command::RegisterTrade(trade) => {
            put(8, trade.buyer.number());
            put(16, trade.seller.number());
            put(24, u64::from(trade.instrument.number()));
            put(32, trade.quantity.units() as u64);
            put(40, trade.price.units() as u64);
        }
        Command::PublishPrice(price) => {
            put(24, u64::from(price.feed.target));
            put(40, price.price.units() as u64);
        }
        Command::Deposit(deposit) => {
            put(8, deposit.account.number());
            put(32, deposit.amount.units() as u64);
        }
        Command::Withdraw(withdraw) => {
            put(8, withdraw.account.number());
            put(32, (-withdraw.amount.units()) as u64);
        }
        Command::PublishFunding(funding) => put(24, u64::from(funding.instrument.number())),
        _ => {}
    }
    record
}

fn field(record: &[u8; RECORD], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&record[at..at + 8]);
    u64::from_le_bytes(bytes)
}

impl Bare {
    /// So many accounts with collateral.
    #[must_use]
    pub fn new(accounts: u64) -> Self {
        let account = Account { usd: 2_000_000_000_000, btc: 100_000_000, ..Account::default() };
        Self {
            accounts: vec![account; accounts as usize],
            marks: [crate::book::OPENING; 10],
            digest: 0,
            log: Vec::with_capacity(1 << 20),
            refused: 0,
        }
    }

    /// Runs records one by one.
    pub fn run(&mut self, records: &[[u8; RECORD]]) {
        for record in records {
            self.apply(record);
        }
    }

    /// Runs records, loading the accounts of 32 records ahead early.
    pub fn run_ahead(&mut self, records: &[[u8; RECORD]]) -> i64 {
        let mut warm = 0i64;
        for chunk in records.chunks(32) {
            for record in chunk {
                let (buyer, seller) = (field(record, 8) as usize, field(record, 16) as usize);
                warm ^= self.accounts[buyer].usd ^ self.accounts[buyer].costs[3] as i64;
                warm ^= self.accounts[seller].usd ^ self.accounts[seller].costs[3] as i64;
            }
            for record in chunk {
                self.apply(record);
            }
        }
        warm
    }

    fn apply(&mut self, record: &[u8; RECORD]) {
        match field(record, 0) {
            8 => self.trade(record),
            9 => self.marks[field(record, 24) as usize % 10] = field(record, 40) as i64,
            4 | 5 => {
                let account = &mut self.accounts[field(record, 8) as usize];
                account.usd += field(record, 32) as i64;
            }
            _ => {}
        }
        let mut chained = [0; 16 + RECORD];
        chained[..16].copy_from_slice(&self.digest.to_le_bytes());
        chained[16..].copy_from_slice(record);
        self.digest = xxh3_128(&chained);
        if self.log.len() + RECORD > 1 << 20 {
            self.log.clear();
        }
        self.log.extend_from_slice(record);
    }

    fn trade(&mut self, record: &[u8; RECORD]) {
        let instrument = field(record, 24) as usize;
        let (quantity, price) = (field(record, 32) as i64, field(record, 40) as i64);
        for (at, quantity) in [(8, quantity), (16, -quantity)] {
            let number = field(record, at) as usize;
            let group = number % 10;
            let slot = (instrument + 10 - group) % 10 % 4;
            let account = &mut self.accounts[number];
            account.quantities[slot] += quantity;
            account.costs[slot] += i128::from(quantity) * i128::from(price);
            let account = *account;
            if !self.covered(&account, group) {
                self.refused += 1;
            }
        }
    }

    fn covered(&self, account: &Account, group: usize) -> bool {
        let mut equity = i128::from(account.usd) * 100_000_000 * 1_000_000
            + i128::from(account.btc) * 1_000_000_000_000 * 950_000;
        let mut requirement = 0i128;
        for slot in 0..4 {
            let mark = i128::from(self.marks[(group + slot) % 10]);
            let quantity = i128::from(account.quantities[slot]);
            equity += (quantity * mark - account.costs[slot]) * 1_000_000;
            requirement += quantity.abs() * mark * 20_000;
        }
        equity >= requirement
    }

    /// Something that depends on all the work, so that none of it is left out.
    #[must_use]
    pub fn trace(&self) -> (u128, u64) {
        (self.digest, self.refused)
    }
}
