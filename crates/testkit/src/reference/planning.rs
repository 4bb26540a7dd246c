//! Which position goes next by the rulebook's choices, and how much of it.

use super::exact::{down, over, share, up, whole};
use super::sizing::{Closing, Solvency, Step};
use super::state::{Account, INDEX_ONE, State};
use super::terms::{floored, raised, seconds};
use dashu_ratio::RBig;
use domain::rulebook::{InstrumentKind, InsuranceFee, Sizing, TargetOrder};
use domain::{AssetId, Duration, InstrumentId, Position, Ratio, Rounding, Weighted};
use std::cmp::Reverse;

/// Units of 1e-22 in one of 1e-16.
const PARTS: i128 = 1_000_000;

/// What is asked of one step: see the fast machine's words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub goal: i128,
    pub most: Option<i128>,
    pub whole: bool,
    pub sizing: Sizing,
    pub part: Option<Ratio>,
}

impl Ask {
    pub const TO_RELEASE: Self =
        Self { goal: 0, most: None, whole: false, sizing: Sizing::ToTarget, part: None };
}

/// The same share of every position.
pub(super) struct Slice {
    pub closings: Vec<(Position, Closing)>,
    pub toxic: bool,
}

/// What may remain of a shortfall while the share of it that may go grows with time.
pub(super) fn goal_in_time(
    sizing: Sizing,
    shortfall: i128,
    freed: Weighted,
    waited: Duration,
) -> i128 {
    let Sizing::Share { initial, over: all_in, under } = sizing else { return 0 };
    // Worth is looked at in 1e-16: what is short rounded up, what was freed down.
    let (short, freed) = (up(&over(shortfall, PARTS)), down(&over(freed.units(), PARTS)));
    let small = short < i128::from(under) * INDEX_ONE || short <= 0;
    let allowed = if small {
        whole(1)
    } else {
        let grown = floored(&(seconds(waited) / seconds(all_in)));
        let grown = (grown + floored(&share(initial))).max(whole(0)).min(whole(1));
        let most = down(&(whole(short + freed) * grown));
        floored(&over((most - freed).max(0), short)).min(whole(1))
    };
    shortfall - up(&(whole(shortfall) * allowed))
}

