//! Rules that ask what an account would be after the command: withdrawals, transfers, trades.

use super::accrual::{amount_of, shares_of};
use super::checks::{Broken, require};
use super::exact::{down, over, share, up, whole};
use super::fill::Fill;
use super::state::{Account, State};
use domain::command::RegisterTrade;
use domain::rulebook::InstrumentKind;
use domain::{AccountId, Amount, AssetId, Balance, InstrumentId, Position, Price};
use domain::{Quantity, Refusal};

/// One side of a trade.
pub(super) struct Side {
    pub account: AccountId,
    pub fill: Fill,
    pub fee: i128,
}

impl State {
    /// Whether an account may part with an amount; a transfer names who receives it.
    pub fn check_outflow(
        &self,
        account: AccountId,
        asset: AssetId,
        amount: i128,
        recipient: Option<AccountId>,
    ) -> Result<(), Refusal> {
        let owns = self.held(account, asset);
        let left = owns.saturating_sub(amount);
        let after = self.with_balance(self.account(account), asset, left);
        let mut broken = Broken::none();
        let fits = recipient.is_none_or(|to| self.fits_balance(to, asset, amount));
        let debt_max = self.asset_rules(asset).balance_max.units();
        broken.unless(fits && left >= -debt_max, Refusal::BalanceMaxExceeded);
        let liquidating = self.account(account).liquidating;
        broken.unless(!liquidating, Refusal::AccountLiquidating);
        if after.is_exposed() {
            self.check_prices(&after, &mut broken);
        }
        // What follows is arithmetic on balances within bounds and known prices.
        broken.first()?;
        let mut broken = Broken::none();
        if recipient.is_none() || left < 0 {
            let lent = self.may_lend(asset, owns, left, recipient.is_none());
            broken.unless(lent, Refusal::UtilisationMaxExceeded);
        }
        if after.is_exposed() {
            let assessment = self.assess(&after);
            let covered = assessment.adjusted >= assessment.initial;
            broken.unless(covered, Refusal::CollateralInsufficient);
        }
        broken.first()
    }

    fn with_balance(&self, account: &Account, asset: AssetId, amount: i128) -> Account {
        let index = self.index_for(asset, amount);
        let mut after = account.clone();
        after.balances.insert(asset, Balance { asset, amount: Amount::new(amount), index });
        after
    }

    /// Every price an account is valued with was published, and not too long ago.
    fn check_prices(&self, account: &Account, broken: &mut Broken) {
        let stale_after = self.rulebook.oracle.stale_after;
        for seen in self.observations(account) {
            broken.unless(seen.is_some(), Refusal::PriceMissing);
            let fresh = seen.is_none_or(|at| self.now.since(at) <= stale_after);
            broken.unless(fresh, Refusal::PriceStale);
        }
    }

    /// Whether borrows stay within their share of deposits when a balance goes from one amount to
    /// another; what leaves one account arrives in another unless it leaves the house.
    fn may_lend(&self, asset: AssetId, before: i128, after: i128, leaves: bool) -> bool {
        let held = self.asset(asset);
        let moved = |total: i128, from: i128, to: i128, index: i128| {
            let (from, to) = (shares_of(from.max(0), index), shares_of(to.max(0), index));
            amount_of(total + to - from, index)
        };
        let borrows = moved(self.borrow_shares(asset), -before, -after, held.borrow_index);
        let deposits = if leaves {
            moved(self.deposit_shares(asset), before, after, held.deposit_index)
        } else {
            self.deposits(asset)
        };
        let most = self.asset_rules(asset).utilisation_max;
        borrows <= 0 || borrows <= down(&(whole(deposits) * share(most)))
    }

    pub fn check_trade(&self, trade: &RegisterTrade) -> Result<(), Refusal> {
        self.known_account(trade.buyer)?;
        self.known_account(trade.seller)?;
        require(trade.buyer != trade.seller, Refusal::AccountRepeated)?;
        self.known_instrument(trade.instrument)?;
        let rules = self.rules_of(trade.instrument);
        let market = self.instrument(trade.instrument);
        let mut broken = Broken::none();
        broken.unless(trade.quantity.is_positive(), Refusal::QuantityNotPositive);
        let lots = trade.quantity.units().rem_euclid(rules.lot.units()) == 0;
        broken.unless(lots, Refusal::QuantityNotInLots);
        broken.unless(trade.price.is_positive(), Refusal::PriceNotPositive);
        broken.unless(trade.price <= rules.price_max, Refusal::PriceMaxExceeded);
        let quote = trade.quantity.wide() * trade.price.wide();
        let quote = up(&over(quote, self.scale(rules.settles)));
        for fee in [trade.buyer_fee, trade.seller_fee] {
            broken.unless(!fee.is_negative(), Refusal::FeeNegative);
            broken.unless(fee.units() <= quote, Refusal::FeeExceedsQuote);
        }
        broken.unless(!market.expired, Refusal::InstrumentExpired);
        broken.unless(!market.halted, Refusal::InstrumentHalted);
        broken.first()?;
        let sides = self.sides(trade).map(|side| match rules.kind {
            InstrumentKind::Spot { base } => self.check_exchange(trade, base, &side),
            _ => self.check_position(trade, &side),
        });
        sides.into_iter().filter_map(Result::err).min().map_or(Ok(()), Err)
    }

    pub fn sides(&self, trade: &RegisterTrade) -> [Side; 2] {
        let quantity = trade.quantity.units();
        let quote = trade.quantity.wide() * trade.price.wide();
        let bought = Fill { quantity, quote };
        [
            Side { account: trade.buyer, fill: bought, fee: trade.buyer_fee.units() },
            Side { account: trade.seller, fill: bought.opposite(), fee: trade.seller_fee.units() },
        ]
    }

