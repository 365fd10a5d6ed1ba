//! What came of the runs: definition by step.

use std::fmt;

use crate::driver::Done;

/// A step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The list and the form.
    Form,
    /// Connecting, with the check.
    Connect,
    /// The account that was connected.
    Account,
    /// Calls of the API.
    Call,
    /// The end of the access token.
    Expiry,
    /// New tokens in time.
    Refresh,
    /// Other values and answers.
    Variants,
    /// Refusals.
    Errors,
    /// The end.
    Revoke,
    /// Whether everything that the definition says was used.
    Covered,
    /// The exchanges that the provider's documents show.
    Fixture,
}

impl Step {
    /// All, in order.
    pub const ALL: [Self; 11] = [
        Self::Form,
        Self::Connect,
        Self::Account,
        Self::Call,
        Self::Expiry,
        Self::Refresh,
        Self::Variants,
        Self::Errors,
        Self::Revoke,
        Self::Covered,
        Self::Fixture,
    ];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Connect => "connect",
            Self::Account => "account",
            Self::Call => "call",
            Self::Expiry => "expiry",
            Self::Refresh => "refresh",
            Self::Variants => "variants",
            Self::Errors => "errors",
            Self::Revoke => "revoke",
            Self::Covered => "covered",
            Self::Fixture => "fixture",
        }
    }
}

/// One way to sign in.
#[derive(Clone, Debug)]
pub struct Row {
    /// The definition, and the way where there are several.
    pub name: String,
    steps: Vec<(Step, Result<Done, String>)>,
}

impl Row {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            steps: Vec::new(),
        }
    }

    pub(crate) fn note(&mut self, step: Step, done: Result<Done, String>) {
        self.steps.push((step, done));
    }

    /// What failed, with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (Step, &str)> {
        self.steps
            .iter()
            .filter_map(|(step, done)| Some((*step, done.as_ref().err()?.as_str())))
    }

    fn cell(&self, step: Step) -> &'static str {
        match self.steps.iter().find(|(other, _)| *other == step) {
            Some((_, Ok(Done::Ok))) => "ok",
            Some((_, Err(_))) => "FAILED",
            Some((_, Ok(Done::Nothing))) => "–",
            None => "",
        }
    }
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The rows.
    pub rows: Vec<Row>,
}

impl Table {
    /// How many steps failed.
    pub fn failed(&self) -> usize {
        self.rows.iter().map(|row| row.failures().count()).sum()
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        write!(formatter, "{:width$}", "")?;
        for step in Step::ALL {
            write!(formatter, "  {:8}", step.name())?;
        }
        writeln!(formatter)?;
        for row in &self.rows {
            write!(formatter, "{:width$}", row.name)?;
            for step in Step::ALL {
                write!(formatter, "  {:8}", row.cell(step))?;
            }
            writeln!(formatter)?;
        }
        for row in &self.rows {
            for (step, why) in row.failures() {
                writeln!(formatter, "\n{}, {}: {why}", row.name, step.name())?;
            }
        }
        let made = self.rows.iter().flat_map(|row| &row.steps);
        let ok = made.filter(|(_, done)| *done == Ok(Done::Ok)).count();
        write!(
            formatter,
            "\n{} ways to sign in, {ok} steps ok, {} failed",
            self.rows.len(),
            self.failed()
        )
    }
}
