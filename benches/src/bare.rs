//! The bare loop: what the hardware allows for the mixed workload.
//!
//! Decode, apply to two accounts, two margin checks of four positions, chained hash, buffered log;
//! nothing else: no rulebook, no ledger, no wake index, no refusals beyond the margin check.

use domain::Command;
use domain::command::RegisterTrade;
use store::codec;
use xxhash_rust::xxh3::xxh3_128;

/// An account of the loop: two balances, four positions.
#[derive(Clone, Copy, Default)]
struct Account {
    usd: i64,
    btc: i64,
    quantities: [i64; 4],
    costs: [i128; 4],
}

/// Bodies of commands as a journal holds them: what the loop and the machine both decode.
#[derive(Default)]
pub struct Bodies {
    bytes: Vec<u8>,
    ends: Vec<(usize, u16)>,
}

impl Bodies {
    /// The bodies of so many commands.
    #[must_use]
    pub fn of(commands: impl Iterator<Item = Command>) -> Self {
        let mut bodies = Self::default();
        for command in commands {
            codec::encode_into(&command, &mut bodies.bytes).expect("a small body");
            bodies.ends.push((bodies.bytes.len(), command.kind()));
        }
        bodies
    }

    /// Each kind and body, in order.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |(end, kind)| {
            let body = &self.bytes[start..*end];
            start = *end;
            (*kind, body)
        })
    }
}

/// Bytes before a body in the journal.
const ENVELOPE: usize = 28;

/// Adds a record to a buffer that is written at a mebibyte.
pub fn log_record(log: &mut Vec<u8>, body: &[u8]) {
    if log.len() + ENVELOPE + body.len() > 1 << 20 {
        log.clear();
    }
    log.extend_from_slice(&[0; ENVELOPE]);
    log.extend_from_slice(body);
}

/// The loop's state.
pub struct Bare {
    accounts: Vec<Account>,
    marks: [i64; 10],
    digest: u128,
    chained: Vec<u8>,
    log: Vec<u8>,
    refused: u64,
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
            chained: Vec::new(),
            log: Vec::with_capacity(1 << 20),
            refused: 0,
        }
    }

    /// Runs bodies one by one.
    pub fn run(&mut self, bodies: &Bodies) {
        for (kind, body) in bodies.iter() {
            let command = codec::decode(kind, 1, body).expect("what was encoded decodes");
            self.apply(&command, body);
        }
    }

    /// Runs bodies, decoding 32 ahead and loading their accounts early.
    pub fn run_ahead(&mut self, bodies: &Bodies) -> i64 {
        let mut warm = 0i64;
        let mut ahead: Vec<(Command, &[u8])> = Vec::with_capacity(32);
        let mut rest = bodies.iter();
        loop {
            let decoded = rest.by_ref().take(32).map(|(kind, body)| {
                (codec::decode(kind, 1, body).expect("what was encoded decodes"), body)
            });
            ahead.extend(decoded);
            if ahead.is_empty() {
                return warm;
            }
            for (command, _) in &ahead {
                if let Command::RegisterTrade(trade) = command {
                    for account in [trade.buyer, trade.seller] {
                        let account = &self.accounts[account.index()];
                        warm ^= account.usd ^ account.costs[3] as i64;
                    }
                }
            }
            for (command, body) in ahead.drain(..) {
                self.apply(&command, body);
            }
        }
    }

    fn apply(&mut self, command: &Command, body: &[u8]) {
        match command {
            Command::RegisterTrade(trade) => self.trade(trade),
            Command::PublishPrice(price) => {
                self.marks[price.feed.target as usize % 10] = price.price.units();
            }
            Command::Deposit(deposit) => {
                self.accounts[deposit.account.index()].usd += deposit.amount.units() as i64;
            }
            Command::Withdraw(withdraw) => {
                self.accounts[withdraw.account.index()].usd -= withdraw.amount.units() as i64;
            }
            _ => {}
        }
        self.chained.clear();
        self.chained.extend_from_slice(&self.digest.to_le_bytes());
        self.chained.extend_from_slice(body);
        self.digest = xxh3_128(&self.chained);
        log_record(&mut self.log, body);
    }

    fn trade(&mut self, trade: &RegisterTrade) {
        let instrument = trade.instrument.index();
        let (quantity, price) = (trade.quantity.units(), trade.price.units());
        for (account, quantity) in [(trade.buyer, quantity), (trade.seller, -quantity)] {
            let number = account.index();
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
