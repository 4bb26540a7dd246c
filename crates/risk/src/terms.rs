//! What a forced trade concedes at this step: the price function of the rulebook, answered once for
//! an account and a time.
//!
//! A concession is a share of the mark (of collateral: of its index price), at 1e-16, rounded up:
//! against the account. Without terms positions concede their instrument's slippage and collateral
//! its asset's. Law: terms are fixed before a step is planned, so it is executed as planned.

use crate::fee::FeeRamp;
use crate::impact::book::MarketBook;
use crate::margin;
use crate::number::{Fixed, Number};
use crate::price_function::{Dutch, Fillable, LotThenBid, Stair, lot_then_bid, ratio_discount};
use crate::prices::Prices;
use crate::valuation::Assessment;
use domain::rulebook::PriceFunction;
use domain::wide::mul_div;
use domain::{AssetId, Duration, InstrumentId, Position, Ratio, Rounding};

/// One, on the scale of concessions.
const ONE: i128 = 10_000_000_000_000_000;

/// Terms of one step; see the door.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// What closing a position concedes.
    pub position: Concession,
    /// What selling collateral concedes.
    pub sale: SaleConcession,
}

/// What closing a position concedes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Concession {
    /// The slippage of its instrument.
    #[default]
    Slippage,
    /// The same share of every mark, to a taker who takes the position on.
    Share(Fixed),
    /// The same share of every mark to who trades it in the market for the account; where depth is
    /// finite it comes on top of what the book costs.
    Fee(Fixed),
    /// This rating times this share of the position's maintenance margin.
    OfMargin {
        /// 0 for an account at maintenance, 1 for one that is far below.
        rating: Fixed,
        /// Share of maintenance margin.
        spread: Ratio,
    },
}

impl Concession {
    /// Whether it is the price of an order that is filled there or better.
    #[must_use]
    pub const fn limits(&self) -> bool {
        matches!(self, Self::OfMargin { .. })
    }
}

/// What selling collateral concedes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaleConcession {
    /// The slippage of what is sold and of what is bought.
    #[default]
    Slippage,
    /// Collateral goes to a taker at its index price less this share.
    Less(Fixed),
    /// The same, to who sells it in the market for the account; where its asset has depth the share
    /// comes on top of what the book costs.
    Fee(Fixed),
    /// Collateral worth one plus this share buys off debt of one.
    Bonus(Fixed),
    /// A share of one collateral goes for a share of one debt.
    Lot {
        /// Share of the collateral handed over.
        lot: Fixed,
        /// Share of the debt repaid for it.
        bid: Fixed,
    },
}

/// What a price function says at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// The account is offered on these terms, at this discount to the mark.
    Open {
        /// How it is closed.
        terms: Terms,
        /// Share of the mark a taker gains; of an auction, what bidders wait for.
        discount: Fixed,
    },
    /// The auction is over and nobody has come.
    Over,
}

fn share(ratio: Ratio, rounding: Rounding) -> Fixed {
    Fixed::of_ratio(ratio, rounding)
}

/// Seconds of a span.
fn seconds(span: Duration) -> Fixed {
    Fixed::new(i128::from(span.nanos()) * 10_000_000)
}

/// The terms of a price function after so much time; `waited` runs since the account fell below
/// maintenance, `auctioned` since its present auction began.
///
/// Worked: Dutch .95 to .70 in 900 s, after 450 s: a discount of .175.
#[must_use]
pub fn offer(
    function: &PriceFunction,
    assessment: &Assessment,
    waited: Duration,
    auctioned: Duration,
) -> Offer {
    match *function {
        PriceFunction::Slippage => Offer::Open { terms: Terms::default(), discount: Fixed::zero() },
        PriceFunction::OracleFee { base, most, grace, per_second } => {
            let ramp = FeeRamp {
                base: share(base, Rounding::Up),
                most: share(most, Rounding::Up),
                grace: seconds(grace),
                increase: share(per_second, Rounding::Up),
            };
            let fee = ramp.at(&seconds(waited));
            let (position, sale) = (Concession::Fee(fee), SaleConcession::Fee(fee));
            Offer::Open { terms: Terms { position, sale }, discount: fee }
        }
        PriceFunction::Fillable { adjustment, spread } => {
            let rating = rating(assessment, adjustment, spread);
            let position = Concession::OfMargin { rating, spread };
            let terms = Terms { position, sale: SaleConcession::Slippage };
            Offer::Open { terms, discount: Fixed::zero() }
        }
        PriceFunction::FixedBonus { bonus } => {
            let bonus = share(bonus, Rounding::Up);
            let (position, sale) = (Concession::Share(bonus), SaleConcession::Bonus(bonus));
            Offer::Open { terms: Terms { position, sale }, discount: bonus }
        }
        PriceFunction::RatioDiscount { most } => {
            flat(ratio_discount(&margin_ratio(assessment), &share(most, Rounding::Up)))
        }
        PriceFunction::Dutch { .. }
        | PriceFunction::Stair { .. }
        | PriceFunction::LotThenBid { .. } => auction(function, auctioned),
    }
}

