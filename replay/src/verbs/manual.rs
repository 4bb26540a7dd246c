//! `completions` and `man`: what shells and readers of manuals want, made from the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::{Cli, ManArgs};
use crate::console::Console;
use crate::failure::{Answer, DONE, Failure, UNFINISHED};

/// Name of the program.
const NAME: &str = "clearsim";

/// Prints the completions of a shell.
///
/// # Errors
/// Stdout.
pub fn completions(console: &mut Console, shell: Shell) -> Answer {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), NAME, &mut bytes);
    console.raw(&String::from_utf8_lossy(&bytes))?;
    Ok(DONE)
}

/// Prints the manual page of the program, or of a verb.
///
/// # Errors
/// No such verb; stdout.
pub fn manual(console: &mut Console, args: &ManArgs) -> Answer {
    let mut program = Cli::command();
    // Spells out what every verb inherits.
    program.build();
    let page = match &args.verb {
        None => program,
        Some(verb) => {
            let words: Vec<&str> = program.get_subcommands().map(clap::Command::get_name).collect();
            let expected = format!("one of {}", words.join(", "));
            let found = program.find_subcommand(verb).cloned();
            let command = found.ok_or_else(|| Failure::argument("VERB", expected, verb))?;
            command.bin_name(format!("{NAME} {verb}")).display_name(format!("{NAME}-{verb}"))
        }
    };
    let mut bytes = Vec::new();
    clap_mangen::Man::new(page).render(&mut bytes).map_err(|error| {
        let place = std::path::Path::new("stdout");
        Failure::about(UNFINISHED, "io.refused", place, error.to_string())
    })?;
    console.raw(&String::from_utf8_lossy(&bytes))?;
    Ok(DONE)
}
