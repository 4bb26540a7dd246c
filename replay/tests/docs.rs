//! Goal: what the documents and the help texts show is what happens. Method: every `console` block
//! of the READMEs is run command by command in a fresh folder and its output compared, and every
//! example of a help text is run. `CLEARSIM_BLESS=1` writes what was found into the documents.
//!
//! In a block a line `$ command` is run by a shell; the lines up to the next are its stdout. A line
//! `...` stands for any lines; `# exit 1` behind a command says that it exits so.

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use support::{check, root, runs};

/// What a command answered: exit code, stdout, stderr.
fn shell(folder: &Path, command: &str) -> (i32, String, String) {
    let program = assert_cmd::cargo::cargo_bin!("clearsim");
    let bin = program.parent().expect("a program lies in a folder").display().to_string();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", path)
        .env_remove("CLEARSIM_DATA")
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let exit = output.status.code().expect("it ended by itself");
    (exit, text(&output.stdout), text(&output.stderr))
}

/// A folder in which the fixtures lie where the documents say.
fn workplace() -> tempfile::TempDir {
    let folder = runs();
    let fixtures = root().join("fixtures").canonicalize().expect("fixtures");
    symlink(fixtures, folder.path().join("fixtures")).expect("a link");
    folder
}

/// A command with the exit code that its comment names.
fn expected_exit(command: &str) -> (String, i32) {
    match command.rsplit_once("# exit ") {
        Some((command, code)) => {
            (command.trim_end().to_owned(), code.trim().parse().expect("an exit code"))
        }
        None => (command.to_owned(), 0),
    }
}

/// Whether lines are the ones shown, where `...` stands for any.
fn fits(shown: &[&str], found: &[&str]) -> bool {
    match shown.split_first() {
        None => found.is_empty(),
        Some((&"...", rest)) => (0..=found.len()).any(|from| fits(rest, &found[from..])),
        Some((line, rest)) => found
            .split_first()
            .is_some_and(|(first, left)| first.trim_end() == line.trim_end() && fits(rest, left)),
    }
}

/// Runs the console blocks of a document; what it should say, and where it does not.
fn play(text: &str) -> (String, Vec<String>) {
    let folder = workplace();
    let mut written = String::new();
    let mut faults = Vec::new();
    let mut lines = text.lines().peekable();
    let mut inside = false;
    while let Some(line) = lines.next() {
        written.push_str(line);
        written.push('\n');
        match line.strip_prefix("$ ") {
            _ if line.starts_with("```") => inside = line == "```console",
            Some(command) if inside => {
                let mut shown = Vec::new();
                while let Some(next) =
                    lines.next_if(|next| !next.starts_with("$ ") && !next.starts_with("```"))
                {
                    shown.push(next);
                }
                let (command, exit) = expected_exit(command);
                let (code, out, said) = shell(folder.path(), &command);
                let found: Vec<&str> = out.lines().collect();
                if code != exit {
                    faults.push(format!("$ {command}\nexit {code}, not {exit}\n{said}"));
                }
                let kept = fits(&shown, &found);
                if !kept {
                    faults.push(format!("$ {command}\nshown:\n{shown:#?}\nfound:\n{out}{said}"));
                }
                for line in if kept { shown } else { found } {
                    written.push_str(line);
                    written.push('\n');
                }
            }
            _ => {}
        }
    }
    (written, faults)
}

fn check_document(name: &str) {
    let path = root().join(name);
    let text = fs::read_to_string(&path).expect("a document");
    assert!(text.contains("```console\n$ clearsim "), "{name} shows no command");
    let (written, faults) = play(&text);
    if std::env::var_os("CLEARSIM_BLESS").is_some() {
        fs::write(&path, written).expect("a writable document");
        // What a command answers can be written down, how it ends has to be meant.
        let ends: Vec<&String> = faults.iter().filter(|fault| fault.contains("\nexit ")).collect();
        assert!(ends.is_empty(), "{name}\n{ends:#?}");
        return;
    }
    assert!(faults.is_empty(), "{name}\n{}", faults.join("\n"));
}

#[test]
fn the_readme_shows_what_happens() {
    check_document("README.md");
}

#[test]
fn the_tutorial_shows_what_happens() {
    check_document("fixtures/README.md");
}

#[test]
fn a_wrong_output_is_found() {
    let block = |shown: &str| format!("```console\n$ echo one; echo two\n{shown}```\n");
    for shown in ["one\ntwo\n", "...\ntwo\n", "one\n...\n", "...\n"] {
        assert_eq!(play(&block(shown)).1, Vec::<String>::new(), "{shown}");
    }
    for shown in ["", "one\n", "two\none\n", "one\n...\nthree\n"] {
        let (written, faults) = play(&block(shown));
        assert_eq!(faults.len(), 1, "{shown}");
        assert_eq!(written, block("one\ntwo\n"), "{shown}");
    }
    let (_, faults) = play("```console\n$ exit 3\n$ exit 3 # exit 3\n```\n```\n$ exit 3\n```\n");
    assert_eq!(faults.len(), 1, "{faults:?}");
}

/// The verbs that the help lists.
fn verbs() -> Vec<String> {
    let help = check(0, &["--help"]).out;
    let list = help.split("Commands:").nth(1).and_then(|rest| rest.split("Options:").next());
    let words = list.expect("a list of commands").lines().filter_map(|line| {
        let word = line.strip_prefix("  ")?.split_whitespace().next()?;
        line.starts_with("  ").then(|| word.to_owned()).filter(|_| !line.starts_with("   "))
    });
    words.filter(|word| word != "help").collect()
}

#[test]
fn every_example_of_the_help_runs() {
    let folder = workplace();
    let mut examples = 0;
    for verb in verbs() {
        let help = check(0, &[&verb, "--help"]).out;
        let (_, list) = help.split_once("Examples:").unwrap_or_else(|| panic!("{verb}: none"));
        for line in list.lines().filter_map(|line| line.trim().strip_prefix("$ ")) {
            let (command, exit) = expected_exit(line);
            let (found, out, said) = shell(folder.path(), &command);
            assert_eq!(found, exit, "{command}\n{out}{said}");
            assert!(line.chars().count() <= 90, "{verb}: a long example");
            examples += 1;
        }
    }
    assert!(examples > 15, "{examples} examples");
}

#[test]
fn completions_and_manual_know_every_verb() {
    let verbs = verbs();
    assert!(verbs.len() > 9, "{verbs:?}");
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = check(0, &["completions", shell]).out;
        for verb in &verbs {
            assert!(script.contains(verb.as_str()), "{shell} does not complete {verb}");
        }
    }
    check(2, &["completions", "tcsh"]);
    let page = check(0, &["man"]).out;
    assert!(page.starts_with(".ie") && page.contains(".TH clearsim 1"), "{page}");
    for verb in &verbs {
        let page = check(0, &["man", verb]).out;
        assert!(page.contains(&format!(".TH clearsim-{verb} 1")), "{verb}: {page}");
    }
    let told = check(2, &["man", "fly"]).said;
    assert!(told.contains("one of day, "), "{told}");
}
