//! The first rulebook of the fixtures: openings are made from it, and its caps admit every account
//! of the five days.

use std::path::Path;

use domain::Rulebook;

use super::super::super::fixture::DAYS;
use super::*;

fn first_rulebook() -> Rulebook {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate::rulebook::load(&folder.join("../../fixtures/rulebooks/default.toml")).expect("valid")
}

fn opening_by(rulebook: &Rulebook, day: &Day) -> Opening {
    let series = day.series();
    let mark = |name: &String| first(&series, name.trim_end_matches("-PERP"), Role::Mark);
    let marks: Vec<Option<Price>> =
        rulebook.instruments.iter().map(|rules| mark(&rules.name)).collect();
    let indexes: Vec<Option<Price>> =
        rulebook.assets.iter().map(|rules| first(&series, &rules.name, Role::Index)).collect();
    Opening::new(rulebook, "BTC", &marks, &indexes).expect("settled in the numeraire")
}

#[test]
fn an_opening_is_made_from_the_rulebook() {
    assert_eq!(opening_by(&first_rulebook(), &DAYS[0]), opening(&DAYS[0]));
}

#[test]
fn a_perpetual_settled_elsewhere_is_refused() {
    let mut rulebook = first_rulebook();
    rulebook.numeraire = AssetId::new(1);
    let marks = vec![Some(Price::new(1)); rulebook.instruments.len()];
    let error = Opening::new(&rulebook, "BTC", &marks, &[]).expect_err("settles in USD");
    let path = error.place.path;
    assert_eq!(path.as_deref(), Some("population.instruments.BTC-PERP.settles"));
}

#[test]
fn the_first_rulebook_admits_every_account() {
    let rulebook = first_rulebook();
    for day in &DAYS {
        let opening = opening_by(&rulebook, day);
        let parameters = Parameters::new(open_notional(day.name, &listed(&opening)));
        let population = populate(2, &parameters, &opening).expect(day.name);
        let mut deposited = vec![Amount::ZERO; rulebook.assets.len()];
        assert!(population.accounts.len() <= rulebook.limits.accounts_max as usize);
        for account in &population.accounts {
            let count = usize::from(rulebook.limits.positions_per_account);
            assert!(account.positions.len() <= count, "{} {account:?}", day.name);
            for (id, quantity) in &account.positions {
                let cap = rulebook.instruments[id.index()].position_max;
                assert!(quantity.magnitude() <= cap, "{} {account:?}", day.name);
            }
            for (id, amount) in &account.deposits {
                let cap = rulebook.assets[id.index()].balance_max;
                assert!(*amount <= cap, "{} {account:?}", day.name);
                deposited[id.index()] += *amount;
            }
        }
        for (rules, sum) in rulebook.assets.iter().zip(deposited) {
            assert!(sum <= rules.deposit_cap, "{} {}: {sum:?}", day.name, rules.name);
        }
    }
}
