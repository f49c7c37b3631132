//! How much may come in by the codes on walls: per address, per code, and all
//! together, so that neither one phone nor one code floods a desk.

use std::{
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
};

use wangge_model::Timestamp;

use crate::bucket::{Buckets, counted_address};

/// Reports from one address at once, and then one in so many milliseconds. Many
/// residents share an address behind their operator's gateway.
const ADDRESS_REPORTS: (u32, i64) = (10, 120_000);
/// Reports by one code.
const CODE_REPORTS: (u32, i64) = (30, 60_000);
/// Reports by all codes together.
const ALL_REPORTS: (u32, i64) = (300, 1_000);
/// Forms and look-ups from one address, wrong ones too: guessing gets slow.
const ADDRESS_TRIES: (u32, i64) = (60, 2_000);
/// Addresses and codes remembered.
const ADDRESSES: NonZeroUsize = NonZeroUsize::new(20_000).expect("not zero");
const CODES: NonZeroUsize = NonZeroUsize::new(5_000).expect("not zero");

/// Buckets per address, per code and for all.
#[derive(Debug)]
pub struct ResidentLimits(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    addresses: Buckets<IpAddr>,
    codes: Buckets<String>,
    all: Buckets<()>,
    tries: Buckets<IpAddr>,
}

impl Default for ResidentLimits {
    fn default() -> Self {
        let one = NonZeroUsize::MIN;
        Self(Mutex::new(Inner {
            addresses: Buckets::new(ADDRESS_REPORTS.0, ADDRESS_REPORTS.1, ADDRESSES),
            codes: Buckets::new(CODE_REPORTS.0, CODE_REPORTS.1, CODES),
            all: Buckets::new(ALL_REPORTS.0, ALL_REPORTS.1, one),
            tries: Buckets::new(ADDRESS_TRIES.0, ADDRESS_TRIES.1, ADDRESSES),
        }))
    }
}

/// Whole minutes to wait, at least one.
fn minutes(wait_ms: i64) -> i64 {
    (wait_ms.saturating_add(59_999) / 60_000).max(1)
}

impl ResidentLimits {
    /// Counts a form or a look-up from an address (`None`: in-process). `Err`:
    /// not now, but in so many minutes.
    pub fn try_from_address(&self, address: Option<IpAddr>, now: Timestamp) -> Result<(), i64> {
        let Some(address) = address.map(counted_address) else {
            return Ok(());
        };
        let mut inner = self.lock();
        inner.tries.check(address, now).map_err(minutes)?;
        inner.tries.take(address, now);
        Ok(())
    }

    /// Counts a report that is in order. `Err`: not now, but in so many minutes;
    /// then nothing is counted.
    pub fn report(&self, address: Option<IpAddr>, code: &str, now: Timestamp) -> Result<(), i64> {
        let address = address.map(counted_address);
        let mut inner = self.lock();
        if let Some(address) = address {
            inner.addresses.check(address, now).map_err(minutes)?;
        }
        inner.codes.check(code.to_owned(), now).map_err(minutes)?;
        inner.all.check((), now).map_err(minutes)?;
        if let Some(address) = address {
            inner.addresses.take(address, now);
        }
        inner.codes.take(code.to_owned(), now);
        inner.all.take((), now);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(std::net::Ipv4Addr::from(n))
    }

    #[test]
    fn an_address_a_code_and_all_together_have_their_limits() {
        let limits = ResidentLimits::default();
        let now = Timestamp::from_millis(1_000_000);
        for _ in 0..ADDRESS_REPORTS.0 {
            limits.report(Some(address(1)), "A", now).unwrap();
        }
        assert_eq!(limits.report(Some(address(1)), "B", now), Err(2));
        for n in 0..CODE_REPORTS.0 - ADDRESS_REPORTS.0 {
            limits.report(Some(address(100 + n)), "A", now).unwrap();
        }
        assert_eq!(limits.report(Some(address(2)), "A", now), Err(1));
        limits.report(Some(address(2)), "B", now).unwrap();
        for n in 0..ALL_REPORTS.0 - CODE_REPORTS.0 - 1 {
            let code = format!("{n}");
            limits.report(Some(address(1_000 + n)), &code, now).unwrap();
        }
        assert_eq!(limits.report(Some(address(3)), "C", now), Err(1));
        let later = now.plus_millis(ADDRESS_REPORTS.1);
        limits.report(Some(address(1)), "A", later).unwrap();
    }

    #[test]
    fn tries_from_one_address_get_slow() {
        let limits = ResidentLimits::default();
        let now = Timestamp::from_millis(1_000_000);
        for _ in 0..ADDRESS_TRIES.0 {
            limits.try_from_address(Some(address(1)), now).unwrap();
        }
        assert_eq!(limits.try_from_address(Some(address(1)), now), Err(1));
        limits.try_from_address(Some(address(2)), now).unwrap();
        limits.try_from_address(None, now).unwrap();
    }
}
