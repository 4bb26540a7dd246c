//! Fixtures have a hash and a licence; refusals have a table.

use super::{Text, paths, relative, report, texts};
use domain::Refusal;
use sha2::{Digest, Sha256};

/// Lists the hashes of what was written for this repository; days name their own in `day.toml`,
/// golden files are what a rerun is compared with.
const LIST: &str = "fixtures/SHA256SUMS";

/// How to write the list anew.
const HOW: &str = "(cd fixtures && find scenarios rulebooks -type f | LC_ALL=C sort \
     | xargs sha256sum > SHA256SUMS)";

fn listed(path: &str) -> bool {
    ["fixtures/scenarios/", "fixtures/rulebooks/"].iter().any(|folder| path.starts_with(folder))
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every fixture with its bytes, by path from the root.
fn fixtures() -> Vec<(String, Vec<u8>)> {
    let paths = paths().into_iter().map(|path| (relative(&path), path));
    let fixtures = paths.filter(|(name, _)| name.starts_with("fixtures/"));
    fixtures.filter_map(|(name, path)| Some((name, std::fs::read(path).ok()?))).collect()
}

fn hash_findings(fixtures: &[(String, Vec<u8>)], list: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut wanted: Vec<(&str, &str)> =
        list.lines().filter_map(|line| line.split_once("  ")).collect();
    for (name, bytes) in fixtures.iter().filter(|(name, _)| listed(name)) {
        let short = name.strip_prefix("fixtures/").unwrap_or(name);
        let place = wanted.iter().position(|(_, path)| *path == short);
        match place.map(|place| wanted.swap_remove(place)) {
            Some((recorded, _)) if recorded == hash(bytes) => {}
            Some(_) => findings.push(format!("{name} is not what {LIST} says; if meant: {HOW}")),
            None => findings.push(format!("{name} is missing in {LIST}: {HOW}")),
        }
    }
    for (_, path) in wanted {
        findings.push(format!("{LIST} names {path}, which does not exist: {HOW}"));
    }
    findings
}

/// Files of a day are named with hash and licence in its `day.toml`.
fn day_findings(fixtures: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut findings = Vec::new();
    for (name, bytes) in fixtures.iter().filter(|(name, _)| name.starts_with("fixtures/days/")) {
        // What was published is read by its own schema and decides nothing of a run.
        if name.ends_with("day.toml") || name.ends_with("published.toml") {
            continue;
        }
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let manifest = fixtures.iter().find(|(other, _)| *other == format!("{folder}/day.toml"));
        let manifest =
            manifest.map(|(_, bytes)| String::from_utf8_lossy(bytes)).unwrap_or_default();
        let file = name.rsplit('/').next().unwrap_or("");
        let named = manifest.contains(&format!("file = \"{file}\""));
        if !named || !manifest.contains(&hash(bytes)) || !manifest.contains("licence = ") {
            findings.push(format!("{name}: name it with sha256 and licence in {folder}/day.toml"));
        }
    }
    findings
}

#[test]
fn fixtures_have_a_hash_and_a_licence() {
    let fixtures = fixtures();
    let list = fixtures.iter().find(|(name, _)| name == LIST).expect("the list of hashes exists");
    report(&hash_findings(&fixtures, &String::from_utf8_lossy(&list.1)));
    report(&day_findings(&fixtures));
    let readme = texts(&["fixtures/README.md"]);
    for folder in ["scenarios", "rulebooks", "golden", "vectors"] {
        let line = format!("`{folder}/`");
        let said = readme[0].content.contains(&line) && readme[0].content.contains("SHA256SUMS");
        assert!(said, "fixtures/README.md says nothing of the origin and licence of {line}");
    }
    let known =
        ["README.md", "SHA256SUMS", "days/", "golden/", "scenarios/", "rulebooks/", "vectors/"];
    let strays: Vec<&String> = fixtures
        .iter()
        .map(|(name, _)| name)
        .filter(|name| !known.iter().any(|known| name.starts_with(&format!("fixtures/{known}"))))
        .collect();
    assert!(strays.is_empty(), "{strays:?} lie in no folder that has a rule for them");
}

#[test]
fn every_refusal_is_named_in_a_table() {
    let stories = texts(&[".scn"]);
    let tables: Vec<Text> = texts(&[".rs"])
        .into_iter()
        .filter(|text| text.path.starts_with("crates/testkit/tests/refusals"))
        .collect();
    let named = |refusal: &Refusal| {
        let entry = format!("(Refusal::{refusal:?}, ");
        let spread = format!("Refusal::{refusal:?},\n");
        let told = stories.iter().any(|text| text.content.contains(refusal.word()));
        told || tables
            .iter()
            .any(|text| text.content.contains(&entry) || text.content.contains(&spread))
    };
    let unnamed: Vec<String> = Refusal::ALL
        .iter()
        .filter(|refusal| !named(refusal))
        .map(|refusal| format!("{refusal:?} is reached by no scenario and no refusals test"))
        .collect();
    report(&unnamed);
}

#[test]
fn a_planted_fixture_is_found() {
    let file = |name: &str, content: &str| (name.to_owned(), content.as_bytes().to_vec());
    let story = file("fixtures/scenarios/a.scn", "# A\n");
    let right = format!("{}  scenarios/a.scn\n", hash(b"# A\n"));
    assert!(hash_findings(std::slice::from_ref(&story), &right).is_empty());
    for (list, says) in [
        (String::new(), "is missing in"),
        (right.replace(&right[..4], "0000"), "is not what"),
        (format!("{right}{}", right.replace("a.scn", "b.scn")), "does not exist"),
    ] {
        let findings = hash_findings(std::slice::from_ref(&story), &list);
        assert!(findings.len() == 1 && findings[0].contains(says), "{findings:?}");
    }
    let figures = file("fixtures/days/x/x.csv", "1\n");
    let manifest = format!("file = \"x.csv\"\nsha256 = \"{}\"\nlicence = \"MIT\"\n", hash(b"1\n"));
    let day = file("fixtures/days/x/day.toml", &manifest);
    assert!(day_findings(&[figures.clone(), day]).is_empty());
    assert_eq!(day_findings(&[figures]).len(), 1);
}
