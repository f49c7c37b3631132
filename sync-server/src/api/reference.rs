//! Reference sets as phones are told of them: nothing while they hold what they
//! should, otherwise what that is, and the contents they ask for.

use std::collections::HashSet;

use minicbor::bytes::ByteVec;
use wangge_model::{
    GridId, ReferenceVersion,
    protocol::{
        Grants, ProblemCode, ReferenceNews, ReferenceSet, ReferenceStamp, SigningKey as _, limits,
        reference_digest, reference_message,
    },
};

use crate::{AppState, DeviceError};

/// Fewest and most bytes of contents in one answer, whatever the phone asks.
const LEAST_BYTES: usize = 64 << 10;
const MOST_BYTES: usize = limits::REFERENCE_BYTES;

/// What a phone says of reference sets.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    /// Digest of what it holds; absent if it knows nothing of them.
    pub(super) held: Option<&'a ByteVec>,
    /// What it lacks, if it was told.
    pub(super) wants: Option<&'a [ReferenceVersion]>,
    /// Most bytes of contents it wants.
    pub(super) page_bytes: u32,
}

/// What the phone is to hear; `None` if it holds what it should, or knows
/// nothing of reference sets.
pub(super) async fn news(
    state: &AppState,
    asked: &Asked<'_>,
    grants: &Grants,
) -> Result<Option<ReferenceNews>, DeviceError> {
    let Some(held) = asked.held else {
        return Ok(None);
    };
    let grids: Vec<GridId> = grants.grids.iter().map(|granted| granted.grid).collect();
    let mut stamps = state.storage.list_reference_stamps(&grids).await?;
    if stamps.len() > limits::REFERENCE_SETS {
        tracing::error!(
            sets = stamps.len(),
            "more reference sets than a phone takes"
        );
        stamps.truncate(limits::REFERENCE_SETS);
    }
    if *held == reference_digest(&stamps) {
        return Ok(None);
    }
    let wanted = wanted(asked.wants, held.is_empty(), &stamps);
    let max_bytes = usize::try_from(asked.page_bytes)
        .unwrap_or(MOST_BYTES)
        .clamp(LEAST_BYTES, MOST_BYTES);
    let mut sets = Vec::new();
    for (stamp, body) in state.storage.load_references(&wanted, max_bytes).await? {
        let message = reference_message(&state.identity.epoch, &stamp.name, &stamp.node, &body);
        let signature = state.identity.key.sign(&message).map_err(|error| {
            tracing::error!(%error, "a reference set could not be signed");
            ProblemCode::Internal
        })?;
        sets.push(ReferenceSet {
            name: stamp.name,
            node: stamp.node,
            body,
            signature,
        });
    }
    Ok(Some(ReferenceNews { stamps, sets }))
}

/// What to send of what the phone should hold: all to one that has nothing,
/// else what it names. One that has something and names nothing has to see the
/// list first.
fn wanted(
    wants: Option<&[ReferenceVersion]>,
    has_nothing: bool,
    stamps: &[ReferenceStamp],
) -> Vec<ReferenceStamp> {
    let named: HashSet<ReferenceVersion> = match wants {
        Some(named) => named.iter().copied().collect(),
        None if has_nothing => return stamps.to_vec(),
        None => return Vec::new(),
    };
    stamps
        .iter()
        .filter(|stamp| named.contains(&stamp.version))
        .cloned()
        .collect()
}
