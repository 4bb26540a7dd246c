//! Figures computed apart from this code: the worked account, and the population of 2020-03-12 with
//! 20,000 accounts, whose counts follow from shares alone and whose shapes from the drawn laws.

use super::super::super::fixture::DAYS;
use super::super::collateral::{Member, Mix, collateral};
use super::*;

#[test]
fn amounts_worth_a_value_by_hand() {
    let asset = |cents: i64, haircut: u64| OpeningAsset {
        id: AssetId::new(1),
        name: "BTC".to_owned(),
        decimals: 8,
        index: Price::new(cents * 1_000_000),
        haircuts: vec![HaircutTier { up_to: None, haircut: Ratio::from_parts(haircut) }],
    };
    let tiered = OpeningAsset {
        haircuts: vec![
            HaircutTier { up_to: Some(Amount::new(100_000_000)), haircut: Ratio::from_parts(0) },
            HaircutTier { up_to: None, haircut: Ratio::from_parts(500_000) },
        ],
        ..asset(10_000, 0)
    };
    for (asset, dollars, units) in [
        // 2,800 USD; 800 / (.95 x 7,934) BTC; 400 / (.90 x 194.70) ETH: L = 2.5 on 10,000.
        (asset(100, 0), 2_800, 280_000_000_000),
        (asset(793_400, 50_000), 800, 10_613_881),
        (asset(19_470, 100_000), 400, 228_271_415),
        (tiered.clone(), 100, 100_000_000),
        (tiered.clone(), 150, 200_000_000),
        (tiered, 0, 0),
    ] {
        let target = Value::new(dollars * 10i128.pow(16)).unweighted();
        let amount = asset.amount_worth(target).expect("enough");
        assert_eq!(amount, Amount::new(units), "{dollars} in {asset:?}");
        let one_less = asset.weighted(Amount::new(units - 1));
        assert!(asset.weighted(amount) >= target && (units == 0 || one_less < target));
    }
    let ended = HaircutTier { up_to: Some(Amount::new(10)), haircut: Ratio::from_parts(0) };
    for haircuts in [vec![], vec![ended]] {
        let short = OpeningAsset { haircuts, ..asset(100, 0) };
        let error = short.amount_worth(Value::new(10i128.pow(16)).unweighted());
        let path = error.expect_err("too little").place.path;
        assert_eq!(path.as_deref(), Some("population.collateral.BTC"));
    }
}

#[test]
fn a_spot_hedger_holds_its_asset_and_tops_up_only_below_margin() {
    let mut opening = opening(&DAYS[0]);
    let parameters = Parameters::new(open_notional("2020-03-12", &FIVE));
    let member = Member { seed: 1, kind: CellKind::SpotHedge, cell: "hedge ETH", place: 0 };
    let held = opening.instruments.iter().position(|known| known.asset == "ETH").expect("ETH");
    let positions = [(held, Quantity::new(-250_000_000))];
    let mut deposits = |haircut| {
        opening.assets[2].haircuts = vec![HaircutTier { up_to: None, haircut }];
        let mix = Mix::new(&parameters, &opening).expect("known assets");
        collateral(&member, &positions, &parameters, &opening, &mix).expect("valid")
    };
    let [usd, btc, eth] = deposits(Ratio::from_parts(100_000))[..3] else { panic!("three") };
    assert_eq!((usd, btc, eth), (Amount::ZERO, Amount::ZERO, Amount::new(250_000_000)));
    let [usd, btc, eth] = deposits(Ratio::from_parts(990_000))[..3] else { panic!("three") };
    assert!(usd.is_positive() && btc.is_positive() && eth > Amount::new(250_000_000));
}

/// Counts of the cells of one kind.
fn count(population: &Population, kind: CellKind) -> u32 {
    let cells = population.cells.iter().filter(|cell| cell.kind == kind);
    cells.map(|cell| cell.accounts).sum()
}

#[test]
fn the_population_of_march_2020_has_its_computed_shape() {
    let opening = opening(&DAYS[0]);
    let parameters = Parameters::new(open_notional("2020-03-12", &FIVE));
    let population = populate(20_200_312, &parameters, &opening).expect("valid");
    let kinds = [CellKind::Long, CellKind::Short, CellKind::SpotHedge, CellKind::Pair];
    assert_eq!(kinds.map(|kind| count(&population, kind)), [9_613, 2_731, 5_024, 2_622]);
    assert_eq!(count(&population, CellKind::Maker), 10);
    let total = dollars(population.open_notional(&opening));
    assert!((666_666_660.0..=666_666_667.0).contains(&total), "{total}");
    let fund = population.insurance_fund(Ratio::from_parts(500), &opening, &opening.assets[0]);
    assert_eq!(fund.expect("USD").units(), (total * 5e-4 * 1e8).ceil() as i128);
    check_shape(&population, &opening, total);
}

fn check_shape(population: &Population, opening: &Opening, total: f64) {
    let notional = |account: &Account| dollars(gross(account, opening));
    let of = |kind| {
        let inside = move |account: &&Account| population.cells[account.cell].kind == kind;
        population.accounts.iter().filter(inside)
    };
    // Pairs hedge both legs; a spot hedge counts once, as its other leg is the asset itself.
    let pairs: f64 = of(CellKind::Pair).map(notional).sum();
    let hedges: f64 = of(CellKind::SpotHedge).map(notional).sum();
    let hedged = (pairs + hedges) / (2.0 * total);
    assert!((hedged - 0.35).abs() < 0.000_01, "hedged {hedged}");
    let makers: f64 = of(CellKind::Maker).map(notional).sum();
    assert!((makers / (2.0 * total) - 0.085).abs() < 0.000_1, "makers {makers}");
    let on_equity = |account: &Account| notional(account) / worth(account, opening, false);
    let highest = of(CellKind::Maker).map(on_equity).fold(0.0, f64::max);
    assert!((2.93..2.945).contains(&highest), "makers' leverage on equity {highest}");

    let mut sizes: Vec<f64> = population.accounts.iter().map(notional).collect();
    sizes.sort_by(f64::total_cmp);
    let median = sizes[sizes.len() / 2];
    let top: f64 = sizes[sizes.len() - 200..].iter().sum::<f64>() / sizes.iter().sum::<f64>();
    assert!((18_000.0..19_700.0).contains(&median), "median notional {median}");
    assert!((0.235..0.265).contains(&top), "largest 1 % hold {top}");

    let all: f64 = of(CellKind::Long).map(notional).sum();
    let levered = |above: f64| {
        let high =
            move |account: &&Account| notional(account) > above * worth(account, opening, true);
        of(CellKind::Long).filter(high).map(notional).sum::<f64>() / all
    };
    let (above_5, above_10) = (levered(5.0), levered(10.0));
    assert!((0.045..0.08).contains(&above_5), "{above_5} of longs above 5");
    assert!((0.004..0.02).contains(&above_10), "{above_10} of longs above 10");
    println!("median {median:.0}, top 1 % {top:.3}, above 5 {above_5:.4}, above 10 {above_10:.4}");
}
