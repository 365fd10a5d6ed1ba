//! Conformance: a service that plays any definition, against the real product.
//!
//! The player is derived from what the format's description says and shares no code with the product: it has its own
//! reading of the YAML and of templates. A run fails when the product does something else than the definition says, and
//! when the definition says something that the run did not use.
//!
//! What never lives here: anything that the product uses, or a line about one particular service.

mod authority;
mod driver;
mod fixture;
mod ledger;
mod player;
mod sample;
mod script;
mod stage;
mod table;
mod template;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use self::player::Tamper;
pub use self::script::Script;
pub use self::table::{Row, Step, Table};
use crate::fixture::Fixture;
use crate::stage::Stage;

/// The folders of definitions in this repository. The last holds what no service needs, so that the whole format is played.
pub fn folders() -> [PathBuf; 2] {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    ["../../integrations", "definitions"].map(|folder| here.join(folder))
}

/// Every definition of this repository, with its fixture.
///
/// # Errors
///
/// A file that cannot be read, or a fixture without its definition.
pub fn every_script() -> Result<Vec<Arc<Script>>, String> {
    let mut scripts = Vec::new();
    for folder in folders() {
        scripts.extend(Script::read_folder(&folder)?);
    }
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    for fixture in Fixture::read_folder(&fixtures)? {
        let script = scripts.iter_mut().find(|script| script.id == fixture.definition);
        let script =
            script.ok_or_else(|| format!("there is no definition for the fixture `{}`", fixture.definition))?;
        Arc::make_mut(script).fixture = Some(fixture);
    }
    Ok(scripts)
}

/// Plays each script against a product that reads the definitions `read` (the same ones, unless a mistake is to be
/// caught), on so many stages at once. It blocks.
pub fn run(scripts: &[Arc<Script>], read: &[Arc<Script>], stages: usize) -> Result<Table, String> {
    let left: Mutex<VecDeque<(usize, &Arc<Script>)>> = Mutex::new(scripts.iter().enumerate().collect());
    let stages = stages.clamp(1, scripts.len().max(1));
    let mut all = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..stages).map(|_| scope.spawn(|| on_a_stage(&left, read))).collect();
        // Each is joined, or the panic of one would be this thread's.
        let ends: Vec<_> = runs.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        let ends = ends.into_iter().map(|end| end.map_err(|panic| driver::words(&*panic))?);
        Ok::<_, String>(ends.collect::<Result<Vec<_>, String>>()?.concat())
    })?;
    all.sort_by_key(|(position, _)| *position);
    Ok(Table {
        rows: all.into_iter().flat_map(|(_, rows)| rows).collect(),
    })
}

/// Plays what is left, one after another.
fn on_a_stage(
    left: &Mutex<VecDeque<(usize, &Arc<Script>)>>,
    read: &[Arc<Script>],
) -> Result<Vec<(usize, Vec<Row>)>, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let stage = Stage::start(read).await?;
        let mut rows = Vec::new();
        loop {
            let next = left.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some((position, script)) = next else {
                return Ok(rows);
            };
            rows.push((position, driver::run(&stage, script).await));
        }
    })
}
