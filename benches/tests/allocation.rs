//! Goal: once warm, the machine asks the allocator for nothing: not in deposits and withdrawals,
//! not in trades that open, grow, shrink, flip or close a position, not in price ticks that
//! liquidate nobody, not in funding, not in seals.
//!
//! Method: an allocator that counts what this thread asks for. Each kind of command runs through
//! the book of the benches for some rounds, then again while it counts; events are made before.
//! An allocation planted beside the machine, and one that the machine really makes, are counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use benches::book::{self, BTC, INSTRUMENTS, OPENING, POSITIONS, USD};
use benches::following;
use clearing::ClearingHouse;
use domain::command::{Deposit, Feed, OpenAccount, PublishFunding, Withdraw};
use domain::{AccountId, Amount, Command, Effect, Event, InstrumentId, Rate};

thread_local! {
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with a count of what each thread asks it for.
struct Counting;

fn count() {
    // A thread that is being torn down has no count any more, and is not measured.
    let _gone = ASKED.try_with(|asked| asked.set(asked.get() + 1));
}

#[allow(unsafe_code, reason = "the counting allocator: each call goes to the system's as it is")]
// SAFETY: every method hands its arguments on to `System`, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often the allocator was asked while `work` ran.
fn asked(work: impl FnOnce()) -> u64 {
    let before = ASKED.get();
    work();
    ASKED.get() - before
}

/// A small book and a large one: nothing that allocates may wait for a size.
const ACCOUNTS: [u64; 2] = [2_000, 70_000];
const TRADERS: u64 = 200;
const QUANTITY: i64 = 1_000_000_000;

/// The account of a group of ten that holds the same instruments.
const fn account(place: u64) -> u64 {
    place * INSTRUMENTS as u64
}

/// Trades of neighbours in an instrument that none of them holds at first: each size in turn.
fn trades(signed: &[i64]) -> Vec<Command> {
    let free = book::instrument_of(0, POSITIONS);
    let pairs = (0..TRADERS).step_by(2);
    let one = |place: u64, size: i64| {
        let (long, short) = (account(place), account(place + 1));
        let (buyer, seller) = if size > 0 { (long, short) } else { (short, long) };
        book::trade(buyer, seller, free, size.abs(), OPENING).into()
    };
    signed.iter().flat_map(|size| pairs.clone().map(move |place| one(place, *size))).collect()
}

fn deposits() -> Vec<Command> {
    let both = |number: u64| {
        let (account, amount) = (AccountId::new(number), Amount::new(1_000));
        let asset = if number.is_multiple_of(2) { USD } else { BTC };
        [Deposit { account, asset, amount }.into(), Withdraw { account, asset, amount }.into()]
    };
    (0..TRADERS).flat_map(both).collect()
}

/// Prices that leave boxes (0.4 wide at most), so that holders wake and are boxed anew, but
/// endanger nobody: an account loses at most 9,000 of the 30,000 it has.
fn ticks() -> Vec<Command> {
    let shares = [0, 50, -50, 120, -120, 250, -250, 450, -450, 0];
    let instruments = (0..INSTRUMENTS).map(InstrumentId::new);
    let one = |instrument, share: i64| {
        book::price(Feed::mark(instrument), OPENING + OPENING / 1_000 * share).into()
    };
    shares
        .iter()
        .flat_map(|share| instruments.clone().map(move |instrument| one(instrument, *share)))
        .collect()
}

fn funding() -> Vec<Command> {
    let rates = [1_000_000, -2_000_000, 1_000_000];
    let one = |number, rate| {
        let instrument = InstrumentId::new(number);
        PublishFunding { instrument, rate: Rate::new(rate) }.into()
    };
    rates.iter().flat_map(|rate| (0..INSTRUMENTS).map(move |number| one(number, *rate))).collect()
}

/// Applies events; how often the allocator was asked. Nothing may be refused or liquidated.
fn run(house: &mut ClearingHouse, events: &[Event], effects: &mut Vec<Effect>) -> u64 {
    let mut calls = 0;
    for event in events {
        calls += asked(|| house.apply(event, effects));
        let wrong = |effect: &Effect| {
            matches!(effect, Effect::Refused { .. } | Effect::LiquidationStarted { .. })
        };
        assert!(!effects.iter().any(wrong), "{}: {effects:?}", event.command.word());
    }
    calls + asked(|| _ = std::hint::black_box(house.seal_digest()))
}

/// A house that has met every kind of command, and the list its effects go to.
fn warm(accounts: u64, kinds: &[(&str, Vec<Command>)]) -> (ClearingHouse, Vec<Effect>) {
    let mut house = book::build(accounts, 4_096).house;
    let mut effects = Vec::with_capacity(64);
    for _ in 0..2 {
        for (_, commands) in kinds {
            let events = following::events(&house, commands.iter().cloned());
            let _calls = run(&mut house, &events, &mut effects);
        }
    }
    (house, effects)
}

fn kinds() -> Vec<(&'static str, Vec<Command>)> {
    vec![
        ("deposits and withdrawals", deposits()),
        ("trades that open", trades(&[QUANTITY])),
        ("trades that increase", trades(&[QUANTITY / 2])),
        ("trades that reduce", trades(&[-QUANTITY / 4])),
        ("trades that flip", trades(&[-2 * QUANTITY])),
        ("trades that close", trades(&[3 * QUANTITY / 4])),
        ("ticks", ticks()),
        ("funding", funding()),
    ]
}

#[test]
fn a_warm_machine_allocates_nothing() {
    for accounts in ACCOUNTS {
        let kinds = kinds();
        let (mut house, mut effects) = warm(accounts, &kinds);
        let woken = house.wake_counts().woken;
        for (what, commands) in &kinds {
            let events = following::events(&house, commands.iter().cloned());
            let calls = run(&mut house, &events, &mut effects);
            assert_eq!(calls, 0, "{what}: allocations in {} events", events.len());
        }
        assert!(house.wake_counts().woken > woken, "no tick woke anybody");
    }
}

#[test]
fn an_allocation_is_counted() {
    let kinds = kinds();
    let (mut house, mut effects) = warm(2_000, &kinds);
    let events = following::events(&house, deposits().into_iter());
    let planted = asked(|| {
        for event in &events {
            house.apply(event, &mut effects);
            drop(std::hint::black_box(Box::new(event.sequence)));
        }
    });
    assert_eq!(planted, events.len() as u64, "one planted at each event, and no other");
    // Accounts beyond every list's room: what grows must ask.
    let opening: Vec<Command> = (2_000..6_000)
        .map(|number| OpenAccount { account: AccountId::new(number) }.into())
        .collect();
    let events = following::events(&house, opening.into_iter());
    assert!(run(&mut house, &events, &mut effects) > 0);
}
