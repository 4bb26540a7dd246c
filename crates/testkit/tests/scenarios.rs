//! Goal: the machine does what its documents say, story by story.
//!
//! Method: every file of fixtures/scenarios is played with its expected effects and states; after
//! every event all laws are checked and the machine is restored from its own bytes. The last test
//! makes sure that a wrong expectation is found, so that the first cannot pass by not looking.

use std::path::PathBuf;

use testkit::scenario::{check, check_file, fixtures, rulebook};

fn stories() -> Vec<PathBuf> {
    let folder = fixtures().join("scenarios");
    let entries = std::fs::read_dir(folder).expect("the folder of scenarios is readable");
    let paths = entries.map(|entry| entry.expect("an entry is readable").path());
    let mut stories: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "scn")).collect();
    stories.sort();
    stories
}

#[test]
fn every_story_holds() {
    let stories = stories();
    assert!(stories.len() >= 20, "only {} scenarios found", stories.len());
    let mut failures = Vec::new();
    let (mut events, mut effects) = (0, 0);
    for story in &stories {
        match std::panic::catch_unwind(|| check_file(story)) {
            Ok(report) => {
                events += report.events.len();
                effects += report.effects;
            }
            Err(panic) => failures.push(text_of(&*panic)),
        }
    }
    println!("{} scenarios, {events} events, {effects} effects", stories.len());
    assert!(failures.is_empty(), "{} failed\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn every_story_opens_with_a_sentence() {
    for story in stories() {
        let text = std::fs::read_to_string(&story).expect("a scenario file is readable");
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("# "), "{}: no title", story.display());
        assert!(first.len() > 20, "{}: the title says too little", story.display());
    }
}

/// The smallest table there is, under the rulebook of the market days.
#[test]
fn the_default_rulebook_takes_tables_too() {
    let rulebook = rulebook("default").expect("the default rulebook is valid");
    let report = check(
        &rulebook,
        "1 deposit   alice USD 100   -> Deposited
2 withdraw  alice USD 101   -> Refused collateral_insufficient
  balances  alice USD 100, custody USD -100
",
    );
    assert_eq!((report.events.len(), report.effects), (4, 4));
}

#[test]
fn a_wrong_expectation_is_found() {
    let rulebook = rulebook("plain").expect("the rulebook of the scenarios is valid");
    let right = "accounts alice bob
1 deposit bob USD 100
2 deposit alice USD 100 -> Deposited alice USD 100
3 withdraw alice USD 101 -> Refused collateral_insufficient
balances alice USD 100, custody USD -200
";
    check(&rulebook, right);
    for (wrong, says) in [
        (("USD 100\n3", "USD 99\n3"), "line 3: 2 deposit alice USD 100"),
        (("collateral_insufficient", "price_stale"), "-> Refused collateral_insufficient"),
        (("-> Refused collateral_insufficient", ""), "expected no refusal"),
        (("-> Refused collateral_insufficient", "-> nothing"), "0 effects expected"),
        (("custody USD -200", "custody USD -99"), "found custody USD -200"),
        (("alice USD 100, custody", "eve USD 100, custody"), "table:5:10"),
        (("3 withdraw", "4 withdraw"), "expected command number 3"),
    ] {
        let table = right.replacen(wrong.0, wrong.1, 1);
        assert_ne!(table, right);
        let panic = std::panic::catch_unwind(|| check(&rulebook, &table)).expect_err(&table);
        let text = text_of(&*panic);
        assert!(text.contains(says), "{text}\nlacks {says:?}");
    }
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let owned = panic.downcast_ref::<String>().cloned();
    owned.unwrap_or_else(|| "a panic without words".to_owned())
}
