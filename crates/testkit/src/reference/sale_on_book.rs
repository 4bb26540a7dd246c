//! Collateral sold into the book of its asset's spot instrument.

use super::depth::OpenBook;
use super::exact::{down, over, up, whole};
use super::state::{Account, State};
use super::terms::SaleConcession;
use domain::{AssetId, Quantity};

/// A size that a book knows.
fn size(units: i128) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

/// What the sells of a book pay for so much.
fn paid(book: &OpenBook, units: i128) -> i128 {
    let gross = i128::from(size(units)) * book.sides[0].anchor;
    (gross - book.conceded(0, size(units))).max(0)
}

impl State {
    /// The book in which the house trades an asset: none for what takers take.
    pub fn sold_into(&self, asset: AssetId) -> Option<&OpenBook> {
        match self.terms.as_ref().map(|terms| &terms.sale) {
            None | Some(SaleConcession::Slippage | SaleConcession::Fee(_)) => {
                self.book(self.spot_of(asset)?)
            }
            Some(_) => None,
        }
    }

    /// How much of an asset can be sold now.
    pub fn taken_now(&self, asset: AssetId) -> i128 {
        self.sold_into(asset).map_or(i128::MAX, |book| i128::from(book.available(0)))
    }

    /// What is charged on top of a book, of a worth at the index.
    fn fee_on_top(&self, worth: i128) -> i128 {
        match self.terms.as_ref().map(|terms| &terms.sale) {
            Some(SaleConcession::Fee(fee)) => up(&(whole(worth) * fee)),
            _ => 0,
        }
    }

    /// What selling a cash costs of its worth.
    pub fn selling_cost(&self, asset: AssetId, cash: i128, worth: i128) -> i128 {
        let Some(book) = self.sold_into(asset) else {
            return self.conceded_in_sale(asset, worth);
        };
        let units = up(&over(cash, self.scale(asset)));
        (worth - paid(book, units) + self.fee_on_top(worth)).clamp(0, worth)
    }

    pub fn proceeds_in_books(&self, sold: AssetId, amount: i128, bought: AssetId) -> Option<i128> {
        let worth = amount * self.index_price(sold);
        let kept = match self.sold_into(sold) {
            Some(book) => paid(book, amount) - self.fee_on_top(worth),
            None => worth - self.conceded_in_sale(sold, worth),
        };
        let price = self.index_price(bought);
        let terms = self.terms.as_ref().map(|terms| &terms.sale);
        let slippage = match terms {
            Some(SaleConcession::Fee(_)) => 0,
            _ => up(&(whole(price) * self.slippage_of(bought))),
        };
        let units = down(&over(kept, price + slippage));
        (units > 0).then_some(units)
    }

    /// The least of what is held and taken that repays so much.
    pub fn needed_in_books(&self, sold: AssetId, held: i128, bought: AssetId, owed: i128) -> i128 {
        let most = held.min(self.taken_now(sold));
        let brings = |amount: i128| self.proceeds_in_books(sold, amount, bought).unwrap_or(0);
        if brings(most) < owed {
            return most;
        }
        let (mut too_little, mut enough) = (0, most);
        while enough - too_little > 1 {
            let middle = too_little + (enough - too_little) / 2;
            if brings(middle) < owed { too_little = middle } else { enough = middle }
        }
        enough
    }

    /// Whether nothing is sold only because books are dry.
    pub fn waits_for_depth(&self, account: &Account) -> bool {
        let owes = self.first_debt(account).is_some();
        let unsold = &self.rulebook.sections.selling.sales.unsold;
        account.balances.values().any(|row| {
            let sellable = self.with_interest(row) > 0
                && self.index_price(row.asset) > 0
                && !unsold.contains(&row.asset);
            owes && sellable && self.taken_now(row.asset) == 0
        })
    }

    /// Takes what was sold out of its book.
    pub fn consume_spot(&mut self, asset: AssetId, units: i128) {
        if self.sold_into(asset).is_none() {
            return;
        }
        let instrument = self.spot_of(asset);
        if let Some(book) = instrument.and_then(|instrument| self.books.get_mut(&instrument)) {
            let at = &mut book.sides[0];
            at.consumed += Quantity::new(size(units)).wide() * at.measure;
        }
    }
}
