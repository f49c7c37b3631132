//! Everything a command can fail with. The one place that joins the areas'
//! errors; each explains itself.

use std::io;

use wangge_model::{
    DivisionCodeError, GridAttribute, PhoneNumberError, TextError,
    boundary::geojson::GeoJsonError,
    message::{Language, message},
    org::{Duty, PlaceError, RoleError},
    redivision::RedivisionFileError,
    reference::ReferenceError,
};

use crate::{
    auth::password::{LONGEST, PasswordError, SHORTEST},
    config::{ConfigError, SettingError},
    courier::setup::OutletSetupError,
    data_folder::DataFolderError,
    explain::{Explain, exit_status, io_reason},
    generate::GenerateError,
    import::ImportError,
    serve::ServeError,
    state::IdentityError,
    storage::{OrgLevel, Role, StorageError},
    tls::TlsError,
};

/// A command that failed as a whole.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder cannot be used.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A running server has an older schema, which must not change under it.
    #[error("an older server uses this data")]
    ServedByOlder,
    /// The server's own key or epoch cannot be used.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Messages cannot be sent as configured.
    #[error(transparent)]
    Outlet(#[from] OutletSetupError),
    /// rustls refuses the configuration.
    #[error("TLS: {0}")]
    TlsConfig(#[from] rustls::Error),
    /// The server cannot listen.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// The threads cannot be started.
    #[error("cannot start: {0}")]
    Runtime(#[source] io::Error),
    /// An admin command was refused.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// An import cannot go on.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A district cannot be made up.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// A ledger command failed.
    #[error(transparent)]
    Ledger(#[from] super::LedgerError),
    /// The result cannot be written.
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    /// The backup's file exists.
    #[error("{0} exists")]
    BackupExists(String),
    /// The file to restore is no sound backup.
    #[error("{0} is no sound backup")]
    RestoreDamaged(String),
    /// There is no signing key to go on with.
    #[error("there is no server.key in {0}")]
    RestoreWithoutKey(String),
    /// The demo failed.
    #[error("the demo failed: {0}")]
    Demo(String),
}

/// What an admin command was refused for; nothing was changed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AdminError {
    /// No such node.
    #[error("no node {0}")]
    NodeUnknown(String),
    /// No such person.
    #[error("no person {0}")]
    PersonUnknown(String),
    /// The person is deactivated.
    #[error("person {0} is inactive")]
    PersonInactive(String),
    /// No such device.
    #[error("no device {0}")]
    DeviceUnknown(String),
    /// No such token of a program.
    #[error("no token {0}")]
    ApiTokenUnknown(String),
    /// No such assignment.
    #[error("no assignment {0}")]
    AssignmentUnknown(String),
    /// No such record.
    #[error("no record {0}")]
    RecordUnknown(String),
    /// A reference set that cannot be published.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// No such reference set, or none of this edition.
    #[error("no reference set {0}")]
    ReferenceUnknown(String),
    /// Not a grid, or not one in use.
    #[error("{0} is not a grid in use")]
    NotAGrid(String),
    /// Not in the table of divisions.
    #[error("no division {0}")]
    DivisionUnknown(String),
    /// No such level.
    #[error("no level {0}")]
    LevelUnknown(String),
    /// No such role.
    #[error("no role {0}")]
    RoleUnknown(String),
    /// A place that cannot be so.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// An assignment that cannot be so.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// Not a division code.
    #[error("division code {code}: {reason}")]
    DivisionCode {
        /// As given.
        code: String,
        /// Why.
        #[source]
        reason: DivisionCodeError,
    },
    /// A code another node has.
    #[error("code {0} is taken")]
    CodeTaken(String),
    /// A user name another person has.
    #[error("user name {0} is taken")]
    UsernameTaken(String),
    /// A user name that could be misread or mistyped.
    #[error("not a user name")]
    UsernameInvalid,
    /// A password for somebody who does not sign in.
    #[error("{0} has no user name")]
    UsernameMissing(String),
    /// No such coordinate system.
    #[error("no coordinate system {0}")]
    SystemUnknown(String),
    /// A file that cannot be read.
    #[error("file {path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why.
        reason: String,
    },
    /// A file of boundaries that is wrong.
    #[error("{} errors in the boundaries", .0.len())]
    GeoJson(Vec<GeoJsonError>),
    /// A boundary for no community or grid.
    #[error("feature {number}: no place {code}")]
    FeatureNode {
        /// Its place in the file, counted from 1.
        number: usize,
        /// The code it names.
        code: String,
    },
    /// Two boundaries for one place.
    #[error("feature {number}: {code} again")]
    FeatureTwice {
        /// Its place in the file, counted from 1.
        number: usize,
        /// The code it names.
        code: String,
    },
    /// Not a community in use.
    #[error("{0} is not a community in use")]
    NotACommunity(String),
    /// A community without a boundary.
    #[error("{0} has no boundary")]
    BoundaryMissing(String),
    /// An order for a re-division that is none.
    #[error(transparent)]
    Redivision(RedivisionFileError),
    /// An order names a grid the community does not have.
    #[error("no grid {0} in the community")]
    DivisionGridUnknown(String),
    /// A re-division of a community without grids.
    #[error("nothing to close")]
    DivisionNothing,
    /// Something stands in the way of a re-division.
    #[error("{0} problems stand in the way")]
    DivisionRefused(usize),
    /// No such attribute of a grid.
    #[error("no attribute {0}")]
    AttributeUnknown(String),
    /// No such duty.
    #[error("no duty {0}")]
    DutyUnknown(String),
    /// Not a phone number.
    #[error("phone: {0}")]
    Phone(#[source] PhoneNumberError),
    /// Not a date.
    #[error("not a date: {0}")]
    Date(String),
    /// Without a date of training.
    #[error("{0} is not trained")]
    NotTrained(String),
    /// Trained, but the first day of work is still to come.
    #[error("{person} may work from {date} on")]
    TrainedLater {
        /// Who.
        person: String,
        /// The first day of work.
        date: String,
    },
    /// A role whose phone could hold nothing.
    #[error("role {0} has no phone")]
    RoleWithoutPhone(Role),
    /// A name that cannot be stored.
    #[error("name: {0}")]
    Name(#[source] TextError),
    /// A password that is refused.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// No password came in.
    #[error("cannot read the password: {0}")]
    PasswordInput(String),
    /// Not an address of a server.
    #[error("server address {url}")]
    ServerUrl {
        /// As given.
        url: String,
        /// Why.
        reason: SettingError,
    },
    /// Nobody said where phones reach the server.
    #[error("the server's address is not known")]
    ServerUnknown,
    /// TLS without a certificate yet.
    #[error("there is no certificate yet")]
    CertificateMissing,
    /// The link does not fit into a QR code.
    #[error("the link is too long for a QR code")]
    Qr,
}

/// Words of a level, such as `网格`.
pub(crate) fn level_name(level: OrgLevel, language: Language) -> String {
    message(language, &level.message_id(), &[])
}

/// Words of a role, such as `网格员`.
pub(crate) fn role_name(role: Role, language: Language) -> String {
    message(language, &role.message_id(), &[])
}

/// The words of a rule of the model.
fn rule(code: &str, arguments: &[(&'static str, String)], language: Language) -> String {
    let arguments: Vec<_> = arguments
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    message(language, &code.replace('_', "-"), &arguments)
}

fn storage_text(error: &StorageError, language: Language) -> String {
    match error {
        StorageError::NewerData { found, known } => message(
            language,
            "data-folder-newer",
            &[("found", &found.to_string()), ("known", &known.to_string())],
        ),
        _ => message(
            language,
            "data-folder-storage",
            &[("reason", &error.to_string())],
        ),
    }
}

impl Explain for CliError {
    fn text(&self, language: Language) -> String {
        let say = |id: &str, arguments: &[(&str, &str)]| message(language, id, arguments);
        match self {
            Self::Config(error) => error.text(language),
            Self::DataFolder(error) => error.text(language),
            Self::ServedByOlder => say("data-folder-served-by-older", &[]),
            Self::Storage(error) | Self::Identity(IdentityError::Storage(error)) => {
                storage_text(error, language)
            }
            Self::Identity(error) => say("data-folder-identity", &[("reason", &error.to_string())]),
            Self::Tls(error) => error.text(language),
            Self::Outlet(error) => error.text(language),
            Self::TlsConfig(error) => say("tls-config", &[("reason", &error.to_string())]),
            Self::Serve(error) => error.text(language),
            Self::Runtime(error) => say("serve-runtime", &[("reason", &error.to_string())]),
            Self::Admin(error) => error.text(language),
            Self::Import(error) => error.text(language),
            Self::Generate(error) => error.text(language),
            Self::Ledger(error) => error.text(language),
            Self::Output(error) => say("serve-output", &[("reason", &io_reason(error, language))]),
            Self::BackupExists(path) => say("backup-exists", &[("path", path)]),
            Self::RestoreDamaged(path) => say("restore-damaged", &[("path", path)]),
            Self::RestoreWithoutKey(path) => say("restore-without-key", &[("path", path)]),
            Self::Demo(reason) => reason.clone(),
        }
    }

    fn exit_status(&self) -> u8 {
        match self {
            Self::Config(error) => error.exit_status(),
            Self::DataFolder(error) => error.exit_status(),
            Self::Storage(_) | Self::ServedByOlder | Self::Identity(_) => exit_status::DATA,
            Self::Tls(error) => error.exit_status(),
            Self::Outlet(error) => error.exit_status(),
            Self::TlsConfig(_) => exit_status::TLS,
            Self::Serve(error) => error.exit_status(),
            Self::Runtime(_) | Self::Output(_) | Self::Demo(_) => exit_status::OTHER,
            Self::Admin(error) => error.exit_status(),
            Self::Import(error) => error.exit_status(),
            Self::Generate(error) => error.exit_status(),
            Self::Ledger(error) => error.exit_status(),
            Self::BackupExists(_) | Self::RestoreDamaged(_) | Self::RestoreWithoutKey(_) => {
                exit_status::REFUSED
            }
        }
    }
}

impl Explain for AdminError {
    fn text(&self, language: Language) -> String {
        let say = |id: &str, arguments: &[(&str, &str)]| message(language, id, arguments);
        match self {
            Self::NodeUnknown(node) => say("admin-node-unknown", &[("node", node)]),
            Self::PersonUnknown(person) => say("admin-person-unknown", &[("person", person)]),
            Self::PersonInactive(person) => say("admin-person-inactive", &[("person", person)]),
            Self::DeviceUnknown(device) => say("admin-device-unknown", &[("device", device)]),
            Self::ApiTokenUnknown(id) => say("admin-api-token-unknown", &[("token", id)]),
            Self::AssignmentUnknown(id) => say("admin-assignment-unknown", &[("assignment", id)]),
            Self::RecordUnknown(id) => say("admin-record-unknown", &[("record", id)]),
            Self::Reference(error) => error.text(language),
            Self::ReferenceUnknown(name) => say("admin-reference-unknown", &[("name", name)]),
            Self::NotAGrid(name) => say("admin-not-a-grid", &[("node", name)]),
            Self::DivisionUnknown(code) => say("admin-division-unknown", &[("code", code)]),
            Self::LevelUnknown(found) => {
                let allowed = OrgLevel::ALL.map(OrgLevel::as_str).join(", ");
                say(
                    "admin-level-unknown",
                    &[("level", found), ("allowed", &allowed)],
                )
            }
            Self::RoleUnknown(found) => {
                let allowed: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
                let allowed = allowed.join(", ");
                say(
                    "admin-role-unknown",
                    &[("role", found), ("allowed", &allowed)],
                )
            }
            Self::Place(error) => error.text(language),
            Self::Role(error) => error.text(language),
            Self::DivisionCode { code, reason } => say(
                "admin-division-code",
                &[
                    ("code", code),
                    (
                        "reason",
                        &rule(reason.code(), &reason.arguments(), language),
                    ),
                ],
            ),
            Self::CodeTaken(code) => say("admin-code-taken", &[("code", code)]),
            Self::UsernameTaken(name) => say("admin-username-taken", &[("username", name)]),
            Self::UsernameInvalid => say("admin-username-invalid", &[]),
            Self::UsernameMissing(name) => say("admin-username-missing", &[("person", name)]),
            Self::SystemUnknown(found) => say("redivision-system", &[("found", found)]),
            Self::File { path, reason } => say("admin-file", &[("path", path), ("reason", reason)]),
            Self::GeoJson(errors) => {
                let lines: Vec<String> = errors.iter().map(|error| error.text(language)).collect();
                lines.join("\n")
            }
            Self::FeatureNode { number, code } => say(
                "admin-feature-node",
                &[("number", &number.to_string()), ("code", code)],
            ),
            Self::FeatureTwice { number, code } => say(
                "admin-feature-twice",
                &[("number", &number.to_string()), ("code", code)],
            ),
            Self::NotACommunity(name) => say("admin-not-a-community", &[("node", name)]),
            Self::BoundaryMissing(name) => say("admin-boundary-missing", &[("community", name)]),
            Self::Redivision(error) => error.text(language),
            Self::DivisionGridUnknown(name) => {
                say("admin-division-grid-unknown", &[("grid", name)])
            }
            Self::DivisionNothing => say("admin-division-nothing", &[]),
            Self::DivisionRefused(count) => {
                say("admin-division-refused", &[("count", &count.to_string())])
            }
            Self::AttributeUnknown(found) => {
                let allowed = GridAttribute::ALL.map(GridAttribute::as_str).join(", ");
                say(
                    "admin-attribute-unknown",
                    &[("attribute", found), ("allowed", &allowed)],
                )
            }
            Self::DutyUnknown(found) => {
                let allowed = Duty::ALL.map(Duty::as_str).join(", ");
                say(
                    "admin-duty-unknown",
                    &[("duty", found), ("allowed", &allowed)],
                )
            }
            Self::Phone(error) => say(
                "admin-phone",
                &[("reason", &rule(error.code(), &error.arguments(), language))],
            ),
            Self::Date(found) => say("admin-date", &[("found", found)]),
            Self::NotTrained(person) => say("admin-not-trained", &[("person", person)]),
            Self::TrainedLater { person, date } => {
                say("admin-trained-later", &[("person", person), ("date", date)])
            }
            Self::RoleWithoutPhone(role) => say(
                "admin-role-without-phone",
                &[("role", &role_name(*role, language))],
            ),
            Self::Name(error) => say(
                "admin-name",
                &[("reason", &rule(error.code(), &error.arguments(), language))],
            ),
            Self::Password(PasswordError::TooShort) => say(
                "admin-password-short",
                &[("shortest", &SHORTEST.to_string())],
            ),
            Self::Password(PasswordError::TooLong) => {
                say("admin-password-long", &[("longest", &LONGEST.to_string())])
            }
            Self::Password(PasswordError::Hashing(reason)) => {
                say("admin-password-hashing", &[("reason", reason)])
            }
            Self::PasswordInput(reason) => say("admin-password-input", &[("reason", reason)]),
            Self::ServerUrl { url, reason } => say(
                "admin-server-url",
                &[("url", url), ("reason", &reason.text(language))],
            ),
            Self::ServerUnknown => say("admin-server-unknown", &[]),
            Self::CertificateMissing => say("admin-certificate-missing", &[]),
            Self::Qr => say("admin-qr", &[]),
        }
    }

    fn exit_status(&self) -> u8 {
        exit_status::REFUSED
    }
}
