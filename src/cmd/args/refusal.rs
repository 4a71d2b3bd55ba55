use std::io::{ErrorKind as IoErrorKind, Write, stdout};
use std::process::ExitCode;

use clap::CommandFactory;
use clap::error::ErrorKind;

use super::Cli;
use crate::cmd::{conclude, exit};
use crate::printing::remark;
use crate::record::StoreError;

/// Says in one line what is wrong with the arguments; help and version go to standard output.
pub(in crate::cmd) fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // With its colours where that is a terminal.
        return match error.print().and_then(|()| stdout().flush()) {
            Err(source) if source.kind() != IoErrorKind::BrokenPipe => {
                let lost = StoreError::Write { path: "standard output".into(), source };
                conclude(Err(lost.into()), false)
            }
            _ => ExitCode::SUCCESS,
        };
    }
    remark(&format!("concbench: {}", one_line(error)));
    ExitCode::from(exit::BAD_INPUT)
}

/// Clap's message without its hints, which take several lines.
pub(super) fn one_line(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let command = Cli::command();
        let names: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();
        return format!("a command is missing, {} are there", names.join(", "));
    }
    let text = error.render().to_string();
    let hint =
        |line: &str| ["Usage:", "For more", "tip:"].iter().any(|start| line.trim_start().starts_with(start));
    let message: Vec<_> = text.lines().take_while(|line| !hint(line)).collect();
    let message = message.join(" ");
    let words: Vec<_> = message.split_whitespace().collect();
    words.join(" ").trim_start_matches("error: ").to_owned()
}
