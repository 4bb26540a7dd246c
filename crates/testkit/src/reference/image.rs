//! The state as canonical bytes, field by field in the order that snapshots have.

use super::state::State;
use domain::canonical::append;
use domain::{AccountId, Amount, AssetId, Balance, HouseAccount, Position, Timestamp};
use serde::Serialize;

/// Version of the behaviour that this machine describes.
pub(super) const SEMANTICS: u32 = 1;

#[derive(Serialize)]
struct Cursor {
    sequence: u64,
    timestamp: Timestamp,
    external: u64,
    seal_interval: u64,
    effect_digest: u128,
    interest_at: Option<Timestamp>,
    queue_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct AssetImage {
    price: domain::Price,
    published_at: Timestamp,
    borrow_index: i128,
    deposit_index: i128,
    deposit_shares: i128,
    borrow_shares: i128,
}

impl State {
    /// Canonical bytes of everything.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        append(&mut bytes, &SEMANTICS);
        append(&mut bytes, &self.cursor());
        let producers: Vec<(u32, u64)> = self.producers.clone().into_iter().collect();
        append(&mut bytes, &producers);
        append(&mut bytes, &self.rulebook);
        let assets: Vec<AssetImage> = self.asset_ids().map(|asset| self.image_of(asset)).collect();
        append(&mut bytes, &assets);
        let instruments: Vec<_> = self.instruments.values().collect();
        append(&mut bytes, &instruments);
        let house: Vec<[Amount; HouseAccount::ALL.len()]> =
            self.asset_ids().map(|asset| self.house_row(asset)).collect();
        append(&mut bytes, &house);
        let liquidity: Vec<&Position> = self.liquidity.values().collect();
        append(&mut bytes, &liquidity);
        append(&mut bytes, &self.queue());
        if !self.depth.is_empty() {
            let depth: Vec<_> = self.depth.values().collect();
            append(&mut bytes, &depth);
        }
        self.append_accounts(&mut bytes);
        bytes
    }

    fn append_accounts(&self, bytes: &mut Vec<u8>) {
        append(bytes, &(self.accounts.len() as u64));
        for account in self.accounts.values() {
            let flags = u8::from(account.liquidating)
                + 2 * u8::from(account.queued)
                + 32 * u8::from(account.case.is_some());
            let balances: Vec<&Balance> = account.balances.values().collect();
            let positions: Vec<&Position> = account.positions.values().collect();
            append(bytes, &flags);
            append(bytes, &balances);
            append(bytes, &positions);
            if let Some(case) = &account.case {
                append(bytes, case);
            }
        }
    }

    fn cursor(&self) -> Cursor {
        Cursor {
            sequence: self.sequence,
            timestamp: self.now,
            external: self.external,
            seal_interval: self.seal_interval,
            effect_digest: self.effect_digest,
            interest_at: self.interest_at,
            queue_at: self.queue_at,
        }
    }

    fn image_of(&self, asset: AssetId) -> AssetImage {
        let held = self.asset(asset);
        AssetImage {
            price: held.price,
            published_at: held.published_at,
            borrow_index: held.borrow_index,
            deposit_index: held.deposit_index,
            deposit_shares: self.deposit_shares(asset),
            borrow_shares: self.borrow_shares(asset),
        }
    }

    fn house_row(&self, asset: AssetId) -> [Amount; HouseAccount::ALL.len()] {
        HouseAccount::ALL.map(|account| Amount::new(self.house_amount(account, asset)))
    }

    /// Every listed asset.
    pub fn asset_ids(&self) -> impl Iterator<Item = AssetId> + use<> {
        (0..self.rulebook.assets.len() as u32).map(AssetId::new)
    }

    /// Every opened account.
    pub fn account_ids(&self) -> Vec<AccountId> {
        self.accounts.keys().copied().collect()
    }
}
