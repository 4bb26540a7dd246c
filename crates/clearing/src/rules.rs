//! Rulebooks coming into force.

use crate::depth;
use crate::house::Books;
use alloc::vec::Vec;
use domain::rulebook::{
    Limits, LiquidationRules, MarginModel, OracleRules, Rulebook, Sections, WaterfallRules,
};
use domain::{AssetId, Duration, Effect, Ratio};
use risk::{AssetMarket, InstrumentMarket};

/// No rules: before genesis.
pub(crate) const fn void() -> Rulebook {
    Rulebook {
        numeraire: AssetId::new(0),
        assets: Vec::new(),
        instruments: Vec::new(),
        margin: MarginModel::Weighted,
        oracle: OracleRules { stale_after: Duration::from_nanos(0), last_guard: Ratio::ZERO },
        liquidation: LiquidationRules {
            dust: 0,
            step_interval: Duration::from_nanos(0),
            interest_step: Duration::from_nanos(0),
        },
        waterfall: WaterfallRules { layers: Vec::new(), insurance_fund: Ratio::ZERO },
        limits: Limits {
            accounts_max: 0,
            positions_per_account: 0,
            cascade_waves_max: 0,
            steps_per_event: 0,
            opponents_max: 0,
        },
        sections: Sections::NONE,
    }
}

/// Puts a validated rulebook in force and makes room for what it lists anew.
pub(crate) fn adopt(books: &mut Books, rulebook: &Rulebook, effects: &mut Vec<Effect>) {
    books.rulebook.clone_from(rulebook);
    books.freshness.forget();
    books.assets.resize(rulebook.assets.len(), AssetMarket::new());
    books.instruments.resize(rulebook.instruments.len(), InstrumentMarket::new());
    books.ledger.list_assets(rulebook.assets.len());
    books.liquidity.list_instruments(rulebook.instruments.len());
    books.fit_cases();
    depth::list(books);
    effects.push(Effect::RulebookAdopted {
        assets: rulebook.assets.len() as u32,
        instruments: rulebook.instruments.len() as u32,
    });
}
