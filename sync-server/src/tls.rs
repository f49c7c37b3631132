//! The server's certificate: a given one, or a self-signed one made at the
//! first start and kept, because phones pin its fingerprint at enrolment.
//!
//! Does not own connections: `serve` accepts them with the configuration made
//! here. rustls with ring, TLS 1.2 and 1.3.

use std::{
    collections::BTreeSet,
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::Datelike as _;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use sha2::{Digest as _, Sha256};
use wangge_model::{
    Clock,
    message::{Language, message},
};

use crate::{
    config::Config,
    data_folder::{DataFolder, make_private_folder, write_private_file},
    explain::{Explain, exit_status, io_reason},
};

/// Years a self-signed certificate is valid. Phones check its fingerprint, so
/// an end would only cut them off.
const VALID_YEARS: i32 = 20;

/// SHA-256 of the server's own certificate in DER form: what an enrolment
/// link carries and a phone pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        Self(Sha256::digest(certificate.as_ref()).into())
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A certificate chain with its key.
#[derive(Debug)]
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    fingerprint: Fingerprint,
}

/// A certificate or key that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read or written.
    #[error("cannot use {path}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file holds no certificate, or no key.
    #[error("{path} holds no usable {what}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// `certificate` or `key`.
        what: &'static str,
    },
    /// Certificate and key do not belong together, or rustls refuses them.
    #[error("the certificate in {path} does not work with its key: {reason}")]
    Mismatch {
        /// The certificate file.
        path: PathBuf,
        /// rustls' words.
        reason: String,
    },
    /// A self-signed certificate cannot be made with these names.
    #[error("cannot make a certificate: {reason}")]
    Make {
        /// rcgen's words.
        reason: String,
    },
}

impl Explain for TlsError {
    fn text(&self, language: Language) -> String {
        let path = |path: &Path| path.display().to_string();
        match self {
            Self::File { path: at, source } => message(
                language,
                "tls-file",
                &[
                    ("path", &path(at)),
                    ("reason", &io_reason(source, language)),
                ],
            ),
            Self::Pem { path: at, what } => {
                message(language, "tls-pem", &[("path", &path(at)), ("what", what)])
            }
            Self::Mismatch { path: at, reason } => message(
                language,
                "tls-mismatch",
                &[("path", &path(at)), ("reason", reason)],
            ),
            Self::Make { reason } => message(language, "tls-make", &[("reason", reason)]),
        }
    }

    fn exit_status(&self) -> u8 {
        exit_status::TLS
    }
}

impl Identity {
    /// The identity the configuration names; `None` without TLS. A self-signed
    /// one is made if there is none yet.
    pub fn load_or_make(
        config: &Config,
        data: &DataFolder,
        clock: &dyn Clock,
    ) -> Result<Option<Self>, TlsError> {
        if !config.tls {
            return Ok(None);
        }
        if let (Some(certificate), Some(key)) = (&config.tls_certificate, &config.tls_key) {
            return Self::read(certificate, key).map(Some);
        }
        let (certificate, key) = self_signed_files(data);
        // The key is written first, so a certificate without a key was not
        // left by a start that was cut off.
        if !certificate.exists() {
            make_self_signed(config, data, clock)?;
        }
        Self::read(&certificate, &key).map(Some)
    }

    /// The identity of a server that was started before, without making one.
    pub fn find(config: &Config, data: &DataFolder) -> Result<Option<Self>, TlsError> {
        if !config.tls {
            return Ok(None);
        }
        if let (Some(certificate), Some(key)) = (&config.tls_certificate, &config.tls_key) {
            return Self::read(certificate, key).map(Some);
        }
        let (certificate, key) = self_signed_files(data);
        if certificate.exists() {
            Self::read(&certificate, &key).map(Some)
        } else {
            Ok(None)
        }
    }

    fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let text = |path: &Path| {
            fs::read(path).map_err(|source| TlsError::File {
                path: path.to_path_buf(),
                source,
            })
        };
        let pem = |path: &Path, what| TlsError::Pem {
            path: path.to_path_buf(),
            what,
        };
        let chain = CertificateDer::pem_slice_iter(&text(certificate)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| pem(certificate, "certificate"))?;
        let own = chain
            .first()
            .ok_or_else(|| pem(certificate, "certificate"))?;
        let fingerprint = Fingerprint::of(own);
        let key =
            PrivateKeyDer::from_pem_slice(&text(key)?).map_err(|_| pem(key, "private key"))?;
        let identity = Self {
            chain,
            key,
            fingerprint,
        };
        // Fails now rather than at the first phone.
        identity
            .server_config()
            .map_err(|error| TlsError::Mismatch {
                path: certificate.to_path_buf(),
                reason: error.to_string(),
            })?;
        Ok(identity)
    }

    /// What phones pin.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The certificates in DER form, the server's own first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// The settings connections are accepted with.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(self.chain.clone(), self.key.clone_key())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn self_signed_files(data: &DataFolder) -> (PathBuf, PathBuf) {
    (
        data.tls().join("certificate.pem"),
        data.tls().join("key.pem"),
    )
}

