//! `accounts` and `holdings`: what accounts were worth and what they held, at given moments.
//!
//! A moment is the state after an event: a seal for whoever changed since the last one and has a
//! position or a debt, an event that sold an account out or closed a winner's position, and the
//! end, for everybody. Figures include what accrued; balances are as last posted; prices stand in
//! `marks`. A socialised loss shows at the next moment of each depositor. `ordinal` counts the rows
//! of an event.

use std::path::Path;

use clearing::AccountView;

use super::chunk::Reason;
use super::market::Market;
use super::sheet::{Decimal, Flag, Form, Id, Sheet, Word};
use super::{INDEX_PLACES, Moment, PLACES, WEIGHTED_PLACES, Written};
use crate::failure::Answer;

#[derive(Debug, Clone, Copy)]
struct AccountColumns {
    account: Id,
    reason: Word,
    liquidating: Flag,
    equity: Decimal,
    adjusted_equity: Decimal,
    initial: Decimal,
    release: Decimal,
    maintenance: Decimal,
}

#[derive(Debug, Clone, Copy)]
struct HoldingColumns {
    account: Id,
    holding: Word,
    asset: Word,
    instrument: Word,
    amount: Decimal,
    quantity: Decimal,
    cost: Decimal,
    funding_index: Decimal,
}

/// Both tables.
pub struct Accounts {
    accounts: Sheet,
    columns: AccountColumns,
    holdings: Sheet,
    held: HoldingColumns,
    sequence: u64,
    ordinals: (u64, u64),
}

impl Accounts {
    /// Creates the files.
    ///
    /// # Errors
    /// The disk.
    pub fn create(folder: &Path) -> Answer<Accounts> {
        let mut accounts = Form::new("accounts", 1);
        let columns = AccountColumns {
            account: accounts.id("account"),
            reason: accounts.word("reason"),
            liquidating: accounts.flag("liquidating"),
            equity: accounts.decimal("equity", PLACES),
            adjusted_equity: accounts.decimal("adjusted_equity", WEIGHTED_PLACES),
            initial: accounts.decimal("initial_margin", WEIGHTED_PLACES),
            release: accounts.decimal("release_margin", WEIGHTED_PLACES),
            maintenance: accounts.decimal("maintenance_margin", WEIGHTED_PLACES),
        };
        let mut holdings = Form::new("holdings", 1);
        let held = HoldingColumns {
            account: holdings.id("account"),
            holding: holdings.word("holding"),
            asset: holdings.word("asset"),
            instrument: holdings.word("instrument"),
            amount: holdings.decimal("amount", PLACES),
            quantity: holdings.decimal("quantity", PLACES),
            cost: holdings.decimal("cost", PLACES),
            funding_index: holdings.decimal("funding_index", INDEX_PLACES),
        };
        let (accounts, holdings) = (accounts.create(folder)?, holdings.create(folder)?);
        Ok(Accounts { accounts, columns, holdings, held, sequence: 0, ordinals: (0, 0) })
    }

    /// Writes one account's figures.
    ///
    /// # Errors
    /// The disk; a figure with too many digits.
    pub fn take(
        &mut self,
        market: &Market,
        moment: &Moment,
        reason: Reason,
        view: &AccountView,
    ) -> Answer<()> {
        if self.sequence != moment.sequence {
            self.sequence = moment.sequence;
            self.ordinals = (0, 0);
        }
        let (sheet, columns) = (&mut self.accounts, self.columns);
        sheet.row(moment.sequence, self.ordinals.0, moment.at)?;
        self.ordinals.0 += 1;
        sheet.id(columns.account, view.account.number());
        sheet.word(columns.reason, reason.word());
        sheet.flag(columns.liquidating, view.liquidating);
        let worth = &view.assessment;
        sheet.decimal(columns.equity, worth.equity.units(), u32::from(PLACES))?;
        let weighted = [
            (columns.adjusted_equity, worth.adjusted_equity),
            (columns.initial, worth.requirement.initial),
            (columns.release, worth.requirement.release),
            (columns.maintenance, worth.requirement.maintenance),
        ];
        for (column, units) in weighted {
            sheet.decimal(column, units.units(), u32::from(WEIGHTED_PLACES))?;
        }
        self.balances(market, moment, view)?;
        self.positions(market, moment, view)
    }

    fn holding(
        &mut self,
        moment: &Moment,
        view: &AccountView,
        holding: &'static str,
    ) -> Answer<()> {
        self.holdings.row(moment.sequence, self.ordinals.1, moment.at)?;
        self.ordinals.1 += 1;
        self.holdings.id(self.held.account, view.account.number());
        self.holdings.word(self.held.holding, holding);
        Ok(())
    }

    fn balances(&mut self, market: &Market, moment: &Moment, view: &AccountView) -> Answer<()> {
        for balance in &view.balances {
            self.holding(moment, view, "balance")?;
            let (sheet, held) = (&mut self.holdings, self.held);
            let decimals = market.names().decimals(balance.asset);
            sheet.name(held.asset, market.asset(balance.asset));
            sheet.decimal(held.amount, balance.amount.units(), decimals)?;
        }
        Ok(())
    }

    fn positions(&mut self, market: &Market, moment: &Moment, view: &AccountView) -> Answer<()> {
        for position in &view.positions {
            self.holding(moment, view, "position")?;
            let (sheet, held) = (&mut self.holdings, self.held);
            let (names, instrument) = (market.names(), position.instrument);
            sheet.name(held.instrument, market.instrument(instrument));
            if let Some(asset) = market.settles(instrument) {
                sheet.name(held.asset, market.asset(asset));
            }
            let places = names.quantity_places(instrument);
            sheet.decimal(held.quantity, position.quantity.wide(), places)?;
            sheet.decimal(held.cost, position.cost.units(), u32::from(PLACES))?;
            let places = names.price_places(instrument);
            sheet.decimal(held.funding_index, position.funding_index, 12 + places)?;
        }
        Ok(())
    }

    /// Completes the files.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(self) -> Answer<[Written; 2]> {
        Ok([self.accounts.finish()?, self.holdings.finish()?])
    }
}
