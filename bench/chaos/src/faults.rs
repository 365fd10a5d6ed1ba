//! Does what the schedule says, and puts it right again.

use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;

use crate::provider::Settings;
use crate::proxy::Condition;
use crate::schedule::{Fault, Group, Link};
use crate::stage::Stage;
use crate::witness;

/// So long a fault waits for the requests that it counts.
const A_MOMENT: u64 = 1_000;

const fn millis(number: u64) -> Duration {
    Duration::from_millis(number)
}

async fn pause(number: u64) {
    tokio::time::sleep(millis(number)).await;
}

/// Does one fault from beginning to end.
pub(crate) async fn make(stage: &Stage, fault: &Fault) -> anyhow::Result<()> {
    match *fault {
        Fault::Kill { replica, down } => {
            let replica = &stage.stations[replica].replica;
            replica.kill().await;
            pause(down).await;
            replica.start().await
        }
        Fault::Stop { replica, lasts } => {
            let replica = &stage.stations[replica].replica;
            replica.stop().await;
            pause(lasts).await;
            replica.go_on().await;
            Ok(())
        }
        Fault::StopThenKill { replica, lasts, down } => {
            let replica = &stage.stations[replica].replica;
            replica.stop().await;
            pause(lasts).await;
            replica.kill().await;
            pause(down).await;
            replica.start().await
        }
        Fault::KillAll { down } => kill_all(stage, down).await,
        Fault::KillAfterServe { down } => {
            let served = stage.caller.served.notified();
            drop(tokio::time::timeout(millis(2_000), served).await);
            kill_all(stage, down).await
        }
        Fault::KillHolders { waits, down } => kill_holders(stage, waits, down).await,
        Fault::DatabaseCrash => stage.postgres.crash().await,
        Fault::DatabaseReadOnly { lasts } => {
            stage.postgres.read_only(true).await?;
            pause(lasts).await;
            stage.postgres.read_only(false).await
        }
        Fault::JournalFull { replica, lasts } => {
            let journal = &stage.stations[replica].journal;
            journal.fill()?;
            pause(lasts).await;
            journal.free()
        }
        Fault::Clock { seconds, lasts } => {
            witness::set_clock(&stage.postgres, seconds).await?;
            pause(lasts).await;
            witness::set_clock(&stage.postgres, 0).await
        }
        Fault::Cut { link, replica, lasts } => disturb(stage, link, replica, Condition::Cut, lasts).await,
        Fault::HalfOpen { link, replica, lasts } => disturb(stage, link, replica, Condition::HalfOpen, lasts).await,
        Fault::Latency {
            link,
            replica,
            delay,
            lasts,
        } => disturb(stage, link, replica, Condition::Late(millis(delay)), lasts).await,
        Fault::Reconnect { connection } => {
            let connections = u32::try_from(stage.world.connections.len())?;
            stage.world.reconnect(connection % connections).await
        }
        Fault::ReconnectInFlight { refused } => reconnect_in_flight(stage, refused).await,
        ref of_provider => {
            provider(stage, of_provider).await;
            Ok(())
        }
    }
}

async fn kill_all(stage: &Stage, down: u64) -> anyhow::Result<()> {
    for station in &stage.stations {
        station.replica.kill().await;
    }
    pause(down).await;
    for station in &stage.stations {
        station.replica.start().await?;
    }
    Ok(())
}

/// Answers arrive while nothing can be committed; whoever holds them is killed.
async fn kill_holders(stage: &Stage, waits: u64, down: u64) -> anyhow::Result<()> {
    turn(stage, None, |settings| settings.after = millis(1_000));
    pause(1_200).await;
    stage.postgres.read_only(true).await?;
    turn(stage, None, |settings| settings.after = Duration::ZERO);
    pause(1_000 + waits).await;
    for station in &stage.stations {
        station.replica.kill().await;
    }
    stage.postgres.read_only(false).await?;
    kill_all(stage, down).await
}

