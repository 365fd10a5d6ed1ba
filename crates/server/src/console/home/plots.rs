//! Numbers as pictures: coordinates of thin bars and lines that a template writes as SVG, with the same numbers as a table.

use std::fmt::Write as _;

use broker::{HomeNumbers, Hour, Made};
use chrono::{DateTime, Utc};

/// The field that bars and lines are drawn in; browsers stretch it.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 96.0;

/// A bar that stands on the base line, and one that hangs from it.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) up: Option<Span>,
    pub(super) down: Option<Span>,
    /// What it says when one points at it.
    pub(super) title: String,
}

/// From where, and how far.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) y: String,
    pub(super) height: String,
}

/// A line, as the data of a path.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) path: String,
    pub(super) tone: &'static str,
}

/// A picture with its number.
#[derive(Debug)]
pub(super) struct Plot {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    /// Over which time.
    pub(super) span: &'static str,
    pub(super) number: String,
    /// What the number is, and what else there is to say.
    pub(super) words: String,
    pub(super) is_empty: bool,
    pub(super) bars: Vec<Bar>,
    pub(super) lines: Vec<Line>,
    pub(super) base: String,
    /// The ends of the time axis.
    pub(super) first: String,
    pub(super) last: &'static str,
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// How far people came.
#[derive(Debug)]
pub(super) struct Funnel {
    pub(super) is_empty: bool,
    pub(super) steps: Vec<Level>,
    pub(super) services: Vec<Service>,
}

/// A step of the way.
#[derive(Debug)]
pub(super) struct Level {
    pub(super) word: &'static str,
    pub(super) number: String,
    /// Of the first step, in hundredths.
    pub(super) share: String,
}

/// The same steps with one service.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) picked: String,
    pub(super) sent: String,
    pub(super) connected: String,
    pub(super) share: String,
}

/// Services of the table.
const SERVICES: usize = 12;

impl Funnel {
    pub(super) fn of(numbers: &HomeNumbers, name_of: impl Fn(&str) -> String) -> Self {
        let sum = |of: fn(&broker::Step) -> i64| numbers.steps.iter().map(of).sum::<i64>();
        let (picked, sent, connected) = (
            sum(|step| step.picked),
            sum(|step| step.sent),
            sum(|step| step.connected),
        );
        let most = [numbers.opened, picked, sent, connected]
            .into_iter()
            .max()
            .unwrap_or_default();
        let level = |word, number| Level {
            word,
            number: grouped(number),
            share: coordinate(part(number, most) * 100.0),
        };
        let services = numbers.steps.iter().take(SERVICES).map(|step| Service {
            name: name_of(&step.integration),
            picked: grouped(step.picked),
            sent: grouped(step.sent),
            connected: grouped(step.connected),
            share: percent(step.connected, step.picked),
        });
        Self {
            is_empty: most == 0,
            steps: vec![
                level("Opened", numbers.opened),
                level("Picked a service", picked),
                level("Sent to the service", sent),
                level("Connected", connected),
            ],
            services: services.collect(),
        }
    }
}

/// All pictures of the home page.
pub(super) fn of(numbers: &HomeNumbers) -> Vec<Plot> {
    vec![
        made(&numbers.days),
        refreshes(&numbers.refreshes),
        calls(numbers),
        times(numbers),
    ]
}

fn made(days: &[Made]) -> Plot {
    let sum = |of: fn(&Made) -> i64| days.iter().map(of).sum::<i64>();
    let (made, lost) = (sum(|day| day.made), sum(|day| day.lost));
    let name = |day: &Made| day.day.format("%-d %b").to_string();
    let values: Vec<(String, i64, i64)> = days.iter().map(|day| (name(day), day.made, day.lost)).collect();
    let (bars, base) = bars(&values, ("made", "lost"));
    Plot {
        id: "made",
        title: "Connections made and lost",
        span: "30 days",
        number: grouped(made),
        words: format!("made, {} lost", grouped(lost)),
        is_empty: made == 0 && lost == 0,
        bars,
        lines: Vec::new(),
        base,
        first: values.first().map(|(name, ..)| name.clone()).unwrap_or_default(),
        last: "Today",
        head: vec!["Day (UTC)", "Made", "Lost"],
        rows: rows(&values),
    }
}

fn hour_name(at: DateTime<Utc>) -> String {
    at.format("%H:%M").to_string()
}

