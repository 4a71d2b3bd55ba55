//! What a package installs beside the binary: completions and manual pages.

use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::Cli;
use super::bad::BadArgument;
use crate::printing::print;

/// `concbench completions`: what a shell completes.
pub(super) fn completions(shell: Shell) -> anyhow::Result<ExitCode> {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "concbench", &mut bytes);
    print(&String::from_utf8(bytes)?)?;
    Ok(ExitCode::SUCCESS)
}

/// `concbench man`: the manual page of the program, or that of one command.
pub(super) fn man(of: Option<&str>) -> anyhow::Result<ExitCode> {
    print(&page(of)?)?;
    Ok(ExitCode::SUCCESS)
}

fn page(of: Option<&str>) -> anyhow::Result<String> {
    let mut program = Cli::command();
    // A command knows then that it is `concbench run`, and what is said of all of them.
    program.build();
    let command = match of {
        None => program,
        Some(name) => program.find_subcommand(name).cloned().ok_or_else(|| unknown(name, &program))?,
    };
    let mut bytes = Vec::new();
    Man::new(command).source(concat!("concbench ", env!("CARGO_PKG_VERSION"))).render(&mut bytes)?;
    Ok(String::from_utf8(bytes)?)
}

fn unknown(name: &str, program: &clap::Command) -> BadArgument {
    let names: Vec<_> = program.get_subcommands().map(clap::Command::get_name).collect();
    BadArgument(format!("there is no command `{name}`, {} are there", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_manual_page_with_its_flags() {
        let mut program = Cli::command();
        program.build();
        for command in program.get_subcommands() {
            let name = command.get_name();
            let page = page(Some(name)).unwrap();
            assert!(page.contains(&format!(".TH concbench-{name} 1")), "{page}");
            for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(page.contains(&flag.replace('-', "\\-")), "{name}: {flag}: {page}");
            }
        }
        let whole = page(None).unwrap();
        assert!(whole.contains("concbench\\-run(1)"), "{whole}");
        let refused = page(Some("no-such")).unwrap_err().to_string();
        assert!(refused.starts_with("there is no command `no-such`, run, list,"), "{refused}");
    }
}