/// The fewest of `all` that reach a goal, by halving; all where that does not.
fn fewest(all: i64, reaches: impl Fn(i64) -> bool) -> i64 {
    if !reaches(all) {
        return all;
    }
    let (mut too_few, mut enough) = (0, all);
    while enough - too_few > 1 {
        let middle = too_few + (enough - too_few) / 2;
        if reaches(middle) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    enough
}

impl State {
    fn tradable(&self, position: &Position) -> bool {
        let market = self.instrument(position.instrument);
        !market.halted && !market.expired && market.mark.is_positive()
    }

    fn whole_notional(&self, position: &Position) -> i128 {
        self.notional(position, position.quantity.units())
    }

    /// The next position: by rank, then the larger notional, then the lower instrument.
    pub fn target_by_rules(&self, account: &Account, but: &[InstrumentId]) -> Option<Position> {
        let positions = account
            .positions
            .values()
            .filter(|position| self.tradable(position) && !but.contains(&position.instrument));
        let mut positions: Vec<Position> = positions.copied().collect();
        positions.sort_by_key(|position| {
            let (place, ratio) = self.rank_by_rules(account, position);
            let notional = Reverse(self.whole_notional(position));
            (place, Reverse(ratio), notional, position.instrument)
        });
        positions.first().copied()
    }

    fn rank_by_rules(&self, account: &Account, position: &Position) -> (usize, Ratio) {
        let rules = self.rules_of(position.instrument);
        match &self.rulebook.sections.selling.targets {
            TargetOrder::LargestNotional => (0, Ratio::ZERO),
            TargetOrder::RiskiestFirst => (0, rules.tiers[0].maintenance),
            TargetOrder::Listed(list) => {
                let place = list.iter().position(|listed| *listed == position.instrument);
                (place.unwrap_or(list.len()), Ratio::ZERO)
            }
            TargetOrder::FuturesReducingDelta => {
                let net = self.net_delta(account, underlying(rules.kind));
                let reduces = net != 0 && (net > 0) == position.quantity.is_positive();
                let future = matches!(rules.kind, InstrumentKind::Future { .. });
                let place = if !reduces { 2 } else { usize::from(!future) };
                (place, Ratio::ZERO)
            }
        }
    }

    /// Signed notional of all positions on one asset.
    fn net_delta(&self, account: &Account, asset: AssetId) -> i128 {
        let of =
            |position: &&Position| underlying(self.rules_of(position.instrument).kind) == asset;
        let signed = |position: &Position| {
            let sign = if position.quantity.is_negative() { -1 } else { 1 };
            sign * self.whole_notional(position)
        };
        account.positions.values().filter(of).map(signed).sum()
    }

    pub fn covers(&self, account: &Account) -> bool {
        let solvency = self.solvency(account);
        solvency.realisable >= solvency.cost
    }

    fn lot_of(&self, position: &Position) -> i64 {
        self.rules_of(position.instrument).lot.units()
    }

    pub fn lots_up(&self, position: &Position, size: i128) -> i64 {
        let lots = up(&over(size, i128::from(self.lot_of(position))));
        i64::try_from(lots).unwrap_or(i64::MAX)
    }

    pub fn closing_lots(
        &self,
        account: &Account,
        position: &Position,
        lots: i64,
        solvency: &Solvency,
    ) -> Closing {
        let whole = position.quantity.magnitude().units();
        let size = lots.saturating_mul(self.lot_of(position)).min(whole);
        self.closing_of(account, position, size, solvency)
    }

    /// The step for one position within what is asked.
    pub fn plan_by_rules(&self, account: &Account, position: &Position, ask: &Ask) -> Step {
        let solvency = self.solvency(account);
        if let Some(can) = self.reachable(position) {
            return self.plan_within(account, position, ask, &solvency, can);
        }
        if solvency.realisable < solvency.cost {
            return Step::Default { lack: self.lack(account, position, &solvency) };
        }
        let all = self.lots_up(position, position.quantity.magnitude().wide());
        let of = |lots: i64| self.closing_lots(account, position, lots, &solvency);
        let short = |closing: Closing| self.assess_after(account, position, closing).shortfall();
        let wanted = match ask.sizing {
            _ if ask.whole => Some(all),
            Sizing::Full | Sizing::AllAtOnce => Some(all),
            Sizing::Cover => self.cover(position, &solvency),
            _ => Some(fewest(all, |lots| short(of(lots)) <= ask.goal)),
        };
        let Some(wanted) = wanted else {
            return Step::Close { closing: of(all), toxic: true };
        };
        let closing = of(self.bounded(position, ask, wanted.clamp(1, all), all));
        let toxic = !ask.whole && short(closing) > solvency.shortfall;
        Step::Close { closing, toxic }
    }

    fn bounded(&self, position: &Position, ask: &Ask, wanted: i64, all: i64) -> i64 {
        let lots = self.capped(position, ask, wanted);
        if self.leaves_dust(position, lots) { all } else { lots }
    }

    pub fn capped(&self, position: &Position, ask: &Ask, wanted: i64) -> i64 {
        let (lot, held) = (self.lot_of(position), position.quantity.magnitude());
        let mut lots = wanted;
        if let Some(part) = ask.part {
            lots = lots.min(self.lots_up(position, up(&(whole(held.wide()) * share(part)))));
        }
        if let Some(most) = ask.most {
            let fits = down(&over(most, self.notional(position, lot).max(1)));
            lots = lots.min(i64::try_from(fits).unwrap_or(i64::MAX)).max(1);
        }
        lots
    }

    pub fn leaves_dust(&self, position: &Position, lots: i64) -> bool {
        let held = position.quantity.magnitude().units();
        let rest = held - lots.saturating_mul(self.lot_of(position)).min(held);
        let dust = i128::from(self.rulebook.liquidation.dust) * INDEX_ONE;
        rest > 0 && self.notional(position, rest) < dust
    }

    /// Release margin and concession of a whole position over its notional.
    fn ratios(&self, position: &Position) -> (RBig, RBig) {
        let notional = self.whole_notional(position);
        if notional == 0 {
            return (whole(0), whole(0));
        }
        let release = self.requirement(position, |tier| tier.release);
        let freed = floored(&(over(release, notional) / whole(PARTS)));
        (freed, raised(&over(self.closing_cost(position), notional)))
    }

    /// Shortfall over what a whole position frees less what it costs; `None` where that is nothing.
    pub fn cover(&self, position: &Position, solvency: &Solvency) -> Option<i64> {
        let notional = self.whole_notional(position);
        let (freed, conceded) = self.ratios(position);
        if notional <= 0 || freed <= conceded {
            return None;
        }
        let fee = raised(&share(self.rules_of(position.instrument).liquidation_fee));
        let gained = down(&(whole(notional) * (freed - conceded))) - up(&(whole(notional) * fee));
        if gained <= 0 {
            return None;
        }
        let short = up(&over(solvency.shortfall, PARTS)).max(0);
        let part = raised(&over(short, gained));
        let size = up(&(whole(position.quantity.magnitude().wide()) * part));
        Some(self.lots_up(position, size))
    }

    /// The smallest share of every position, in millionths, that reaches the goal.
    pub fn plan_slice(&self, account: &Account, ask: &Ask) -> Option<Slice> {
        let solvency = self.solvency(account);
        let targets: Vec<Position> = account
            .positions
            .values()
            .filter(|position| self.tradable(position))
            .copied()
            .collect();
        if targets.is_empty() || solvency.realisable < solvency.cost {
            return None;
        }
        let at = |parts: i64| {
            let mut after = account.clone();
            let mut closings = Vec::new();
            for position in &targets {
                let size =
                    up(&(whole(position.quantity.magnitude().wide())
                        * over(i128::from(parts), PARTS)));
                let lots = self.lots_up(position, size);
                let lots = self.reachable(position).map_or(lots, |can| can.min(lots));
                if lots == 0 {
                    continue;
                }
                let closing = self.closing_lots(&after, position, lots, &solvency);
                after = self.after_fill(&after, position.instrument, closing.fill, closing.fee);
                closings.push((*position, closing));
            }
            (closings, self.assess(&after).shortfall())
        };
        let all: i128 = targets.iter().map(|position| self.whole_notional(position)).sum();
        let most = ask.most.map_or(PARTS, |most| down(&over(most * PARTS, all.max(1))));
        let mut most = i64::try_from(most.clamp(1, PARTS)).expect("a share of a million parts");
        while !self.books.is_empty() && most > 1 && at(most).1 > solvency.shortfall {
            most /= 2;
        }
        let (closings, left) = at(fewest(most, |parts| at(parts).1 <= ask.goal));
        let toxic = left > solvency.shortfall;
        (!closings.is_empty()).then_some(Slice { closings, toxic })
    }

    /// The insurance fund's fee by the rulebook's choice, never above the house's share.
    pub fn fee_by_rules(
        &self,
        account: &Account,
        position: &Position,
        size: i64,
        solvency: &Solvency,
        house: i128,
    ) -> i128 {
        let rules = self.rules_of(position.instrument);
        let scale = self.scale(rules.settles);
        let at_mark = i128::from(size) * self.instrument(position.instrument).mark.wide();
        match self.rulebook.sections.selling.insurance_fee {
            _ if house == 0 => 0,
            InsuranceFee::HouseShare => house,
            InsuranceFee::RequirementRoom => {
                let (freed, conceded) = self.ratios(position);
                let notional = self.whole_notional(position);
                if notional == 0 {
                    return 0;
                }
                let short = up(&over(solvency.shortfall, PARTS));
                let left = freed - conceded - raised(&over(short, notional));
                let kept = floored(&(left.max(whole(0)) * over(19, 20)));
                let kept = kept.min(raised(&share(rules.liquidation_fee)));
                let fee = down(&(whole(at_mark) * kept));
                house.min(down(&over(fee, scale)))
            }
            InsuranceFee::FillDelta => {
                let whole_size = position.quantity.magnitude().wide();
                let equity = self.allocated(account, position, solvency);
                let part = down(&(whole(equity) * over(i128::from(size), whole_size)));
                let room = solvency.realisable - solvency.cost;
                let delta = (part - self.size_cost(position, size)).min(room).max(0);
                let quote = self.quote_of(rules.settles, delta, Rounding::Down).unwrap_or(0);
                let asked = up(&over(up(&(share(rules.liquidation_fee) * whole(at_mark))), scale));
                asked.min(down(&over(quote, scale)))
            }
        }
    }
}

fn underlying(kind: InstrumentKind) -> AssetId {
    match kind {
        InstrumentKind::Spot { base } => base,
        InstrumentKind::Perpetual { underlying } | InstrumentKind::Future { underlying, .. } => {
            underlying
        }
    }
}
