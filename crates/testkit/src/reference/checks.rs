//! Who may do what: every command's rules, and the first of the list that it breaks.
//!
//! What names nothing that exists is refused step by step; everything else is asked at once, and
//! the lowest broken rule answers. So no order of questions can hide one.

use super::image::SEMANTICS;
use super::state::State;
use domain::command::{Deposit, Genesis, OpenAccount, PayInCapital, SetRulebook, TransferAsset};
use domain::command::{PublishFunding, PublishPrice, Withdraw};
use domain::event::HOUSE_PRODUCER;
use domain::rulebook::{InstrumentKind, immutable_findings, validate};
use domain::{AccountId, AssetId, Command, Event, FeedRole, InstrumentId, Refusal, Timestamp};

/// Rules that a command breaks.
pub(super) struct Broken(Vec<Refusal>);

impl Broken {
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    pub fn unless(&mut self, holds: bool, refusal: Refusal) {
        if !holds {
            self.0.push(refusal);
        }
    }

    /// The first of the list of refusals.
    pub fn first(self) -> Result<(), Refusal> {
        self.0.into_iter().min().map_or(Ok(()), Err)
    }
}

pub(super) const fn require(holds: bool, refusal: Refusal) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(refusal) }
}

impl State {
    pub fn check(&self, event: &Event) -> Result<(), Refusal> {
        let last = self.producers.get(&event.producer).copied().unwrap_or(0);
        require(event.producer_seq > last, Refusal::ProducerDuplicate)?;
        require(event.producer_seq == last + 1, Refusal::ProducerGap)?;
        let opened = self.seal_interval > 0;
        if let Command::Genesis(genesis) = &event.command {
            require(!opened, Refusal::GenesisRepeated)?;
            return check_genesis(genesis);
        }
        require(opened, Refusal::GenesisMissing)?;
        match &event.command {
            Command::Genesis(_) => Ok(()),
            Command::SetRulebook(set) => self.check_rulebook(set),
            Command::OpenAccount(open) => self.check_opening(open),
            Command::Deposit(deposit) => self.check_deposit(deposit),
            Command::Withdraw(withdraw) => self.check_withdraw(withdraw),
            Command::TransferAsset(transfer) => self.check_transfer(transfer),
            Command::PayInCapital(capital) => self.check_capital(capital),
            Command::RegisterTrade(trade) => self.check_trade(trade),
            Command::PublishPrice(price) => self.check_price(price),
            Command::PublishPriceWithBaseline(publish) => {
                self.check_price(&publish.price)?;
                self.check_baseline(&publish.baseline)
            }
            Command::PublishDepth(publish) => self.check_depth(publish),
            Command::PublishFunding(funding) => self.check_funding(funding),
            Command::Pulse(_) => require(event.producer == HOUSE_PRODUCER, Refusal::PulseForeign),
            Command::HaltInstrument(halt) => self.check_halt(halt.instrument, false),
            Command::ResumeInstrument(resume) => self.check_halt(resume.instrument, true),
        }
    }

    fn check_rulebook(&self, set: &SetRulebook) -> Result<(), Refusal> {
        require(validate(&set.rulebook).is_empty(), Refusal::RulebookInvalid)?;
        let changed = immutable_findings(&self.rulebook, &set.rulebook);
        require(changed.is_empty(), Refusal::RulebookImmutable)
    }

    fn check_opening(&self, open: &OpenAccount) -> Result<(), Refusal> {
        let count = self.accounts.len() as u64;
        require(open.account.number() == count, Refusal::AccountNotNext)?;
        let most = u64::from(self.rulebook.limits.accounts_max);
        require(count < most, Refusal::AccountsMaxExceeded)
    }

    pub fn known_account(&self, account: AccountId) -> Result<(), Refusal> {
        require(self.accounts.contains_key(&account), Refusal::AccountUnknown)
    }

    fn known_asset(&self, asset: AssetId) -> Result<(), Refusal> {
        require(self.assets.contains_key(&asset), Refusal::AssetUnknown)
    }

    pub fn known_instrument(&self, instrument: InstrumentId) -> Result<(), Refusal> {
        require(self.instruments.contains_key(&instrument), Refusal::InstrumentUnknown)
    }

    /// A client's balance with interest; zero where there is none.
    pub fn held(&self, account: AccountId, asset: AssetId) -> i128 {
        let row = self.account(account).balances.get(&asset);
        row.map_or(0, |row| self.with_interest(row))
    }

    /// Whether a balance may grow by an amount.
    pub fn fits_balance(&self, account: AccountId, asset: AssetId, amount: i128) -> bool {
        let most = self.asset_rules(asset).balance_max.units();
        amount <= most && self.held(account, asset) <= most - amount
    }

