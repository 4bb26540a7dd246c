//! Collateral sold for a debt: at its own slippage, less a discount, with a bonus, or as a lot.

use domain::{Amount, AssetId, Quantity, Quote, Rounding};
use risk::number::{Fixed, Number};
use risk::terms::SaleConcession;

use super::figures::{Figures, quote, ratio};
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
        let given = (asset, held(asset), lot.units(), amount, true);
        let repaid = (debt_asset, -held(debt_asset), bid.units(), proceeds, false);
        lot_lines(figures, section, [given, repaid]);
        return;
    }
    if let Some(kept) = walked(step, section, concession, (asset, amount, &price(asset))) {
        let rules = figures.asset_rules(debt_asset);
        let par = figures.is_numeraire(debt_asset);
        let fee = matches!(concession, SaleConcession::Fee(_));
        let dearer = rules.filter(|_| !fee && !par).map(|rules| ratio(rules.slippage));
        let formula = match (par, dearer.filter(|share| share != "0")) {
            (true, _) => kept,
            (false, None) => format!("{kept} / {}", price(debt_asset)),
            (false, Some(share)) => format!("{kept} / ({} * (1 + {share}))", price(debt_asset)),
        };
        let label = format!("{} for {}", figures.asset(debt_asset), figures.asset(asset));
        let line = Line::sum(label, formula, figures.amount(debt_asset, proceeds));
        section.push(line.rounded(false, figures.decimals(debt_asset)));
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

/// A share of a collateral handed over for a share of a debt.
fn lot_lines(
    figures: Figures<'_>,
    section: &mut Section,
    parts: [(AssetId, Amount, i128, Amount, bool); 2],
) {
    for (of, whole, share, part, up) in parts {
        let word = if up { "handed over" } else { "repaid" };
        let label = format!("{} {word}", figures.asset(of));
        let formula = format!("{} * {}", figures.amount(of, whole), concession::text(share));
        let line = Line::sum(label, formula, figures.amount(of, part));
        section.push(line.rounded(up, figures.decimals(of)));
    }
}

/// What the book of the asset's spot instrument brought, as a figure in the numeraire; `None` where
/// the sale walked none.
fn walked(
    step: &Told<'_>,
    section: &mut Section,
    concession: SaleConcession,
    (asset, amount, price): (AssetId, Amount, &str),
) -> Option<String> {
    let (figures, look) = (step.figures, step.look);
    let fee = match concession {
        SaleConcession::Slippage => None,
        SaleConcession::Fee(fee) => Some(fee),
        _ => return None,
    };
    let instrument = figures.0.spot_depth(asset)?.instrument;
    let book = look.markets.iter().find(|book| book.instrument == instrument)?;
    let (side, size) = (&book.sells, Quantity::new(i64::try_from(amount.units()).ok()?));
    let (gross, conceded): (Quote, Quote) = (size.quote(side.anchor), side.conceded(size));
    let sold = figures.amount(asset, amount);
    let top = figures.index(asset, side.anchor.wide());
    section.push(Line::sum("at the book's top", format!("{sold} * {top}"), quote(gross)));
    section.push(Line::fact("conceded to the book", quote(conceded)));
    let mut formula = format!("{} - {}", quote(gross), quote(conceded));
    let mut kept = gross - conceded;
    if let Some(fee) = fee {
        let row = look.terms.balances.iter().find(|terms| terms.asset == asset)?;
        let worth = amount.units() * row.price;
        let fee_paid = Fixed::new(worth).times(&fee, Rounding::Up);
        let paid = Quote::new(fee_paid.units());
        let text = format!("{sold} * {price} * {}", concession::text(fee.units()));
        let line = Line::sum("fee on top", text, quote(paid));
        section.push(line.rounded(true, concession::SHARE_PLACES));
        formula += &format!(" - {}", quote(paid));
        kept -= paid;
    }
    section.push(Line::sum("brought", formula, quote(kept)));
    Some(quote(kept))
}
