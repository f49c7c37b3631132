//! Counting what somebody may do how often: a bucket that holds so many and
//! fills again with time. In memory: a server that starts anew counts anew.

use std::{
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroUsize,
};

use lru::LruCache;
use wangge_model::Timestamp;

/// What one of many may still do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    /// How often yet.
    pub(crate) left: u32,
    at: Timestamp,
}

impl Bucket {
    pub(crate) fn full(burst: u32, at: Timestamp) -> Self {
        Self { left: burst, at }
    }

    /// Adds what was earned since.
    pub(crate) fn refill(&mut self, burst: u32, refill_ms: i64, now: Timestamp) {
        let passed = now.as_millis().saturating_sub(self.at.as_millis());
        if passed < 0 {
            // The clock went back: count from here.
            self.at = now;
            return;
        }
        let earned = passed / refill_ms;
        self.left = u32::try_from(earned)
            .map_or(burst, |earned| self.left.saturating_add(earned))
            .min(burst);
        self.at = self.at.plus_millis(earned.saturating_mul(refill_ms));
    }

    /// Milliseconds until there is one.
    pub(crate) fn wait_ms(&self, refill_ms: i64, now: Timestamp) -> i64 {
        refill_ms
            - now
                .as_millis()
                .saturating_sub(self.at.as_millis())
                .clamp(0, refill_ms - 1)
    }
}

/// One bucket per key, the least used forgotten first.
#[derive(Debug)]
pub(crate) struct Buckets<K: Hash + Eq> {
    burst: u32,
    refill_ms: i64,
    kept: LruCache<K, Bucket>,
}

impl<K: Hash + Eq> Buckets<K> {
    /// So many at once, and then one per `refill_ms`; remembers `keys`.
    pub(crate) fn new(burst: u32, refill_ms: i64, keys: NonZeroUsize) -> Self {
        Self {
            burst,
            refill_ms,
            kept: LruCache::new(keys),
        }
    }

    fn bucket(&mut self, key: K, now: Timestamp) -> &mut Bucket {
        let (burst, refill_ms) = (self.burst, self.refill_ms);
        let bucket = self
            .kept
            .get_or_insert_mut(key, || Bucket::full(burst, now));
        bucket.refill(burst, refill_ms, now);
        bucket
    }

    /// Whether there is one left, and if not after how many milliseconds.
    pub(crate) fn check(&mut self, key: K, now: Timestamp) -> Result<(), i64> {
        let refill_ms = self.refill_ms;
        let bucket = self.bucket(key, now);
        if bucket.left == 0 {
            return Err(bucket.wait_ms(refill_ms, now));
        }
        Ok(())
    }

    /// Takes one.
    pub(crate) fn take(&mut self, key: K, now: Timestamp) {
        let bucket = self.bucket(key, now);
        bucket.left = bucket.left.saturating_sub(1);
    }
}

/// Under which address somebody is counted: an IPv6 network as one.
pub(crate) fn counted_address(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_empty_after_its_burst_and_fills_again() {
        let keys = NonZeroUsize::new(2).unwrap();
        let mut buckets = Buckets::new(2, 1_000, keys);
        let at = |ms: i64| Timestamp::from_millis(10_000 + ms);
        for _ in 0..2 {
            assert_eq!(buckets.check("a", at(0)), Ok(()));
            buckets.take("a", at(0));
        }
        assert_eq!(buckets.check("a", at(300)), Err(700));
        assert_eq!(buckets.check("b", at(300)), Ok(()));
        assert_eq!(buckets.check("a", at(1_000)), Ok(()));
        buckets.take("a", at(1_000));
        assert!(buckets.check("a", at(1_000)).is_err());
        // A clock that goes back gives nothing and takes nothing.
        assert!(buckets.check("a", at(-9_000)).is_err());
    }

    #[test]
    fn a_network_is_counted_as_one() {
        let of = |text: &str| counted_address(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