/// A sign-in while a refresh of the same connection waits for the provider: what comes of that one must not count.
async fn reconnect_in_flight(stage: &Stage, refused: bool) -> anyhow::Result<()> {
    turn(stage, None, |settings| {
        settings.after = millis(1_500);
        settings.hiccups = if refused { 4 } else { 0 };
    });
    let began = stage.recorder.now();
    let in_flight = async {
        loop {
            pause(20).await;
            let history = stage.recorder.lock();
            let open = history
                .requests
                .iter()
                .rev()
                .find(|request| request.at > began && request.answered_at.is_none() && request.broken_at.is_none());
            if let Some(request) = open {
                return request.connection;
            }
        }
    };
    let found = tokio::time::timeout(millis(2_000), in_flight).await;
    turn(stage, None, |settings| *settings = Settings::default());
    match found {
        Ok(number) => stage.world.reconnect(number).await,
        // Nothing was due, or nobody was up.
        Err(_) => Ok(()),
    }
}

async fn disturb(stage: &Stage, link: Link, replica: usize, condition: Condition, lasts: u64) -> anyhow::Result<()> {
    let station = &stage.stations[replica];
    match link {
        Link::Database => {
            station.database.set(condition);
            pause(lasts).await;
            station.database.set(Condition::Well);
        }
        Link::Provider => {
            // A late answer arrives; a cut one may not.
            let cut = !matches!(condition, Condition::Late(_));
            let cut = cut.then(|| stage.recorder.cut_begins(replica));
            station.provider.set(condition);
            pause(lasts).await;
            station.provider.set(Condition::Well);
            if let Some(cut) = cut {
                stage.recorder.cut_ends(cut);
            }
        }
    }
    Ok(())
}

/// Turns knobs of a group of integrations.
fn turn(stage: &Stage, group: Group, change: impl Fn(&mut Settings)) {
    for knobs in stage.provider.knobs(group) {
        knobs.set(&change);
    }
}

async fn provider(stage: &Stage, fault: &Fault) {
    let (group, lasts) = match *fault {
        Fault::Slow {
            group,
            before,
            after,
            lasts,
        } => {
            turn(stage, group, |settings| {
                (settings.before, settings.after) = (millis(before), millis(after));
            });
            (group, lasts)
        }
        Fault::Hang { group, decides, lasts } => {
            turn(stage, group, |settings| settings.hang = Some(decides));
            (group, lasts)
        }
        Fault::Refuse { group, status, lasts } => {
            turn(stage, group, |settings| settings.status = Some(status));
            (group, lasts)
        }
        Fault::AppBroken { group, lasts } => {
            turn(stage, group, |settings| settings.app_broken = true);
            (group, lasts)
        }
        Fault::Reset {
            group,
            decides,
            requests,
        } => {
            turn(stage, group, |settings| {
                if decides {
                    settings.resets_after = requests;
                } else {
                    settings.resets_before = requests;
                }
            });
            (group, A_MOMENT)
        }
        Fault::Truncate { group, requests } => {
            turn(stage, group, |settings| settings.truncates = requests);
            (group, A_MOMENT)
        }
        Fault::Hiccup { group, requests } => {
            turn(stage, group, |settings| settings.hiccups = requests);
            (group, A_MOMENT)
        }
        _ => return,
    };
    pause(lasts).await;
    turn(stage, group, |settings| *settings = Settings::default());
}

/// Everything works again; replicas that are down are started.
pub(crate) async fn heal(stage: &Stage) -> anyhow::Result<()> {
    turn(stage, None, |settings| *settings = Settings::default());
    stage.postgres.read_only(false).await?;
    witness::set_clock(&stage.postgres, 0).await?;
    for station in &stage.stations {
        station.database.set(Condition::Well);
        station.provider.set(Condition::Well);
        station.journal.free()?;
        station.replica.go_on().await;
        station.replica.set_failpoint(None).await;
        station.replica.start().await?;
    }
    Ok(())
}

/// Looks after replicas that end by themselves: at a failpoint, or because they could not start. They come back.
pub(crate) async fn look_after(stage: Arc<Stage>, mut next_failpoint: impl FnMut() -> Option<String>) {
    loop {
        for station in &stage.stations {
            let Some(status) = station.replica.ended().await else {
                continue;
            };
            let aborted = std::os::unix::process::ExitStatusExt::signal(&status) == Some(Signal::ABORT.as_raw());
            if !aborted {
                let words = format!("replica {} ended by itself: {status}", station.replica.number);
                stage.recorder.finding(words);
            }
            // None once all is healed.
            if station.replica.has_failpoint().await {
                station.replica.set_failpoint(next_failpoint()).await;
            }
            let stage = Arc::clone(&stage);
            let number = station.replica.number;
            tokio::spawn(async move {
                pause(500).await;
                drop(stage.stations[number].replica.start().await);
            });
        }
        pause(20).await;
    }
}
