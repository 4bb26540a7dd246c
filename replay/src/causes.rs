//! What caused an effect: the event itself, or an effect of a liquidation that it belongs to.
//!
//! A liquidation's number counts `LiquidationStarted` effects from 1; it goes on until its
//! `LiquidationEnded`, over several events where it waits for a pulse. Inside it, a step and a
//! deficit follow from its start; fees, postings and realised PnL from the step before them; what a
//! layer of the waterfall bore from the deficit. Everything else follows from the event.
//!
//! Law: causes are found from effects alone, in one pass, so that a reader of a journal and the
//! run itself name the same ones.

use std::collections::BTreeMap;

use domain::{AccountId, Effect, Holder};

/// Place of an effect: the event's sequence, and its ordinal there.
pub type Place = (u64, u32);

/// What an effect followed from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cause {
    /// The effect it followed from; `None`: from the event itself.
    pub effect: Option<Place>,
    /// Number of the liquidation it belongs to.
    pub liquidation: Option<u64>,
    /// Wave of the cascade it belongs to, from 1.
    pub wave: Option<u16>,
}

/// A liquidation that has not ended.
#[derive(Debug, Clone, Copy)]
struct Open {
    number: u64,
    started: Place,
}

/// What the present event's cascade is about.
#[derive(Debug, Clone, Copy, Default)]
struct Present {
    wave: u16,
    account: Option<AccountId>,
    /// The step last taken, and the winner in it.
    step: Option<(u32, Option<AccountId>)>,
    deficit: Option<u32>,
}

/// Follows liquidations through a run.
#[derive(Debug, Clone, Default)]
pub struct Causes {
    started: u64,
    open: BTreeMap<AccountId, Open>,
}

impl Causes {
    /// Liquidations that have not ended.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// The causes of an event's effects, in their order; `causes` is cleared first.
    pub fn of(&mut self, sequence: u64, effects: &[Effect], causes: &mut Vec<Cause>) {
        causes.clear();
        let mut present = Present::default();
        for (ordinal, effect) in (0..).zip(effects) {
            causes.push(self.cause((sequence, ordinal), effect, &mut present));
        }
    }

    fn cause(&mut self, place: Place, effect: &Effect, present: &mut Present) -> Cause {
        if let Effect::LiquidationStarted { account, wave, .. } = *effect {
            self.started += 1;
            let open = Open { number: self.started, started: place };
            self.open.insert(account, open);
            *present = Present { wave, account: Some(account), ..Present::default() };
            return Cause { effect: None, liquidation: Some(open.number), wave: Some(wave) };
        }
        if let Effect::CascadeLimited { waves, .. } = *effect {
            present.account = None;
            return Cause { wave: Some(waves), ..Cause::default() };
        }
        let Some(account) = self.liquidated(effect, present) else { return Cause::default() };
        let Some(open) = self.open.get(&account).copied() else { return Cause::default() };
        if present.account != Some(account) {
            // Taken from the queue: its start lies in an earlier event, waves begin anew.
            let wave = present.wave.max(1);
            *present = Present { wave, account: Some(account), ..Present::default() };
        }
        let (sequence, ordinal) = place;
        let step = present.step.map_or(open.started, |(step, _)| (sequence, step));
        let from = match effect {
            Effect::PositionReduced { .. } | Effect::CollateralSold { .. } => {
                present.step = Some((ordinal, None));
                open.started
            }
            Effect::Deleveraged { winner, .. } => {
                present.step = Some((ordinal, Some(*winner)));
                open.started
            }
            Effect::PositionTakenOver { backstop, .. } => {
                present.step = Some((ordinal, Some(*backstop)));
                open.started
            }
            Effect::DeficitRecognised { .. } => {
                present.deficit = Some(ordinal);
                open.started
            }
            Effect::InsuranceDrawn { .. }
            | Effect::DeficitDeleveraged { .. }
            | Effect::LossSocialised { .. }
            | Effect::LossUncovered { .. } => {
                present.deficit.map_or(open.started, |deficit| (sequence, deficit))
            }
            Effect::LiquidationEnded { .. } => {
                self.open.remove(&account);
                present.account = None;
                open.started
            }
            Effect::StepSkipped { .. }
            | Effect::StageRaised { .. }
            | Effect::StepPostponed { .. }
            | Effect::CollateralSeized { .. } => open.started,
            _ => step,
        };
        let wave = Some(present.wave.max(1));
        Cause { effect: Some(from), liquidation: Some(open.number), wave }
    }

