//! A sealed copy of who this phone is: enrolment, app life, grids. A damaged
//! database can then be replaced without the person noticing more than a sync.
//!
//! It also tells a wrong key from a damaged first page, which look the same to
//! SQLCipher: if this file opens, the key is right.

use std::{fs, path::Path};

use minicbor::{Decode, Encode};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use wangge_model::{
    Entropy, Timestamp,
    protocol::{Grants, from_cbor, to_cbor},
};

use super::seal::Sealer;
use crate::store::{StoreError, columns, grid};

/// Name of the file.
pub(in crate::store) const FILE: &str = "identity.sealed";
const PURPOSE: &str = "wangge/identity/v1";

/// Who this phone is.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(in crate::store) struct Identity {
    #[n(0)]
    enrolment: Option<EnrolmentColumns>,
    /// Actors with their lives and beginnings.
    #[n(1)]
    own_actors: Vec<OwnActor>,
    #[n(2)]
    grants: Option<Grants>,
}

/// The columns of `phone` as they are.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
struct EnrolmentColumns {
    #[n(0)]
    server: String,
    #[cbor(n(1), with = "minicbor::bytes")]
    pin: Option<Vec<u8>>,
    #[cbor(n(2), with = "minicbor::bytes")]
    device: Vec<u8>,
    #[cbor(n(3), with = "minicbor::bytes")]
    person: Vec<u8>,
    #[n(4)]
    person_name: String,
    #[cbor(n(5), with = "minicbor::bytes")]
    server_epoch: Vec<u8>,
    #[cbor(n(6), with = "minicbor::bytes")]
    server_key: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Encode, Decode)]
struct OwnActor {
    #[cbor(n(0), with = "minicbor::bytes")]
    actor: Vec<u8>,
    #[cbor(n(1), with = "minicbor::bytes")]
    incarnation: Vec<u8>,
    #[n(2)]
    since: Timestamp,
}

/// What the copy says.
#[derive(Debug)]
pub(in crate::store) enum Found {
    /// There is none: a new phone.
    Nothing,
    /// There is one that this key does not open.
    Sealed,
    /// This.
    Identity(Box<Identity>),
}

/// Reads the copy.
pub(in crate::store) fn read(directory: &Path, sealer: &Sealer) -> Result<Found, StoreError> {
    let sealed = match fs::read(directory.join(FILE)) {
        Ok(sealed) => sealed,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error.into()),
    };
    let identity = sealer
        .open(PURPOSE, &sealed)
        .and_then(|text| from_cbor(&text).ok());
    Ok(identity.map_or(Found::Sealed, |identity| {
        Found::Identity(Box::new(identity))
    }))
}

/// Writes the copy in one step.
pub(in crate::store) fn write(
    directory: &Path,
    sealer: &Sealer,
    entropy: &dyn Entropy,
    identity: &Identity,
) -> Result<(), StoreError> {
    let sealed = sealer
        .seal(PURPOSE, entropy, &to_cbor(identity))
        .ok_or_else(|| StoreError::Corrupt("the identity cannot be sealed".to_owned()))?;
    super::replace_file(&directory.join(FILE), &sealed)
}

impl Identity {
    /// Whether the phone belongs to someone.
    pub(in crate::store) const fn is_enrolled(&self) -> bool {
        self.enrolment.is_some()
    }

    /// As the database has it.
    pub(in crate::store) fn load(db: &Connection) -> Result<Self, StoreError> {
        let enrolment = db
            .prepare_cached(
                "SELECT server, pin, device, person, person_name, server_epoch, server_key
                 FROM phone WHERE device IS NOT NULL",
            )?
            .query_row([], |row| {
                Ok(EnrolmentColumns {
                    server: row.get(0)?,
                    pin: row.get(1)?,
                    device: row.get(2)?,
                    person: row.get(3)?,
                    person_name: row.get(4)?,
                    server_epoch: row.get(5)?,
                    server_key: row.get(6)?,
                })
            })
            .optional()?;
        let own_actors = db
            .prepare_cached("SELECT actor, incarnation, since FROM own_actor ORDER BY actor")?
            .query_map([], |row| {
                Ok(OwnActor {
                    actor: row.get(0)?,
                    incarnation: row.get(1)?,
                    since: Timestamp::from_millis(row.get(2)?),
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self {
            enrolment,
            own_actors,
            grants: grid::load_grants(db)?,
        })
    }

    /// Enters it into a new database, whose app life is a new one.
    pub(in crate::store) fn enter(&self, tx: &Transaction<'_>) -> Result<(), StoreError> {
        if let Some(it) = &self.enrolment {
            columns::server_epoch(&it.server_epoch)?;
            tx.execute(
                "UPDATE phone SET server = ?1, pin = ?2, device = ?3, person = ?4,
                     person_name = ?5, server_epoch = ?6, server_key = ?7",
                params![
                    it.server,
                    it.pin,
                    it.device,
                    it.person,
                    it.person_name,
                    it.server_epoch,
                    it.server_key
                ],
            )?;
        }
        for own in &self.own_actors {
            tx.execute(
                "INSERT OR IGNORE INTO own_actor (actor, incarnation, since) VALUES (?1, ?2, ?3)",
                params![own.actor, own.incarnation, own.since.as_millis()],
            )?;
        }
        if let Some(grants) = &self.grants {
            grid::store_grants(tx, grants)?;
        }
        Ok(())
    }
}
