//! What was measured, for people and as JSON.

use std::fmt::Write as _;

use serde::Serialize;

use crate::claims::Claims;
use crate::drain::Drain;
use crate::numbers::rounded;
use crate::throughput::{Spread, Throughput};

#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) cores: usize,
    pub(crate) load_before: f64,
    pub(crate) load_after: f64,
    pub(crate) minutes: f64,
    /// Answers a second of the provider by itself.
    pub(crate) provider_alone: f64,
    /// Pairs of writes a second by pgbench, before and after the refreshes.
    pub(crate) yardstick: Vec<f64>,
    pub(crate) throughput: Vec<Throughput>,
    pub(crate) spread: Option<Spread>,
    /// Rows a second by `COPY`, sealed.
    pub(crate) seeded_a_second: f64,
    pub(crate) claims: Vec<Claims>,
    pub(crate) drain: Option<Drain>,
    /// Refresh tokens that the provider saw twice.
    pub(crate) reused: u64,
    /// Rows whose stored token is not the provider's last.
    pub(crate) lost: usize,
    #[serde(skip)]
    pub(crate) plans: Vec<(&'static str, String)>,
}

impl Report {
    fn yardstick(&self) -> f64 {
        self.yardstick.iter().sum::<f64>() / self.yardstick.len().max(1) as f64
    }

    /// Tables in Markdown.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        let out = &mut text;
        writeln!(
            out,
            "{} cores; load {} before, {} after; {} minutes\n",
            self.cores, self.load_before, self.load_after, self.minutes
        )?;
        writeln!(out, "the provider alone: {:.0} answers/s", self.provider_alone)?;
        let each: Vec<String> = self.yardstick.iter().map(|rate| format!("{rate:.0}")).collect();
        writeln!(
            out,
            "yardstick, pgbench with two durable writes each: {} pairs/s (mean {:.0})\n",
            each.join(", "),
            self.yardstick()
        )?;
        self.throughputs(out)?;
        if let Some(spread) = &self.spread {
            writeln!(
                out,
                "\n{} tokens of one second: {} seconds, peak/mean {}\n{:?}",
                spread.rows,
                spread.calls.len(),
                spread.peak_to_mean,
                spread.calls
            )?;
        }
        if !self.claims.is_empty() {
            writeln!(
                out,
                "\n| due rows | due_apps p50 | p99 | claim of 250 p50 | p99 |\n|--:|--:|--:|--:|--:|"
            )?;
        }
        for claims in &self.claims {
            writeln!(
                out,
                "| {} | {} ms | {} ms | {} ms | {} ms |",
                claims.due_rows,
                claims.due_apps_p50_ms,
                claims.due_apps_p99_ms,
                claims.claim_p50_ms,
                claims.claim_p99_ms
            )?;
        }
        if let Some(drain) = &self.drain {
            drained(out, drain)?;
        }
        writeln!(
            out,
            "\nrefresh tokens used twice: {}; stored tokens that are not the last: {}",
            self.reused, self.lost
        )?;
        Ok(text)
    }

    fn throughputs(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "| delay | parallel | journal | refreshes/s | of the yardstick | memory | cpu ms: latchkey, postgres, bench | load |"
        )?;
        writeln!(out, "|--:|--:|---|--:|--:|--:|---|--:|")?;
        for one in &self.throughput {
            writeln!(
                out,
                "| {} ms | {} | {} | {:.0} | {} | {:.0} MiB | {}, {}, {} | {} |",
                one.delay_ms,
                one.parallel,
                if one.journal { "yes" } else { "no" },
                one.a_second,
                rounded(one.a_second / self.yardstick()),
                one.memory_mib,
                one.cpu_ms.latchkey,
                one.cpu_ms.postgres,
                one.cpu_ms.bench,
                one.load
            )?;
        }
        Ok(())
    }
}

fn drained(out: &mut String, drain: &Drain) -> std::fmt::Result {
    writeln!(
        out,
        "\n| draining {} due rows at {}/s | |\n|---|--:|",
        drain.due_rows, drain.limit_a_second
    )?;
    let rows = [
        (
            "refreshed",
            format!(
                "{} in {} s{}",
                drain.refreshed,
                drain.seconds,
                if drain.drained { "" } else { ", then stopped" }
            ),
        ),
        ("refreshes/s once the limit is found", format!("{:.0}", drain.a_second)),
        ("all rows at that rate", format!("{} min", drain.minutes_for_all)),
        ("answers 429", format!("{} %", rounded(drain.refused_share * 100.0))),
        (
            "asked against the limit, mean and busiest second",
            format!("{}, {}", drain.asked_to_limit_mean, drain.asked_to_limit_peak),
        ),
        ("peak/mean of granted", drain.peak_to_mean.to_string()),
        ("memory at most", format!("{:.0} MiB", drain.memory_mib)),
        ("memory each 10 s", format!("{:?}", drain.memory_each_10s_mib)),
        (
            "cpu ms a refresh: latchkey, postgres, bench",
            format!(
                "{}, {}, {}",
                drain.cpu_ms.latchkey, drain.cpu_ms.postgres, drain.cpu_ms.bench
            ),
        ),
        (
            "passthrough meanwhile, p50 and p99",
            format!(
                "{} ms, {} ms ({} calls, {} failed)",
                drain.read_p50_ms, drain.read_p99_ms, drain.reads, drain.reads_failed
            ),
        ),
        (
            "lateness of the small tenant, p50 and worst",
            format!(
                "{} ms, {} ms ({} rows)",
                drain.small_p50_ms, drain.small_worst_ms, drain.small_rows
            ),
        ),
        ("load", drain.load.to_string()),
    ];
    for (name, value) in rows {
        writeln!(out, "| {name} | {value} |")?;
    }
    Ok(())
}
