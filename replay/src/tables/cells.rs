//! Cells of the table `effects`: which columns an effect fills, and with what.
//!
//! Law: the match over effects names every one, so that none can be written without its cells.

use domain::{Amount, AssetId, Effect, Feed, Holder, InstrumentId, Price};

use super::effects::Columns;
use super::market::Market;
use super::sheet::{Decimal, Sheet};
use super::{PLACES, RATE_PLACES, WEIGHTED_PLACES};
use crate::failure::Answer;
use crate::rows::words;

/// The cells of one row.
pub(super) struct Cells<'a> {
    pub sheet: &'a mut Sheet,
    pub columns: Columns,
    pub market: &'a Market,
}

impl Cells<'_> {
    fn account(&mut self, account: domain::AccountId) {
        self.sheet.id(self.columns.account, account.number());
    }

    fn counterparty(&mut self, account: domain::AccountId) {
        self.sheet.id(self.columns.counterparty, account.number());
    }

    fn holder(&mut self, holder: Holder) {
        match holder {
            Holder::Client(account) => self.account(account),
            Holder::House(house) => {
                self.sheet.word(self.columns.house_account, words::house(house))
            }
        }
    }

    fn instrument(&mut self, instrument: InstrumentId) {
        self.sheet.name(self.columns.instrument, self.market.instrument(instrument));
    }

    fn amount(&mut self, asset: AssetId, amount: Amount) -> Answer<()> {
        self.sheet.name(self.columns.asset, self.market.asset(asset));
        let places = self.market.names().decimals(asset);
        self.sheet.decimal(self.columns.amount, amount.units(), places)
    }

    fn value(&mut self, value: domain::Value) -> Answer<()> {
        self.sheet.decimal(self.columns.value, value.units(), u32::from(PLACES))
    }

    fn price(&mut self, column: Decimal, instrument: InstrumentId, price: Price) -> Answer<()> {
        let places = self.market.names().price_places(instrument);
        self.sheet.decimal(column, price.wide(), places)
    }

    fn quantity(&mut self, instrument: InstrumentId, quantity: domain::Quantity) -> Answer<()> {
        self.instrument(instrument);
        let places = self.market.names().quantity_places(instrument);
        self.sheet.decimal(self.columns.quantity, quantity.wide(), places)
    }

    fn quote(&mut self, quote: domain::Quote) -> Answer<()> {
        self.sheet.decimal(self.columns.quote, quote.units(), u32::from(PLACES))
    }

    fn feed(&mut self, feed: Feed, price: Price) -> Answer<()> {
        self.sheet.word(self.columns.role, words::role(feed.role));
        let (asset, instrument) = self.market.target(feed);
        if let Some(asset) = asset {
            self.sheet.name(self.columns.asset, self.market.asset(asset));
        }
        if let Some(instrument) = instrument {
            self.instrument(instrument);
        }
        let places = self.market.names().feed_places(feed);
        self.sheet.decimal(self.columns.price, price.wide(), places)
    }

    /// Every effect belongs to one of five groups.
    pub fn fill(&mut self, effect: &Effect) -> Answer<()> {
        match effect {
            Effect::Refused { .. }
            | Effect::RulebookAdopted { .. }
            | Effect::AccountOpened { .. }
            | Effect::Deposited { .. }
            | Effect::Withdrawn { .. }
            | Effect::AssetTransferred { .. }
            | Effect::CapitalPaidIn { .. }
            | Effect::Novated { .. }
            | Effect::FeeCharged { .. }
            | Effect::PnlRealised { .. }
            | Effect::FundingPosted { .. }
            | Effect::InterestPosted { .. } => self.books(effect),
            Effect::InterestIndexMoved { .. }
            | Effect::PricePublished { .. }
            | Effect::PriceFlagged { .. }
            | Effect::FundingIndexMoved { .. }
            | Effect::InstrumentHalted { .. }
            | Effect::InstrumentResumed { .. }
            | Effect::InstrumentExpired { .. } => self.markets(effect),
            Effect::LiquidationStarted { .. }
            | Effect::PositionReduced { .. }
            | Effect::LiquidationFeeCharged { .. }
            | Effect::CollateralSold { .. }
            | Effect::StepSkipped { .. }
            | Effect::LiquidationEnded { .. }
            | Effect::CascadeLimited { .. } => self.liquidation(effect),
            Effect::StageRaised { .. }
            | Effect::StepPostponed { .. }
            | Effect::PositionTakenOver { .. }
            | Effect::CollateralSeized { .. } => self.selling(effect),
            Effect::DeficitRecognised { .. }
            | Effect::InsuranceDrawn { .. }
            | Effect::Deleveraged { .. }
            | Effect::DeficitDeleveraged { .. }
            | Effect::LossSocialised { .. }
            | Effect::LossUncovered { .. } => self.waterfall(effect),
            Effect::DepthPublished { .. }
            | Effect::DepthLevelFell { .. }
            | Effect::ImpactMoved { .. }
            | Effect::MarkMoved { .. }
            | Effect::IndexMoved { .. }
            | Effect::LiquidationTraced { .. } => self.depth(effect),
        }
    }

    fn depth(&mut self, effect: &Effect) -> Answer<()> {
        let (columns, places) = (self.columns, u32::from(PLACES));
        match *effect {
            Effect::DepthPublished { instrument, venue, depth } => {
                self.instrument(instrument);
                self.sheet.id(columns.count, u64::from(venue));
                self.sheet.decimal(columns.quote, depth.units(), places)
            }
            Effect::DepthLevelFell { instrument, level } => {
                self.instrument(instrument);
                self.sheet.decimal(columns.depth_level, level, places)
            }
            Effect::ImpactMoved { instrument, permanent, transient, gap, .. } => {
                self.instrument(instrument);
                self.sheet.decimal(columns.impact_permanent, permanent, places)?;
                self.sheet.decimal(columns.impact_transient, transient, places)?;
                self.sheet.decimal(columns.impact_gap, gap, places)
            }
            Effect::MarkMoved { instrument, recorded, mark, .. } => {
                self.instrument(instrument);
                self.price(columns.price, instrument, recorded)?;
                self.price(columns.mark, instrument, mark)
            }
            Effect::IndexMoved { asset, recorded, price, .. } => {
                self.sheet.name(columns.asset, self.market.asset(asset));
                let places = self.market.names().feed_places(Feed::index(asset));
                self.sheet.decimal(columns.price, recorded.wide(), places)?;
                self.sheet.decimal(columns.mark, price.wide(), places)
            }
            Effect::LiquidationTraced { account, induced, wrongful, cause, least } => {
                self.account(account);
                if let Some(cause) = cause {
                    self.instrument(cause);
                }
                let word = match (induced, wrongful) {
                    (false, false) => "first_order",
                    (true, false) => "induced",
                    (false, true) => "wrongful",
                    (true, true) => "induced_wrongful",
                };
                self.sheet.word(columns.detail, word);
                self.value(least)
            }
            _ => Ok(()),
        }
    }

    fn books(&mut self, effect: &Effect) -> Answer<()> {
        match *effect {
            Effect::Refused { refusal } => self.sheet.word(self.columns.detail, refusal.word()),
            Effect::RulebookAdopted { assets, instruments } => {
                let listed = u64::from(assets) + u64::from(instruments);
                self.sheet.id(self.columns.count, listed);
            }
            Effect::AccountOpened { account } => self.account(account),
            Effect::Deposited { account, asset, amount }
            | Effect::Withdrawn { account, asset, amount }
            | Effect::FeeCharged { account, asset, amount }
            | Effect::InterestPosted { account, asset, amount } => {
                self.account(account);
                return self.amount(asset, amount);
            }
            Effect::AssetTransferred { from, to, asset, amount } => {
                self.account(from);
                self.counterparty(to);
                return self.amount(asset, amount);
            }
            Effect::CapitalPaidIn { asset, amount } => return self.amount(asset, amount),
            Effect::Novated { instrument, buyer, seller, quantity, price } => {
                self.account(buyer);
                self.counterparty(seller);
                self.quantity(instrument, quantity)?;
                return self.price(self.columns.price, instrument, price);
            }
            Effect::PnlRealised { holder, instrument, amount }
            | Effect::FundingPosted { holder, instrument, amount } => {
                self.holder(holder);
                self.instrument(instrument);
                if let Some(asset) = self.market.settles(instrument) {
                    return self.amount(asset, amount);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn markets(&mut self, effect: &Effect) -> Answer<()> {
        let columns = self.columns;
        match *effect {
            Effect::InterestIndexMoved { asset, borrow_index, deposit_index, fee } => {
                let places = u32::from(PLACES);
                self.sheet.decimal(columns.deposit_index, deposit_index, places)?;
                self.sheet.decimal(columns.borrow_index, borrow_index, places)?;
                self.amount(asset, fee)
            }
            Effect::PricePublished { feed, price } => self.feed(feed, price),
            Effect::PriceFlagged { feed, price, mark } => {
                self.feed(feed, price)?;
                let places = self.market.names().feed_places(feed);
                self.sheet.decimal(columns.mark, mark.wide(), places)
            }
            Effect::FundingIndexMoved { instrument, rate, index } => {
                self.instrument(instrument);
                let places = u32::from(RATE_PLACES);
                self.sheet.decimal(columns.rate, i128::from(rate.units()), places)?;
                let places = places + self.market.names().price_places(instrument);
                self.sheet.decimal(columns.funding_index, index, places)
            }
            Effect::InstrumentExpired { instrument, price } => {
                self.instrument(instrument);
                self.price(columns.price, instrument, price)
            }
            Effect::InstrumentHalted { instrument } | Effect::InstrumentResumed { instrument } => {
                self.instrument(instrument);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn liquidation(&mut self, effect: &Effect) -> Answer<()> {
        let columns = self.columns;
        match *effect {
            Effect::LiquidationStarted {
                account, equity, adjusted_equity, maintenance, ..
            } => {
                self.account(account);
                self.sheet.decimal(columns.equity, equity.units(), u32::from(PLACES))?;
                let places = u32::from(WEIGHTED_PLACES);
                self.sheet.decimal(columns.adjusted_equity, adjusted_equity.units(), places)?;
                self.sheet.decimal(columns.maintenance, maintenance.units(), places)
            }
            Effect::PositionReduced {
                account,
                instrument,
                stage,
                quantity,
                quote,
                mark,
                notional,
            } => {
                self.account(account);
                self.sheet.word(columns.stage, words::stage(stage));
                self.quantity(instrument, quantity)?;
                self.quote(quote)?;
                self.price(columns.mark, instrument, mark)?;
                self.value(notional)
            }
            Effect::LiquidationFeeCharged { account, asset, amount } => {
                self.account(account);
                self.amount(asset, amount)
            }
            Effect::CollateralSold { account, asset, amount, debt_asset, proceeds } => {
                self.account(account);
                self.amount(asset, amount)?;
                self.sheet.name(columns.debt_asset, self.market.asset(debt_asset));
                let places = self.market.names().decimals(debt_asset);
                self.sheet.decimal(columns.proceeds, proceeds.units(), places)
            }
            Effect::StepSkipped { account, stage, reason } => {
                self.account(account);
                self.sheet.word(columns.stage, words::stage(stage));
                self.sheet.word(columns.detail, words::skip(reason));
                Ok(())
            }
            Effect::LiquidationEnded { account, outcome } => {
                self.account(account);
                self.sheet.word(columns.detail, words::outcome(outcome));
                Ok(())
            }
            Effect::CascadeLimited { waiting, .. } => {
                self.sheet.id(columns.count, u64::from(waiting));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Effects of rulebooks that choose how accounts are sold out.
    fn selling(&mut self, effect: &Effect) -> Answer<()> {
        match *effect {
            Effect::StageRaised { account, stage, reason } => {
                self.account(account);
                self.sheet.word(self.columns.stage, words::stage(stage));
                self.sheet.word(self.columns.detail, words::raise(reason));
                Ok(())
            }
            Effect::StepPostponed { account, until, reason } => {
                self.account(account);
                self.sheet.word(self.columns.detail, words::wait(reason));
                self.sheet.time(self.columns.until, until.nanos());
                Ok(())
            }
            Effect::PositionTakenOver { account, backstop, instrument, quantity, quote } => {
                self.account(account);
                self.counterparty(backstop);
                self.quantity(instrument, quantity)?;
                if let Some(notional) = self.market.notional(instrument, quantity) {
                    self.value(notional)?;
                }
                self.quote(quote)
            }
            Effect::CollateralSeized { account, asset, amount } => {
                self.account(account);
                self.amount(asset, amount)
            }
            _ => Ok(()),
        }
    }

    fn waterfall(&mut self, effect: &Effect) -> Answer<()> {
        match *effect {
            Effect::DeficitRecognised { account, asset, value } => {
                self.account(account);
                self.sheet.name(self.columns.asset, self.market.asset(asset));
                self.value(value)
            }
            Effect::InsuranceDrawn { account, asset, amount, value }
            | Effect::LossSocialised { account, asset, amount, value }
            | Effect::LossUncovered { account, asset, amount, value } => {
                self.account(account);
                self.amount(asset, amount)?;
                self.value(value)
            }
            Effect::Deleveraged { account, winner, instrument, quantity, quote } => {
                self.account(account);
                self.counterparty(winner);
                self.quantity(instrument, quantity)?;
                if let Some(notional) = self.market.notional(instrument, quantity) {
                    self.value(notional)?;
                }
                self.quote(quote)
            }
            Effect::DeficitDeleveraged { account, instrument, value } => {
                self.account(account);
                self.instrument(instrument);
                self.value(value)
            }
            _ => Ok(()),
        }
    }
}
