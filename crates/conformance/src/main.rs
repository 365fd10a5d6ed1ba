//! `latchkey-conformance [ID|FILE|FOLDER]…`: plays definitions against the product and prints what came of it. Without
//! arguments, every definition of the repository.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people at a terminal"
)]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use conformance::{Script, every_script, run};

fn main() -> ExitCode {
    // Failures are in the table.
    std::panic::set_hook(Box::new(|_| {}));
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let table = match scripts(&wanted) {
        Ok(scripts) => run(&scripts, &scripts, 4),
        Err(error) => Err(error),
    };
    match table {
        Ok(table) => {
            println!("{table}");
            if table.failed() == 0 {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn scripts(wanted: &[String]) -> Result<Vec<Arc<Script>>, String> {
    let all = every_script()?;
    if wanted.is_empty() {
        return Ok(all);
    }
    let mut scripts = Vec::new();
    for name in wanted {
        let path = Path::new(name);
        if path.is_dir() {
            scripts.extend(Script::read_folder(path)?);
        } else if path.is_file() {
            scripts.push(Script::read_file(path)?);
        } else {
            let found = all.iter().find(|script| script.id == *name);
            scripts.push(Arc::clone(
                found.ok_or_else(|| format!("there is no definition `{name}`"))?,
            ));
        }
    }
    Ok(scripts)
}
