//! Commands that must be refused, with the largest numbers there are.

use super::Workload;
use super::commands::publish;
use super::rules::invalid_genesis;
use domain::command::{
    Deposit, OpenAccount, PayInCapital, PublishFunding, PublishPrice, Pulse, RegisterTrade,
    TransferAsset, Withdraw,
};
use domain::{AccountId, Amount, AssetId, Command, Duration, Feed, InstrumentId, Price, Quantity};
use domain::{Rate, Timestamp};

pub(super) fn draw(workload: &mut Workload, at: Timestamp) -> Command {
    match workload.dice.below(5) {
        0 => money(workload),
        1 | 2 => trade(workload),
        3 => price(workload, at),
        _ => other(workload),
    }
}

fn money(workload: &mut Workload) -> Command {
    let account = workload.dice.pick(&[workload_account(0), workload_account(u64::MAX)]);
    let asset = workload.dice.pick(&[AssetId::new(0), AssetId::new(1), AssetId::new(u32::MAX)]);
    let units = [0, -5, 1, i128::MAX, i128::MIN, 10i128.pow(30)];
    let amount = Amount::new(workload.dice.pick(&units));
    let to = workload.dice.pick(&[account, workload_account(1)]);
    match workload.dice.below(4) {
        0 => Deposit { account, asset, amount }.into(),
        1 => Withdraw { account, asset, amount }.into(),
        2 => TransferAsset { from: account, to, asset, amount }.into(),
        _ => PayInCapital { asset, amount }.into(),
    }
}

const fn workload_account(number: u64) -> AccountId {
    AccountId::new(number)
}

/// An ordinary trade with one thing wrong.
fn trade(workload: &mut Workload) -> Command {
    let (buyer, seller) = (workload.any_account(), workload.any_account());
    let instrument = workload.any_instrument();
    let quantity = workload.quantity(instrument, 100);
    let Command::RegisterTrade(mut trade) = workload.trade_of(buyer, seller, instrument, quantity)
    else {
        return Pulse {}.into();
    };
    match workload.dice.below(9) {
        0 => trade.seller = trade.buyer,
        1 => trade.buyer = workload_account(1 << 40),
        2 => trade.instrument = InstrumentId::new(9_999),
        3 => trade.quantity = Quantity::new(workload.dice.pick(&[0, -1, i64::MIN])),
        4 => trade.quantity = Quantity::new(i64::MAX),
        5 => trade.price = Price::new(workload.dice.pick(&[0, -7, i64::MAX, i64::MIN])),
        6 => trade.buyer_fee = Amount::new(workload.dice.pick(&[-1, i128::MAX, i128::MIN])),
        7 => trade.seller_fee = Amount::new(10i128.pow(36)),
        _ => trade = oversized(workload, trade),
    }
    trade.into()
}

/// As many whole lots as there are.
fn oversized(workload: &Workload, trade: RegisterTrade) -> RegisterTrade {
    let lot = workload.rulebook.instruments[trade.instrument.index()].lot.units();
    RegisterTrade { quantity: Quantity::new(i64::MAX / lot * lot), ..trade }
}

fn price(workload: &mut Workload, at: Timestamp) -> Command {
    let instrument = workload.any_instrument();
    let good = workload.instrument_price(instrument, 100);
    let later = at.plus(Duration::from_seconds(1));
    let long_ago = Timestamp::from_nanos(at.nanos() - 86_400_000_000_000);
    let numeraire = AssetId::new(0);
    match workload.dice.below(7) {
        0 => publish(Feed::mark(instrument), Price::new(0), at),
        1 => publish(Feed::mark(instrument), Price::new(i64::MAX), at),
        2 => publish(Feed::index(numeraire), Price::new(5), at),
        3 => publish(Feed::last(instrument), good, later),
        4 => publish(Feed::mark(instrument), good, long_ago),
        5 => publish(Feed::index(AssetId::new(77)), good, at),
        _ => {
            let confidence = Price::new(-1);
            let feed = Feed::mark(instrument);
            PublishPrice { feed, source: 0, price: good, confidence, published_at: at }.into()
        }
    }
}

fn other(workload: &mut Workload) -> Command {
    let instrument = workload.any_instrument();
    match workload.dice.below(4) {
        0 => OpenAccount { account: workload_account(workload.accounts + 5) }.into(),
        1 => invalid_genesis(&mut workload.dice, &workload.rulebook).into(),
        2 => PublishFunding { instrument, rate: Rate::new(i64::MIN) }.into(),
        _ => Pulse {}.into(),
    }
}
