//! The demo's summary, as a table and as JSON.

use super::{check::Agreement, morning::Morning, phone::Traffic, tell::Teller};

/// What the morning came to.
#[derive(Debug, serde::Serialize)]
pub(super) struct Summary {
    /// Whether every replica agreed; a summary exists only if so.
    agreed: bool,
    records: usize,
    replicas: usize,
    conflicts_seen: usize,
    conflicts_open: usize,
    traffic: Traffic,
    duration_ms: i64,
    seed: u64,
    console: String,
    phones: Vec<PhoneLine>,
}

#[derive(Debug, serde::Serialize)]
struct PhoneLine {
    owner: &'static str,
    records: u64,
    #[serde(flatten)]
    traffic: Traffic,
}

impl Summary {
    pub(super) fn of(
        morning: &Morning,
        agreement: &Agreement,
        duration_ms: i64,
        seed: u64,
        console: &str,
    ) -> Self {
        let total = |traffic: Traffic, phone: &super::phone::Phone| traffic.plus(phone.total);
        Self {
            agreed: true,
            records: agreement.records,
            replicas: agreement.replicas,
            conflicts_seen: morning.conflicts_seen,
            conflicts_open: morning.conflicts_open,
            traffic: morning.phones.iter().fold(Traffic::default(), total),
            duration_ms,
            seed,
            console: console.to_owned(),
            phones: morning
                .phones
                .iter()
                .map(|phone| PhoneLine {
                    owner: phone.owner,
                    records: phone
                        .core
                        .count_states()
                        .map(|c| c.on_phone + c.at_server + c.needs_attention)
                        .unwrap_or_default(),
                    traffic: phone.total,
                })
                .collect(),
        }
    }

    /// Prints the table.
    pub(super) fn tell(&self, teller: Teller) {
        teller.say(
            "demo-agree",
            &[
                ("records", &self.records.to_string()),
                ("replicas", &self.replicas.to_string()),
            ],
        );
        teller.say("demo-summary", &[]);
        let traffic = &self.traffic;
        let seconds = self.duration_ms / 1000;
        let tenths = self.duration_ms % 1000 / 100;
        for (id, value) in [
            ("demo-row-records", self.records.to_string()),
            (
                "demo-row-conflicts",
                format!("{}/{}", self.conflicts_seen, self.conflicts_open),
            ),
            ("demo-row-syncs", traffic.syncs.to_string()),
            (
                "demo-row-changes",
                format!("{}/{}", traffic.changes_sent, traffic.changes_received),
            ),
            ("demo-row-round-trips", traffic.round_trips.to_string()),
            ("demo-row-bytes-up", traffic.bytes_up.to_string()),
            ("demo-row-bytes-down", traffic.bytes_down.to_string()),
            ("demo-row-seconds", format!("{seconds}.{tenths}")),
        ] {
            teller.row(id, &value);
        }
    }
}
