//! Stopping a sync from another thread.

use std::sync::Arc;

use tokio::sync::watch;

/// A switch that goes on once and stays on. Clones share it.
#[derive(Debug, Clone)]
pub struct CancelToken(Arc<watch::Sender<bool>>);

impl Default for CancelToken {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl CancelToken {
    /// A switch that is off.
    pub fn new() -> Self {
        Self::default()
    }

    /// Switches it on. The sync ends at its next step; what is in the store
    /// by then stays.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether it is on.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Ends when it goes on.
    pub async fn cancelled(&self) {
        // Fails only if the sender is gone, and `self` holds it.
        let _ = self.0.subscribe().wait_for(|cancelled| *cancelled).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_when_a_clone_cancels() {
        let token = CancelToken::new();
        let other = token.clone();
        let waiting = tokio::spawn(async move { other.cancelled().await });
        assert!(!token.is_cancelled());
        token.cancel();
        waiting.await.unwrap();
        assert!(token.is_cancelled());
        token.cancelled().await; // also when it is on already
    }
}
