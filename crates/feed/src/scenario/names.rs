//! Readable names for numbers, and numbers as people read them.

use domain::rulebook::Rulebook;
use domain::{
    AccountId, Amount, AssetId, Feed, FeedRole, Holder, HouseAccount, InstrumentId, Price,
    Quantity, Quote,
};

use crate::decimal::text;

/// House accounts by their words.
const HOUSE: [(&str, HouseAccount); 9] = [
    ("custody", HouseAccount::Custody),
    ("liquidity", HouseAccount::Liquidity),
    ("insurance_fund", HouseAccount::InsuranceFund),
    ("fees", HouseAccount::Fees),
    ("funding_pool", HouseAccount::Funding),
    ("interest_pool", HouseAccount::Interest),
    ("settlement_pool", HouseAccount::Settlement),
    ("residue", HouseAccount::Residue),
    ("uncovered", HouseAccount::Uncovered),
];

/// Decimals of a value, a quote or an index: 1e-16.
pub(super) const VALUE_DIGITS: u32 = 16;
/// Decimals of a weighted value: 1e-22.
pub(super) const WEIGHTED_DIGITS: u32 = 22;

/// Names of one scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// Accounts by number.
    pub(super) accounts: Vec<String>,
    assets: Vec<(String, u32)>,
    instruments: Vec<(String, u32, AssetId)>,
}

impl Names {
    /// Takes the names and units of what a rulebook lists.
    pub fn list(&mut self, rulebook: &Rulebook) {
        let assets = &rulebook.assets;
        self.assets =
            assets.iter().map(|asset| (asset.name.clone(), u32::from(asset.decimals))).collect();
        let instruments = rulebook.instruments.iter();
        self.instruments = instruments
            .map(|rules| (rules.name.clone(), u32::from(rules.price_decimals), rules.settles))
            .collect();
    }

    /// The account of this name; `@7` is the account numbered 7, opened or not.
    #[must_use]
    pub fn find_account(&self, name: &str) -> Option<AccountId> {
        if let Some(number) = name.strip_prefix('@') {
            return number.parse().ok().map(AccountId::new);
        }
        let place = self.accounts.iter().position(|known| known == name)?;
        Some(AccountId::new(place as u64))
    }

    /// The house account of this name.
    #[must_use]
    pub fn find_house(name: &str) -> Option<HouseAccount> {
        HOUSE.iter().find(|(word, _)| *word == name).map(|(_, account)| *account)
    }

    /// The asset of this name; `@7` is the asset numbered 7, listed or not.
    #[must_use]
    pub fn find_asset(&self, name: &str) -> Option<AssetId> {
        if let Some(number) = name.strip_prefix('@') {
            return number.parse().ok().map(AssetId::new);
        }
        let place = self.assets.iter().position(|(known, _)| known == name)?;
        Some(AssetId::new(place as u32))
    }

    /// The instrument of this name; `@7` is the instrument numbered 7, listed or not.
    #[must_use]
    pub fn find_instrument(&self, name: &str) -> Option<InstrumentId> {
        if let Some(number) = name.strip_prefix('@') {
            return number.parse().ok().map(InstrumentId::new);
        }
        let place = self.instruments.iter().position(|(known, ..)| known == name)?;
        Some(InstrumentId::new(place as u32))
    }

    /// Name of an account.
    #[must_use]
    pub fn account(&self, account: AccountId) -> String {
        let name = self.accounts.get(account.index());
        name.cloned().unwrap_or_else(|| format!("@{}", account.number()))
    }

    /// Name of a holder.
    #[must_use]
    pub fn holder(&self, holder: Holder) -> String {
        match holder {
            Holder::Client(account) => self.account(account),
            Holder::House(house) => {
                let word = HOUSE.iter().find(|(_, account)| *account == house);
                word.map_or_else(|| format!("{house:?}"), |(word, _)| (*word).to_owned())
            }
        }
    }

    /// Name of an asset.
    #[must_use]
    pub fn asset(&self, asset: AssetId) -> String {
        let row = self.assets.get(asset.index());
        row.map_or_else(|| format!("@{}", asset.number()), |(name, _)| name.clone())
    }

    /// Name of an instrument.
    #[must_use]
    pub fn instrument(&self, instrument: InstrumentId) -> String {
        let row = self.instruments.get(instrument.index());
        row.map_or_else(|| format!("@{}", instrument.number()), |(name, ..)| name.clone())
    }

    /// Name of what a feed prices.
    #[must_use]
    pub fn target(&self, feed: Feed) -> String {
        match feed.role {
            FeedRole::Index => self.asset(AssetId::new(feed.target)),
            FeedRole::Mark | FeedRole::Last => self.instrument(InstrumentId::new(feed.target)),
        }
    }

    /// Decimals of an asset; 0 for one that is not listed.
    #[must_use]
    pub fn decimals(&self, asset: AssetId) -> u32 {
        self.assets.get(asset.index()).map_or(0, |(_, decimals)| *decimals)
    }

    /// Decimals of an asset's price, 16 less its own.
    #[must_use]
    pub fn index_decimals(&self, asset: AssetId) -> u32 {
        VALUE_DIGITS - self.decimals(asset).min(VALUE_DIGITS)
    }

    /// Decimals of an instrument's price; 0 for one that is not listed.
    #[must_use]
    pub fn price_decimals(&self, instrument: InstrumentId) -> u32 {
        self.instruments.get(instrument.index()).map_or(0, |(_, decimals, _)| *decimals)
    }

    /// Decimals of an instrument's quantity, 16 less those of its price.
    #[must_use]
    pub fn quantity_decimals(&self, instrument: InstrumentId) -> u32 {
        VALUE_DIGITS - self.price_decimals(instrument).min(VALUE_DIGITS)
    }

    /// The asset an instrument settles in.
    #[must_use]
    pub fn settles(&self, instrument: InstrumentId) -> Option<AssetId> {
        self.instruments.get(instrument.index()).map(|(.., settles)| *settles)
    }

    /// An amount as a decimal.
    #[must_use]
    pub fn amount(&self, asset: AssetId, amount: Amount) -> String {
        text(amount.units(), self.decimals(asset))
    }

    /// An amount of an instrument's settlement asset.
    #[must_use]
    pub fn settled(&self, instrument: InstrumentId, amount: Amount) -> String {
        let digits = self.settles(instrument).map_or(0, |asset| self.decimals(asset));
        text(amount.units(), digits)
    }

    /// A price as a decimal.
    #[must_use]
    pub fn price(&self, feed: Feed, price: Price) -> String {
        let digits = match feed.role {
            FeedRole::Index => self.index_decimals(AssetId::new(feed.target)),
            FeedRole::Mark | FeedRole::Last => self.price_decimals(InstrumentId::new(feed.target)),
        };
        text(price.wide(), digits)
    }

    /// A quantity as a decimal.
    #[must_use]
    pub fn quantity(&self, instrument: InstrumentId, quantity: Quantity) -> String {
        text(quantity.wide(), self.quantity_decimals(instrument))
    }

    /// A quote at 1e-16 as a decimal.
    #[must_use]
    pub fn quote(quote: Quote) -> String {
        text(quote.units(), VALUE_DIGITS)
    }
}
