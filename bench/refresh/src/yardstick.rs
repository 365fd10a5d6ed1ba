//! The yardstick: `pgbench` on the same database, doing the two durable writes that a refresh cannot do without, as one
//! client statement and one transaction each. Nothing is claimed in batches, no provider is asked, nothing is sealed.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};

use crate::world::World;

/// Rows that it works on.
const ROWS: u32 = 20_000;
/// As the product's pool has connections.
const CLIENTS: u32 = 20;

/// Makes its rows. Their refresh is never due.
pub(crate) async fn prepare(world: &World) -> anyhow::Result<()> {
    let app = world.apps[0];
    let (project, id) = (app.project, app.id);
    let sealed = sealed(world, "5a").await?;
    world
        .execute(&format!(
            "insert into connections (id, project_id, environment, app_id, integration, auth_method, key)
             select lpad(n::text, 32, '0')::uuid, '{project}', 'test', '{id}', 'bench0', 'oauth2', 'yardstick::' || n
             from generate_series(1, {ROWS}) n"
        ))
        .await?;
    world
        .execute(&format!(
            "insert into credentials (connection_id, project_id, environment, app_id, sealed, refresh_at)
             select lpad(n::text, 32, '0')::uuid, '{project}', 'test', '{id}', '{sealed}', now() + interval '10 days'
             from generate_series(1, {ROWS}) n"
        ))
        .await?;
    Ok(())
}

/// As long as a sealed credential, and under the project's data key: the database asks for that.
async fn sealed(world: &World, filling: &str) -> anyhow::Result<String> {
    let project = world.apps[0].project;
    let key =
        format!("select encode(uuid_send(id), 'hex') from data_keys where project_id = '{project}' and is_current");
    let key = world.text(&key).await?;
    Ok(format!("\\x{}{key}{}", filling.repeat(4), filling.repeat(620)))
}

/// Pairs of writes a second.
pub(crate) async fn measure(world: &World, folder: &Path, seconds: u32) -> anyhow::Result<f64> {
    let script = folder.join("yardstick.sql");
    let text = include_str!("yardstick.sql")
        .replace("ROWS", &ROWS.to_string())
        .replace("PROJECT", &world.apps[0].project.to_string())
        .replace("SEALED", &sealed(world, "a5").await?);
    std::fs::write(&script, text)?;
    let output = tokio::process::Command::new(world.bin_dir.join("pgbench"))
        .args(["-n", "-M", "prepared", "-j", "2", "-c", &CLIENTS.to_string()])
        .args(["-T", &seconds.to_string(), "-f"])
        .arg(&script)
        .arg(&world.url)
        .stdin(Stdio::null())
        .output()
        .await
        .context("pgbench does not start")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let rate = said
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    match rate {
        Some(rate) if output.status.success() => Ok(rate),
        _ => bail!("pgbench failed: {said}{}", String::from_utf8_lossy(&output.stderr)),
    }
}
