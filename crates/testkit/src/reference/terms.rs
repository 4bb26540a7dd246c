//! What a forced trade concedes at this step: each price function of the rulebook, written out.
//!
//! Shares are exact multiples of 1e-16: every formula says where it is rounded, and which way.

use super::exact::{down, over, share, up, whole};
use super::margin::Assessment;
use super::state::State;
use dashu_ratio::RBig;
use domain::rulebook::PriceFunction;
use domain::{AssetId, Duration, Position, Ratio};

/// Units of 1e-16 in one.
pub(super) const ONE: i128 = 10_000_000_000_000_000;

/// What closing a position concedes: a share of the mark, or of its own maintenance margin.
#[derive(Clone, Debug, Default)]
pub(super) enum Concession {
    #[default]
    Slippage,
    /// To a taker.
    Share(RBig),
    /// To who trades it in the market, on top of a book's cost.
    Fee(RBig),
    OfMargin {
        rating: RBig,
        spread: Ratio,
    },
}

/// What selling collateral concedes.
#[derive(Clone, Debug, Default)]
pub(super) enum SaleConcession {
    #[default]
    Slippage,
    /// To a taker.
    Less(RBig),
    /// To who sells it in the market, on top of a book's cost.
    Fee(RBig),
    Bonus(RBig),
    Lot {
        lot: RBig,
        bid: RBig,
    },
}

#[derive(Clone, Debug, Default)]
pub(super) struct Terms {
    pub position: Concession,
    pub sale: SaleConcession,
}

/// A share cut to 1e-16.
pub(super) fn floored(exact: &RBig) -> RBig {
    over(down(&(exact * whole(ONE))), ONE)
}

/// A share raised to 1e-16.
pub(super) fn raised(exact: &RBig) -> RBig {
    over(up(&(exact * whole(ONE))), ONE)
}

fn clamped(exact: RBig, least: RBig, most: RBig) -> RBig {
    exact.min(most).max(least)
}

/// Seconds of a span.
pub(super) fn seconds(span: Duration) -> RBig {
    over(i128::from(span.nanos()), 1_000_000_000)
}

fn flat(discount: RBig) -> Option<(Terms, RBig)> {
    let conceded = discount.clone().max(whole(0));
    let position = Concession::Share(conceded.clone());
    Some((Terms { position, sale: SaleConcession::Less(conceded) }, discount))
}

/// Terms and discount of a price function after so much time; `None` once its auction is over.
pub(super) fn offer(
    function: &PriceFunction,
    now: &Assessment,
    waited: Duration,
    auctioned: Duration,
) -> Option<(Terms, RBig)> {
    match *function {
        PriceFunction::Slippage => Some((Terms::default(), whole(0))),
        PriceFunction::OracleFee { base, most, grace, per_second } => {
            let base = raised(&share(base));
            let grown = raised(&(raised(&share(per_second)) * seconds(waited))) + &base;
            let ripe = seconds(waited) >= seconds(grace);
            let fee = if ripe { grown.min(raised(&share(most))) } else { base };
            let sale = SaleConcession::Fee(fee.clone());
            Some((Terms { position: Concession::Fee(fee.clone()), sale }, fee))
        }
        PriceFunction::Fillable { adjustment, spread } => {
            let position = Concession::OfMargin { rating: rating(now, adjustment), spread };
            Some((Terms { position, sale: SaleConcession::Slippage }, whole(0)))
        }
        PriceFunction::FixedBonus { bonus } => {
            let bonus = raised(&share(bonus));
            let sale = SaleConcession::Bonus(bonus.clone());
            Some((Terms { position: Concession::Share(bonus.clone()), sale }, bonus))
        }
        PriceFunction::RatioDiscount { most } => {
            let ratio = match now.maintenance {
                0 => whole(0),
                maintenance => floored(&over(now.adjusted, maintenance)),
            };
            flat(clamped(whole(1) - ratio, whole(0), raised(&share(most))))
        }
        PriceFunction::Dutch { start, cutoff, fast, slow } => {
            let (start, cutoff) = (floored(&share(start)), floored(&share(cutoff)));
            let (gone, fast, slow) = (seconds(auctioned), seconds(fast), seconds(slow));
            if gone >= fast.clone() + &slow {
                None
            } else if gone < fast {
                let fallen = raised(&((start.clone() - cutoff) * gone / fast));
                flat(whole(1) - (start - fallen))
            } else {
                let left = slow.clone() - (gone - fast);
                flat(whole(1) - floored(&(cutoff * left / slow)))
            }
        }
        PriceFunction::LotThenBid { step, interval } => {
            let steps = down(&(seconds(auctioned) / seconds(interval))).min(u32::MAX.into());
            lot_then_bid(floored(&share(step)), steps)
        }
        PriceFunction::Stair { buffer, step, interval, tail, cusp } => {
            let gone = seconds(auctioned);
            if gone > seconds(tail) {
                return None;
            }
            let stairs = down(&(gone / seconds(interval)));
            let left = stairs_down(floored(&share(step)), stairs);
            if left < floored(&share(cusp)) {
                return None;
            }
            flat(whole(1) - floored(&(floored(&share(buffer)) * left)))
        }
    }
}

