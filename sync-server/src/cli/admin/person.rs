//! `wangge admin person`.

use std::io::BufRead;

use chrono::NaiveDate;
use serde_json::{Value, json};
use wangge_model::{PersonId, PhoneNumber, org::Duty};

use super::{
    Admin, AdminError, CliError, checked_name,
    password::{PasswordArgs, new_password},
};
use crate::{
    auth::{password::hash_password, sign_in::normalise_username},
    cli::error::role_name,
    storage::{Assignment, NewPerson, OrgNode, Person, PersonChange, StorageError},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum PersonCommand {
    /// 创建人员。Create a person.
    Create(CreateArgs),
    /// 修改姓名、电话或培训日期。Change name, phone number or training date.
    Change(ChangeArgs),
    /// 列出人员及任职。List people and their assignments.
    List,
    /// 设置后台密码。Set the console password.
    SetPassword(SetPasswordArgs),
    /// 停用：手机和后台会话立即失效。Shut a person out at once.
    Deactivate(PersonArgs),
    /// 重新启用。Let a person in again.
    Activate(PersonArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    /// 姓名。Name.
    #[arg(long)]
    name: String,
    /// 后台登录名。User name for the console.
    #[arg(long)]
    username: Option<String>,
    /// 对居民公开的电话，印在网格公示牌上。Phone number for residents, on the grid's board.
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// 培训合格、可以上岗的第一天（YYYY-MM-DD）；没有日期不能注册手机。First day of work after
    /// training; without one no phone can be enrolled.
    #[arg(long, value_name = "DATE")]
    trained_on: Option<String>,
    #[command(flatten)]
    password: PasswordArgs,
}

#[derive(Debug, clap::Args)]
pub(super) struct ChangeArgs {
    #[command(flatten)]
    person: PersonArgs,
    /// 姓名。Name.
    #[arg(long)]
    name: Option<String>,
    /// 对居民公开的电话；留空则删除。Phone number for residents; empty takes it away.
    #[arg(long, value_name = "NUMBER")]
    phone: Option<String>,
    /// 可以上岗的第一天（YYYY-MM-DD）。First day of work after training.
    #[arg(long, value_name = "DATE", conflicts_with = "not_trained")]
    trained_on: Option<String>,
    /// 培训不合格，停止权限。Not trained after all: ends access.
    #[arg(long)]
    not_trained: bool,
}

/// A number for residents as it is stored; empty: none.
fn checked_phone(text: &str) -> Result<String, AdminError> {
    if text.trim().is_empty() {
        return Ok(String::new());
    }
    PhoneNumber::parse(text)
        .map(|number| number.as_str().to_owned())
        .map_err(AdminError::Phone)
}

fn checked_date(text: &str) -> Result<NaiveDate, AdminError> {
    text.trim()
        .parse()
        .map_err(|_| AdminError::Date(text.to_owned()))
}

#[derive(Debug, clap::Args)]
pub(super) struct PersonArgs {
    /// 人员编号或登录名。Id or user name.
    #[arg(long, value_name = "PERSON")]
    person: String,
}

#[derive(Debug, clap::Args)]
pub(super) struct SetPasswordArgs {
    #[command(flatten)]
    person: PersonArgs,
    #[command(flatten)]
    password: PasswordArgs,
}

/// A user name as it is stored: short and impossible to mistake.
fn checked_username(text: &str) -> Result<String, AdminError> {
    let username = normalise_username(text);
    let starts_well = username.starts_with(|c: char| c.is_ascii_lowercase());
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if starts_well && (2..=32).contains(&username.len()) && username.chars().all(good) {
        Ok(username)
    } else {
        Err(AdminError::UsernameInvalid)
    }
}

fn as_json(person: &Person) -> Value {
    json!({
        "id": person.id.to_string(),
        "name": person.name,
        "username": person.username,
        "active": person.active,
        "phone": person.phone,
        "trained_on": person.trained_on,
    })
}

/// Duties as scripts read them.
pub(super) fn duty_words(duties: &[Duty]) -> Vec<&'static str> {
    duties.iter().map(|duty| duty.as_str()).collect()
}

impl Admin<'_> {
    pub(super) async fn person(
        &mut self,
        command: &PersonCommand,
        input: &mut dyn BufRead,
    ) -> Result<(), CliError> {
        match command {
            PersonCommand::Create(args) => self.create_person(args, input).await,
            PersonCommand::Change(args) => self.change_person(args).await,
            PersonCommand::List => self.list_people().await,
            PersonCommand::SetPassword(args) => self.set_password(args, input).await,
            PersonCommand::Deactivate(args) => self.set_active(args, false).await,
            PersonCommand::Activate(args) => self.set_active(args, true).await,
        }
    }

    async fn create_person(
        &mut self,
        args: &CreateArgs,
        input: &mut dyn BufRead,
    ) -> Result<(), CliError> {
        let name = checked_name(&args.name)?;
        let username = args.username.as_deref().map(checked_username).transpose()?;
        let phone = checked_phone(args.phone.as_deref().unwrap_or_default())?;
        let trained_on = args.trained_on.as_deref().map(checked_date).transpose()?;
        let wants_password = args.password.generate_password || args.password.password_stdin;
        if wants_password && username.is_none() {
            return Err(AdminError::UsernameMissing(name).into());
        }
        // Everything that can be refused comes before the first write.
        let password = if wants_password {
            Some(new_password(
                args.password,
                self.world.entropy,
                input,
                self.output.language,
            )?)
        } else {
            None
        };
        let hash = match &password {
            Some(password) => {
                Some(hash_password(&password.text, self.world.entropy).map_err(AdminError::from)?)
            }
            None => None,
        };
        let person = NewPerson {
            id: PersonId::make(self.world.clock, self.world.entropy),
            name,
            username,
            phone,
            trained_on,
            created_at: self.now(),
        };
        self.storage
            .create_person(&person)
            .await
            .map_err(|error| match error {
                StorageError::Taken(_) => {
                    AdminError::UsernameTaken(person.username.clone().unwrap_or_default()).into()
                }
                other => CliError::from(other),
            })?;
        if let Some(hash) = hash {
            self.storage.set_password_hash(&person.id, &hash).await?;
        }
        self.audit("person_created", person.id.to_string()).await?;
        let id = person.id.to_string();
        self.output.say(
            "admin-person-created",
            &[("name", &person.name), ("id", &id)],
        )?;
        let generated = password
            .filter(|password| password.is_generated)
            .map(|p| p.text);
        if let Some(password) = &generated {
            self.output
                .say("admin-password-generated", &[("password", password)])?;
        }
        let mut value = json!({
            "id": id,
            "name": person.name,
            "username": person.username,
            "phone": person.phone,
            "trained_on": person.trained_on,
        });
        if let (Some(password), Some(fields)) = (generated, value.as_object_mut()) {
            fields.insert("password".to_owned(), Value::String(password));
        }
        self.output.value(&value)?;
        Ok(())
    }

    async fn change_person(&mut self, args: &ChangeArgs) -> Result<(), CliError> {
        let person = self.load_person(&args.person.person).await?;
        let trained_on = args.trained_on.as_deref().map(checked_date).transpose()?;
        let change = PersonChange {
            name: args.name.as_deref().map(checked_name).transpose()?,
            phone: args.phone.as_deref().map(checked_phone).transpose()?,
            trained_on: match (trained_on, args.not_trained) {
                (Some(date), _) => Some(Some(date)),
                (None, true) => Some(None),
                (None, false) => None,
            },
        };
        self.storage.change_person(&person.id, &change).await?;
        self.audit("person_changed", person.id.to_string()).await?;
        self.output.say("admin-person-changed", &[])?;
        let changed = self.storage.find_person(&person.id).await?;
        let value = changed.as_ref().map_or(Value::Null, as_json);
        self.output.value(&value)?;
        Ok(())
    }

    async fn set_password(
        &mut self,
        args: &SetPasswordArgs,
        input: &mut dyn BufRead,
    ) -> Result<(), CliError> {
        let person = self.load_person(&args.person.person).await?;
        if person.username.is_none() {
            return Err(AdminError::UsernameMissing(person.name).into());
        }
        let password = new_password(
            args.password,
            self.world.entropy,
            input,
            self.output.language,
        )?;
        let hash = hash_password(&password.text, self.world.entropy).map_err(AdminError::from)?;
        self.storage.set_password_hash(&person.id, &hash).await?;
        self.audit("password_set", person.id.to_string()).await?;
        self.output.say("admin-password-set", &[])?;
        let mut value = json!({ "id": person.id.to_string() });
        if password.is_generated {
            self.output
                .say("admin-password-generated", &[("password", &password.text)])?;
            if let Some(fields) = value.as_object_mut() {
                fields.insert("password".to_owned(), Value::String(password.text));
            }
        }
        self.output.value(&value)?;
        Ok(())
    }

    async fn set_active(&mut self, args: &PersonArgs, active: bool) -> Result<(), CliError> {
        let person = self.load_person(&args.person).await?;
        self.storage.set_person_active(&person.id, active).await?;
        let (action, text) = if active {
            ("person_activated", "admin-person-activated")
        } else {
            ("person_deactivated", "admin-person-deactivated")
        };
        self.audit(action, person.id.to_string()).await?;
        self.output.say(text, &[])?;
        self.output
            .value(&json!({ "id": person.id.to_string(), "active": active }))?;
        Ok(())
    }

    async fn list_people(&mut self) -> Result<(), CliError> {
        let language = self.output.language;
        let mut rows = Vec::new();
        let mut values = Vec::new();
        for person in self.storage.list_people().await? {
            let assignments = self.present_assignments(&person.id).await?;
            let state = if person.active {
                "admin-state-active"
            } else {
                "admin-state-inactive"
            };
            let roles: Vec<String> = assignments
                .iter()
                .map(|(assignment, node)| {
                    format!("{}（{}）", role_name(assignment.role, language), node.name)
                })
                .collect();
            rows.push(vec![
                person.name.clone(),
                person.username.clone().unwrap_or_default(),
                wangge_model::message::message(language, state, &[]),
                person
                    .trained_on
                    .map(|date| date.to_string())
                    .unwrap_or_default(),
                roles.join(" "),
                person.id.to_string(),
            ]);
            let assignments: Vec<Value> = assignments
                .iter()
                .map(|(assignment, node)| {
                    json!({
                        "id": assignment.id.to_string(),
                        "role": assignment.role.as_str(),
                        "node": node.id.to_string(),
                        "node_code": node.code,
                        "full_time": assignment.full_time,
                        "reserve": assignment.reserve,
                        "duties": duty_words(&assignment.duties),
                    })
                })
                .collect();
            let mut value = as_json(&person);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("assignments".to_owned(), Value::Array(assignments));
            }
            values.push(value);
        }
        self.output.table(
            &[
                "admin-column-name",
                "admin-column-username",
                "admin-column-state",
                "admin-column-trained",
                "admin-column-assignments",
                "admin-column-id",
            ],
            &rows,
        )?;
        self.output.value(&Value::Array(values))?;
        Ok(())
    }

    /// The assignments that hold now, with their places.
    async fn present_assignments(
        &self,
        person: &PersonId,
    ) -> Result<Vec<(Assignment, OrgNode)>, CliError> {
        let now = self.now();
        let mut present = Vec::new();
        for assignment in self.storage.list_assignments(person).await? {
            let holds = assignment.valid_from <= now
                && assignment.valid_to.is_none_or(|valid_to| valid_to > now);
            if holds && let Some(node) = self.storage.find_node(&assignment.node).await? {
                present.push((assignment, node));
            }
        }
        Ok(present)
    }
}
