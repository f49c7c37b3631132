//! `wangge admin device`.

use serde_json::{Value, json};
use wangge_model::{DeviceId, Timestamp, message::message};

use super::{Admin, AdminError, CliError};
use crate::storage::StorageError;

#[derive(Debug, clap::Subcommand)]
pub(super) enum DeviceCommand {
    /// 列出手机。List phones.
    List {
        /// 只列出此人（编号或登录名）的。Only this person's (id or user name).
        #[arg(long)]
        person: Option<String>,
    },
    /// 停用手机，立即生效。Switch a phone off at once.
    Revoke {
        /// 设备编号。Id of the phone.
        device: String,
    },
}

impl Admin<'_> {
    pub(super) async fn device(&mut self, command: &DeviceCommand) -> Result<(), CliError> {
        match command {
            DeviceCommand::List { person } => self.list_devices(person.as_deref()).await,
            DeviceCommand::Revoke { device } => self.revoke_device(device).await,
        }
    }

    async fn list_devices(&mut self, person: Option<&str>) -> Result<(), CliError> {
        let only = match person {
            Some(person) => Some(self.load_person(person).await?.id),
            None => None,
        };
        let mut rows = Vec::new();
        let mut values = Vec::new();
        for device in self.storage.list_devices().await? {
            if only.is_some_and(|person| person != device.person) {
                continue;
            }
            let state = match device.revoked_at {
                None => "admin-state-active",
                Some(_) => "admin-state-inactive",
            };
            rows.push(vec![
                device.name.clone(),
                device.person_name.clone(),
                message(self.output.language, state, &[]),
                device
                    .last_seen_at
                    .map(Timestamp::to_china_text)
                    .unwrap_or_default(),
                device.id.to_string(),
            ]);
            values.push(json!({
                "id": device.id.to_string(),
                "name": device.name,
                "person": device.person.to_string(),
                "person_name": device.person_name,
                "app_version": device.app_version,
                "enrolled_at": device.enrolled_at.as_millis(),
                "last_seen_at": device.last_seen_at.map(Timestamp::as_millis),
                "revoked_at": device.revoked_at.map(Timestamp::as_millis),
            }));
        }
        self.output.table(
            &[
                "admin-column-name",
                "admin-column-person",
                "admin-column-state",
                "admin-column-seen",
                "admin-column-id",
            ],
            &rows,
        )?;
        self.output.value(&Value::Array(values))?;
        Ok(())
    }

    async fn revoke_device(&mut self, text: &str) -> Result<(), CliError> {
        let unknown = || AdminError::DeviceUnknown(text.to_owned());
        let id: DeviceId = text.trim().parse().map_err(|_| unknown())?;
        self.storage
            .revoke_device(&id, self.now())
            .await
            .map_err(|error| match error {
                StorageError::Missing(_) => unknown().into(),
                other => CliError::from(other),
            })?;
        self.audit("device_revoked", id.to_string()).await?;
        self.output.say("admin-device-revoked", &[])?;
        self.output.value(&json!({ "id": id.to_string() }))?;
        Ok(())
    }
}
