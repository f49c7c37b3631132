//! Counters for `/metrics` in Prometheus' text form. No label ever names a
//! person, a device or a record.

use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU64, Ordering},
};

macro_rules! counters {
    ($($(#[doc = $help:literal])* $field:ident = $name:literal;)*) => {
        /// What the server counts since it started.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $($(#[doc = $help])* pub $field: Counter,)*
            /// Time a sync request took.
            pub sync_seconds: Histogram,
            /// Time a group commit took.
            pub commit_seconds: Histogram,
        }

        impl Metrics {
            /// The text form.
            pub fn to_text(&self) -> String {
                let mut text = String::new();
                $(
                    let help = concat!($($help),*).trim();
                    // Writing to a string does not fail.
                    let _ = writeln!(text, "# HELP {} {help}", $name);
                    let _ = writeln!(text, "# TYPE {} counter", $name);
                    let _ = writeln!(text, "{} {}", $name, self.$field.value());
                )*
                self.sync_seconds.write(&mut text, "wangge_sync_seconds");
                self.commit_seconds.write(&mut text, "wangge_commit_seconds");
                text
            }
        }
    };
}

counters! {
    /// Sync requests answered with 200.
    sync_requests = "wangge_sync_requests_total";
    /// Device requests refused, for whatever reason.
    refused_requests = "wangge_refused_requests_total";
    /// Device requests asked to come back because the server was full.
    shed_requests = "wangge_shed_requests_total";
    /// Changes taken into feeds.
    accepted_changes = "wangge_accepted_changes_total";
    /// Pushed changes that were there already.
    duplicate_changes = "wangge_duplicate_changes_total";
    /// Changes put into quarantine.
    quarantined_changes = "wangge_quarantined_changes_total";
    /// Pushed changes whose dependencies are missing.
    missing_deps_changes = "wangge_missing_deps_changes_total";
    /// Actor numbers used twice: cloned or restored phones.
    actor_forks = "wangge_actor_forks_total";
    /// Changes sent to phones.
    sent_changes = "wangge_sent_changes_total";
    /// Snapshot pages sent.
    snapshot_pages = "wangge_snapshot_pages_total";
    /// Snapshot pages that were in memory already.
    snapshot_hits = "wangge_snapshot_cache_hits_total";
    /// Digests of phones that differed at the head.
    digest_mismatches = "wangge_digest_mismatches_total";
    /// Phones enrolled.
    enrolments = "wangge_enrolments_total";
    /// Sessions opened.
    sessions = "wangge_device_sessions_total";
    /// Bytes of request bodies.
    bytes_received = "wangge_received_bytes_total";
    /// Bytes of answers.
    bytes_sent = "wangge_sent_bytes_total";
}

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds to it.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// What it is now.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper bounds of the buckets, in microseconds.
const BOUNDS: [u64; 8] = [
    1_000, 5_000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000,
];

/// How long something took, in buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

impl Histogram {
    /// Notes one duration.
    pub fn observe(&self, duration: std::time::Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS) {
            if micros <= bound {
                bucket.fetch_add(1, Ordering::Relaxed);
            }
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds shown with six digits")]
    fn write(&self, text: &mut String, name: &str) {
        let count = self.count.load(Ordering::Relaxed);
        let _ = writeln!(text, "# TYPE {name} histogram");
        for (bucket, bound) in self.buckets.iter().zip(BOUNDS) {
            let le = bound as f64 / 1e6;
            let _ = writeln!(
                text,
                "{name}_bucket{{le=\"{le}\"}} {}",
                bucket.load(Ordering::Relaxed)
            );
        }
        let seconds = self.micros.load(Ordering::Relaxed) as f64 / 1e6;
        let _ = writeln!(text, "{name}_bucket{{le=\"+Inf\"}} {count}");
        let _ = writeln!(text, "{name}_sum {seconds}");
        let _ = writeln!(text, "{name}_count {count}");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn text_form_has_help_type_and_value_for_each_counter() {
        let metrics = Metrics::default();
        metrics.accepted_changes.add(3);
        metrics.sync_seconds.observe(Duration::from_millis(7));
        let text = metrics.to_text();
        assert!(text.contains("# HELP wangge_accepted_changes_total Changes taken into feeds."));
        assert!(text.contains("\nwangge_accepted_changes_total 3\n"));
        assert!(text.contains("wangge_sync_seconds_bucket{le=\"0.005\"} 0\n"));
        assert!(text.contains("wangge_sync_seconds_bucket{le=\"0.01\"} 1\n"));
        assert!(text.contains("wangge_sync_seconds_count 1\n"));
    }
}
