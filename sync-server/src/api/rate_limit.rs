//! How many wrong enrolment codes somebody may try: per peer, and all together.
//! Right ones do not count, so a whole office behind one address can enrol at
//! once.

use std::{
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use lru::LruCache;
use wangge_model::{Timestamp, protocol::ProblemCode};

use crate::{DeviceError, bucket::Bucket};

/// Wrong codes from one peer at once, and then one per [`PEER_REFILL_MS`].
const PEER_BURST: u32 = 10;
const PEER_REFILL_MS: i64 = 6_000;
/// Wrong codes from all peers together at once, and then one per
/// [`GLOBAL_REFILL_MS`]: 20 a second. Codes have 130 random bits and live 15
/// minutes, so this bounds work, not luck.
const GLOBAL_BURST: u32 = 200;
const GLOBAL_REFILL_MS: i64 = 50;
/// Peers remembered.
const PEERS: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// Buckets per peer and for all.
#[derive(Debug)]
pub struct RateLimits(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    all: Option<Bucket>,
    peers: LruCache<IpAddr, Bucket>,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self(Mutex::new(Inner {
            all: None,
            peers: LruCache::new(PEERS),
        }))
    }
}

impl RateLimits {
    /// Whether this peer may try now; `None` where the peer is not known
    /// (in-process).
    pub fn check(&self, peer: Option<IpAddr>, now: Timestamp) -> Result<(), DeviceError> {
        let mut inner = self.lock();
        let refuse = |wait_ms: i64| {
            Err(DeviceError {
                retry_after_s: Some(u32::try_from(wait_ms.div_euclid(1000) + 1).unwrap_or(60)),
                ..ProblemCode::TooManyRequests.into()
            })
        };
        if let Some(bucket) = peer.and_then(|peer| inner.peers.get_mut(&peer)) {
            bucket.refill(PEER_BURST, PEER_REFILL_MS, now);
            if bucket.left == 0 {
                return refuse(bucket.wait_ms(PEER_REFILL_MS, now));
            }
        }
        if let Some(bucket) = &mut inner.all {
            bucket.refill(GLOBAL_BURST, GLOBAL_REFILL_MS, now);
            if bucket.left == 0 {
                return refuse(bucket.wait_ms(GLOBAL_REFILL_MS, now));
            }
        }
        Ok(())
    }

    /// Counts a try with a wrong code.
    pub fn note_failure(&self, peer: Option<IpAddr>, now: Timestamp) {
        let mut inner = self.lock();
        if let Some(peer) = peer {
            let bucket = inner
                .peers
                .get_or_insert_mut(peer, || Bucket::full(PEER_BURST, now));
            bucket.left = bucket.left.saturating_sub(1);
        }
        let all = inner
            .all
            .get_or_insert_with(|| Bucket::full(GLOBAL_BURST, now));
        all.left = all.left.saturating_sub(1);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_peer_with_many_wrong_codes_waits_and_others_do_not() {
        let limits = RateLimits::default();
        let peer = |last| Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)));
        let now = Timestamp::from_millis(1_000_000);
        for _ in 0..PEER_BURST {
            limits.check(peer(1), now).unwrap();
            limits.note_failure(peer(1), now);
        }
        let refused = limits.check(peer(1), now).unwrap_err();
        assert_eq!(refused.code, ProblemCode::TooManyRequests);
        assert_eq!(refused.retry_after_s, Some(7));
        limits.check(peer(2), now).unwrap();
        let later = now.plus_millis(PEER_REFILL_MS);
        limits.check(peer(1), later).unwrap();
        limits.note_failure(peer(1), later);
        assert!(limits.check(peer(1), later).is_err());
    }

    #[test]
    fn many_peers_together_wait_too() {
        let limits = RateLimits::default();
        let now = Timestamp::from_millis(1_000_000);
        for n in 0..GLOBAL_BURST {
            let peer = Some(IpAddr::V4(Ipv4Addr::from(n)));
            limits.check(peer, now).unwrap();
            limits.note_failure(peer, now);
        }
        assert!(limits.check(None, now).is_err());
        assert!(
            limits
                .check(None, now.plus_millis(GLOBAL_REFILL_MS))
                .is_ok()
        );
    }
}