    fn check_deposit(&self, deposit: &Deposit) -> Result<(), Refusal> {
        let Deposit { account, asset, amount } = *deposit;
        self.known_account(account)?;
        self.known_asset(asset)?;
        let cap = self.asset_rules(asset).deposit_cap.units();
        let mut broken = Broken::none();
        broken.unless(amount.is_positive(), Refusal::AmountNotPositive);
        let room = cap - self.deposits(asset);
        broken.unless(amount.units() <= cap.min(room), Refusal::DepositCapExceeded);
        let fits = self.fits_balance(account, asset, amount.units().max(0));
        broken.unless(fits, Refusal::BalanceMaxExceeded);
        broken.first()
    }

    fn check_withdraw(&self, withdraw: &Withdraw) -> Result<(), Refusal> {
        let Withdraw { account, asset, amount } = *withdraw;
        self.known_account(account)?;
        self.known_asset(asset)?;
        require(amount.is_positive(), Refusal::AmountNotPositive)?;
        self.check_outflow(account, asset, amount.units(), None)
    }

    fn check_transfer(&self, transfer: &TransferAsset) -> Result<(), Refusal> {
        let TransferAsset { from, to, asset, amount } = *transfer;
        self.known_account(from)?;
        self.known_account(to)?;
        require(from != to, Refusal::AccountRepeated)?;
        self.known_asset(asset)?;
        require(amount.is_positive(), Refusal::AmountNotPositive)?;
        self.check_outflow(from, asset, amount.units(), Some(to))
    }

    fn check_capital(&self, capital: &PayInCapital) -> Result<(), Refusal> {
        self.known_asset(capital.asset)?;
        require(capital.amount.is_positive(), Refusal::AmountNotPositive)?;
        let fund = self.house_amount(domain::HouseAccount::InsuranceFund, capital.asset);
        let cap = self.asset_rules(capital.asset).deposit_cap.units();
        require(capital.amount.units() <= cap - fund, Refusal::DepositCapExceeded)
    }

    fn check_price(&self, publish: &PublishPrice) -> Result<(), Refusal> {
        let target = publish.feed.target;
        let (asset, instrument) = (AssetId::new(target), InstrumentId::new(target));
        let (price_max, before, numeraire, expired) = match publish.feed.role {
            FeedRole::Index => {
                self.known_asset(asset)?;
                let most = self.asset_rules(asset).price_max;
                let numeraire = asset == self.rulebook.numeraire;
                (most, self.asset(asset).published_at, numeraire, false)
            }
            role => {
                self.known_instrument(instrument)?;
                let market = self.instrument(instrument);
                let marks = role == FeedRole::Mark;
                let before = if marks { market.published_at } else { Timestamp::START };
                (self.rules_of(instrument).price_max, before, false, market.expired)
            }
        };
        let mut broken = Broken::none();
        broken.unless(publish.price.is_positive(), Refusal::PriceNotPositive);
        broken.unless(publish.price <= price_max, Refusal::PriceMaxExceeded);
        broken.unless(!numeraire, Refusal::PriceOfNumeraire);
        broken.unless(publish.confidence.units() >= 0, Refusal::ConfidenceNegative);
        broken.unless(publish.published_at <= self.now, Refusal::PublishedInFuture);
        broken.unless(publish.published_at >= before, Refusal::PublishedBackwards);
        broken.unless(!expired, Refusal::InstrumentExpired);
        broken.first()
    }

    fn check_funding(&self, publish: &PublishFunding) -> Result<(), Refusal> {
        self.known_instrument(publish.instrument)?;
        let rules = self.rules_of(publish.instrument);
        let perpetual = matches!(rules.kind, InstrumentKind::Perpetual { .. });
        require(perpetual, Refusal::InstrumentKindUnfit)?;
        let market = self.instrument(publish.instrument);
        let after = market.funding_index + market.mark.wide() * publish.rate.wide();
        let room = after.abs() / super::accrual::FUNDING_ONE <= i128::from(i64::MAX / 4);
        let mut broken = Broken::none();
        let modest = publish.rate.wide().abs() <= rules.rate_max.wide();
        broken.unless(modest && room, Refusal::RateMaxExceeded);
        broken.unless(market.mark.is_positive(), Refusal::PriceMissing);
        broken.first()
    }

    fn check_halt(&self, instrument: InstrumentId, must_be_halted: bool) -> Result<(), Refusal> {
        self.known_instrument(instrument)?;
        let market = self.instrument(instrument);
        require(!market.expired, Refusal::InstrumentExpired)?;
        require(must_be_halted || !market.halted, Refusal::InstrumentHalted)?;
        require(!must_be_halted || market.halted, Refusal::InstrumentNotHalted)
    }
}

fn check_genesis(genesis: &Genesis) -> Result<(), Refusal> {
    let mut broken = Broken::none();
    broken.unless(genesis.semantics == SEMANTICS, Refusal::SemanticsUnsupported);
    let sealed = (1..=16_777_216).contains(&genesis.seal_interval);
    broken.unless(sealed, Refusal::SealIntervalInvalid);
    broken.unless(validate(&genesis.rulebook).is_empty(), Refusal::RulebookInvalid);
    broken.first()
}
