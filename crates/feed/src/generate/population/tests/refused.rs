//! What a population refuses: every parameter out of its range, by its path in the day file, and
//! every broken law of a finished population.

use super::super::super::fixture::DAYS;
use super::super::super::millionths::Millionths;
use super::*;

fn refused(place: &str, change: impl Fn(&mut Parameters, &mut Opening)) {
    let mut opening = opening(&DAYS[0]);
    let mut parameters = Parameters::new(open_notional("2020-03-12", &FIVE));
    change(&mut parameters, &mut opening);
    let error = populate(1, &parameters, &opening).expect_err(place);
    assert_eq!(error.place.path.as_deref(), Some(place), "{error}");
}

#[test]
fn parameters_out_of_range_are_refused_by_path() {
    let parts = Millionths::constant;
    refused("population.accounts", |p, _| p.accounts = 0);
    refused("population.accounts", |p, _| p.accounts = 20_000_000);
    refused("population.accounts", |p, _| p.accounts = 30);
    refused("population.makers.count", |p, _| p.makers.count = 0);
    refused("population.makers.count", |p, _| p.makers.count = p.accounts);
    refused("population.makers.leverage_max", |p, _| p.makers.leverage_max = parts(0));
    refused("population.notional_sigma", |p, _| p.notional_sigma = parts(5_000_001));
    refused("population.leverage.median", |p, _| p.leverage.median = parts(0));
    refused("population.leverage.sigma", |p, _| p.leverage.sigma = parts(5_000_001));
    refused("population.hedged", |p, _| p.hedged = parts(1_000_001));
    refused("population.hedged", |p, _| p.hedged = parts(600_000));
    refused("population.pair_max", |p, _| p.pair_max = parts(1_000_001));
    refused("population.short_directional", |p, _| p.short_directional = parts(1_000_001));
    refused("population.collateral", |p, _| p.collateral.clear());
    refused("population.collateral.USDT", |p, _| {
        p.collateral = [("USDT".to_owned(), parts(1_000_000))].into();
    });
    refused("population.collateral.USD", |_, opening| opening.assets[0].index = Price::new(0));
    refused("population.collateral.BTC", |_, opening| opening.assets[1].haircuts.clear());
}

#[test]
fn open_notionals_that_cannot_be_held_are_refused_by_path() {
    let set = |p: &mut Parameters, asset: &str, units| {
        p.open_notional.insert(asset.to_owned(), Notional::new(units).expect("in range"));
    };
    refused("population.open_notional", |p, _| p.open_notional.clear());
    refused("population.open_notional", |_, opening| opening.hub = "SOL".to_owned());
    refused("population.open_notional", move |p, _| set(p, "BTC", Notional::MAX.units()));
    refused("population.open_notional.ETH", move |p, _| set(p, "ETH", 0));
    refused("population.open_notional.ETH", move |p, _| set(p, "ETH", 10i128.pow(14)));
    refused("population.open_notional.DOGE", move |p, _| set(p, "DOGE", 10i128.pow(24)));
    refused("population.open_notional.XRP", move |p, _| set(p, "XRP", 10i128.pow(30)));
    refused("population.open_notional.LTC", |_, opening| {
        let ltc = opening.instruments.iter_mut().find(|known| known.asset == "LTC");
        ltc.expect("LTC").lot = Quantity::ZERO;
    });
    refused("population.open_notional.ADA", |_, opening| {
        opening.assets.retain(|asset| asset.name != "ADA");
    });
}

fn broken(place: &str, change: impl Fn(&mut Population)) {
    let opening = opening(&DAYS[0]);
    let parameters =
        Parameters { accounts: 100, ..Parameters::new(open_notional("2020-03-12", &FIVE)) };
    let mut population = populate(1, &parameters, &opening).expect("valid");
    assert_eq!(population.check(&opening), Ok(()));
    change(&mut population);
    let error = population.check(&opening).expect_err(place);
    assert_eq!(error.place.path.as_deref(), Some(place), "{error}");
}

#[test]
fn broken_laws_are_found_in_any_population() {
    broken("trades[0]", |p| p.trades[0].buyer = p.trades[0].seller);
    broken("trades[0]", |p| p.trades[0].seller = 100);
    broken("trades[0]", |p| p.trades[0].quantity = Quantity::ZERO);
    broken("trades[0]", |p| p.trades[0].quantity = Quantity::new(1));
    broken("trades[0]", |p| p.trades[0].instrument = InstrumentId::new(77));
    broken("accounts[0]", |p| p.accounts[0].deposits.clear());
    broken("accounts[0]", |p| p.accounts[0].deposits[0].1 = Amount::new(-1));
    broken("accounts[0]", |p| p.accounts[0].deposits[0].1 = Amount::new(i128::MAX));
    broken("accounts[0]", |p| p.accounts[0].deposits[0].0 = AssetId::new(77));
    broken("accounts[0]", |p| p.trades.retain(|trade| trade.buyer != 0));
    broken("instruments.BTC", |p| {
        p.trades.clear();
        p.accounts.iter_mut().for_each(|account| account.positions.clear());
        let one_sided = vec![(InstrumentId::new(0), Quantity::new(100_000))];
        p.accounts[0].positions = one_sided;
        p.trades.push(Trade {
            instrument: InstrumentId::new(0),
            buyer: 0,
            seller: 99,
            quantity: Quantity::new(100_000),
        });
    });
}

#[test]
fn the_table_of_a_day_file_is_read_and_written_back() {
    let text = "accounts = 20000\nnotional_sigma = \"1.6\"\nhedged = \"0.35\"\n\
                pair_max = \"0.15\"\nshort_directional = \"0.25\"\n\n\
                [open_notional]\nBTC = \"400000000\"\n\n\
                [leverage]\nkind = \"lognormal\"\nmedian = \"1.2\"\nsigma = \"0.9\"\n\n\
                [collateral]\nBTC = \"0.2\"\nETH = \"0.1\"\nUSD = \"0.7\"\n\n\
                [makers]\ncount = 10\nleverage_max = \"3\"\n";
    let read: Parameters = toml::from_str(text).expect("valid");
    let notional = [("BTC".to_owned(), Notional::from_whole(400_000_000))];
    assert_eq!(read, Parameters::new(notional.clone().into()));
    assert_eq!(toml::to_string(&read).expect("plain data"), text);
    let short: Parameters = toml::from_str("[open_notional]\nBTC = \"400000000\"").expect("valid");
    assert_eq!(short, Parameters::new(notional.into()));
    for (wrong, expected) in [
        ("accounts = 5", "missing field `open_notional`"),
        ("hedged = 0.35\n[open_notional]\nBTC = \"1\"", "expected a decimal in quotes"),
        ("leverege = {}\n[open_notional]\nBTC = \"1\"", "unknown field `leverege`"),
        ("[leverage]\nkind = \"uniform\"\n[open_notional]", "unknown variant `uniform`"),
    ] {
        let error = toml::from_str::<Parameters>(wrong).expect_err(wrong).to_string();
        assert!(error.contains(expected), "{error}");
    }
}
