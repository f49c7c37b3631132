//! Places where a build for the fault lab can be made to fail, or to do wrong
//! on purpose, so that the lab proves it would notice.
//!
//! * [`reach`]: a *fail point*, one between any two steps that the promises of
//!   `docs/reliability.md` depend on. It can answer an error.
//! * [`is_planted`]: a *planted fault*: a step left out or done in the wrong
//!   order, as a careless change might.
//!
//! Without the feature `planted-faults` both are constants and cost nothing.
//! The feature cannot be built with optimisations on.

#[cfg(all(feature = "planted-faults", not(debug_assertions)))]
compile_error!("planted-faults is for the fault lab and must never be in a release build");

#[cfg(feature = "planted-faults")]
pub use armed::{arm, count_hits, disarm, is_planted, plant, reach};

/// A step that promises depend on; answers an error if the lab wants one here.
#[cfg(not(feature = "planted-faults"))]
#[inline(always)]
pub const fn reach(_name: &'static str) -> std::io::Result<()> {
    Ok(())
}

/// Whether to do this wrong on purpose.
#[cfg(not(feature = "planted-faults"))]
#[inline(always)]
pub const fn is_planted(_name: &'static str) -> bool {
    false
}

#[cfg(feature = "planted-faults")]
mod armed {
    use std::{
        collections::BTreeMap,
        io,
        sync::{Mutex, MutexGuard, PoisonError},
    };

    #[derive(Debug, Default)]
    struct State {
        hits: BTreeMap<&'static str, u64>,
        /// The point that fails, and at which of its hits from now on.
        armed: Option<(String, u64)>,
        planted: Option<String>,
    }

    static STATE: Mutex<State> = Mutex::new(State {
        hits: BTreeMap::new(),
        armed: None,
        planted: None,
    });

    fn state() -> MutexGuard<'static, State> {
        STATE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the `nth` hit of this point from now on fail, once.
    pub fn arm(name: &str, nth: u64) {
        state().armed = Some((name.to_owned(), nth));
    }

    /// Plants a fault; it stays until [`disarm`].
    pub fn plant(name: &str) {
        state().planted = Some(name.to_owned());
    }

    /// Nothing fails any more; hits are forgotten.
    pub fn disarm() {
        *state() = State::default();
    }

    /// How often each point was reached since [`disarm`].
    pub fn count_hits() -> BTreeMap<&'static str, u64> {
        state().hits.clone()
    }

    /// A step that promises depend on; answers an error if the lab wants one here.
    pub fn reach(name: &'static str) -> io::Result<()> {
        let mut state = state();
        *state.hits.entry(name).or_default() += 1;
        if let Some((armed, left)) = &mut state.armed
            && armed == name
        {
            *left -= 1;
            if *left == 0 {
                state.armed = None;
                return Err(io::Error::other(format!("fault point {name}")));
            }
        }
        Ok(())
    }

    /// Whether to do this wrong on purpose.
    pub fn is_planted(name: &'static str) -> bool {
        let mut state = state();
        let planted = state.planted.as_deref() == Some(name);
        if planted {
            *state.hits.entry(name).or_default() += 1;
        }
        planted
    }
}
