//! `rulebook check | show | schema`.

use feed::error::FeedErrors;
use serde_json::json;

use crate::cli::{RulebookAct, RulebookArgs};
use crate::console::Console;
use crate::failure::{Answer, DONE, FOUND, Failure, NOT_UNDERSTOOD};
use crate::rulebooks::{self, Named};

/// Does what was asked about rulebooks.
///
/// # Errors
/// A file that cannot be read; for `show` and `check` one that is no rulebook.
pub fn rulebook(console: &mut Console, args: &RulebookArgs) -> Answer {
    match &args.act {
        RulebookAct::Check { rulebooks, set } => check(console, rulebooks, set),
        RulebookAct::Show { rulebook, set } => {
            let found = rulebooks::find(rulebook, None, set)?;
            let text = feed::rulebook::show(&found.rules);
            if console.json {
                console.document(&json!({
                    "schema": "clearsim.rulebook-text/1",
                    "name": found.name,
                    "digest": blake3::hash(text.as_bytes()).to_hex().as_str(),
                    "toml": text,
                }))?;
            } else {
                console.raw(&text)?;
            }
            Ok(DONE)
        }
        RulebookAct::Schema => {
            console.raw(&feed::rulebook::schema())?;
            Ok(DONE)
        }
    }
}

/// Findings are what was looked for, so they go to stdout and mean exit 1; a text that is no
/// rulebook at all was not understood and means exit 2.
fn check(console: &mut Console, words: &[String], overrides: &[String]) -> Answer {
    let mut exit = DONE;
    let mut reports = Vec::new();
    for word in words {
        let answer = rulebooks::find(word, None, overrides);
        let findings = match answer {
            Ok(found) => {
                reports.push(json!({ "rulebook": word, "findings": [] }));
                if !console.json {
                    console.line(sentence(word, &found))?;
                }
                continue;
            }
            Err(Failure::Said { exit: NOT_UNDERSTOOD, errors }) if are_findings(&errors) => errors,
            Err(failure) => return Err(failure),
        };
        exit = FOUND;
        reports.push(json!({ "rulebook": word, "findings": findings.errors }));
        if !console.json {
            console.line(findings.to_string())?;
        }
    }
    if console.json {
        console
            .document(&json!({ "schema": "clearsim.rulebook-check/1", "rulebooks": reports }))?;
    }
    Ok(exit)
}

fn are_findings(errors: &FeedErrors) -> bool {
    errors.errors.iter().all(|error| error.code == "rulebook.rule")
}

fn sentence(word: &str, found: &Named) -> String {
    let (assets, instruments) = (found.rules.assets.len(), found.rules.instruments.len());
    format!("{word}: sound, {assets} assets, {instruments} instruments")
}
