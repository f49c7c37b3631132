//! Phones: how they become known, and their sessions.

use async_trait::async_trait;
use wangge_model::{ActorId, DeviceId, Incarnation, PersonId, Timestamp, protocol::PublicKey};

use super::StorageResult;

/// One enrolled phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// Whose.
    pub person: PersonId,
    /// That person's name.
    pub person_name: String,
    /// Whether that person is active.
    pub is_person_active: bool,
    /// What the owner calls it.
    pub name: String,
    /// App version last seen.
    pub app_version: String,
    /// Checks its signatures.
    pub public_key: PublicKey,
    /// Since when.
    pub enrolled_at: Timestamp,
    /// Last request, to the minute.
    pub last_seen_at: Option<Timestamp>,
    /// Switched off since.
    pub revoked_at: Option<Timestamp>,
    /// Counter of its last manifest; 0 before the first.
    pub last_counter: u64,
    /// Digest of that manifest.
    pub last_manifest_digest: Option<Vec<u8>>,
    /// Bytes it holds in quarantine.
    pub quarantine_bytes: u64,
}

/// A one-time code to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEnrolmentCode {
    /// SHA-256 of the normalised code.
    pub code_hash: [u8; 32],
    /// Whose phone it makes.
    pub person: PersonId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// A one-time code as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentCode {
    /// Whose phone it makes.
    pub person: PersonId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// The phone it made.
    pub device: Option<DeviceId>,
}

/// A phone that enrols.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDevice {
    /// The id it gets.
    pub id: DeviceId,
    /// What the owner calls it.
    pub name: String,
    /// Its app version.
    pub app_version: String,
    /// Checks its signatures.
    pub public_key: PublicKey,
    /// Its first app life.
    pub incarnation: Incarnation,
    /// The actor derived from both.
    pub actor: ActorId,
    /// SHA-256 of its first session's token.
    pub session_hash: [u8; 32],
    /// When that session ends.
    pub session_expires_at: Timestamp,
}

/// What came of an enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnrolmentOutcome {
    /// The phone is known now.
    Enrolled {
        /// Whose it is.
        person: PersonId,
        /// That person's name.
        person_name: String,
    },
    /// No such code, or used before.
    CodeInvalid,
    /// Too old.
    CodeExpired,
    /// The person is not active.
    PersonInactive,
}

/// Phones, their codes, sessions and actors.
#[async_trait]
pub trait DeviceStorage {
    /// Stores a one-time code. `Missing("person")`.
    async fn create_enrolment_code(&self, code: &NewEnrolmentCode) -> StorageResult<()>;
    /// A person's codes, newest first.
    async fn list_enrolment_codes(&self, person: &PersonId) -> StorageResult<Vec<EnrolmentCode>>;
    /// Uses up a code and makes the phone known, with its first actor and
    /// session, all or nothing.
    async fn enrol_device(
        &self,
        code_hash: &[u8; 32],
        device: &NewDevice,
        at: Timestamp,
    ) -> StorageResult<EnrolmentOutcome>;
    /// A phone by id.
    async fn find_device(&self, id: &DeviceId) -> StorageResult<Option<Device>>;
    /// Every phone, newest first.
    async fn list_devices(&self) -> StorageResult<Vec<Device>>;
    /// Phones of people with an assignment inside the viewer's scope.
    async fn list_devices_in_scope(
        &self,
        viewer: &PersonId,
        at: Timestamp,
    ) -> StorageResult<Vec<Device>>;
    /// Switches a phone off at once. `Missing("device")`.
    async fn revoke_device(&self, id: &DeviceId, at: Timestamp) -> StorageResult<()>;
    /// Notes that a phone was here, with this app version.
    async fn touch_device(
        &self,
        id: &DeviceId,
        app_version: &str,
        at: Timestamp,
    ) -> StorageResult<()>;
    /// Stores a session and forgets expired ones.
    async fn create_device_session(
        &self,
        token_hash: &[u8; 32],
        device: &DeviceId,
        at: Timestamp,
        expires_at: Timestamp,
    ) -> StorageResult<()>;
    /// The phone of a session that has not expired.
    async fn find_device_by_session(
        &self,
        token_hash: &[u8; 32],
        at: Timestamp,
    ) -> StorageResult<Option<Device>>;
    /// The phone's actors, newest first.
    async fn list_actors(&self, device: &DeviceId) -> StorageResult<Vec<ActorId>>;
    /// The phone an actor belongs to.
    async fn find_actor(&self, actor: &ActorId) -> StorageResult<Option<DeviceId>>;
}
