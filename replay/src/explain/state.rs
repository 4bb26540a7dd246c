//! How an account, or the whole house, stands: figures without their reasons.

use clearing::{AccountView, ClearingHouse};
use domain::{AccountId, AssetId, HouseAccount, InstrumentId, Rulebook};
use serde_json::{Value, json};

use super::figures::{Figures, quote, value, weighted};
use super::{Line, Section};
use crate::rows::names::snake;
use crate::summary::numbers::grouped;

/// An account's rows and figures.
pub fn account(rulebook: &Rulebook, view: &AccountView, waits: bool) -> Vec<Section> {
    let figures = Figures(rulebook);
    let mut balances = Section::new("balances, as last posted");
    for row in view.balances.iter().filter(|row| row.amount.units() != 0) {
        let amount = figures.amount(row.asset, row.amount);
        balances.push(Line::fact(figures.asset(row.asset), amount));
    }
    let mut positions = Section::new("positions");
    for row in &view.positions {
        let quantity = figures.quantity(row.instrument, row.quantity);
        let text = format!("{quantity}, entered for {}", quote(row.cost));
        positions.push(Line::fact(figures.instrument(row.instrument), text));
    }
    let assessment = &view.assessment;
    let asked = assessment.requirement;
    let mut worth = Section::new(format!("worth and requirement, {}", figures.numeraire()));
    for (label, figure) in [
        ("equity", value(assessment.equity)),
        ("adjusted equity", weighted(assessment.adjusted_equity)),
        ("initial margin", weighted(asked.initial)),
        ("release margin", weighted(asked.release)),
        ("maintenance margin", weighted(asked.maintenance)),
        ("excess over maintenance", weighted(assessment.excess())),
    ] {
        worth.push(Line::fact(label, figure));
    }
    worth.push(Line::fact("being liquidated", if view.liquidating { "yes" } else { "no" }));
    worth.push(Line::fact("waits for a pulse", if waits { "yes" } else { "no" }));
    let sections = [balances, positions, worth];
    sections.into_iter().filter(|section| !section.lines.is_empty()).collect()
}

/// An account as JSON.
pub fn account_document(rulebook: &Rulebook, view: &AccountView, waits: bool) -> Value {
    let figures = Figures(rulebook);
    let balances = view.balances.iter().map(|row| {
        let amount = figures.amount(row.asset, row.amount);
        json!({ "asset": figures.asset(row.asset), "amount": amount })
    });
    let positions = view.positions.iter().map(|row| {
        json!({
            "instrument": figures.instrument(row.instrument),
            "quantity": figures.quantity(row.instrument, row.quantity),
            "cost": quote(row.cost),
            "funding_index": figures.funding_index(row.instrument, row.funding_index),
        })
    });
    let assessment = &view.assessment;
    let asked = assessment.requirement;
    json!({
        "account": view.account.number(),
        "balances": balances.collect::<Vec<_>>(),
        "positions": positions.collect::<Vec<_>>(),
        "equity": value(assessment.equity),
        "adjusted_equity": weighted(assessment.adjusted_equity),
        "initial": weighted(asked.initial),
        "release": weighted(asked.release),
        "maintenance": weighted(asked.maintenance),
        "liquidating": view.liquidating,
        "waits": waits,
    })
}

/// Prices, funds and how many accounts stand where.
pub fn house(rulebook: &Rulebook, house: &ClearingHouse) -> Vec<Section> {
    let figures = Figures(rulebook);
    let mut prices = Section::new("prices");
    let mut open = Section::new("liquidity account: the other side of forced trades");
    for instrument in (0..).map(InstrumentId::new).take(rulebook.instruments.len()) {
        if let Some(mark) = house.mark(instrument) {
            let label = format!("mark {}", figures.instrument(instrument));
            prices.push(Line::fact(label, figures.price(instrument, mark)));
        }
        let held = house.liquidity_position(instrument).filter(|held| held.quantity.units() != 0);
        if let Some(held) = held {
            let quantity = figures.quantity(instrument, held.quantity);
            let text = format!("{quantity}, entered for {}", quote(held.cost));
            open.push(Line::fact(figures.instrument(instrument), text));
        }
    }
    let mut held = Section::new("house accounts");
    for asset in (0..).map(AssetId::new).take(rulebook.assets.len()) {
        if let Some(index) = house.index(asset) {
            let label = format!("index {}", figures.asset(asset));
            prices.push(Line::fact(label, figures.index(asset, index.wide())));
        }
        for account in HouseAccount::ALL {
            let amount = house.house_balance(account, asset);
            if amount.units() != 0 {
                let name = snake(&format!("{account:?}")).replace('_', " ");
                let text = format!("{} {}", figures.amount(asset, amount), figures.asset(asset));
                held.push(Line::fact(name, text));
            }
        }
    }
    let sections = [counts(house), prices, held, open];
    sections.into_iter().filter(|section| !section.lines.is_empty()).collect()
}

/// How many accounts stand where.
fn counts(house: &ClearingHouse) -> Section {
    let (mut exposed, mut short, mut below, mut negative) = (0u64, 0u64, 0u64, 0u64);
    for account in (0..house.accounts()).map(AccountId::new) {
        let Some(view) = house.account(account) else { continue };
        let assessment = &view.assessment;
        let owes = view.balances.iter().any(|row| row.amount.is_negative());
        exposed += u64::from(!view.positions.is_empty() || owes);
        short += u64::from(assessment.shortfall().is_positive());
        below += u64::from(assessment.excess().is_negative());
        negative += u64::from(assessment.equity.is_negative());
    }
    let mut section = Section::new("accounts");
    for (label, count) in [
        ("opened", house.accounts()),
        ("with a position or debt", exposed),
        ("below release margin", short),
        ("below maintenance margin", below),
        ("equity below zero", negative),
        ("waiting for a pulse", house.queue().len() as u64),
    ] {
        section.push(Line::fact(label, grouped(u128::from(count))));
    }
    section
}
