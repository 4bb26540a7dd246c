//! A market day assembled: manifest, prices, accounts, and the commands they make.
//!
//! [`Day::load`] reads and checks everything; [`Day::commands`] then streams the external commands
//! in order: genesis, accounts, deposits, the insurance fund, opening index and mark prices,
//! trades, and the day's prices and funding rates. Law: two calls give the same commands.

mod listing;
mod title;

pub use title::SeriesProvenance;

use std::path::{Path, PathBuf};

use domain::command::{
    Deposit, Genesis, OpenAccount, PayInCapital, PublishFunding, PublishPrice, RegisterTrade,
};
use domain::{
    AccountId, Amount, AssetId, Command, Feed, FeedRole, InstrumentId, Price, Rate, Rulebook,
    Timestamp,
};

use crate::accounts;
use crate::error::{FeedError, FeedErrors, Place};
use crate::generate::population::{Opening, Population, populate};
use crate::manifest::{AccountsFile, Manifest, PopulationSource, Role};
use crate::market::Market;
use crate::merge::{Key, Merge};
use crate::reader::Mode;

/// An external command and the time it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimedCommand {
    /// Of the event it becomes.
    pub timestamp: Timestamp,
    /// The wish.
    pub command: Command,
}

/// How the machine is opened; the caller knows, this crate does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// Version of its behaviour.
    pub semantics: u32,
    /// Events between seals.
    pub seal_interval: u64,
}

/// A market day, read and checked.
#[derive(Debug)]
pub struct Day {
    /// As written.
    pub manifest: Manifest,
    /// Its prices.
    pub market: Market,
    /// Its accounts; none for a day of prices alone.
    pub population: Option<Population>,
    /// What the insurance fund is given at the opening, in the numeraire.
    pub insurance_fund: Amount,
    /// The rules it is built under.
    pub rulebook: Rulebook,
}

impl Day {
    /// Reads a day's folder under a rulebook. `data` is where files are looked for that are not in
    /// the folder.
    ///
    /// # Errors
    /// Those of the manifest, of the files and of the population.
    pub fn load(
        folder: &Path,
        data: Option<&Path>,
        rulebook: &Rulebook,
    ) -> Result<Day, FeedErrors> {
        let manifest = Manifest::load(folder)?;
        Day::of(manifest, folder, data, rulebook)
    }

    /// Reads the files of a manifest, which may have been changed since it was loaded (its seed).
    ///
    /// # Errors
    /// Those of the files and of the population.
    pub fn of(
        manifest: Manifest,
        folder: &Path,
        data: Option<&Path>,
        rulebook: &Rulebook,
    ) -> Result<Day, FeedErrors> {
        Day::under(manifest, folder, data, rulebook, rulebook)
    }

    /// As [`Day::of`], with accounts as another rulebook made them: what they own and hold follows
    /// from initial margin, haircuts and lots, and a day under changed rules has to meet the same
    /// accounts. The insurance fund stays a rule of the one in force.
    ///
    /// # Errors
    /// Those of [`Day::of`]; `day.accounts` where `rulebook` does not list what accounts hold.
    pub fn under(
        manifest: Manifest,
        folder: &Path,
        data: Option<&Path>,
        rulebook: &Rulebook,
        accounts: &Rulebook,
    ) -> Result<Day, FeedErrors> {
        let market = Market::load(&manifest, folder, data, rulebook, Mode::Strict)?;
        let roots = [Some(folder.to_path_buf()), data.map(Path::to_path_buf)];
        let population = if listing::same(accounts, rulebook) {
            population(&manifest, &roots, &market, accounts)?
        } else {
            let own = Market::load(&manifest, folder, data, accounts, Mode::Strict)?;
            let population = population(&manifest, &roots, &own, accounts)?;
            let carried = population.map(|known| listing::carry(known, accounts, rulebook));
            carried.transpose()?
        };
        let opening = opening(&manifest, &market, rulebook)?;
        let insurance_fund = match &population {
            Some(population) => insurance_fund(population, &opening, rulebook)?,
            None => Amount::ZERO,
        };
        let rulebook = rulebook.clone();
        Ok(Day { manifest, market, population, insurance_fund, rulebook })
    }

