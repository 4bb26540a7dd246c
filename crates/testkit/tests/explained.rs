//! Goal: what is explained is what the machine did: terms sum to its own assessment, looks stand at
//! its decisions, a sizing is the step that followed, and looking changes nothing.
//! Method: seeded workloads through two machines, one of which is looked at; every account and
//! every look after every event.

use clearing::explained::Terms;
use clearing::liquidation::Step;
use clearing::{ClearingHouse, Look};
use domain::{AccountId, Effect, Event, Value, Weighted};
use risk::{Assessment, Requirement};
use testkit::workload::Workload;

const SEEDS: std::ops::Range<u64> = 0..12;
const EVENTS: usize = 1_500;

/// Sums the terms over again, by their parts.
fn summed(terms: &Terms) -> Assessment {
    let mut total = Assessment::default();
    for balance in &terms.balances {
        assert_eq!(balance.counted, balance.parts.iter().map(|part| part.counted).sum());
        assert_eq!(balance.cash, balance.parts.iter().map(|part| part.cash).sum());
        total.equity += balance.worth;
        total.adjusted_equity += balance.counted;
        total.requirement += balance.debt;
    }
    for position in &terms.positions {
        let mut asked = Requirement::default();
        let mut notional = Value::ZERO;
        for part in &position.parts {
            asked += part.requirement;
            notional += part.notional;
        }
        assert_eq!((asked, notional), (position.requirement, position.notional));
        total.requirement += asked;
    }
    assert_eq!(total, terms.assessment);
    total
}

/// Whether the liquidation of somebody else changes an account: a wave assesses everybody before
/// its first step, and a look is taken at the account's own.
fn changes(effect: &Effect, account: AccountId) -> bool {
    match effect {
        Effect::Deleveraged { winner, .. } => *winner == account,
        Effect::PositionTakenOver { backstop, .. } => *backstop == account,
        Effect::LossSocialised { .. } => true,
        _ => false,
    }
}

/// The looks of an event against its effects.
fn check_looks(looks: &[Look], effects: &[Effect], sized: &mut u64) {
    for look in looks {
        let assessment = summed(&look.terms);
        let before = look.ordinal.checked_sub(1).and_then(|place| effects.get(place));
        if let Some(Effect::LiquidationStarted { account, equity, adjusted_equity, .. }) = before {
            assert_eq!(*account, look.account);
            let earlier = effects.iter().take(look.ordinal);
            if !earlier.into_iter().any(|effect| changes(effect, *account)) {
                let seen = (assessment.equity, assessment.adjusted_equity);
                assert_eq!((*equity, *adjusted_equity), seen);
                assert!(assessment.excess().is_negative(), "only the liquidatable are taken");
            }
        }
        let Some(Effect::PositionReduced { account, quantity, quote, .. }) =
            effects.get(look.ordinal)
        else {
            continue;
        };
        if let Some(sizing) = &look.sizing
            && let Step::Close { closing, .. } = &sizing.step
        {
            assert_eq!((*account, *quantity), (look.account, closing.quantity));
            assert_eq!(*quote, -closing.quote);
            let less = sizing.shortfall_one_lot_less.unwrap_or(Weighted::new(1));
            let whole = closing.quantity.magnitude() == sizing.position.quantity.magnitude();
            assert!(whole || less.is_positive(), "a lot less would have been enough");
            *sized += 1;
        }
    }
}

fn check(seed: u64) -> (u64, u64) {
    println!("workload seed {seed}");
    let (mut plain, mut looked) = (ClearingHouse::new(), ClearingHouse::new());
    looked.keep_looks(None);
    let (mut effects, mut same) = (Vec::new(), Vec::new());
    let mut workload = Workload::new(seed);
    let (mut looks, mut sized) = (0, 0);
    for _ in 0..EVENTS {
        let event: Event = workload.next_event(plain.next_pulse());
        plain.apply(&event, &mut same);
        looked.apply(&event, &mut effects);
        assert_eq!(effects, same, "looking changes nothing");
        workload.observe(&effects);
        for number in 0..looked.accounts() {
            let account = AccountId::new(number);
            let view = looked.account(account).expect("it was opened");
            let terms = looked.terms(account).expect("it was opened");
            assert_eq!(summed(&terms), view.assessment, "account {number}");
        }
        let taken = looked.take_looks();
        looks += taken.len() as u64;
        check_looks(&taken, &effects, &mut sized);
    }
    assert_eq!(plain.state_digest(), looked.state_digest());
    (looks, sized)
}

#[test]
fn terms_and_looks_are_what_the_machine_did() {
    let found: Vec<(u64, u64)> = SEEDS.map(check).collect();
    let (looks, sized) = found.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("{looks} looks, {sized} sizings");
    assert!(looks > 100 && sized > 20, "the workloads hold too few liquidations");
}
