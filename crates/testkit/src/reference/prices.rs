//! What things are worth in the numeraire, and what must be known to say so.

use super::exact::{down, over, up, whole};
use super::state::{Account, State};
use domain::rulebook::AssetRules;
use domain::{AssetId, Position, Rounding, Timestamp};

impl State {
    pub fn asset_rules(&self, asset: AssetId) -> &AssetRules {
        self.rulebook.asset(asset).expect("unknown assets are refused")
    }

    /// Units of 1e-16 in one smallest unit of an asset.
    pub fn scale(&self, asset: AssetId) -> i128 {
        10i128.pow(16 - u32::from(self.asset_rules(asset).decimals))
    }

    /// Index price of an asset in units of its scale: one for the numeraire, zero while unknown.
    pub fn index_price(&self, asset: AssetId) -> i128 {
        if asset == self.rulebook.numeraire {
            self.scale(asset)
        } else {
            self.asset(asset).price.wide()
        }
    }

    /// Worth in the numeraire, at 1e-16, of a quote at 1e-16 of an asset.
    pub fn worth(&self, asset: AssetId, quote: i128, rounding: Rounding) -> i128 {
        let exact = whole(quote) * over(self.index_price(asset), self.scale(asset));
        match rounding {
            Rounding::Down => down(&exact),
            Rounding::Up => up(&exact),
        }
    }

    /// The quote in an asset that a worth in the numeraire is; `None` while it has no price.
    pub fn quote_of(&self, asset: AssetId, worth: i128, rounding: Rounding) -> Option<i128> {
        let price = self.index_price(asset);
        if price == 0 {
            return None;
        }
        let exact = whole(worth) * over(self.scale(asset), price);
        Some(match rounding {
            Rounding::Down => down(&exact),
            Rounding::Up => up(&exact),
        })
    }

    /// Notional of a size at a position's mark, in the numeraire, rounded up.
    pub fn notional(&self, position: &Position, size: i64) -> i128 {
        let mark = self.instrument(position.instrument).mark.wide();
        let settles = self.rules_of(position.instrument).settles;
        self.worth(settles, i128::from(size.abs()) * mark, Rounding::Up)
    }

    /// When each price was observed that an account is valued with; `None` for one never seen.
    pub fn observations(&self, account: &Account) -> Vec<Option<Timestamp>> {
        let mut seen = Vec::new();
        let known = |units: i64, at: Timestamp| if units > 0 { Some(at) } else { None };
        let index = |asset: AssetId| {
            let held = self.asset(asset);
            known(held.price.units(), held.published_at)
        };
        for position in account.positions.values() {
            let market = self.instrument(position.instrument);
            seen.push(known(market.mark.units(), market.published_at));
            let settles = self.rules_of(position.instrument).settles;
            if settles != self.rulebook.numeraire {
                seen.push(index(settles));
            }
        }
        for balance in account.balances.values() {
            if balance.asset != self.rulebook.numeraire && balance.amount.units() != 0 {
                seen.push(index(balance.asset));
            }
        }
        seen
    }
}
