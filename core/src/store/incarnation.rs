//! Which life of the app this is. A store that was restored from a backup or
//! copied to another phone must not go on as the actor it was: two phones
//! would number different changes alike. So the database is bound to a token
//! in a file beside it, which backups leave out.

use std::{fs, path::Path};

use rusqlite::{OptionalExtension as _, Transaction, params};
use wangge_model::{
    ActorId, DeviceId, Entropy, Incarnation, Timestamp, derive_device_actor,
    fault_point::{self, FailPoint},
};

use super::{Store, StoreError, columns, rescue, signs};

/// Name of the token's file.
const FILE: &str = "incarnation";

impl Store {
    /// Makes sure that this database and this installation belong together.
    ///
    /// If not, a new life begins: what is entered from now on is by a new
    /// actor. Edits that wait keep theirs, because the former life may have
    /// sent them already; if it used their numbers for something else, the
    /// server says `actor_fork` and they are authored again.
    pub(super) fn bind_incarnation(&self, directory: &Path) -> Result<(), StoreError> {
        let path = directory.join(FILE);
        let token = fs::read_to_string(&path)
            .ok()
            .and_then(|text| hex::decode(text.trim()).ok());
        let stored: Option<Vec<u8>> = self.connections.read(|db| {
            Ok(db
                .query_row("SELECT token FROM phone", [], |row| row.get(0))
                .optional()?)
        })?;
        if stored.is_some() && stored == token {
            return Ok(());
        }
        let token = make_token(directory, self.options.entropy.as_ref())?;
        fault_point::reach(FailPoint::PhoneIncarnationFileWritten)?;
        let now = self.options.clock.now();
        self.write(|tx| {
            if stored.is_some() {
                tracing::warn!("the store was restored or copied; a new app life begins");
                tx.execute("UPDATE phone SET token = ?1", [token])?;
                begin(tx, self.options.entropy.as_ref(), now)?;
            } else {
                install(tx, self.options.entropy.as_ref(), token)?;
            }
            Ok(())
        })
    }
}

/// Makes a new token. The file comes first: if the power fails before the
/// database has it, the next start finds a mismatch and begins one more life,
/// which costs nothing.
pub(super) fn make_token(directory: &Path, entropy: &dyn Entropy) -> Result<[u8; 32], StoreError> {
    let mut token = [0; 32];
    entropy.fill(&mut token);
    rescue::replace_file(&directory.join(FILE), hex::encode(token).as_bytes())?;
    Ok(token)
}

/// Begins the first life of a new database.
pub(super) fn install(
    tx: &Transaction<'_>,
    entropy: &dyn Entropy,
    token: [u8; 32],
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO phone (one, incarnation, token) VALUES (1, ?1, ?2)",
        params![Incarnation::make(entropy).as_bytes(), token],
    )?;
    signs::make_secret(tx, entropy)
}

/// Begins a new life and answers its actor, if the phone is enrolled.
pub(super) fn begin(
    tx: &Transaction<'_>,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<Option<ActorId>, StoreError> {
    let incarnation = Incarnation::make(entropy);
    tx.execute(
        "UPDATE phone SET incarnation = ?1",
        [incarnation.as_bytes()],
    )?;
    remember_actor(tx, now)
}

/// Lists the present actor among this phone's own, once it is enrolled.
pub(super) fn remember_actor(
    tx: &Transaction<'_>,
    now: Timestamp,
) -> Result<Option<ActorId>, StoreError> {
    let (incarnation, device): (Vec<u8>, Option<Vec<u8>>) =
        tx.query_row("SELECT incarnation, device FROM phone", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let Some(device) = device else {
        return Ok(None);
    };
    let incarnation = columns::incarnation(&incarnation)?;
    let device =
        DeviceId::from_slice(&device).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    let actor = derive_device_actor(&device, &incarnation);
    tx.execute(
        "INSERT OR IGNORE INTO own_actor (actor, incarnation, since) VALUES (?1, ?2, ?3)",
        params![actor.as_bytes(), incarnation.as_bytes(), now.as_millis()],
    )?;
    Ok(Some(actor))
}