    /// The external commands of the day, made as they are asked for.
    pub fn commands(&self, machine: Machine) -> impl Iterator<Item = TimedCommand> + '_ {
        let start = self.manifest.window[0];
        let at_start = move |command| TimedCommand { timestamp: start, command };
        let genesis = Command::from(Genesis {
            semantics: machine.semantics,
            seal_interval: machine.seal_interval,
            rulebook: self.rulebook.clone(),
        });
        let opening = std::iter::once(genesis)
            .chain(self.accounts())
            .chain(self.capital())
            .chain(self.opening_prices())
            .chain(self.trades());
        opening.map(at_start).chain(self.stream())
    }

    /// Accounts first, then their deposits in the same order.
    fn accounts(&self) -> impl Iterator<Item = Command> + '_ {
        let accounts = || (0..).zip(self.population.iter().flat_map(|known| &known.accounts));
        let open = accounts()
            .map(|(number, _)| Command::from(OpenAccount { account: AccountId::new(number) }));
        let deposits = accounts().flat_map(|(number, account)| {
            account.deposits.iter().map(move |(asset, amount)| {
                let account = AccountId::new(number);
                Command::from(Deposit { account, asset: *asset, amount: *amount })
            })
        });
        open.chain(deposits)
    }

    fn capital(&self) -> impl Iterator<Item = Command> + '_ {
        let (asset, amount) = (self.rulebook.numeraire, self.insurance_fund);
        let pay = Command::from(PayInCapital { asset, amount });
        amount.is_positive().then_some(pay).into_iter()
    }

    /// The first index and mark of every series, which trades need.
    fn opening_prices(&self) -> impl Iterator<Item = Command> + '_ {
        let start = self.manifest.window[0];
        let priced = self.market.series.iter().filter(|series| series.feed.role != FeedRole::Last);
        priced.filter_map(move |series| {
            let price = self.market.opening(series.feed)?;
            Some(publish(series.feed, series.source, price, start))
        })
    }

    fn trades(&self) -> impl Iterator<Item = Command> + '_ {
        let trades = self.population.iter().flat_map(|known| &known.trades);
        trades.filter_map(|trade| {
            let price = self.market.opening(Feed::mark(trade.instrument))?;
            Some(Command::from(RegisterTrade {
                buyer: AccountId::new(trade.buyer.into()),
                seller: AccountId::new(trade.seller.into()),
                instrument: trade.instrument,
                quantity: trade.quantity,
                price: Price::new(price),
                buyer_fee: Amount::ZERO,
                seller_fee: Amount::ZERO,
            }))
        })
    }

    /// Prices and funding rates of the day in order, without the opening prices.
    pub fn stream(&self) -> impl Iterator<Item = TimedCommand> + '_ {
        let start = self.manifest.window[0];
        let opened = move |key: &Key| key.timestamp == start && key.role < Role::Last;
        Merge::new(self.inputs())
            .filter(move |(key, _)| !opened(key))
            .map(|(key, command)| TimedCommand { timestamp: key.timestamp, command })
    }

    fn inputs(&self) -> Vec<Box<dyn Iterator<Item = (Key, Command)> + '_>> {
        let mut inputs: Vec<Box<dyn Iterator<Item = (Key, Command)> + '_>> = Vec::new();
        for (number, series) in (0..).zip(&self.market.series) {
            let (role, source) = (series.role(), series.source);
            inputs.push(Box::new(series.ticks(&self.market.shapes).map(move |tick| {
                let key =
                    Key { timestamp: tick.time, role, source, line: tick.line, series: number };
                (key, publish(series.feed, source, tick.price, tick.time))
            })));
        }
        for (number, funding) in (0..).zip(&self.market.funding) {
            let source = funding.source;
            inputs.push(Box::new(funding.rates.iter().map(move |row| {
                let (role, line) = (Role::Funding, row.line);
                let key = Key { timestamp: row.time, role, source, line, series: number };
                let (instrument, rate) = (funding.instrument, Rate::new(row.rate));
                (key, Command::from(PublishFunding { instrument, rate }))
            })));
        }
        inputs
    }
}

/// The accounts that a manifest asks for, as a rulebook makes them or takes them.
fn population(
    manifest: &Manifest,
    roots: &[Option<PathBuf>; 2],
    market: &Market,
    rulebook: &Rulebook,
) -> Result<Option<Population>, FeedErrors> {
    let opening = opening(manifest, market, rulebook)?;
    Ok(match &manifest.population {
        None => None,
        Some(PopulationSource::Seeded(parameters)) => {
            Some(populate(manifest.seed, parameters, &opening)?)
        }
        Some(PopulationSource::File(file)) => Some(read_accounts(file, roots, &opening, rulebook)?),
    })
}

/// A price command; files state no confidence.
fn publish(feed: Feed, source: u32, price: i64, time: Timestamp) -> Command {
    let (price, confidence) = (Price::new(price), Price::new(0));
    Command::from(PublishPrice { feed, source, price, confidence, published_at: time })
}

/// Marks and indexes at the first instant, in the rulebook's order.
fn opening(
    manifest: &Manifest,
    market: &Market,
    rulebook: &Rulebook,
) -> Result<Opening, FeedError> {
    let price = |feed| market.opening(feed).map(Price::new);
    let instruments = (0..).zip(&rulebook.instruments);
    let assets = (0..).zip(&rulebook.assets);
    let marks: Vec<Option<Price>> =
        instruments.map(|(number, _)| price(Feed::mark(InstrumentId::new(number)))).collect();
    let indexes: Vec<Option<Price>> =
        assets.map(|(number, _)| price(Feed::index(AssetId::new(number)))).collect();
    Opening::new(rulebook, &manifest.bridge.hub, &marks, &indexes)
}

/// The rulebook's share of opening open notional, in the numeraire.
fn insurance_fund(
    population: &Population,
    opening: &Opening,
    rulebook: &Rulebook,
) -> Result<Amount, FeedError> {
    let numeraire = opening.assets.iter().find(|asset| asset.id == rulebook.numeraire);
    let numeraire = numeraire.ok_or_else(|| {
        let place = Place::default().at("numeraire");
        FeedError::input("day.numeraire", place, "a listed numeraire", "none")
    })?;
    population.insurance_fund(rulebook.waterfall.insurance_fund, opening, numeraire)
}

fn read_accounts(
    file: &AccountsFile,
    roots: &[Option<PathBuf>; 2],
    opening: &Opening,
    rulebook: &Rulebook,
) -> Result<Population, FeedErrors> {
    let folder = roots[0].as_deref().unwrap_or(Path::new("."));
    let layout = format!("of holdings ({})", accounts::COLUMNS.join(","));
    let stored = Manifest::open(folder, roots[1].as_deref(), &file.file, &file.sha256, &layout)?;
    accounts::read(&stored, opening, rulebook)
}
