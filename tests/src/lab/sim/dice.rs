//! All randomness of a run: one seeded stream, so that the same seed plays the
//! same game, and how often each kind of action comes.

use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// The stream.
#[derive(Debug)]
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        if bound == 0 {
            return 0;
        }
        self.0.random_range(0..bound)
    }

    /// True `count` times in `of`.
    pub(super) fn chance(&mut self, count: u64, of: u64) -> bool {
        self.0.random_range(0..of.max(1)) < count
    }

    /// One of these.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    /// A seed for somebody's own stream.
    pub(super) fn seed(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// An entry's id.
    pub(super) fn entry_id(&mut self) -> String {
        format!("{:016x}", self.0.next_u64())
    }
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Action {
    /// A worker changes a record, or enters one while there are too few.
    Edit,
    /// A worker settles a conflict, if the record looked at has one.
    Settle,
    /// A phone syncs, or goes on with a sync that was left in the middle.
    Sync,
    /// A phone tidies its store.
    Tidy,
    /// The app is killed and started again.
    Restart,
    /// A phone loses the network for a while.
    Partition,
    /// A request that was thought lost arrives.
    LateDelivery,
    /// The app is replaced by another version.
    Upgrade,
    /// A phone's clock is set wrong, or right.
    ClockJump,
    /// A grid is given to or taken from a worker.
    Grant,
    /// A worker takes back what the server refused.
    Discard,
    /// A phone's system backs it up.
    PhoneBackup,
    /// A phone is set up from its backup.
    PhoneRestore,
    /// A phone is copied whole; both go on.
    PhoneClone,
    /// The server is backed up.
    ServerBackup,
    /// The server is set up from an older backup.
    ServerRestore,
    /// The server is stopped and started.
    ServerRestart,
    /// A record is moved to another grid.
    Move,
    /// A supervisor decides on a late edit.
    Review,
    /// The server shortens its feeds.
    Compact,
    /// In place of an action that was left out.
    #[value(skip)]
    Nothing,
}

impl Action {
    /// Stable word for the figures.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Settle => "settle",
            Self::Sync => "sync",
            Self::Tidy => "tidy",
            Self::Restart => "restart",
            Self::Partition => "partition",
            Self::LateDelivery => "late_delivery",
            Self::Upgrade => "upgrade",
            Self::ClockJump => "clock_jump",
            Self::Grant => "grant",
            Self::Discard => "discard",
            Self::PhoneBackup => "phone_backup",
            Self::PhoneRestore => "phone_restore",
            Self::PhoneClone => "phone_clone",
            Self::ServerBackup => "server_backup",
            Self::ServerRestore => "server_restore",
            Self::ServerRestart => "server_restart",
            Self::Move => "move",
            Self::Review => "review",
            Self::Compact => "compact",
            Self::Nothing => "nothing",
        }
    }
}

/// How often each action comes, in a million steps.
#[derive(Debug)]
pub(super) struct Plan(Vec<(u64, Action)>);

/// Steps that rates are given in.
const MILLION: u64 = 1_000_000;

impl Plan {
    /// The rates for a run of this size. Everyday things come at a fixed rate;
    /// disasters so often per run that small runs see some and large ones are
    /// not made of them.
    pub(super) fn new(steps: u64, devices: u64, without: &[Action]) -> Self {
        let in_all = |times: u64| times.saturating_mul(MILLION) / steps.max(1);
        let rates = [
            (33_000, Action::Sync),
            (10_000, Action::Settle),
            (1_000, Action::Tidy),
            (2_000, Action::Restart),
            (1_500, Action::Partition),
            (3_000, Action::LateDelivery),
            (300, Action::ClockJump),
            (1_000, Action::Discard),
            (in_all(devices), Action::Upgrade),
            (in_all(4 + steps / 20_000), Action::Grant),
            (in_all(8 + steps / 10_000), Action::PhoneBackup),
            (in_all(3 + steps / 50_000), Action::PhoneRestore),
            (in_all(2 + steps / 100_000), Action::PhoneClone),
            (in_all(6 + steps / 50_000), Action::ServerBackup),
            (in_all(2 + steps / 500_000), Action::ServerRestore),
            (in_all(2 + steps / 100_000), Action::ServerRestart),
            (in_all(12 + steps / 5_000), Action::Move),
            (in_all(8 + steps / 10_000), Action::Review),
            (in_all(4 + steps / 50_000), Action::Compact),
        ];
        let rates = rates
            .into_iter()
            // The rate stays, so that the rest of the plan is the same.
            .map(|(rate, action)| {
                let left_out = without.contains(&action);
                (rate, if left_out { Action::Nothing } else { action })
            });
        Self(rates.collect())
    }

    /// The next step's action.
    pub(super) fn draw(&self, dice: &mut Dice) -> Action {
        let mut number = dice.0.random_range(0..MILLION);
        for (rate, action) in &self.0 {
            if number < *rate {
                return *action;
            }
            number -= rate;
        }
        Action::Edit
    }
}