/// First the lot grows to all of it, then the bid falls to nothing; `None` once it is there.
fn lot_then_bid(step: RBig, steps: i128) -> Option<(Terms, RBig)> {
    let gone = step * whole(steps);
    let bid = (whole(2) - &gone).min(whole(1));
    if bid <= whole(0) {
        return None;
    }
    let sale = SaleConcession::Lot { lot: gone.min(whole(1)), bid };
    Some((Terms { position: Concession::Slippage, sale }, whole(1)))
}

/// A step to the power of so many stairs, by squaring; every product is cut to 1e-16.
fn stairs_down(step: RBig, stairs: i128) -> RBig {
    let (mut square, mut left, mut count) = (step, whole(1), stairs);
    while count > 0 {
        if count % 2 == 1 {
            left = floored(&(left * &square));
        }
        count /= 2;
        square = floored(&(square.clone() * square));
    }
    left
}

/// How far an account sank below maintenance: adjustment times the share that equity lacks, raised,
/// between nothing and one; one where nothing is required.
pub(super) fn rating(now: &Assessment, adjustment: Ratio) -> RBig {
    let maintenance = down(&over(now.maintenance, 1_000_000));
    if maintenance <= 0 {
        return whole(1);
    }
    let lacking = over(maintenance - now.equity, maintenance);
    clamped(raised(&(lacking * raised(&share(adjustment)))), whole(0), whole(1))
}

impl State {
    /// A rating times a spread of the position's maintenance margin, as a share of its notional.
    pub fn share_of_margin(&self, position: &Position, rating: &RBig, spread: Ratio) -> RBig {
        let notional = self.notional(position, position.quantity.units());
        if notional == 0 {
            return whole(0);
        }
        let margin = self.requirement(position, |tier| tier.maintenance);
        let most = up(&(whole(margin) * share(spread)));
        raised(&(whole(most) * rating / (whole(notional) * whole(1_000_000)))).min(whole(1))
    }

    /// What closing a position concedes of an amount at the mark, rounded up.
    pub fn conceded(&self, position: &Position, at_mark: i128) -> i128 {
        let terms = self.terms.clone().unwrap_or_default();
        let conceded = match terms.position {
            Concession::Slippage => share(self.rules_of(position.instrument).slippage),
            Concession::Share(conceded) | Concession::Fee(conceded) => conceded,
            Concession::OfMargin { rating, spread } => {
                self.share_of_margin(position, &rating, spread)
            }
        };
        up(&(whole(at_mark) * conceded))
    }

    /// What selling an asset concedes of its worth, rounded up; nothing for the numeraire.
    pub fn conceded_in_sale(&self, asset: AssetId, worth: i128) -> i128 {
        if asset == self.rulebook.numeraire {
            return 0;
        }
        let terms = self.terms.clone().unwrap_or_default();
        let conceded = match terms.sale {
            SaleConcession::Slippage | SaleConcession::Lot { .. } => {
                share(self.asset_rules(asset).slippage)
            }
            SaleConcession::Less(conceded) | SaleConcession::Fee(conceded) => conceded,
            SaleConcession::Bonus(bonus) => bonus.clone() / (whole(1) + bonus),
        };
        up(&(whole(worth) * conceded))
    }
}
