//! `wangge demo`: the whole product in one command. A server with its console,
//! real phone cores with their own encrypted files, a real street's grids with
//! made-up households, a morning with a conflict, and a check that every copy
//! agrees. The only folder of the server that may name the phone's core.

mod case;
mod check;
mod desk;
mod households;
mod morning;
mod phone;
mod plan;
mod summary;
mod tell;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context;
use tokio::sync::oneshot;

use crate::serve::{Bound, Limits, stop_signal};
use desk::Desk;
use tell::Teller;

/// What `wangge demo` was asked.
#[derive(Debug, Clone, clap::Args)]
pub struct DemoOptions {
    /// Folder to keep the files in; a temporary one if not given.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Check that every copy agrees, then end.
    #[arg(long)]
    pub exit: bool,
    /// Print the summary as JSON on standard output.
    #[arg(long)]
    pub json: bool,
    /// Makes the households; the same seed makes the same.
    #[arg(long, default_value_t = 20_260_301)]
    pub seed: u64,
    /// Address of the server and its console; only loopback, because the demo
    /// speaks plain HTTP.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
}

/// Runs the demo; success means that every replica agreed.
pub async fn run(options: DemoOptions, limits: Limits) -> anyhow::Result<ExitCode> {
    anyhow::ensure!(
        options.listen.ip().is_loopback(),
        "演示只在本机运行，请使用 127.0.0.1 / the demo speaks plain HTTP: use 127.0.0.1"
    );
    let teller = Teller {
        to_stderr: options.json,
    };
    let temporary = match &options.data {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("make a temporary folder")?),
    };
    let folder = match (&options.data, &temporary) {
        (Some(folder), _) => folder.join(format!("demo-{}", std::process::id())),
        (None, Some(folder)) => folder.path().to_path_buf(),
        (None, None) => anyhow::bail!("no folder for the demo's files"),
    };

    let bound = Bound::bind(&[options.listen], None).await?;
    let address = bound
        .urls()
        .into_iter()
        .next()
        .context("the server has no address")?;
    let desk = Desk::open(&folder.join("server"), &address).await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let state = desk.state().clone();
    let serving = tokio::spawn(
        bound.run(crate::app::router(state.clone()), limits, async move {
            // The sender is dropped only when the demo is over.
            let _ = stopped.await;
            state.stop();
        }),
    );

    // Both end with the server.
    tokio::spawn(crate::indexer::keep_indexed(desk.state().clone()));
    tokio::spawn(crate::clockwork::keep_time(desk.state().clone()));

    desk.introduce(teller, options.seed, &folder);
    let started = desk.state().clock.now();
    let outcome = async {
        let morning = morning::run(&desk, &folder, options.seed, teller).await?;
        let agreement = check::every_replica_agrees(&desk, &morning).await?;
        anyhow::Ok((morning, agreement))
    }
    .await;
    let ended = desk.state().clock.now();
    let succeeded = match &outcome {
        Ok((morning, agreement)) => {
            let summary = summary::Summary::of(
                morning,
                agreement,
                ended.as_millis() - started.as_millis(),
                options.seed,
                &address,
            );
            summary.tell(teller);
            if options.json {
                Teller::json(&summary)?;
            }
            true
        }
        Err(error) => {
            teller.say("demo-failed", &[("reason", &format!("{error:#}"))]);
            false
        }
    };
    if succeeded && !options.exit {
        desk.invite(teller);
        stop_signal().await;
    }
    drop(stop);
    serving.await.context("the demo's server stopped oddly")?;
    Ok(if succeeded {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
