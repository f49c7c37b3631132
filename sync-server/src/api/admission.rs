//! Who may come in now. A server that is full says so at once, with a time to
//! come back that differs from phone to phone; it never lets requests pile up.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wangge_model::{
    Entropy,
    protocol::{ProblemCode, limits},
};

use crate::DeviceError;

/// Bodies are counted in units of this many bytes.
const UNIT: usize = 16 << 10;

/// Permits for requests and for the bytes of their bodies.
#[derive(Debug)]
pub struct Admission {
    requests: Arc<Semaphore>,
    body_units: Arc<Semaphore>,
}

/// Held while a request is served.
#[derive(Debug)]
pub struct Admitted {
    _request: OwnedSemaphorePermit,
    _body: OwnedSemaphorePermit,
}

impl Admission {
    /// At most this many requests and bytes of bodies at a time.
    pub fn new(requests: usize, body_bytes: usize) -> Self {
        // One body of the largest size must always fit.
        let units = (body_bytes / UNIT).max(limits::BODY_BYTES / UNIT);
        Self {
            requests: Arc::new(Semaphore::new(requests.max(1))),
            body_units: Arc::new(Semaphore::new(units)),
        }
    }

    /// Lets a request in, or says when to come back. A body of undeclared
    /// length counts as the largest there may be.
    pub fn admit(
        &self,
        content_length: Option<usize>,
        entropy: &dyn Entropy,
    ) -> Result<Admitted, DeviceError> {
        let bytes = content_length
            .unwrap_or(limits::BODY_BYTES)
            .min(limits::BODY_BYTES);
        let units = u32::try_from(bytes.div_ceil(UNIT).max(1)).unwrap_or(u32::MAX);
        let request = Arc::clone(&self.requests).try_acquire_owned();
        let body = Arc::clone(&self.body_units).try_acquire_many_owned(units);
        match (request, body) {
            (Ok(request), Ok(body)) => Ok(Admitted {
                _request: request,
                _body: body,
            }),
            _ => Err(come_back(entropy)),
        }
    }
}

/// "Unavailable", to be tried again after 1 to 8 seconds.
pub(super) fn come_back(entropy: &dyn Entropy) -> DeviceError {
    let mut byte = [0];
    entropy.fill(&mut byte);
    DeviceError {
        retry_after_s: Some(1 + u32::from(byte[0] % 8)),
        ..ProblemCode::Unavailable.into()
    }
}

#[cfg(test)]
mod tests {
    use wangge_model::testing::SeededEntropy;

    use super::*;

    #[test]
    fn a_full_server_says_when_to_come_back_and_lets_in_again_later() {
        let entropy = SeededEntropy::new(1);
        let admission = Admission::new(2, 16 << 20);
        let one = admission.admit(None, &entropy).unwrap();
        let _two = admission.admit(None, &entropy).unwrap();
        let refused = admission.admit(Some(1), &entropy).unwrap_err();
        assert_eq!(refused.code, ProblemCode::Unavailable);
        assert!((1..=8).contains(&refused.retry_after_s.unwrap()));
        drop(one);
        assert!(admission.admit(Some(1), &entropy).is_ok());
    }
}