    /// The account being sold out that an effect belongs to.
    fn liquidated(&self, effect: &Effect, present: &Present) -> Option<AccountId> {
        let posted = match *effect {
            Effect::PositionReduced { account, .. }
            | Effect::LiquidationFeeCharged { account, .. }
            | Effect::CollateralSold { account, .. }
            | Effect::StepSkipped { account, .. }
            | Effect::StageRaised { account, .. }
            | Effect::StepPostponed { account, .. }
            | Effect::PositionTakenOver { account, .. }
            | Effect::CollateralSeized { account, .. }
            | Effect::DeficitRecognised { account, .. }
            | Effect::InsuranceDrawn { account, .. }
            | Effect::Deleveraged { account, .. }
            | Effect::DeficitDeleveraged { account, .. }
            | Effect::LossSocialised { account, .. }
            | Effect::LossUncovered { account, .. }
            | Effect::LiquidationEnded { account, .. } => return Some(account),
            Effect::PnlRealised { holder, .. } | Effect::FundingPosted { holder, .. } => holder,
            Effect::InterestPosted { account, .. } => Holder::Client(account),
            _ => return None,
        };
        match posted {
            Holder::House(_) => present.account,
            Holder::Client(account) => {
                let winner = present.step.is_some_and(|(_, winner)| winner == Some(account));
                let other = !winner && present.account != Some(account);
                // Who waited in the queue is posted before its first step of this event.
                if other && self.open.contains_key(&account) {
                    Some(account)
                } else {
                    present.account
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! Goal: each effect of a liquidation is traced to what it followed from.
    //! Method: lists of effects as the machine emits them, with the causes expected beside them.

    use domain::effect::{Outcome, Stage};
    use domain::{
        Amount, AssetId, HouseAccount, InstrumentId, Price, Quantity, Quote, Value, Weighted,
    };

    use super::*;

    fn account(number: u64) -> AccountId {
        AccountId::new(number)
    }

    fn started(number: u64, wave: u16) -> Effect {
        let (equity, none) = (Value::new(0), Weighted::new(0));
        let account = account(number);
        Effect::LiquidationStarted {
            account,
            wave,
            equity,
            adjusted_equity: none,
            maintenance: none,
        }
    }

    fn reduced(number: u64) -> Effect {
        Effect::PositionReduced {
            account: account(number),
            instrument: InstrumentId::new(0),
            stage: Stage::Partial,
            quantity: Quantity::new(1),
            quote: Quote::new(1),
            mark: Price::new(1),
            notional: Value::new(1),
        }
    }

    fn pnl(holder: Holder) -> Effect {
        let amount = Amount::new(1);
        Effect::PnlRealised { holder, instrument: InstrumentId::new(0), amount }
    }

    fn client(number: u64) -> Effect {
        pnl(Holder::Client(account(number)))
    }

    fn deleveraged(number: u64, winner: u64) -> Effect {
        Effect::Deleveraged {
            account: account(number),
            winner: account(winner),
            instrument: InstrumentId::new(0),
            quantity: Quantity::new(1),
            quote: Quote::new(1),
        }
    }

    fn deficit(number: u64) -> Effect {
        let (asset, value) = (AssetId::new(0), Value::new(1));
        Effect::DeficitRecognised { account: account(number), asset, value }
    }

    fn borne(number: u64) -> Effect {
        let (account, value) = (account(number), Value::new(1));
        Effect::DeficitDeleveraged { account, instrument: InstrumentId::new(0), value }
    }

    fn ended(number: u64) -> Effect {
        Effect::LiquidationEnded { account: account(number), outcome: Outcome::Released }
    }

    /// Effect, cause, liquidation, wave.
    type Row = (Effect, Option<Place>, Option<u64>, Option<u16>);

    fn check(causes: &mut Causes, sequence: u64, table: &[Row]) {
        let effects: Vec<Effect> = table.iter().map(|row| row.0).collect();
        let mut found = Vec::new();
        causes.of(sequence, &effects, &mut found);
        for (place, ((effect, from, liquidation, wave), found)) in
            table.iter().zip(found).enumerate()
        {
            let expected = Cause { effect: *from, liquidation: *liquidation, wave: *wave };
            assert_eq!(found, expected, "{sequence}.{place} {effect:?}");
        }
    }

    #[test]
    fn steps_follow_from_the_start_and_postings_from_the_step() {
        let mut causes = Causes::default();
        let house = pnl(Holder::House(HouseAccount::Liquidity));
        let tick = Effect::InstrumentHalted { instrument: InstrumentId::new(0) };
        check(
            &mut causes,
            9,
            &[
                (tick, None, None, None),
                (started(5, 1), None, Some(1), Some(1)),
                (client(5), Some((9, 1)), Some(1), Some(1)),
                (reduced(5), Some((9, 1)), Some(1), Some(1)),
                (client(5), Some((9, 3)), Some(1), Some(1)),
                (house, Some((9, 3)), Some(1), Some(1)),
                (ended(5), Some((9, 1)), Some(1), Some(1)),
                (started(6, 2), None, Some(2), Some(2)),
                (deleveraged(6, 7), Some((9, 7)), Some(2), Some(2)),
                (client(7), Some((9, 8)), Some(2), Some(2)),
                (deficit(6), Some((9, 7)), Some(2), Some(2)),
                (borne(6), Some((9, 10)), Some(2), Some(2)),
            ],
        );
        assert_eq!(causes.open(), 1);
    }

    #[test]
    fn who_waited_goes_on_under_its_number() {
        let mut causes = Causes::default();
        let limited = Effect::CascadeLimited { waves: 1, waiting: 2 };
        check(
            &mut causes,
            3,
            &[
                (started(5, 1), None, Some(1), Some(1)),
                (started(6, 1), None, Some(2), Some(1)),
                (limited, None, None, Some(1)),
            ],
        );
        check(
            &mut causes,
            4,
            &[
                (client(5), Some((3, 0)), Some(1), Some(1)),
                (reduced(5), Some((3, 0)), Some(1), Some(1)),
                // The other one is posted before its step.
                (client(6), Some((3, 1)), Some(2), Some(1)),
                (deleveraged(6, 5), Some((3, 1)), Some(2), Some(1)),
                // As the winner of a step it is part of the other's liquidation.
                (client(5), Some((4, 3)), Some(2), Some(1)),
                (ended(6), Some((3, 1)), Some(2), Some(1)),
                (ended(5), Some((3, 0)), Some(1), Some(1)),
            ],
        );
        assert_eq!(causes.open(), 0);
        check(&mut causes, 5, &[(client(5), None, None, None)]);
    }
}
