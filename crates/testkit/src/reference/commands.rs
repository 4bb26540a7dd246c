//! What commands do once they passed.

use super::exact::share;
use super::margined::within;
use super::state::{Account, State};
use domain::command::{Deposit, PayInCapital, PublishFunding, PublishPrice, RegisterTrade};
use domain::command::{TransferAsset, Withdraw};
use domain::rulebook::InstrumentKind;
use domain::{AssetId, Command, Effect, FeedRole, Holder, HouseAccount, InstrumentId};

impl State {
    pub fn commit(&mut self, command: &Command) {
        match command {
            Command::Genesis(genesis) => {
                self.seal_interval = genesis.seal_interval;
                self.adopt(&genesis.rulebook);
            }
            Command::SetRulebook(set) => self.adopt(&set.rulebook),
            Command::OpenAccount(open) => {
                self.accounts.insert(open.account, Account::default());
                self.effects.push(Effect::AccountOpened { account: open.account });
            }
            Command::Deposit(deposit) => self.deposit(deposit),
            Command::Withdraw(withdraw) => self.withdraw(withdraw),
            Command::TransferAsset(transfer) => self.transfer_asset(transfer),
            Command::PayInCapital(capital) => self.pay_in_capital(capital),
            Command::RegisterTrade(trade) => self.register_trade(trade),
            Command::PublishPrice(publish) => {
                self.priced = true;
                self.publish_price(publish);
            }
            Command::PublishPriceWithBaseline(publish) => {
                self.priced = true;
                self.baseline.clone_from(&publish.baseline);
                self.advance_baseline(0);
                self.publish_price(&publish.price);
            }
            Command::PublishDepth(publish) => self.publish_depth(publish),
            Command::PublishFunding(publish) => self.publish_funding(publish),
            Command::Pulse(_) => {
                self.move_interest();
                self.settle_due();
                self.take_queue();
            }
            Command::HaltInstrument(halt) => {
                let instrument = halt.instrument;
                self.instrument_mut(instrument).halted = true;
                self.effects.push(Effect::InstrumentHalted { instrument });
            }
            Command::ResumeInstrument(resume) => {
                let instrument = resume.instrument;
                self.instrument_mut(instrument).halted = false;
                self.effects.push(Effect::InstrumentResumed { instrument });
            }
        }
    }

    fn deposit(&mut self, deposit: &Deposit) {
        let Deposit { account, asset, amount } = *deposit;
        self.post_balance(account, asset);
        let sides = (Holder::House(HouseAccount::Custody), Holder::Client(account));
        self.transfer(sides, asset, amount.units());
        self.effects.push(Effect::Deposited { account, asset, amount });
    }

    fn withdraw(&mut self, withdraw: &Withdraw) {
        let Withdraw { account, asset, amount } = *withdraw;
        self.post_balance(account, asset);
        let sides = (Holder::Client(account), Holder::House(HouseAccount::Custody));
        self.transfer(sides, asset, amount.units());
        self.effects.push(Effect::Withdrawn { account, asset, amount });
    }

    fn transfer_asset(&mut self, transfer: &TransferAsset) {
        let TransferAsset { from, to, asset, amount } = *transfer;
        self.post_balance(from, asset);
        self.post_balance(to, asset);
        self.transfer((Holder::Client(from), Holder::Client(to)), asset, amount.units());
        self.effects.push(Effect::AssetTransferred { from, to, asset, amount });
    }

    fn pay_in_capital(&mut self, capital: &PayInCapital) {
        let PayInCapital { asset, amount } = *capital;
        let fund = Holder::House(HouseAccount::InsuranceFund);
        self.transfer((Holder::House(HouseAccount::Custody), fund), asset, amount.units());
        self.effects.push(Effect::CapitalPaidIn { asset, amount });
    }

    fn register_trade(&mut self, trade: &RegisterTrade) {
        let RegisterTrade { buyer, seller, instrument, quantity, price, .. } = *trade;
        let (kind, settles) = (self.rules_of(instrument).kind, self.rules_of(instrument).settles);
        self.effects.push(Effect::Novated { instrument, buyer, seller, quantity, price });
        if let InstrumentKind::Spot { base } = kind {
            self.exchange_assets(trade, base, settles);
        } else {
            for side in self.sides(trade) {
                self.fill_client(side.account, instrument, side.fill);
            }
        }
        for (account, amount) in [(buyer, trade.buyer_fee), (seller, trade.seller_fee)] {
            if amount.is_positive() {
                let sides = (Holder::Client(account), Holder::House(HouseAccount::Fees));
                self.transfer(sides, settles, amount.units());
                self.effects.push(Effect::FeeCharged { account, asset: settles, amount });
            }
        }
    }

    /// Base one way, quote the other; what rounding leaves of the quote is residue.
    fn exchange_assets(&mut self, trade: &RegisterTrade, base: AssetId, settles: AssetId) {
        for account in [trade.buyer, trade.seller] {
            self.post_balance(account, base);
            self.post_balance(account, settles);
        }
        let (base_amount, paid, received) = self.exchanged(trade, base);
        let (buyer, seller) = (Holder::Client(trade.buyer), Holder::Client(trade.seller));
        self.transfer((seller, buyer), base, base_amount);
        self.transfer((buyer, seller), settles, received);
        let residue = Holder::House(HouseAccount::Residue);
        self.transfer((buyer, residue), settles, paid - received);
    }

    fn publish_price(&mut self, publish: &PublishPrice) {
        let PublishPrice { feed, price, published_at, .. } = *publish;
        match feed.role {
            FeedRole::Index => {
                let asset = AssetId::new(feed.target);
                self.effects.push(Effect::PricePublished { feed, price });
                self.accumulate(asset);
                let price = self.observe_index(asset, price);
                let held = self.asset_mut(asset);
                (held.price, held.published_at) = (price, published_at);
                return;
            }
            FeedRole::Mark => {
                let instrument = InstrumentId::new(feed.target);
                self.effects.push(Effect::PricePublished { feed, price });
                let mark = self.observe_mark(instrument, price);
                let market = self.instrument_mut(instrument);
                (market.mark, market.published_at) = (mark, published_at);
                return;
            }
            FeedRole::Last => {
                let guard = share(self.rulebook.oracle.last_guard);
                let market = self.instrument_mut(InstrumentId::new(feed.target));
                market.last = price;
                let mark = market.mark;
                if mark.is_positive() && !within(price, mark, guard) {
                    self.effects.push(Effect::PriceFlagged { feed, price, mark });
                }
            }
        }
        self.effects.push(Effect::PricePublished { feed, price });
    }

    /// The index of a perpetual moves by rate times mark, exactly.
    fn publish_funding(&mut self, publish: &PublishFunding) {
        let PublishFunding { instrument, rate } = *publish;
        let market = self.instrument_mut(instrument);
        market.funding_index += market.mark.wide() * rate.wide();
        let index = market.funding_index;
        self.effects.push(Effect::FundingIndexMoved { instrument, rate, index });
    }
}