/// The same share of every mark and of every index price.
fn flat(discount: Fixed) -> Offer {
    let position = Concession::Share(discount.floored());
    let sale = SaleConcession::Less(discount.floored());
    Offer::Open { terms: Terms { position, sale }, discount }
}

/// The terms of an auction after so much time.
fn auction(function: &PriceFunction, auctioned: Duration) -> Offer {
    match *function {
        PriceFunction::Dutch { start, cutoff, fast, slow } => {
            let end = fast.nanos().saturating_add(slow.nanos());
            if auctioned.nanos() >= end {
                return Offer::Over;
            }
            let auction = Dutch {
                start: share(start, Rounding::Down),
                cutoff: share(cutoff, Rounding::Down),
                fast: seconds(fast),
                slow: seconds(slow),
            };
            flat(Fixed::one().minus(&auction.share_at(&seconds(auctioned))))
        }
        PriceFunction::Stair { buffer, step, interval, tail, cusp } => {
            let auction = Stair {
                buffer: share(buffer, Rounding::Down),
                step: share(step, Rounding::Down),
                interval: seconds(interval),
                tail: seconds(tail),
                cusp: share(cusp, Rounding::Down),
            };
            match auction.price_at(&Fixed::one(), &seconds(auctioned)) {
                Some(price) => flat(Fixed::one().minus(&price)),
                None => Offer::Over,
            }
        }
        PriceFunction::LotThenBid { step, interval } => {
            let steps = auctioned.nanos().checked_div(interval.nanos()).unwrap_or(0);
            let steps = u32::try_from(steps).unwrap_or(u32::MAX);
            let LotThenBid { lot, bid } = lot_then_bid(steps, &share(step, Rounding::Down));
            if !bid.is_positive() {
                return Offer::Over;
            }
            let sale = SaleConcession::Lot { lot, bid };
            // What it comes to depends on the collateral and the debt: the sale's plan says.
            let terms = Terms { position: Concession::Slippage, sale };
            Offer::Open { terms, discount: Fixed::one() }
        }
        // Every other function answers at once: it is never asked here.
        _ => Offer::Over,
    }
}

/// Adjusted equity over maintenance margin, rounded down; zero where nothing is required.
fn margin_ratio(assessment: &Assessment) -> Fixed {
    let adjusted = assessment.adjusted_equity.units();
    let maintenance = assessment.requirement.maintenance.units();
    if maintenance == 0 {
        return Fixed::zero();
    }
    // A quotient out of range is far from one on its own side.
    let far = if adjusted < 0 { i128::MIN } else { i128::MAX };
    Fixed::new(mul_div(adjusted, ONE, maintenance, Rounding::Down).unwrap_or(far))
}

/// How far an account sank below maintenance, 0 to 1: the rating of dYdX v4's fillable price.
#[must_use]
pub fn rating(assessment: &Assessment, adjustment: Ratio, spread: Ratio) -> Fixed {
    let fillable = Fillable {
        notional: Fixed::zero(),
        position_maintenance: Fixed::zero(),
        equity: Fixed::from(assessment.equity),
        maintenance: Fixed::of_weighted(assessment.requirement.maintenance, Rounding::Down),
        adjustment: share(adjustment, Rounding::Up),
        spread: share(spread, Rounding::Up),
    };
    fillable.rating().unwrap_or_else(Fixed::one)
}

