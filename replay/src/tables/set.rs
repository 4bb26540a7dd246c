//! All tables of a run, filled event by event on the thread that writes.

use std::path::Path;

use super::accounts::Accounts;
use super::chunk::{Chunk, Heard, Layers, Reason};
use super::effects::Effects;
use super::liquidations::Liquidations;
use super::market::Market;
use super::marks::Marks;
use super::metrics::Metrics;
use super::steps::Steps;
use super::waterfall::Waterfall;
use super::{Moment, Written};
use crate::causes::{Cause, Causes};
use crate::failure::Answer;
use clearing::AccountView;
use domain::Effect;
use risk::impact::market::DepthMarket;

/// What was read from the state right after an event.
#[derive(Debug, Clone, Copy)]
struct After<'a> {
    layers: &'a [Layers],
    depths: &'a [DepthMarket],
}

/// The tables being written.
pub struct Set {
    market: Market,
    causes: Causes,
    /// Causes of the present event's effects.
    found: Vec<Cause>,
    effects: Effects,
    accounts: Accounts,
    steps: Steps,
    liquidations: Liquidations,
    waterfall: Waterfall,
    marks: Marks,
    metrics: Metrics,
}

impl Set {
    /// Creates the files in a folder.
    ///
    /// # Errors
    /// The disk.
    pub fn create(folder: &Path) -> Answer<Set> {
        Ok(Set {
            market: Market::default(),
            causes: Causes::default(),
            found: Vec::new(),
            effects: Effects::create(folder)?,
            accounts: Accounts::create(folder)?,
            steps: Steps::create(folder)?,
            liquidations: Liquidations::create(folder)?,
            waterfall: Waterfall::create(folder)?,
            marks: Marks::create(folder)?,
            metrics: Metrics::create(folder)?,
        })
    }

    /// Writes what a chunk holds.
    ///
    /// # Errors
    /// The disk; a figure with too many digits.
    pub fn take(&mut self, chunk: &Chunk) -> Answer<()> {
        let (mut effects, mut accounts) = (&chunk.effects[..], &chunk.accounts[..]);
        let (mut layers, mut depths) = (&chunk.layers[..], &chunk.depths[..]);
        for heard in &chunk.events {
            let own = effects.split_at(heard.effects);
            let read = accounts.split_at(heard.accounts);
            let borne = layers.split_at(heard.layers);
            let touched = depths.split_at(heard.depths);
            (effects, accounts) = (own.1, read.1);
            (layers, depths) = (borne.1, touched.1);
            self.event(heard, own.0, read.0, After { layers: borne.0, depths: touched.0 })?;
        }
        Ok(())
    }

    fn event(
        &mut self,
        heard: &Heard,
        effects: &[Effect],
        accounts: &[(Reason, AccountView)],
        after: After<'_>,
    ) -> Answer<()> {
        let command = heard.command.unwrap_or_default();
        let moment = Moment { sequence: heard.sequence, at: heard.at, command };
        if let Some(rulebook) = &heard.rulebook {
            self.market.adopt(std::sync::Arc::clone(rulebook));
        }
        if heard.command.is_some() {
            self.metrics.event(&moment, effects.len())?;
        }
        let mut found = std::mem::take(&mut self.found);
        self.causes.of(heard.sequence, effects, &mut found);
        for place in 0..effects.len() {
            self.effect(&moment, place, (effects, &found), after)?;
        }
        self.found = found;
        self.metrics.layers(&self.market, after.layers);
        for (reason, view) in accounts {
            self.accounts.take(&self.market, &moment, *reason, view)?;
        }
        Ok(())
    }

    fn effect(
        &mut self,
        moment: &Moment,
        place: usize,
        (effects, causes): (&[Effect], &[Cause]),
        after: After<'_>,
    ) -> Answer<()> {
        let (Some(effect), Some(cause)) = (effects.get(place), causes.get(place)) else {
            return Ok(());
        };
        let ordinal = place as u64;
        self.market.see(effect);
        let market = &self.market;
        self.effects.take(market, moment, ordinal, effect, cause)?;
        self.marks.take(market, moment, (ordinal, effect), after.depths)?;
        self.metrics.effect(market, effect);
        self.waterfall.take(market, moment, (ordinal, effect, cause), after.layers)?;
        self.liquidations.take(market, moment, ordinal, effect, cause)?;
        self.steps.take(market, moment, place, (effects, causes))
    }

    /// Completes every file.
    ///
    /// # Errors
    /// The disk.
    pub fn finish(self) -> Answer<Vec<Written>> {
        let [accounts, holdings] = self.accounts.finish()?;
        let [steps, deleveraging] = self.steps.finish()?;
        Ok(vec![
            self.effects.finish()?,
            accounts,
            holdings,
            self.liquidations.finish()?,
            steps,
            deleveraging,
            self.waterfall.finish()?,
            self.marks.finish()?,
            self.metrics.finish()?,
        ])
    }
}
