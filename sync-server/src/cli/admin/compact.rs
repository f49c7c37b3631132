//! `wangge admin compact`.

use serde_json::json;

use super::{Admin, CliError};

/// Arguments of `wangge admin compact`.
#[derive(Debug, clap::Args)]
pub(super) struct CompactArgs {
    /// 每个网格保留的最近条目数。Entries kept per grid, the latest ones.
    #[arg(long, default_value_t = 100_000)]
    keep: u64,
}

impl Admin<'_> {
    /// Shortens every feed. A phone that has not read so far fetches its grid
    /// anew at its next sync and keeps what it has not sent.
    pub(super) async fn compact(&mut self, args: &CompactArgs) -> Result<(), CliError> {
        let places = self.storage.compact_feeds(args.keep).await?;
        self.audit("feeds_compacted", String::new()).await?;
        self.output
            .say("admin-compacted", &[("count", &places.to_string())])?;
        self.output.value(&json!({ "places": places }))?;
        Ok(())
    }
}
