//! `wangge admin api-token`: tokens by which programs use the JSON API.

use serde_json::{Value, json};
use wangge_model::{ApiTokenId, Timestamp, message::message};

use super::{Admin, AdminError, CliError, checked_name};
use crate::{auth::api_token, storage::StorageError};

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

#[derive(Debug, clap::Subcommand)]
pub(super) enum ApiTokenCommand {
    /// 为程序生成令牌，权限与所代表的人员相同；令牌只显示一次。Make a token for a program, with its
    /// person's scope; it is shown once.
    Create {
        /// 所代表的人员（编号或登录名）。Person (id or user name) on whose behalf it works.
        #[arg(long)]
        person: String,
        /// 程序名称。Name of the program.
        #[arg(long)]
        name: String,
        /// 有效天数。Days it is valid.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: u16,
    },
    /// 列出令牌。List tokens.
    List,
    /// 停用令牌，立即生效。End a token at once.
    Revoke {
        /// 令牌编号（不是令牌本身）。Id of the token (not the token itself).
        token: String,
    },
}

impl Admin<'_> {
    pub(super) async fn api_token(&mut self, command: &ApiTokenCommand) -> Result<(), CliError> {
        match command {
            ApiTokenCommand::Create { person, name, days } => {
                self.create_api_token(person, name, *days).await
            }
            ApiTokenCommand::List => self.list_api_tokens().await,
            ApiTokenCommand::Revoke { token } => self.revoke_api_token(token).await,
        }
    }

    async fn create_api_token(
        &mut self,
        person: &str,
        name: &str,
        days: u16,
    ) -> Result<(), CliError> {
        let person = self.load_active_person(person).await?;
        let name = checked_name(name)?;
        let expires_at = self.now().plus_millis(i64::from(days) * DAY_MS);
        let (secret, token) = api_token::create(
            self.storage,
            self.world.clock,
            self.world.entropy,
            person.id,
            &name,
            expires_at,
        )
        .await?;
        self.audit("api_token_created", token.id.to_string())
            .await?;
        self.output.say(
            "admin-api-token-created",
            &[
                ("name", &name),
                ("person", &person.name),
                ("expires", &expires_at.to_china_text()),
            ],
        )?;
        if !self.output.json {
            self.output.lines(&secret.reveal())?;
        }
        self.output.value(&json!({
            "id": token.id.to_string(),
            "token": secret.reveal(),
            "person": person.id.to_string(),
            "expires_at": expires_at.as_millis(),
        }))?;
        Ok(())
    }

    async fn list_api_tokens(&mut self) -> Result<(), CliError> {
        let now = self.now();
        let (mut rows, mut values) = (Vec::new(), Vec::new());
        for token in self.storage.list_api_tokens().await? {
            let person = self.storage.find_person(&token.person).await?;
            let is_in_force = token.revoked_at.is_none() && now < token.expires_at;
            let state = if is_in_force {
                "admin-state-active"
            } else {
                "admin-state-inactive"
            };
            rows.push(vec![
                token.name.clone(),
                person.map(|person| person.name).unwrap_or_default(),
                message(self.output.language, state, &[]),
                token
                    .seen_at
                    .map(Timestamp::to_china_text)
                    .unwrap_or_default(),
                token.id.to_string(),
            ]);
            values.push(json!({
                "id": token.id.to_string(),
                "name": token.name,
                "person": token.person.to_string(),
                "created_at": token.created_at.as_millis(),
                "expires_at": token.expires_at.as_millis(),
                "revoked_at": token.revoked_at.map(Timestamp::as_millis),
                "seen_at": token.seen_at.map(Timestamp::as_millis),
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

    async fn revoke_api_token(&mut self, text: &str) -> Result<(), CliError> {
        let unknown = || AdminError::ApiTokenUnknown(text.to_owned());
        let id: ApiTokenId = text.trim().parse().map_err(|_| unknown())?;
        self.storage
            .revoke_api_token(&id, self.now())
            .await
            .map_err(|error| match error {
                StorageError::Missing(_) => unknown().into(),
                other => CliError::from(other),
            })?;
        self.audit("api_token_revoked", id.to_string()).await?;
        self.output.say("admin-api-token-revoked", &[])?;
        self.output.value(&json!({ "id": id.to_string() }))?;
        Ok(())
    }
}
