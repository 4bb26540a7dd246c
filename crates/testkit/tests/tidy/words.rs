//! One word for each idea: exact synonyms of the glossary are refused as identifiers in the pure
//! crates, and every file is free of what belongs to no reader.

use super::source::{code, identifiers, snake};
use super::{PURE, Text, report, texts};

/// Banned words and what to say, for every pure crate.
const BANNED: &[(&str, &str)] = &[
    ("user", "account"),
    ("subaccount", "account"),
    ("wallet", "account"),
    ("engine", "clearing house"),
    ("protocol", "clearing house"),
    ("token", "asset"),
    ("coin", "asset"),
    ("currency", "asset"),
    ("symbol", "instrument"),
    ("ticker", "instrument"),
    ("base_amount_of", "quantity"),
    ("bank", "custody"),
    ("ltv", "haircut"),
    ("collateral_factor", "asset weight"),
    ("borrow_factor", "liability weight"),
    ("loan", "liability"),
    ("feed_price", "oracle price"),
    ("fair_price", "mark price"),
    ("entry_value", "cost"),
    ("oi", "open interest"),
    ("upnl", "unrealised PnL"),
    ("unrealized", "unrealised"),
    ("realized", "realised"),
    ("liquidatee", "account"),
    ("vm_call", "variation margin"),
    ("cumulative_funding", "funding index"),
    ("account_value", "equity"),
    ("total_collateral", "adjusted equity"),
    ("health", "adjusted equity"),
    ("health_factor", "margin ratio"),
    ("imr", "initial margin"),
    ("mmr", "maintenance margin"),
    ("margin_rate", "requirement ratio"),
    ("buying_power", "free collateral"),
    ("margin_shortage", "shortfall"),
    ("bad_debt", "deficit"),
    ("negative_equity", "deficit"),
    ("cvar", "expected shortfall"),
    ("correlation_credit", "offset"),
    ("unhealthy", "liquidatable"),
    ("spiral", "cascade"),
    ("liquidation_end", "release"),
    ("bust", "bankruptcy"),
    ("penalty", "liquidation fee"),
    ("insolvent", "bankrupt"),
    ("loss_allocation", "default waterfall"),
    ("auto_close", "deleveraging"),
    ("adl", "deleveraging"),
    ("clawback", "socialised loss"),
    ("config", "rulebook"),
    ("wal", "journal"),
    ("timer", "pulse"),
    ("state_hash", "state digest"),
    ("dump", "snapshot"),
    ("dataset", "market day"),
    ("qty", "quantity"),
    ("px", "price"),
    ("amt", "amount"),
    ("acct", "account"),
    ("addr", "account"),
    ("liq", "liquidation"),
    ("maint", "maintenance"),
    ("init_margin", "initial margin"),
];

/// Banned in one crate, free in another that needs the word.
const BANNED_IN: &[(&str, &str, &str)] = &[
    ("risk", "message", "command"),
    ("clearing", "message", "command"),
    ("risk", "output", "effect"),
    ("clearing", "output", "effect"),
    ("risk", "entry", "event"),
    ("domain", "entry", "event"),
];

fn word_findings(sources: &[Text]) -> Vec<String> {
    let mut findings = Vec::new();
    for text in sources.iter().filter(|text| PURE.contains(&text.krate()) && text.is_source()) {
        let name = text.krate();
        let code = code(&text.content);
        let everywhere = BANNED.iter().copied();
        let here = BANNED_IN.iter().filter(|(krate, ..)| *krate == name);
        let banned: Vec<(String, &str, &str)> = everywhere
            .chain(here.map(|(_, word, instead)| (*word, *instead)))
            .map(|(word, instead)| (format!("_{word}_"), word, instead))
            .collect();
        for (identifier, line) in identifiers(&code) {
            let snake = snake(identifier);
            for (pattern, word, instead) in &banned {
                if snake.contains(pattern.as_str()) {
                    findings.push(format!(
                        "{}:{line}: `{word}` is banned in {name}, say `{instead}`",
                        text.path
                    ));
                }
            }
        }
    }
    findings
}

/// Tests that look for recorded data beside the workspace and say when they skip.
const RECORDED: &[&str] = &[
    "crates/feed/tests/recorded.rs",
    "replay/src/conformance/tests.rs",
    "replay/tests/conformance.rs",
    "replay/tests/recorded.rs",
];

/// Texts that no file may hold, in two halves so that this one does not; why, and the files that
/// may.
const UNWANTED: &[(&str, &str, &str, &[&str])] = &[
    ("/wo", "rk/", "a path of a workplace", &[]),
    ("/tmp/", "brief", "a path of a workplace", &[]),
    ("../", "shared", "a path outside the workspace", RECORDED),
    ("index.", "crates.io", "a registry's host", &[]),
    ("static.", "crates.io", "a registry's host", &[]),
    ("registry.", "npmjs", "a registry's host", &[]),
    ("artif", "actory", "a registry's host", &[]),
    ("sparse+", "http", "a registry's address", &[]),
    ("BEGIN ", "PRIVATE KEY", "a secret", &[]),
    ("<<<<", "<<<", "a conflict", &[]),
];

fn unwanted_findings(files: &[Text]) -> Vec<String> {
    let mut findings = Vec::new();
    for text in files {
        for (place, line) in text.content.lines().enumerate() {
            for (left, right, why, free) in UNWANTED {
                let unwanted = format!("{left}{right}");
                if line.contains(&unwanted) && !free.contains(&text.path.as_str()) {
                    findings.push(format!("{}:{}: {why}: {unwanted}", text.path, place + 1));
                }
            }
        }
    }
    findings
}

#[test]
fn one_word_for_each_idea() {
    report(&word_findings(&texts(&[".rs"])));
}

#[test]
fn nothing_in_the_tree_points_out_of_it() {
    let endings = [".rs", ".toml", ".md", ".scn", ".json", ".lock", ".csv", ".ci/run", ".yml"];
    report(&unwanted_findings(&texts(&endings)));
}

#[test]
fn the_lock_file_names_the_public_index_alone() {
    let locks = texts(&["Cargo.lock"]);
    let sources = locks[0].content.lines().filter(|line| line.starts_with("source = "));
    let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let others: Vec<String> = sources.filter(|line| *line != public).map(str::to_owned).collect();
    report(&others);
}

#[test]
fn a_planted_word_is_found() {
    let check = |path: &str, content: &str, says: &[&str]| {
        let findings = word_findings(&[Text::planted(path, content)]);
        assert_eq!(findings.len(), says.len(), "{content}: {findings:?}");
        for (finding, says) in findings.iter().zip(says) {
            assert!(finding.ends_with(says), "{finding}");
        }
    };
    let wallet = "`wallet` is banned in clearing, say `account`";
    check("crates/clearing/src/new.rs", "struct ClientWallet;\n", &[wallet]);
    check("crates/clearing/src/new.rs", "fn wallet_of() {} // a user\n", &[wallet]);
    check("crates/risk/src/new.rs", "let bad_debt = BadDebt;\n", &["say `deficit`"; 2]);
    check("crates/domain/src/new.rs", "let message = walleted(\"a wallet\");\n", &[]);
    check("crates/feed/src/new.rs", "let symbol = 1;\n", &[]);
    let planted = Text::planted("README.md", concat!("see /wo", "rk/main\n"));
    assert_eq!(unwanted_findings(&[planted]).len(), 1);
}