fn refreshes(hours: &[Hour]) -> Plot {
    let sum = |of: fn(&Hour) -> i64| hours.iter().map(of).sum::<i64>();
    let (all, failed) = (sum(|hour| hour.all), sum(|hour| hour.failed));
    let values = by_hour(hours);
    let (bars, base) = bars(&values, ("refreshed", "failed"));
    Plot {
        id: "refreshes",
        title: "Refresh success",
        span: "24 hours",
        number: percent(all - failed, all),
        words: format!("of {} refreshes went well", grouped(all)),
        is_empty: all == 0,
        bars,
        lines: Vec::new(),
        base,
        first: values.first().map(|(name, ..)| name.clone()).unwrap_or_default(),
        last: "Now",
        head: vec!["Hour (UTC)", "Refreshed", "Failed"],
        rows: rows(&values),
    }
}

fn calls(numbers: &HomeNumbers) -> Plot {
    let hours = &numbers.calls;
    let sum = |of: fn(&Hour) -> i64| hours.iter().map(of).sum::<i64>();
    let (all, failed) = (sum(|hour| hour.all), sum(|hour| hour.failed));
    let values = by_hour(hours);
    let (bars, base) = bars(&values, ("answered", "not answered"));
    Plot {
        id: "calls",
        title: "Calls passed through",
        span: "24 hours",
        number: grouped(all),
        words: match failed {
            0 => "calls, all of them answered".to_owned(),
            failed => format!("calls, {} not answered or failed at the service", grouped(failed)),
        },
        is_empty: all == 0,
        bars,
        lines: Vec::new(),
        base,
        first: values.first().map(|(name, ..)| name.clone()).unwrap_or_default(),
        last: "Now",
        head: vec!["Hour (UTC)", "Answered", "Failed"],
        rows: rows(&values),
    }
}

fn times(numbers: &HomeNumbers) -> Plot {
    let hours = &numbers.calls;
    let most = hours.iter().filter_map(|hour| hour.times).map(|times| times.most).max();
    let top = f64::from(most.unwrap_or(1).max(1));
    let line = |of: fn(broker::Times) -> u32, tone| Line {
        path: path(
            hours
                .iter()
                .map(|hour| hour.times.map(|times| f64::from(of(times)) / top)),
        ),
        tone,
    };
    Plot {
        id: "times",
        title: "Time of a call",
        span: "24 hours",
        number: numbers.times.map_or_else(|| "–".to_owned(), |times| took(times.half)),
        words: numbers.times.map_or_else(String::new, |times| {
            format!("for half of the calls, {} for 95 of 100", took(times.most))
        }),
        is_empty: numbers.times.is_none(),
        bars: Vec::new(),
        lines: vec![line(|times| times.most, "neutral"), line(|times| times.half, "accent")],
        base: coordinate(HEIGHT),
        first: hours.first().map(|hour| hour_name(hour.at)).unwrap_or_default(),
        last: "Now",
        head: vec!["Hour (UTC)", "Half", "95 of 100"],
        rows: hours
            .iter()
            .map(|hour| {
                let cell = |of: fn(broker::Times) -> u32| {
                    let known = hour.times.map(|times| took(of(times)));
                    known.unwrap_or_else(|| "–".to_owned())
                };
                vec![hour_name(hour.at), cell(|times| times.half), cell(|times| times.most)]
            })
            .collect(),
    }
}

fn by_hour(hours: &[Hour]) -> Vec<(String, i64, i64)> {
    let value = |hour: &Hour| (hour_name(hour.at), hour.all - hour.failed, hour.failed);
    hours.iter().map(value).collect()
}

fn rows(values: &[(String, i64, i64)]) -> Vec<Vec<String>> {
    let row = |(name, up, down): &(String, i64, i64)| vec![name.clone(), grouped(*up), grouped(*down)];
    values.iter().map(row).collect()
}

