//! The configuration of the server: which values there are, what they mean,
//! and how a file, the environment and the command line are laid over the
//! defaults. The doc comments of [`Config`] are the documentation that
//! `wangge config --docs` prints (`docs/configuration.md`).
//!
//! Does not own: what the values do. `serve`, `tls` and `cli` turn them into
//! behaviour; nothing else reads files or variables.

mod docs;
mod error;
mod flags;
mod load;
mod setting;

use std::{net::SocketAddr, path::PathBuf};

use wangge_model::{GridCodeScheme, message::Language, org::StaffingRules};

pub use docs::documentation;
pub use error::{ConfigError, Origin};
pub use flags::SettingFlags;
pub use load::{EffectiveConfig, Sources};
pub use setting::{
    BaseUrl, GridSizing, LogFormat, MessageOutlet, PostUrl, Setting, SettingError, Whole,
};

/// One field of [`Config`] seen from outside: its name, its documentation and
/// how to read and write it.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name in the file; the variable is `WANGGE_` and this in capitals, the
    /// flag `--` and this with hyphens.
    pub key: &'static str,
    /// Lines of the doc comment: English, an empty line, Chinese.
    pub docs: &'static [&'static str],
    /// Whether it takes a list.
    pub list: bool,
    set: fn(&mut Config, &[&str]) -> Result<(), SettingError>,
    show: fn(&Config) -> Option<String>,
    form: fn() -> (String, String),
}

impl Field {
    /// The environment variable that sets it.
    pub fn variable(&self) -> String {
        format!("WANGGE_{}", self.key.to_ascii_uppercase())
    }

    /// The flag that sets it, without `--`.
    pub fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// The value in `config` as TOML; `None` when it is not set.
    pub fn value(&self, config: &Config) -> Option<String> {
        (self.show)(config)
    }

    /// The two paragraphs of the documentation: Chinese, English.
    pub fn paragraphs(&self) -> (String, String) {
        fn paragraph<'a>(lines: &[&'a str]) -> Vec<&'a str> {
            lines.iter().map(|line| line.trim()).collect()
        }
        let mut parts = self.docs.split(|line| line.trim().is_empty());
        let english = parts.next().map(paragraph).unwrap_or_default();
        let chinese = parts.next().map(paragraph).unwrap_or_default();
        let chinese = chinese.into_iter().fold(String::new(), |mut text, line| {
            // Chinese text has spaces only beside other letters.
            if text.ends_with(|c: char| c.is_ascii()) || line.starts_with(|c: char| c.is_ascii()) {
                text.push(' ');
            }
            text + line
        });
        (chinese.trim_start().to_owned(), english.join(" "))
    }
}