    fn check_position(&self, trade: &RegisterTrade, side: &Side) -> Result<(), Refusal> {
        let instrument = trade.instrument;
        let rules = self.rules_of(instrument);
        let before = self.account(side.account);
        let held = self.position_or_empty(before, instrument).quantity.wide();
        let filled = i128::from(side.fill.quantity);
        let within = (held + filled).abs() <= rules.position_max.wide();
        let mut broken = Broken::none();
        broken.unless(within, Refusal::PositionMaxExceeded);
        let counted = before.positions.len();
        let room = counted < usize::from(self.rulebook.limits.positions_per_account);
        let has_room = room || before.positions.contains_key(&instrument);
        broken.unless(has_room, Refusal::PositionsPerAccountExceeded);
        let reduces = held != 0 && (held > 0) != (filled > 0) && filled.abs() <= held.abs();
        broken.unless(reduces || !before.liquidating, Refusal::AccountLiquidating);
        if within {
            let after = self.after_fill(before, instrument, side.fill, side.fee);
            self.check_prices(&after, &mut broken);
            broken.first()?;
            self.check_margin(trade, before, &after, reduces).first()
        } else {
            let asked = self.holding_some(before, instrument);
            self.check_prices(&asked, &mut broken);
            broken.first()
        }
    }

    /// The account with some position in an instrument: what it would have to be priced with.
    fn holding_some(&self, account: &Account, instrument: InstrumentId) -> Account {
        let mut after = account.clone();
        let some =
            Position { quantity: Quantity::new(1), ..self.position_or_empty(account, instrument) };
        after.positions.insert(instrument, some);
        after
    }

    /// At initial margin after the trade; or else a trade that reduces risk: price within the band,
    /// shortfall not rising, equity not negative.
    fn check_margin(
        &self,
        trade: &RegisterTrade,
        before: &Account,
        after: &Account,
        reduces: bool,
    ) -> Broken {
        let mut broken = Broken::none();
        let after = self.assess(after);
        let lacks = after.initial - after.adjusted;
        if lacks <= 0 {
            return broken;
        }
        if !reduces {
            broken.unless(false, Refusal::CollateralInsufficient);
            return broken;
        }
        let mark = self.instrument(trade.instrument).mark;
        let band = share(self.rules_of(trade.instrument).band);
        broken.unless(within(trade.price, mark, band), Refusal::PriceOutsideBand);
        let before = self.assess(before);
        broken.unless(lacks <= before.initial - before.adjusted, Refusal::ShortfallRises);
        broken.unless(after.equity >= 0, Refusal::EquityNegative);
        broken
    }

    /// Base amount of a spot trade, and what is paid (up) and received (down) for it.
    pub fn exchanged(&self, trade: &RegisterTrade, base: AssetId) -> (i128, i128, i128) {
        let rules = self.rules_of(trade.instrument);
        // The quantity unit is 10^-(16 - e) of the base asset.
        let unit = over(1, 10i128.pow(16 - u32::from(rules.price_decimals)));
        let smallest = whole(10i128.pow(u32::from(self.asset_rules(base).decimals)));
        let base_amount = down(&(whole(trade.quantity.wide()) * unit * smallest));
        let quote = trade.quantity.wide() * trade.price.wide();
        let quote = over(quote, self.scale(rules.settles));
        (base_amount, up(&quote), down(&quote))
    }

    fn check_exchange(
        &self,
        trade: &RegisterTrade,
        base: AssetId,
        side: &Side,
    ) -> Result<(), Refusal> {
        let rules = self.rules_of(trade.instrument);
        let settles = rules.settles;
        let (base_amount, paid, received) = self.exchanged(trade, base);
        let buys = side.fill.quantity > 0;
        let (base_delta, quote_delta) =
            if buys { (base_amount, -paid) } else { (-base_amount, received) };
        let before = self.account(side.account);
        let (base_held, quote_held) =
            (self.held(side.account, base), self.held(side.account, settles));
        let (base_left, quote_left) = (base_held + base_delta, quote_held + quote_delta - side.fee);
        let after = self.with_balance(before, base, base_left);
        let after = self.with_balance(&after, settles, quote_left);
        let mut broken = Broken::none();
        self.check_prices(&after, &mut broken);
        broken.unless(trade.quantity <= rules.position_max, Refusal::PositionMaxExceeded);
        let (gained, gain) = if buys { (base, base_delta) } else { (settles, quote_delta) };
        let (given, left) = if buys { (settles, quote_left) } else { (base, base_left) };
        let fits = self.fits_balance(side.account, gained, gain)
            && left >= -self.asset_rules(given).balance_max.units();
        broken.unless(fits, Refusal::BalanceMaxExceeded);
        let reduces = left >= 0;
        broken.unless(reduces || !before.liquidating, Refusal::AccountLiquidating);
        broken.first()?;
        let mut broken = self.check_margin(trade, before, &after, reduces);
        for (asset, held, left) in [(base, base_held, base_left), (settles, quote_held, quote_left)]
        {
            let lends = left < 0 && left < held;
            let lent = !lends || self.may_lend(asset, held, left, false);
            broken.unless(lent, Refusal::UtilisationMaxExceeded);
        }
        broken.first()
    }
}

/// Whether a price lies within a share of the mark, either way.
pub(super) fn within(price: Price, mark: Price, band: dashu_ratio::RBig) -> bool {
    whole((price.wide() - mark.wide()).abs()) <= whole(mark.wide()) * band
}
