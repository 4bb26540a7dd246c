//! What will happen, or why not. Reads only.
//!
//! Checks run in the order of [`Refusal`]. A [`Plan`] can only be made here, so "checked" is a type
//! and committing cannot fail.

use crate::house::{Books, SEMANTICS};
use crate::novation::PlannedTrade;
use crate::watch::Watch;
use crate::{custody, depth, market, novation};
use domain::command::{Genesis, OpenAccount, SetRulebook};
use domain::event::HOUSE_PRODUCER;
use domain::rulebook::{immutable_findings, validate};
use domain::{AccountId, AssetId, Command, Event, InstrumentId, Refusal};

/// A command that passed every check.
pub(crate) struct Plan<'a> {
    command: &'a Command,
    trade: &'a PlannedTrade,
}

impl<'a> Plan<'a> {
    pub const fn command(&self) -> &'a Command {
        self.command
    }

    /// What a trade makes of both sides.
    pub const fn trade(&self) -> &'a PlannedTrade {
        self.trade
    }
}

/// Checks an event's command against the books.
pub(crate) fn plan<'a>(
    books: &Books,
    watch: &Watch,
    event: &'a Event,
    trade: &'a mut PlannedTrade,
) -> Result<Plan<'a>, Refusal> {
    check_producer(books, event)?;
    let opened = books.cursor.seal_interval > 0;
    match &event.command {
        Command::Genesis(_) if opened => return Err(Refusal::GenesisRepeated),
        Command::Genesis(genesis) => check_genesis(genesis)?,
        _ if !opened => return Err(Refusal::GenesisMissing),
        Command::SetRulebook(set) => check_rulebook(books, set)?,
        Command::OpenAccount(open) => check_opening(books, open)?,
        Command::Deposit(deposit) => custody::check_deposit(books, deposit)?,
        Command::Withdraw(withdraw) => custody::check_withdraw(books, watch, withdraw)?,
        Command::TransferAsset(transfer) => custody::check_transfer(books, watch, transfer)?,
        Command::PayInCapital(capital) => custody::check_capital(books, capital)?,
        Command::RegisterTrade(registered) => novation::check(books, watch, registered, trade)?,
        Command::PublishPrice(price) => market::check_price(books, price)?,
        Command::PublishPriceWithBaseline(publish) => {
            market::check_price(books, &publish.price)?;
            depth::check_baseline(books, &publish.baseline)?;
        }
        Command::PublishDepth(publish) => depth::check_depth(books, publish)?,
        Command::PublishFunding(funding) => market::check_funding(books, funding)?,
        Command::Pulse(_) => {
            if event.producer != HOUSE_PRODUCER {
                return Err(Refusal::PulseForeign);
            }
        }
        Command::HaltInstrument(halt) => market::check_halt(books, halt.instrument, true)?,
        Command::ResumeInstrument(resume) => {
            market::check_halt(books, resume.instrument, false)?;
        }
    }
    Ok(Plan { command: &event.command, trade })
}

fn check_producer(books: &Books, event: &Event) -> Result<(), Refusal> {
    let last = producer_seq(books, event.producer);
    if event.producer_seq <= last {
        return Err(Refusal::ProducerDuplicate);
    }
    require(event.producer_seq == last + 1, Refusal::ProducerGap)
}

/// Last count applied of a producer.
pub(crate) fn producer_seq(books: &Books, producer: u32) -> u64 {
    let producers = &books.producers;
    let found = producers.binary_search_by_key(&producer, |(producer, _)| *producer);
    found.ok().and_then(|at| producers.get(at)).map_or(0, |(_, last)| *last)
}

fn check_genesis(genesis: &Genesis) -> Result<(), Refusal> {
    require(genesis.semantics == SEMANTICS, Refusal::SemanticsUnsupported)?;
    require((1..=1 << 24).contains(&genesis.seal_interval), Refusal::SealIntervalInvalid)?;
    require(validate(&genesis.rulebook).is_empty(), Refusal::RulebookInvalid)
}

fn check_rulebook(books: &Books, set: &SetRulebook) -> Result<(), Refusal> {
    require(validate(&set.rulebook).is_empty(), Refusal::RulebookInvalid)?;
    let changed = immutable_findings(&books.rulebook, &set.rulebook);
    require(changed.is_empty(), Refusal::RulebookImmutable)
}

fn check_opening(books: &Books, open: &OpenAccount) -> Result<(), Refusal> {
    let count = books.accounts.count();
    require(open.account.number() == count, Refusal::AccountNotNext)?;
    let room = count < u64::from(books.rulebook.limits.accounts_max);
    require(room, Refusal::AccountsMaxExceeded)
}

/// A rule that must hold.
pub(crate) const fn require(holds: bool, refusal: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal) }
}

pub(crate) fn require_account(books: &Books, account: AccountId) -> Result<(), Refusal> {
    require(account.number() < books.accounts.count(), Refusal::AccountUnknown)
}

pub(crate) fn require_asset(books: &Books, asset: AssetId) -> Result<(), Refusal> {
    require(books.rulebook.asset(asset).is_some(), Refusal::AssetUnknown)
}

pub(crate) fn require_instrument(books: &Books, instrument: InstrumentId) -> Result<(), Refusal> {
    require(books.rulebook.instrument(instrument).is_some(), Refusal::InstrumentUnknown)
}
