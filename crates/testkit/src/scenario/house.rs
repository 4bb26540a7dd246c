//! The clearing house as scenarios see it, watched by its laws, by its restored self and by the
//! naive machine.

use clearing::{ClearingHouse, SEMANTICS};
use domain::{
    AccountId, Amount, AssetId, Effect, Event, Feed, FeedRole, Holder, HouseAccount, InstrumentId,
    Position, Price, Timestamp,
};
use feed::scenario::{Figures, Machine};

use crate::reference::ReferenceHouse;

/// Three machines under the same events: one clearing house applies them straight, another is made
/// anew from its own bytes before each, and the reference computes everything from scratch.
#[derive(Debug, Default)]
pub struct House {
    straight: ClearingHouse,
    restored: ClearingHouse,
    reference: ReferenceHouse,
}

impl House {
    /// All before genesis.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The one that applies straight.
    #[must_use]
    pub const fn clearing_house(&self) -> &ClearingHouse {
        &self.straight
    }

    /// Applies an event to all; after it all laws hold and all are the same.
    ///
    /// # Errors
    /// The broken law, or where two of them differ.
    pub fn apply_checked(&mut self, event: &Event) -> Result<Vec<Effect>, String> {
        let mut effects = Vec::new();
        self.straight.apply(event, &mut effects);
        self.straight.check_invariants().map_err(|violation| format!("  {violation}"))?;
        let bytes = self.restored.to_bytes();
        self.restored = ClearingHouse::from_bytes(&bytes)
            .map_err(|error| format!("  the snapshot does not restore: {error}"))?;
        let mut again = Vec::new();
        self.restored.apply(event, &mut again);
        self.agree(&effects, &again)?;
        let plain = self.reference.apply(event);
        if effects != plain {
            return Err(format!(
                "  from the reference other effects follow:\n{effects:?}\n{plain:?}"
            ));
        }
        if self.straight.to_bytes() != self.reference.to_bytes() {
            return Err("  the state of the reference differs".to_owned());
        }
        Ok(effects)
    }

    fn agree(&mut self, effects: &[Effect], again: &[Effect]) -> Result<(), String> {
        if effects != again {
            return Err(format!("  restored, other effects follow:\n{effects:?}\n{again:?}"));
        }
        let (straight, restored) = (&mut self.straight, &mut self.restored);
        for (what, same) in [
            ("state digest", straight.state_digest() == restored.state_digest()),
            ("effect digest", straight.effect_digest() == restored.effect_digest()),
            ("seal digest", straight.seal_digest() == restored.seal_digest()),
            ("next pulse", straight.next_pulse() == restored.next_pulse()),
        ] {
            if !same {
                return Err(format!("  the {what} of the restored machine differs"));
            }
        }
        Ok(())
    }
}

impl Machine for House {
    fn semantics(&self) -> u32 {
        SEMANTICS
    }

    fn apply(&mut self, event: &Event) -> Result<Vec<Effect>, String> {
        self.apply_checked(event)
    }

    fn next_pulse(&self) -> Option<Timestamp> {
        self.straight.next_pulse()
    }

    fn balance(&self, holder: Holder, asset: AssetId) -> Amount {
        match holder {
            Holder::House(house) => self.straight.house_balance(house, asset),
            Holder::Client(account) => {
                let view = self.straight.account(account);
                let rows = view.map(|view| view.balances).unwrap_or_default();
                let row = rows.iter().find(|row| row.asset == asset);
                row.map_or(Amount::ZERO, |row| row.amount)
            }
        }
    }

    fn position(&self, holder: Holder, instrument: InstrumentId) -> Option<Position> {
        match holder {
            Holder::Client(account) => {
                let positions = self.straight.account(account)?.positions;
                positions.into_iter().find(|position| position.instrument == instrument)
            }
            Holder::House(HouseAccount::Liquidity) => self.straight.liquidity_position(instrument),
            Holder::House(_) => None,
        }
    }

    fn figures(&self, account: AccountId) -> Option<Figures> {
        let view = self.straight.account(account)?;
        Some(Figures {
            equity: view.assessment.equity,
            adjusted_equity: view.assessment.adjusted_equity,
            initial: view.assessment.requirement.initial,
            release: view.assessment.requirement.release,
            maintenance: view.assessment.requirement.maintenance,
            liquidating: view.liquidating,
        })
    }

    fn queue(&self) -> Vec<AccountId> {
        self.straight.queue().to_vec()
    }

    fn price(&self, feed: Feed) -> Price {
        let price = match feed.role {
            FeedRole::Index => self.straight.index(AssetId::new(feed.target)),
            FeedRole::Mark => self.straight.mark(InstrumentId::new(feed.target)),
            FeedRole::Last => {
                let market = self.straight.instrument(InstrumentId::new(feed.target));
                market.map(|market| market.last)
            }
        };
        price.unwrap_or_default()
    }
}
