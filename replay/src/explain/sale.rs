//! Collateral sold for a debt: at its own slippage, less a discount, with a bonus, or as a lot.

use domain::{Amount, AssetId};
use risk::terms::SaleConcession;

use super::figures::ratio;
use super::step::Told;
use super::{Line, Section, concession};

/// Adds what was received, and out of what.
pub fn sale_lines(
    step: &Told<'_>,
    section: &mut Section,
    (asset, amount): (AssetId, Amount),
    (debt_asset, proceeds): (AssetId, Amount),
) {
    let (figures, look) = (step.figures, step.look);
    let row = |asset: AssetId| look.terms.balances.iter().find(|terms| terms.asset == asset);
    let price = |asset: AssetId| figures.index(asset, row(asset).map_or(0, |terms| terms.price));
    let concession = concession::terms(look).sale;
    if !matches!(concession, SaleConcession::Slippage) {
        concession::lines(figures, look, step.now).into_iter().for_each(|line| section.push(line));
    }
    if let SaleConcession::Lot { lot, bid } = concession {
        let held = |asset: AssetId| row(asset).map_or(Amount::ZERO, |terms| terms.amount);
        let parts = [
            (asset, held(asset), lot.units(), amount, true),
            (debt_asset, -held(debt_asset), bid.units(), proceeds, false),
        ];
        for (of, whole, share, part, up) in parts {
            let word = if up { "handed over" } else { "repaid" };
            let label = format!("{} {word}", figures.asset(of));
            let formula = format!("{} * {}", figures.amount(of, whole), concession::text(share));
            let line = Line::sum(label, formula, figures.amount(of, part));
            section.push(line.rounded(up, figures.decimals(of)));
        }
        return;
    }
    let slippage = |asset: AssetId| {
        let rules = figures.asset_rules(asset);
        rules.map_or_else(|| "0".to_owned(), |rules| ratio(rules.slippage))
    };
    let factors = concession::sale_factors(concession, [slippage(asset), slippage(debt_asset)]);
    let [kept, dearer] = factors.map(|share| share.filter(|share| share != "0"));
    // The numeraire is sold at par; it is bought at par but for a bonus.
    let bonus = matches!(concession, SaleConcession::Bonus(_));
    let kept = kept.filter(|_| !figures.is_numeraire(asset));
    let dearer = dearer.filter(|_| {
        if bonus { !figures.is_numeraire(asset) } else { !figures.is_numeraire(debt_asset) }
    });
    let mut formula = format!("{} * {}", figures.amount(asset, amount), price(asset));
    if let Some(kept) = kept {
        formula += &format!(" * (1 - {kept})");
    }
    match (figures.is_numeraire(debt_asset), dearer) {
        (true, Some(dearer)) => formula += &format!(" / (1 + {dearer})"),
        (false, Some(dearer)) => {
            formula += &format!(" / ({} * (1 + {dearer}))", price(debt_asset));
        }
        (false, None) => formula += &format!(" / {}", price(debt_asset)),
        (true, None) => {}
    }
    let received = figures.amount(debt_asset, proceeds);
    let label = format!("{} for {}", figures.asset(debt_asset), figures.asset(asset));
    let line = Line::sum(label, formula, received);
    section.push(line.rounded(false, figures.decimals(debt_asset)));
}