/// Names the certificate is made for.
fn names(config: &Config) -> Vec<String> {
    let mut names = BTreeSet::from(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    names.extend(config.public_url.as_ref().map(|url| url.host().to_owned()));
    let addresses = config.listen.iter().map(std::net::SocketAddr::ip);
    names.extend(
        addresses
            .filter(|ip| !ip.is_unspecified())
            .map(|ip: IpAddr| ip.to_string()),
    );
    names.extend(config.tls_names.iter().cloned());
    names.into_iter().collect()
}

fn make_self_signed(config: &Config, data: &DataFolder, clock: &dyn Clock) -> Result<(), TlsError> {
    let make = |error: rcgen::Error| TlsError::Make {
        reason: error.to_string(),
    };
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(make)?;
    let mut parameters = rcgen::CertificateParams::new(names(config)).map_err(make)?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Wangge");
    // From the start of last year: phones whose clock is wrong still connect.
    let year = clock.now().to_china_date().map_or(2026, |date| date.year());
    parameters.not_before = rcgen::date_time_ymd(year - 1, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(year + VALID_YEARS, 1, 1);
    parameters.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = parameters.self_signed(&key).map_err(make)?;

    let folder = data.tls();
    let (certificate_path, key_path) = self_signed_files(data);
    let file = |path: &Path| {
        let path = path.to_path_buf();
        move |source| TlsError::File { path, source }
    };
    make_private_folder(&folder).map_err(file(&folder))?;
    write_private_file(&key_path, key.serialize_pem().as_bytes()).map_err(file(&key_path))?;
    write_private_file(&certificate_path, certificate.pem().as_bytes())
        .map_err(file(&certificate_path))
}

#[cfg(test)]
mod tests {
    use wangge_model::{Timestamp, testing::FakeClock};

    use super::*;

    fn clock() -> FakeClock {
        FakeClock::at(Timestamp::from_millis(1_767_225_600_000))
    }

    fn folder() -> (tempfile::TempDir, DataFolder) {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::create(&folder.path().join("data")).unwrap();
        (folder, data)
    }

    #[test]
    fn the_self_signed_certificate_is_made_once_and_kept() {
        let (_keep, data) = folder();
        let config = Config::default();
        assert!(Identity::find(&config, &data).unwrap().is_none());
        let first = Identity::load_or_make(&config, &data, &clock())
            .unwrap()
            .unwrap();
        let second = Identity::load_or_make(&config, &data, &clock())
            .unwrap()
            .unwrap();
        let found = Identity::find(&config, &data).unwrap().unwrap();
        assert_eq!(first.fingerprint(), second.fingerprint());
        assert_eq!(first.fingerprint(), found.fingerprint());
        assert_eq!(first.fingerprint().to_string().len(), 64);
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_readable_by_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_keep, data) = folder();
        Identity::load_or_make(&Config::default(), &data, &clock()).unwrap();
        let key = fs::metadata(data.tls().join("key.pem")).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_given_certificate_is_used_and_must_match_its_key() {
        let (_keep, one) = folder();
        let (_keep_too, two) = folder();
        let made = Identity::load_or_make(&Config::default(), &one, &clock())
            .unwrap()
            .unwrap();
        Identity::load_or_make(&Config::default(), &two, &clock()).unwrap();
        let (certificate, key) = self_signed_files(&one);
        let (_, other_key) = self_signed_files(&two);
        let config = Config {
            tls_certificate: Some(certificate.clone()),
            tls_key: Some(key.clone()),
            ..Config::default()
        };
        let (_third, empty) = folder();
        let given = Identity::load_or_make(&config, &empty, &clock())
            .unwrap()
            .unwrap();
        assert_eq!(given.fingerprint(), made.fingerprint());
        assert!(!empty.tls().exists());

        let wrong = |certificate: &Path, key: &Path| Identity::read(certificate, key).unwrap_err();
        assert!(matches!(
            wrong(&certificate, &other_key),
            TlsError::Mismatch { .. }
        ));
        assert!(matches!(
            wrong(&key, &key),
            TlsError::Pem {
                what: "certificate",
                ..
            }
        ));
        assert!(matches!(
            wrong(&certificate, &certificate),
            TlsError::Pem { .. }
        ));
        assert!(matches!(
            wrong(Path::new("/no/such"), &key),
            TlsError::File { .. }
        ));
        for language in Language::ALL {
            assert!(
                wrong(&certificate, &other_key)
                    .text(language)
                    .contains("certificate.pem")
            );
        }
    }

    #[test]
    fn the_names_are_those_phones_may_use() {
        let config = Config {
            public_url: Some(crate::config::BaseUrl::parse("https://grid.example.org").unwrap()),
            listen: vec![
                "10.9.8.7:8443".parse().unwrap(),
                "0.0.0.0:1".parse().unwrap(),
            ],
            tls_names: vec!["inner.example.org".to_owned()],
            ..Config::default()
        };
        let names = names(&config);
        for name in [
            "localhost",
            "127.0.0.1",
            "grid.example.org",
            "10.9.8.7",
            "inner.example.org",
        ] {
            assert!(names.iter().any(|found| found == name), "{name}");
        }
        assert!(!names.iter().any(|name| name == "0.0.0.0"));
    }

    #[test]
    fn without_tls_there_is_no_certificate() {
        let (_keep, data) = folder();
        let config = Config {
            tls: false,
            ..Config::default()
        };
        assert!(
            Identity::load_or_make(&config, &data, &clock())
                .unwrap()
                .is_none()
        );
        assert!(!data.tls().exists());
    }
}
