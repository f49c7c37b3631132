//! `wangge admin enrol`: a one-time code as text, link and QR code.

use std::fs;

use qrcode::{QrCode, render::unicode::Dense1x2};
use serde_json::json;
use wangge_model::{access, message::message, protocol::EnrolmentLink};

use super::{Admin, AdminError, CliError};
use crate::{
    cli::serve::public_url,
    config::BaseUrl,
    enrolment::{hash_code, make_code},
    storage::{NewEnrolmentCode, OrgLevel, Person, Role},
    tls::Identity,
};

#[derive(Debug, clap::Args)]
pub(super) struct EnrolArgs {
    /// 人员编号或登录名。Id or user name.
    #[arg(long)]
    person: String,
    /// 手机连接服务器用的网址。Address under which phones reach the server.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

impl Admin<'_> {
    pub(super) async fn enrol(&mut self, args: &EnrolArgs) -> Result<(), CliError> {
        let person = self.load_active_person(&args.person).await?;
        self.require_ready(&person).await?;
        let server = self.server_url(args.server.as_deref())?;
        let pin = self.pin(&server)?;
        let code = make_code(self.world.entropy);
        let link = EnrolmentLink {
            server: server.clone(),
            pin,
            code: code.clone(),
        }
        .to_string();
        let picture = if self.output.json {
            None
        } else {
            Some(draw(&link)?)
        };

        let created_at = self.now();
        let minutes = i64::try_from(self.config.enrolment_minutes.get()).unwrap_or(i64::MAX);
        let expires_at = created_at.plus_millis(minutes.saturating_mul(60_000));
        let new = NewEnrolmentCode {
            code_hash: hash_code(&code),
            person: person.id,
            created_at,
            expires_at,
        };
        self.storage.create_enrolment_code(&new).await?;
        self.audit("enrolment_code_created", person.id.to_string())
            .await?;

        self.output.say(
            "admin-enrol-head",
            &[
                ("name", &person.name),
                ("expires", &expires_at.to_china_text()),
            ],
        )?;
        let language = self.output.language;
        for (id, value) in [
            ("admin-enrol-code", &code),
            ("admin-enrol-server", &server),
            ("admin-enrol-link", &link),
        ] {
            self.output
                .lines(&format!("{}: {value}", message(language, id, &[])))?;
        }
        if let Some(picture) = picture {
            self.output.say("admin-enrol-scan", &[])?;
            self.output.lines(&picture)?;
        }
        self.output.value(&json!({
            "code": code,
            "link": link,
            "server": server,
            "pin": pin.map(hex::encode),
            "person": person.id.to_string(),
            "expires_at": expires_at.as_millis(),
        }))?;
        Ok(())
    }

    /// Training comes before work (先培训后上岗), and some roles have no phone.
    async fn require_ready(&self, person: &Person) -> Result<(), CliError> {
        let mut roles = Vec::new();
        for assignment in self.storage.list_assignments(&person.id).await? {
            if assignment.validity().contains(self.now())
                && let Some(node) = self.storage.find_node(&assignment.node).await?
            {
                roles.push((assignment.role, node.level));
            }
        }
        // Nobody's role yet: a worker's, as far as anybody knows.
        let needs_training =
            roles.is_empty() || roles.iter().any(|(role, _)| role.spec().needs_training);
        if needs_training && !person.is_trained(self.now()) {
            let name = person.name.clone();
            return Err(match person.trained_on {
                None => AdminError::NotTrained(name),
                Some(date) => AdminError::TrainedLater {
                    person: name,
                    date: date.to_string(),
                },
            }
            .into());
        }
        let is_held = |(role, level): &(Role, OrgLevel)| access::may_hold(role.seat(*level));
        match roles.first() {
            Some((role, _)) if !roles.iter().any(is_held) => {
                Err(AdminError::RoleWithoutPhone(*role).into())
            }
            _ => Ok(()),
        }
    }

    /// As given, as configured, or where the running server says it listens.
    fn server_url(&self, given: Option<&str>) -> Result<String, CliError> {
        if let Some(url) = given {
            let read = BaseUrl::parse(url).map_err(|reason| AdminError::ServerUrl {
                url: url.to_owned(),
                reason,
            })?;
            return Ok(read.as_str().to_owned());
        }
        if self.config.public_url.is_some() {
            return Ok(public_url(self.config, &[]));
        }
        if self.data.is_served()?
            && let Ok(text) = fs::read_to_string(self.data.address_file())
            && let Ok(url) = BaseUrl::parse(&text)
        {
            return Ok(url.as_str().to_owned());
        }
        let named =
            |address: &&std::net::SocketAddr| address.port() != 0 && !address.ip().is_unspecified();
        match self.config.listen.iter().find(named) {
            Some(address) => Ok(public_url(self.config, &[*address])),
            None => Err(AdminError::ServerUnknown.into()),
        }
    }

    /// The fingerprint phones shall expect there; none on plain HTTP.
    fn pin(&self, server: &str) -> Result<Option<[u8; 32]>, CliError> {
        if !server.starts_with("https://") {
            return Ok(None);
        }
        let identity = Identity::find(self.config, self.data)?;
        match identity {
            Some(identity) => Ok(Some(identity.fingerprint().0)),
            // A proxy on the same machine ends TLS with its own certificate,
            // which phones then check against the system's authorities.
            None if !self.config.tls => Ok(None),
            None => Err(AdminError::CertificateMissing.into()),
        }
    }
}

/// The link as a QR code of half blocks, light on dark as terminals mostly
/// are; readers accept both.
fn draw(link: &str) -> Result<String, AdminError> {
    let code = QrCode::new(link.as_bytes()).map_err(|_| AdminError::Qr)?;
    Ok(code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .quiet_zone(true)
        .build())
}