/// The share of a position's notional that a rating and a spread of its margin come to, rounded up;
/// at most all of it.
#[must_use]
pub fn share_of_margin(
    position: &Position,
    prices: &Prices<'_>,
    rating: Fixed,
    spread: Ratio,
) -> Fixed {
    let notional = crate::liquidation::notional_of(position, position.quantity, prices);
    if !notional.is_positive() {
        return Fixed::zero();
    }
    let margin = margin::maintenance_share(position, prices).units();
    let most = spread.of(margin, Rounding::Up);
    let conceded = mul_div(most, rating.units(), notional.unweighted().units(), Rounding::Up);
    Fixed::new(conceded.unwrap_or(ONE)).least(&Fixed::one())
}

impl<'a> Prices<'a> {
    /// The book that closing a position walks on the terms of the step: none where a taker takes it
    /// at a price of the rulebook's making.
    #[must_use]
    pub fn walked(&self, instrument: InstrumentId) -> Option<&'a MarketBook> {
        self.book(instrument).filter(|_| !self.taken())
    }

    /// The book that a taker unloads a position into.
    #[must_use]
    pub fn hedged(&self, instrument: InstrumentId) -> Option<&'a MarketBook> {
        let hedges = self.taken() && self.rulebook.sections.takers.hedge;
        self.book(instrument).filter(|_| hedges)
    }

    /// The book that the house sells collateral into on the terms of the step: none for what takers
    /// take.
    #[must_use]
    pub fn sold_into(&self, asset: AssetId) -> Option<&'a MarketBook> {
        if self.books.is_empty() {
            return None;
        }
        let house = match self.terms.map_or(SaleConcession::Slippage, |terms| terms.sale) {
            SaleConcession::Slippage | SaleConcession::Fee(_) => true,
            SaleConcession::Less(_) | SaleConcession::Bonus(_) | SaleConcession::Lot { .. } => {
                false
            }
        };
        let market = self.rulebook.spot_depth(asset).filter(|_| house)?;
        self.book(market.instrument)
    }

    /// What the house pays for a unit of an asset that has no book: its index price and, where the
    /// terms name no price of their own, its slippage, rounded up.
    #[must_use]
    pub fn dearer(&self, asset: AssetId) -> i128 {
        let price = self.index_price(asset);
        let par = asset == self.rulebook.numeraire;
        match self.terms.map_or(SaleConcession::Slippage, |terms| terms.sale) {
            SaleConcession::Slippage if !par => {
                price + self.asset_rules(asset).slippage.of(price, Rounding::Up)
            }
            _ => price,
        }
    }

    fn taken(&self) -> bool {
        self.terms.is_some_and(|terms| matches!(terms.position, Concession::Share(_)))
    }

    /// What is charged on top of what a book costs, of a quote at the mark, rounded up.
    #[must_use]
    pub fn on_top(&self, at_mark: i128) -> i128 {
        match self.terms.map(|terms| terms.position) {
            Some(Concession::Fee(share)) => part(at_mark, share),
            _ => 0,
        }
    }

    /// What closing a position concedes of a quote or a worth at the mark, rounded up.
    #[must_use]
    pub fn conceded(&self, position: &Position, at_mark: i128) -> i128 {
        let share = match self.terms.map_or(Concession::Slippage, |terms| terms.position) {
            Concession::Slippage => {
                let slippage = self.instrument_rules(position.instrument).slippage;
                return slippage.of(at_mark, Rounding::Up);
            }
            Concession::Share(share) | Concession::Fee(share) => share,
            Concession::OfMargin { rating, spread } => {
                share_of_margin(position, self, rating, spread)
            }
        };
        part(at_mark, share)
    }

    /// What selling an asset concedes of its worth, rounded up; nothing for the numeraire.
    ///
    /// Worked: 105 of collateral at a bonus of 5 % concedes 5, for it buys off debt of 100.
    #[must_use]
    pub fn conceded_in_sale(&self, asset: AssetId, worth: i128) -> i128 {
        if asset == self.rulebook.numeraire {
            return 0;
        }
        match self.terms.map_or(SaleConcession::Slippage, |terms| terms.sale) {
            SaleConcession::Slippage | SaleConcession::Lot { .. } => {
                self.asset_rules(asset).slippage.of(worth, Rounding::Up)
            }
            SaleConcession::Less(share) | SaleConcession::Fee(share) => part(worth, share),
            SaleConcession::Bonus(share) => {
                let whole = ONE + share.units();
                mul_div(worth, share.units(), whole, Rounding::Up).unwrap_or(worth)
            }
        }
    }
}

fn part(whole: i128, share: Fixed) -> i128 {
    mul_div(whole, share.units(), ONE, Rounding::Up).unwrap_or(whole)
}
