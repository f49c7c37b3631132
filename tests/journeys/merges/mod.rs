//! Duplicates that the server merges and parts again, beside phones that are
//! out: every replica agrees, nothing entered is lost, and a phone counts what
//! the server counts.

mod story;

use story::Story;

/// Steps of one story.
const STEPS: usize = 120;

/// Plays one seed to its end and compares everything.
async fn play(seed: u64) {
    let mut story = Story::begin(seed).await;
    for step in 0..STEPS {
        story.step(step).await;
    }
    story.end().await;
    story.compare().await;
    assert!(
        story.merges > 3,
        "seed {seed}: only {} merges",
        story.merges
    );
    assert!(story.partings > 0, "seed {seed}: nothing was parted");
}

#[tokio::test]
async fn merges_moves_and_divisions_beside_offline_phones_leave_every_count_the_same() {
    for seed in 1..=3 {
        play(seed).await;
    }
}
