//! The entry point.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use clap::Parser as _;
use latchkey::commands::{Arguments, NotPrinted};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&anyhow::anyhow!("the runtime did not start: {error}")),
    };
    // Named in FAILPOINTS; only the breaking harness builds this in.
    #[cfg(feature = "failpoints")]
    let _scenario = fail::FailScenario::setup();
    let run = AssertUnwindSafe(|| runtime.block_on(latchkey::commands::run(arguments)));
    match std::panic::catch_unwind(run) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => complain(&error),
        Err(panic) => match panic.downcast::<NotPrinted>() {
            // What a shell says of a command that SIGPIPE ended.
            Ok(not) if not.is_unread() => ExitCode::from(141),
            Ok(not) => complain(&(*not).into()),
            Err(panic) => std::panic::resume_unwind(panic),
        },
    }
}

#[expect(clippy::print_stderr, reason = "the one place where a command says why it failed")]
fn complain(error: &anyhow::Error) -> ExitCode {
    let mut told = String::new();
    for cause in error.chain().map(ToString::to_string) {
        // Many causes repeat what is below them.
        if !told.contains(&cause) {
            told.push_str(if told.is_empty() { "" } else { ": " });
            told.push_str(&cause);
        }
    }
    eprintln!("latchkey: {told}");
    ExitCode::FAILURE
}
