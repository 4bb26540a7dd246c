//! Why a command was refused, in numbers: what was asked for, what was needed, what was there.
//!
//! A refusal changes nothing but the cursor, so the state after it is the one it was decided on.
//! Where a check asks what an account would be worth afterwards, what it was worth before is shown
//! with what the command asks of it.

use clearing::ClearingHouse;
use domain::command::{RegisterTrade, TransferAsset, Withdraw};
use domain::{AccountId, Amount, AssetId, Command, FeedRole, InstrumentId, Quantity, Refusal};

use super::figures::{Figures, WEIGHTED_PLACES, less, quote, ratio, weighted};
use super::{Line, Section};
use crate::summary::numbers::{VALUE_PLACES, exact};

/// What there is to say in numbers; only the broken rule where it speaks for itself.
pub fn section(house: &ClearingHouse, command: &Command, refusal: Refusal) -> Section {
    let mut section = Section::new("refused");
    section.push(Line::fact("rule broken", refusal.word()));
    let Some(rulebook) = house.rulebook() else { return section };
    let why = Why { house, figures: Figures(rulebook) };
    section.lines.extend(why.lines(command, refusal));
    section
}

struct Why<'a> {
    house: &'a ClearingHouse,
    figures: Figures<'a>,
}

impl Why<'_> {
    fn lines(&self, command: &Command, refusal: Refusal) -> Vec<Line> {
        match refusal {
            Refusal::CollateralInsufficient
            | Refusal::EquityNegative
            | Refusal::ShortfallRises
            | Refusal::AccountLiquidating => self.standing(command),
            Refusal::BalanceMaxExceeded | Refusal::DepositCapExceeded => self.balance(command),
            Refusal::AccountUnknown | Refusal::AccountNotNext | Refusal::AccountsMaxExceeded => {
                self.accounts(command)
            }
            Refusal::PriceMaxExceeded
            | Refusal::PriceNotPositive
            | Refusal::PublishedInFuture
            | Refusal::PublishedBackwards => self.published(command),
            Refusal::RateMaxExceeded => self.rate(command),
            _ => match command {
                Command::RegisterTrade(trade) => self.trade(trade, refusal),
                _ => Vec::new(),
            },
        }
    }

    /// Who is asked for something, and what of.
    fn standing(&self, command: &Command) -> Vec<Line> {
        match command {
            Command::Withdraw(Withdraw { account, asset, amount })
            | Command::TransferAsset(TransferAsset { from: account, asset, amount, .. }) => {
                let mut lines = self.account("", *account);
                lines.push(Line::fact("asked for", self.amount(*asset, *amount)));
                lines.push(Line::fact(
                    "its balance",
                    self.amount(*asset, self.held(*account, *asset)),
                ));
                lines
            }
            Command::RegisterTrade(trade) => {
                let mut lines = self.account("buyer's ", trade.buyer);
                lines.extend(self.account("seller's ", trade.seller));
                lines.extend(self.margin(trade));
                lines
            }
            _ => Vec::new(),
        }
    }

    /// What an account has beyond initial margin, before the command.
    fn account(&self, whose: &str, account: AccountId) -> Vec<Line> {
        let Some(view) = self.house.account(account) else { return Vec::new() };
        let (worth, asked) = (view.assessment, view.assessment.requirement);
        let (adjusted, initial) = (weighted(worth.adjusted_equity), weighted(asked.initial));
        let free = weighted(worth.adjusted_equity - asked.initial);
        let mut lines = vec![
            Line::fact(format!("{whose}account"), account.number().to_string()),
            Line::sum(format!("{whose}free margin"), less(&adjusted, &initial), free),
        ];
        if view.liquidating {
            lines.push(Line::fact(format!("{whose}state"), "being liquidated"));
        }
        lines
    }

    /// What the traded quantity asks for by itself, at the mark.
    fn margin(&self, trade: &RegisterTrade) -> Vec<Line> {
        let rules = self.figures.instrument_rules(trade.instrument);
        let (Some(rules), Some(mark)) = (rules, self.house.mark(trade.instrument)) else {
            return Vec::new();
        };
        let notional = trade.quantity.magnitude().quote(mark);
        let quantity = self.figures.quantity(trade.instrument, trade.quantity);
        let formula = format!("{quantity} * {}", self.figures.price(trade.instrument, mark));
        let mut lines = vec![Line::sum("traded, at mark", formula, quote(notional))];
        if let [tier] = rules.tiers.as_slice()
            && tier.initial.denominator() == 1_000_000
        {
            let margin = notional.units().checked_mul(i128::from(tier.initial.numerator()));
            let formula = format!("{} * {}", quote(notional), ratio(tier.initial));
            let line = |margin| {
                Line::sum("initial margin of that", formula, exact(margin, WEIGHTED_PLACES))
            };
            lines.extend(margin.map(line));
        }
        lines
    }

    fn balance(&self, command: &Command) -> Vec<Line> {
        let (account, asset, amount) = match command {
            Command::Deposit(deposit) => (deposit.account, deposit.asset, deposit.amount),
            Command::TransferAsset(transfer) => (transfer.to, transfer.asset, transfer.amount),
            _ => return Vec::new(),
        };
        let held = self.held(account, asset);
        let sum = held + amount;
        let text = |amount| self.figures.amount(asset, amount);
        let formula = format!("{} + {}", text(held), text(amount));
        let mut lines = vec![Line::sum("balance afterwards", formula, text(sum))];
        if let Some(rules) = self.figures.asset_rules(asset) {
            lines.push(Line::fact(
                "most an account may have",
                self.amount(asset, rules.balance_max),
            ));
            lines.push(Line::fact("most all may have", self.amount(asset, rules.deposit_cap)));
        }
        lines
    }

    fn accounts(&self, command: &Command) -> Vec<Line> {
        let named: Vec<AccountId> = match command {
            Command::OpenAccount(open) => vec![open.account],
            Command::Deposit(deposit) => vec![deposit.account],
            Command::Withdraw(withdraw) => vec![withdraw.account],
            Command::TransferAsset(transfer) => vec![transfer.from, transfer.to],
            Command::RegisterTrade(trade) => vec![trade.buyer, trade.seller],
            _ => return Vec::new(),
        };
        let named: Vec<String> = named.iter().map(|one| one.number().to_string()).collect();
        vec![
            Line::fact("asked for", format!("account {}", named.join(", "))),
            Line::fact("accounts opened so far", self.house.accounts().to_string()),
            Line::fact("most there may be", self.figures.0.limits.accounts_max.to_string()),
        ]
    }

    fn published(&self, command: &Command) -> Vec<Line> {
        let Command::PublishPrice(publish) = command else { return Vec::new() };
        let feed = publish.feed;
        let (price, most, last) = if feed.role == FeedRole::Index {
            let asset = AssetId::new(feed.target);
            let text = |units| self.figures.index(asset, units);
            let most = self.figures.asset_rules(asset).map(|rules| text(rules.price_max.wide()));
            let last = self.house.asset(asset).map(|market| market.published_at);
            (text(publish.price.wide()), most, last)
        } else {
            let instrument = InstrumentId::new(feed.target);
            let most = self.figures.instrument_rules(instrument);
            let most = most.map(|rules| self.figures.price(instrument, rules.price_max));
            let last = self.house.instrument(instrument).map(|market| market.published_at);
            (self.figures.price(instrument, publish.price), most, last)
        };
        let mut lines = vec![Line::fact("price asked for", price)];
        lines.extend(most.map(|most| Line::fact("highest that passes", most)));
        lines.push(Line::fact("observed at", feed::time::text(publish.published_at)));
        let last = last.filter(|last| last.nanos() > 0).map(feed::time::text);
        lines.extend(last.map(|last| Line::fact("last one observed at", last)));
        lines
    }

    fn rate(&self, command: &Command) -> Vec<Line> {
        let Command::PublishFunding(publish) = command else { return Vec::new() };
        let text = |rate: domain::Rate| exact(i128::from(rate.units()), 12);
        let mut lines = vec![Line::fact("rate asked for", text(publish.rate))];
        let rules = self.figures.instrument_rules(publish.instrument);
        lines.extend(rules.map(|rules| Line::fact("most, either way", text(rules.rate_max))));
        lines
    }

    /// Rules of a trade that its own fields break.
    fn trade(&self, trade: &RegisterTrade, refusal: Refusal) -> Vec<Line> {
        let Some(rules) = self.figures.instrument_rules(trade.instrument) else {
            return Vec::new();
        };
        let instrument = trade.instrument;
        let quantity = |quantity: Quantity| self.figures.quantity(instrument, quantity);
        let asked = Line::fact("quantity asked for", quantity(trade.quantity));
        match refusal {
            Refusal::QuantityNotInLots | Refusal::QuantityNotPositive => {
                vec![asked, Line::fact("one lot", quantity(rules.lot))]
            }
            Refusal::PositionMaxExceeded | Refusal::PositionsPerAccountExceeded => {
                let most = self.figures.0.limits.positions_per_account;
                let mut lines = vec![asked];
                for (whose, account) in [("buyer", trade.buyer), ("seller", trade.seller)] {
                    let Some(view) = self.house.account(account) else { continue };
                    let held = view.positions.iter().find(|one| one.instrument == instrument);
                    let held = held.map_or(Quantity::ZERO, |one| one.quantity);
                    lines.push(Line::fact(format!("{whose} has"), quantity(held)));
                    let count = view.positions.len().to_string();
                    lines.push(Line::fact(format!("{whose}'s positions"), count));
                }
                lines.push(Line::fact("largest position", quantity(rules.position_max)));
                lines.push(Line::fact("most positions", most.to_string()));
                lines
            }
            Refusal::PriceOutsideBand => {
                let price = |price| self.figures.price(instrument, price);
                let mut lines = vec![Line::fact("price asked for", price(trade.price))];
                lines.extend(
                    self.house.mark(instrument).map(|mark| Line::fact("mark", price(mark))),
                );
                lines.push(Line::fact("band around it", ratio(rules.band)));
                lines
            }
            Refusal::FeeNegative | Refusal::FeeExceedsQuote => {
                let settles = rules.settles;
                let traded = trade.quantity.magnitude().quote(trade.price);
                vec![
                    Line::fact("buyer's fee", self.amount(settles, trade.buyer_fee)),
                    Line::fact("seller's fee", self.amount(settles, trade.seller_fee)),
                    Line::fact("traded for", exact(traded.units(), VALUE_PLACES)),
                ]
            }
            _ => Vec::new(),
        }
    }

    fn held(&self, account: AccountId, asset: AssetId) -> Amount {
        let view = self.house.account(account);
        let balances = view.map(|view| view.balances).unwrap_or_default();
        let held = balances.iter().find(|row| row.asset == asset);
        held.map_or(Amount::ZERO, |row| row.amount)
    }

    fn amount(&self, asset: AssetId, amount: Amount) -> String {
        format!("{} {}", self.figures.amount(asset, amount), self.figures.asset(asset))
    }
}