/// Declares the configuration once: struct, defaults and the table of fields
/// come from the same lines.
macro_rules! settings {
    (
        $(#[$struct_doc:meta])*
        pub struct $name:ident {
            $($(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:expr,)+
        }
    ) => {
        $(#[$struct_doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $key: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $name {
            /// Every field, in the order of the documentation.
            pub const FIELDS: &'static [Field] = &[
                $(Field {
                    key: stringify!($key),
                    docs: &[$($doc),+],
                    list: <$type as Setting>::LIST,
                    set: |config, parts| {
                        config.$key = <$type as Setting>::parse_parts(parts)?;
                        Ok(())
                    },
                    show: |config| Setting::show(&config.$key),
                    form: <$type as Setting>::form,
                },)+
            ];
        }
    };
}

settings! {
    /// Everything an operator can decide. The defaults work without any file.
    pub struct Config {
        /// Addresses the server listens on. Port 0 takes a free port, which is printed at the
        /// start. The default is reachable only from the same machine; phones need an address of
        /// the network, such as `0.0.0.0:8443`.
        ///
        /// 服务器监听的地址。端口写 0 时自动选用空闲端口，并在启动时打印。默认地址只有本机能访问；
        /// 要让手机连接，请填写局域网地址，例如 `0.0.0.0:8443`。
        listen: Vec<SocketAddr> = vec![SocketAddr::from(([127, 0, 0, 1], 8443))],
        /// Folder of the database, the certificate and the server's keys. It is made at the first
        /// start, readable by its owner only, and used by one server at a time.
        ///
        /// 数据库、证书和服务器密钥所在的目录。首次启动时创建，仅所有者可读，同一时间只能由一个服务器使用。
        data: PathBuf = PathBuf::from("wangge-data"),
        /// Address under which phones and browsers reach the server, as written into enrolment
        /// links and the certificate. Without it the first address of `listen` is used.
        ///
        /// 手机和浏览器访问服务器的网址，会写入注册链接和证书。不填时使用 `listen` 的第一个地址。
        public_url: Option<BaseUrl> = None,
        /// Whether to speak TLS. Switch it off only behind a reverse proxy on the same machine.
        ///
        /// 是否使用 TLS。只有在本机前置了反向代理时才应关闭。
        tls: bool = true,
        /// PEM file with the certificate chain, the server's own first. Without it a self-signed
        /// certificate is made at the first start and kept in the data folder; phones trust it by
        /// its fingerprint, which the enrolment code carries.
        ///
        /// PEM 格式的证书链文件，服务器证书在最前。不填时，首次启动会生成自签名证书并保存在数据目录中；
        /// 手机通过注册二维码中的指纹信任它。
        tls_certificate: Option<PathBuf> = None,
        /// PEM file with the private key of `tls_certificate`.
        ///
        /// `tls_certificate` 对应私钥的 PEM 文件。
        tls_key: Option<PathBuf> = None,
        /// More host names and IP addresses for the self-signed certificate, beside `localhost`,
        /// the host of `public_url` and the addresses of `listen`. They count only when the
        /// certificate is made.
        ///
        /// 自签名证书中另外包含的主机名和 IP 地址（`localhost`、`public_url` 的主机和 `listen`
        /// 的地址已自动包含）。只在生成证书时有效。
        tls_names: Vec<String> = Vec::new(),
        /// Allows listening without TLS on an address that other machines can reach. Everything,
        /// passwords included, then travels readable: only for tests and closed networks.
        ///
        /// 允许在其他机器可访问的地址上不加密监听。此时包括密码在内的全部内容都以明文传输，
        /// 仅限测试和封闭网络使用。
        allow_plain_http: bool = false,
        /// Language of what commands print and of console pages before somebody chooses. Errors
        /// are always shown in both.
        ///
        /// 命令输出以及用户选择语言之前后台页面所用的语言。错误信息始终以两种语言显示。
        language: Language = Language::Chinese,
        /// Which grid codes are valid: `shandong19` has 19 digits (Shandong), `shanxi14` 14,
        /// `template12` 12, `beijing15` 15, `cjt349_20` 20 (CJ/T 349-2010).
        ///
        /// 采用的网格编码规则：`shandong19` 为 19 位（山东），`shanxi14` 为 14 位，
        /// `template12` 为 12 位，`beijing15` 为 15 位，`cjt349_20` 为 20 位（CJ/T 349-2010）。
        grid_code_scheme: GridCodeScheme = GridCodeScheme::shandong19(),
        /// How large grids should be; others are marked, nothing is refused. `gbt34300`: 300-500
        /// households or about 1,000 people; the other sets say it in their names.
        ///
        /// 网格规模的标准，不符合的只作提醒。`gbt34300` 为 300—500 户或约 1000 人（GB/T 34300-2017），
        /// 其他标准见其名称。
        grid_sizing: GridSizing = GridSizing::default(),
        /// Fewest people on the staff of a grid; grids with fewer are marked.
        ///
        /// 每个网格的最少人数，不足的作提醒。
        grid_staff: Whole<0, 50> = Whole::new(3),
        /// Whether anybody may see the list of grids with their codes, heads and phone numbers at
        /// `/public/grids`, and verify work cards by their code, without signing in.
        ///
        /// 是否在 `/public/grids` 向社会公开网格名称、编码、网格长及电话，并允许扫码核对工作证（无须登录）。
        public_register: bool = false,
        /// Whether residents may report at `/r/` by the codes that desks made and printed, and see
        /// how far it is, without signing in. Without a code there is nothing to report by.
        ///
        /// 居民是否可以扫描社区制作的二维码在 `/r/` 上报问题并查询进度（无须登录）。没有制作二维码时无法上报。
        resident_reports: bool = true,
        /// Where messages to residents go: `none` keeps them waiting, `file` appends them to
        /// `messages.jsonl` in the data folder, `webhook` posts them to `message_webhook_url`.
        ///
        /// 发给居民的消息送往何处：`none` 只排队等待，`file` 追加到数据目录的
        /// `messages.jsonl`，`webhook` 发送到 `message_webhook_url`。
        message_outlet: MessageOutlet = MessageOutlet::None,
        /// Address of the program or gateway that sends text messages. Each message is one signed
        /// `POST` of JSON. Plain HTTP only to this machine, unless `allow_plain_http` says so.
        ///
        /// 短信网关或转发程序的网址，每条消息以一次签名的 JSON `POST` 发送。除非设置了
        /// `allow_plain_http`，明文 HTTP 只能发往本机。
        message_webhook_url: Option<PostUrl> = None,
        /// File with the secret shared with that program, at least 16 bytes; white space around it
        /// does not count.
        ///
        /// 与该程序共用的密钥文件，至少 16 字节，首尾空白不计。
        message_webhook_secret: Option<PathBuf> = None,
        /// Seconds that program may take to answer.
        ///
        /// 等待该程序应答的最长时间（秒）。
        message_timeout_seconds: Whole<1, 30> = Whole::new(10),
        /// Hours after which somebody signed in to the console has to sign in again.
        ///
        /// 后台登录的有效时长（小时），超过后须重新登录。
        console_session_hours: Whole<1, 168> = Whole::new(12),
        /// Minutes an enrolment code made by `wangge admin enrol` can be used for. It works once.
        ///
        /// `wangge admin enrol` 生成的注册码的有效时长（分钟），只能使用一次。
        enrolment_minutes: Whole<1, 10_080> = Whole::new(15),
        /// Connections open at the same time; further ones are closed at once. Every phone that
        /// listens for live hints holds one.
        ///
        /// 同时保持的连接数上限，超出的连接会立即关闭。每部接收实时提醒的手机占用一个连接。
        max_connections: Whole<1, 100_000> = Whole::new(4096),
        /// Seconds a client may take for the head of a request, and how long an idle connection
        /// stays open.
        ///
        /// 客户端发送请求头的最长时间，也是空闲连接的保持时间（秒）。
        header_timeout_seconds: Whole<1, 600> = Whole::new(30),
        /// Largest head of a request, in bytes.
        ///
        /// 请求头的最大字节数。
        max_header_bytes: Whole<8192, 1_048_576> = Whole::new(32_768),
        /// Seconds that requests under way get to finish when the server is told to stop.
        ///
        /// 服务器收到停止信号后，等待进行中的请求完成的时间（秒）。
        shutdown_seconds: Whole<1, 300> = Whole::new(10),
        /// Threads that answer requests; 0 means one per processor.
        ///
        /// 处理请求的线程数，0 表示与处理器数量相同。
        worker_threads: Whole<0, 256> = Whole::new(0),
        /// Threads for work on the database and on documents. More of them answer more phones at
        /// once and need more memory.
        ///
        /// 处理数据库和文档的线程数。线程越多，可同时处理的手机越多，占用内存也越多。
        blocking_threads: Whole<2, 256> = Whole::new(8),
        /// Pushes of phones that are checked at the same time; each keeps one processor busy.
        ///
        /// 同时检查的手机上报数，每个占用一个处理器。
        guard_threads: Whole<1, 64> = Whole::new(2),
        /// Requests of phones answered at the same time; beyond that, phones are asked to come
        /// back in a moment.
        ///
        /// 同时处理的手机请求数上限，超出时请手机稍后再来。
        device_requests: Whole<1, 100_000> = Whole::new(512),
        /// Memory for the bodies of requests, in MiB; beyond that, phones are asked to come back.
        ///
        /// 请求内容可占用的内存（MiB），超出时请手机稍后再来。
        body_budget_mib: Whole<8, 4096> = Whole::new(32),
        /// Most data one phone may have in quarantine, in MiB.
        ///
        /// 每部手机在隔离区中最多可保留的数据（MiB）。
        quarantine_mib: Whole<1, 4096> = Whole::new(64),
        /// Form of the log: `text` for people, `json` for collectors.
        ///
        /// 日志格式：`text` 便于阅读，`json` 便于采集。
        log_format: LogFormat = LogFormat::Text,
        /// What is logged: a level (`error`, `warn`, `info`, `debug`, `trace`), or levels per
        /// module, such as `info,wangge_server::api=debug`. See [logging](logging.md).
        ///
        /// 日志级别（`error`、`warn`、`info`、`debug`、`trace`），也可按模块设置，
        /// 例如 `info,wangge_server::api=debug`。见[日志说明](logging.md)。
        log_filter: String = "info".to_owned(),
    }
}

impl Config {
    /// How many people grids need.
    pub fn staffing(&self) -> StaffingRules {
        StaffingRules {
            staff_per_grid: u32::try_from(self.grid_staff.get()).unwrap_or(u32::MAX),
        }
    }

    /// The field called `key`.
    pub fn field(key: &str) -> Option<&'static Field> {
        Self::FIELDS.iter().find(|field| field.key == key)
    }

    /// What no single field can tell: which values fit together.
    pub fn check(&self) -> Result<(), ConfigError> {
        match (&self.tls_certificate, &self.tls_key) {
            (Some(_), None) => {
                return Err(ConfigError::Together {
                    given: "tls_certificate",
                    missing: "tls_key",
                });
            }
            (None, Some(_)) => {
                return Err(ConfigError::Together {
                    given: "tls_key",
                    missing: "tls_certificate",
                });
            }
            _ => {}
        }
        if self.message_outlet == MessageOutlet::Webhook {
            let given = "message_outlet";
            let Some(url) = &self.message_webhook_url else {
                let missing = "message_webhook_url";
                return Err(ConfigError::Together { given, missing });
            };
            if self.message_webhook_secret.is_none() {
                let missing = "message_webhook_secret";
                return Err(ConfigError::Together { given, missing });
            }
            if !url.is_private() && !self.allow_plain_http {
                return Err(ConfigError::PlainWebhook {
                    url: url.as_str().to_owned(),
                });
            }
        }
        if !self.tls && !self.allow_plain_http {
            let open = self
                .listen
                .iter()
                .find(|address| !address.ip().is_loopback());
            if let Some(address) = open {
                return Err(ConfigError::PlainHttp { address: *address });
            }
        }
        if self
            .log_filter
            .parse::<tracing_subscriber::EnvFilter>()
            .is_err()
        {
            return Err(ConfigError::LogFilter {
                value: self.log_filter.clone(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_fit_together() {
        assert_eq!(Config::default().check(), Ok(()));
    }

    #[test]
    fn every_field_is_documented_in_both_languages() {
        for field in Config::FIELDS {
            let (chinese, english) = field.paragraphs();
            assert!(
                english.is_ascii() && english.len() > 20,
                "{}: {english}",
                field.key
            );
            assert!(
                !chinese.is_ascii() && chinese.ends_with('。'),
                "{}: {chinese}",
                field.key
            );
        }
    }

    #[test]
    fn what_is_shown_can_be_read_back() {
        let mut read = Config::default();
        for field in Config::FIELDS {
            let Some(shown) = field.value(&Config::default()) else {
                continue;
            };
            let value: toml::Table = format!("x = {shown}").parse().unwrap();
            load::apply(&mut read, field, &value["x"]).unwrap();
        }
        assert_eq!(read, Config::default());
    }

    #[test]
    fn plain_http_needs_loopback_or_the_word() {
        let open = SocketAddr::from(([0, 0, 0, 0], 80));
        let mut config = Config {
            tls: false,
            listen: vec![open],
            ..Config::default()
        };
        assert_eq!(
            config.check(),
            Err(ConfigError::PlainHttp { address: open })
        );
        config.allow_plain_http = true;
        assert_eq!(config.check(), Ok(()));
        let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config {
            tls: false,
            listen: vec![loopback],
            ..Config::default()
        };
        assert_eq!(config.check(), Ok(()));
    }

    #[test]
    fn a_webhook_needs_an_address_a_secret_and_a_way_nobody_reads() {
        let url = |text: &str| Some(PostUrl::parse(text).unwrap());
        let mut config = Config {
            message_outlet: MessageOutlet::Webhook,
            ..Config::default()
        };
        let missing = |config: &Config| match config.check() {
            Err(ConfigError::Together { missing, .. }) => missing,
            other => panic!("{other:?}"),
        };
        assert_eq!(missing(&config), "message_webhook_url");
        config.message_webhook_url = url("http://10.0.0.9:8000/sms");
        assert_eq!(missing(&config), "message_webhook_secret");
        config.message_webhook_secret = Some("secret".into());
        let plain = ConfigError::PlainWebhook {
            url: "http://10.0.0.9:8000/sms".to_owned(),
        };
        assert_eq!(config.check(), Err(plain));
        for fine in [
            "https://sms.example.org/a?b=1",
            "http://127.0.0.1:8000/",
            "http://[::1]:8/",
        ] {
            config.message_webhook_url = url(fine);
            assert_eq!(config.check(), Ok(()), "{fine}");
        }
        for wrong in [
            "sms.example.org",
            "https://a b/",
            "https:///x",
            "https://a/#b",
        ] {
            assert!(PostUrl::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_certificate_needs_its_key() {
        let config = Config {
            tls_certificate: Some("a.pem".into()),
            ..Config::default()
        };
        assert_eq!(
            config.check(),
            Err(ConfigError::Together {
                given: "tls_certificate",
                missing: "tls_key"
            })
        );
    }
}