/// Bars over and under a common line: both in the same measure, beginning at zero.
fn bars(values: &[(String, i64, i64)], words: (&str, &str)) -> (Vec<Bar>, String) {
    let most = |of: fn(&(String, i64, i64)) -> i64| values.iter().map(of).max().unwrap_or_default();
    let (up, down) = (most(|value| value.1), most(|value| value.2));
    let all = (up + down).max(1);
    let base = if up + down == 0 { HEIGHT } else { HEIGHT * part(up, all) };
    let slot = WIDTH / f64::from(u32::try_from(values.len().max(1)).unwrap_or(1));
    let width = slot * 0.6;
    let drawn = values.iter().zip(0_u32..).map(|((name, above, below), number)| {
        let height = |value: i64| (HEIGHT * part(value, all)).max(1.0);
        Bar {
            x: coordinate(slot.mul_add(f64::from(number), (slot - width) / 2.0)),
            width: coordinate(width),
            up: (*above > 0).then(|| Span {
                y: coordinate((base - height(*above)).max(0.0)),
                height: coordinate(height(*above)),
            }),
            down: (*below > 0).then(|| Span {
                y: coordinate(base),
                height: coordinate(height(*below)),
            }),
            title: format!(
                "{name}: {} {}, {} {}",
                grouped(*above),
                words.0,
                grouped(*below),
                words.1
            ),
        }
    });
    (drawn.collect(), coordinate(base))
}

/// A path through the values, 0 to 1, with a gap where there is none. One that stands alone is a short dash.
fn path(values: impl ExactSizeIterator<Item = Option<f64>>) -> String {
    let slot = WIDTH / f64::from(u32::try_from(values.len().max(1)).unwrap_or(1));
    let (mut drawn, mut is_open) = (String::new(), false);
    for (value, number) in values.zip(0_u32..) {
        let Some(value) = value else {
            is_open = false;
            continue;
        };
        let x = slot * (f64::from(number) + 0.5);
        let y = HEIGHT - (HEIGHT - 4.0) * value - 2.0;
        if is_open {
            let _ = write!(drawn, "L{} {}", coordinate(x), coordinate(y));
        } else {
            let half = slot * 0.15;
            let (from, to, y) = (coordinate(x - half), coordinate(x), coordinate(y));
            let _ = write!(drawn, "M{from} {y}L{to} {y}");
        }
        is_open = true;
    }
    drawn
}

/// With one digit behind the point, as short as it can be.
fn coordinate(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or_else(|| text.clone(), ToOwned::to_owned)
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn part(value: i64, of: i64) -> f64 {
    if of == 0 { 0.0 } else { value as f64 / of as f64 }
}

/// A share for people; what is not quite all is never told as all.
fn percent(value: i64, of: i64) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    let rounded = value.saturating_mul(1_000).saturating_add(of / 2) / of;
    let tenths = if value == of { rounded } else { rounded.min(999) };
    match (value == of, tenths % 10) {
        (true, _) => "100 %".to_owned(),
        (false, 0) => format!("{} %", tenths / 10),
        (false, rest) => format!("{}.{rest} %", tenths / 10),
    }
}

/// A time for people.
fn took(milliseconds: u32) -> String {
    if milliseconds < 1_000 {
        return format!("{milliseconds} ms");
    }
    format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100)
}

/// `12,345`
pub(in crate::console) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345_678, "12,345,678"),
            (-1_000, "-1,000"),
        ] {
            assert_eq!(grouped(number), text);
        }
        for (value, of, text) in [
            (1, 1, "100 %"),
            (999_999, 1_000_000, "99.9 %"),
            (1, 2, "50 %"),
            (2, 3, "66.7 %"),
            (0, 3, "0 %"),
            (0, 0, "–"),
        ] {
            assert_eq!(percent(value, of), text);
        }
        assert_eq!((took(75), took(1_250)), ("75 ms".to_owned(), "1.2 s".to_owned()));
    }

    #[test]
    fn bars_share_one_measure() {
        let values = vec![("a".to_owned(), 30, 0), ("b".to_owned(), 0, 10), ("c".to_owned(), 0, 0)];
        let (drawn, base) = bars(&values, ("made", "lost"));
        assert_eq!(base, "72");
        assert_eq!(drawn[0].up.as_ref().unwrap().height, "72");
        assert_eq!(drawn[1].down.as_ref().unwrap().height, "24");
        assert!(drawn[2].up.is_none() && drawn[2].down.is_none());
        assert_eq!(drawn[0].title, "a: 30 made, 0 lost");
        assert_eq!(bars(&[("a".to_owned(), 0, 0)], ("", "")).1, "96");
    }

    #[test]
    fn a_line_has_gaps() {
        let drawn = path([Some(1.0), Some(0.5), None, Some(0.0)].into_iter());
        assert_eq!(drawn.matches('M').count(), 2);
        assert!(!drawn.contains("NaN"), "{drawn}");
        assert_eq!(path(Vec::new().into_iter()), "");
    }
}
