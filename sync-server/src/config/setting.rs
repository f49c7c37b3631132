//! How one value of the configuration is read from text, written back, and
//! described. Does not own which values there are: [`super::Config`] does.

use std::{fmt::Write as _, net::SocketAddr, path::PathBuf};

use wangge_model::{
    GridCodeScheme,
    message::{Language, message},
    org::SizingRules,
};

/// A type that a field of [`super::Config`] may have.
pub trait Setting: Sized {
    /// Whether the field takes a list; a text is then cut at its commas.
    const LIST: bool = false;

    /// The value of the given parts; a field that is no list gets one part.
    fn parse_parts(parts: &[&str]) -> Result<Self, SettingError>;

    /// The value as TOML writes it; `None` when nothing is set.
    fn show(&self) -> Option<String>;

    /// What may be written, for the documentation: Chinese, English.
    fn form() -> (String, String);
}

/// Why a text is not a value of its field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// Neither `true` nor `false`.
    #[error("neither true nor false")]
    NotBoolean,
    /// No whole number, or outside its range.
    #[error("not a whole number from {min} to {max}")]
    NotInRange {
        /// Smallest value allowed.
        min: u64,
        /// Largest value allowed.
        max: u64,
    },
    /// Not an IP address with a port.
    #[error("not an IP address with a port")]
    NotAddress,
    /// Not one of the words the field knows.
    #[error("not one of {allowed}")]
    NotOneOf {
        /// The words, with commas.
        allowed: String,
    },
    /// Not `http://` or `https://` with a host and nothing after it.
    #[error("not a base address")]
    NotBaseUrl,
    /// Nothing, where something is needed.
    #[error("empty")]
    Empty,
    /// A list, where one value is needed.
    #[error("a list where one value is needed")]
    List,
    /// A table, date or fraction, which no field takes.
    #[error("a value of the wrong kind")]
    WrongKind,
}

impl SettingError {
    /// The reason in words.
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::NotBoolean => message(language, "setting-not-boolean", &[]),
            Self::NotInRange { min, max } => message(
                language,
                "setting-not-in-range",
                &[("min", &min.to_string()), ("max", &max.to_string())],
            ),
            Self::NotAddress => message(language, "setting-not-address", &[]),
            Self::NotOneOf { allowed } => {
                message(language, "setting-not-one-of", &[("allowed", allowed)])
            }
            Self::NotBaseUrl => message(language, "setting-not-base-url", &[]),
            Self::Empty => message(language, "setting-empty", &[]),
            Self::List => message(language, "setting-list", &[]),
            Self::WrongKind => message(language, "setting-wrong-kind", &[]),
        }
    }
}

fn single<'a>(parts: &[&'a str]) -> Result<&'a str, SettingError> {
    match parts {
        [one] => Ok(one.trim()),
        [] => Err(SettingError::Empty),
        _ => Err(SettingError::List),
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn quoted_list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::from("[");
    for (index, item) in items.enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(out, "{comma}{}", quoted(item));
    }
    out.push(']');
    out
}

fn pair(chinese: impl Into<String>, english: impl Into<String>) -> (String, String) {
    (chinese.into(), english.into())
}

impl Setting for bool {
    fn parse_parts(parts: &[&str]) -> Result<Self, SettingError> {
        single(parts)?.parse().map_err(|_| SettingError::NotBoolean)
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn form() -> (String, String) {
        pair("true 或 false", "`true` or `false`")
    }
}

/// A whole number from `MIN` to `MAX`, so that a configuration can neither
/// stop the server with a 0 nor ask for the impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Whole<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Whole<MIN, MAX> {
    /// The value, moved into the range if it is outside.
    pub const fn new(value: u64) -> Self {
        Self(if value < MIN {
            MIN
        } else if value > MAX {
            MAX
        } else {
            value
        })
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number as a count of things in memory.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The number of seconds as a duration.
    pub const fn as_seconds(self) -> std::time::Duration {
        std::time::Duration::from_secs(self.0)
    }
}

impl<const MIN: u64, const MAX: u64> Setting for Whole<MIN, MAX> {
    fn parse_parts(parts: &[&str]) -> Result<Self, SettingError> {
        let wrong = SettingError::NotInRange { min: MIN, max: MAX };
        match single(parts)?.parse::<u64>() {
            Ok(value) if (MIN..=MAX).contains(&value) => Ok(Self(value)),
            _ => Err(wrong),
        }
    }

    fn show(&self) -> Option<String> {
        Some(self.0.to_string())
    }

    fn form() -> (String, String) {
        pair(
            format!("整数，{MIN} 到 {MAX}"),
            format!("whole number from {MIN} to {MAX}"),
        )
    }
}

impl Setting for PathBuf {
    fn parse_parts(parts: &[&str]) -> Result<Self, SettingError> {
        match single(parts)? {
            "" => Err(SettingError::Empty),
            path => Ok(Self::from(path)),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }

    fn form() -> (String, String) {
        pair("路径", "path")
    }
}

impl Setting for Option<PathBuf> {
    fn parse_parts(parts: &[&str]) -> Result<Self, SettingError> {
        Ok(Some(single(parts)?)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from))
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(Setting::show)
    }

    fn form() -> (String, String) {
        pair("路径，可不填", "path, optional")
    }
}

impl Setting for String {
    fn parse_parts(parts: &[&str]) -> Result<Self, SettingError> {
        match single(parts)? {
            "" => Err(SettingError::Empty),
            text => Ok(text.to_owned()),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(self))
    }

    fn form() -> (String, String) {
        pair("文本", "text")
    }
}

impl Setting for Vec<String> {
    const LIST: bool = true;

    fn parse_parts(parts: &[&str]) -> Result<Self, SettingError> {
        Ok(parts
            .iter()
            .map(|part| part.trim())
            .filter(|p| !p.is_empty())
            .map(Into::into)
            .collect())
    }

    fn show(&self) -> Option<String> {
        Some(quoted_list(self.iter().map(String::as_str)))
    }

    fn form() -> (String, String) {
        pair("文本列表", "list of texts")
    }
}

impl Setting for Vec<SocketAddr> {
    const LIST: bool = true;

    fn parse_parts(parts: &[&str]) -> Result<Self, SettingError> {
        let addresses = parts
            .iter()
            .map(|part| part.trim().parse().map_err(|_| SettingError::NotAddress))
            .collect::<Result<Self, _>>()?;
        if addresses.is_empty() {
            Err(SettingError::Empty)
        } else {
            Ok(addresses)
        }
    }

    fn show(&self) -> Option<String> {
        let texts: Vec<_> = self.iter().map(ToString::to_string).collect();
        Some(quoted_list(texts.iter().map(String::as_str)))
    }

    fn form() -> (String, String) {
        pair(
            "IP 地址和端口的列表，如 [\"0.0.0.0:8443\", \"[::]:8443\"]",
            "list of IP address and port, such as `[\"0.0.0.0:8443\", \"[::]:8443\"]`",
        )
    }
}

/// A base address such as `https://grid.example.org:8443`: a scheme and a
/// host, no path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Reads an address; a final `/` is dropped.
    pub fn parse(text: &str) -> Result<Self, SettingError> {
        let text = text.trim().trim_end_matches('/');
        let (_, rest) = text
            .split_once("://")
            .filter(|(scheme, _)| matches!(*scheme, "http" | "https"))
            .ok_or(SettingError::NotBaseUrl)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
        let url = Self(text.to_owned());
        if rest.is_empty() || !rest.chars().all(plain) || url.host().is_empty() {
            return Err(SettingError::NotBaseUrl);
        }
        Ok(url)
    }

    /// The address without a final `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host name or IP address, without brackets and port.
    pub fn host(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        match rest.strip_prefix('[') {
            Some(six) => six.split(']').next().unwrap_or_default(),
            None => rest.split(':').next().unwrap_or_default(),
        }
    }
}

impl Setting for Option<BaseUrl> {
    fn parse_parts(parts: &[&str]) -> Result<Self, SettingError> {
        match single(parts)? {
            "" => Ok(None),
            text => BaseUrl::parse(text).map(Some),
        }
    }

    fn show(&self) -> Option<String> {
        self.as_ref().map(|url| quoted(&url.0))
    }

    fn form() -> (String, String) {
        pair(
            "网址，如 https://grid.example.org:8443，可不填",
            "address such as `https://grid.example.org:8443`, optional",
        )
    }
}

/// An address that something is posted to, such as
/// `https://sms.example.org/wangge`: a scheme, a host, and perhaps a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostUrl {
    text: String,
    base: BaseUrl,
}

impl PostUrl {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Self, SettingError> {
        let text = text.trim();
        let after = text.find("://").map_or(0, |place| place + 3);
        let rest = text.get(after..).unwrap_or_default();
        let end = rest
            .find(['/', '?'])
            .map_or(text.len(), |place| after + place);
        let base = BaseUrl::parse(text.get(..end).unwrap_or_default())?;
        let is_plain = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !is_plain {
            return Err(SettingError::NotBaseUrl);
        }
        Ok(Self {
            text: text.to_owned(),
            base,
        })
    }

    /// The whole address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether what is posted is encrypted, or stays on this machine.
    pub fn is_private(&self) -> bool {
        let host = self.base.host();
        let is_loopback = host
            .parse::<std::net::IpAddr>()
            .map_or(host == "localhost", |address| address.is_loopback());
        self.text.starts_with("https://") || is_loopback
    }
}

impl Setting for Option<PostUrl> {
    fn parse_parts(parts: &[&str]) -> Result<Self, SettingError> {
        match single(parts)? {
            "" => Ok(None),
            text => PostUrl::parse(text).map(Some),
        }
    }

    fn show(&self) -> Option<String> {
        self.as_ref().map(|url| quoted(&url.text))
    }

    fn form() -> (String, String) {
        pair(
            "网址，如 https://sms.example.org/wangge，可不填",
            "address such as `https://sms.example.org/wangge`, optional",
        )
    }
}

macro_rules! word_setting {
    ($type:ty, [$($word:literal => $value:expr),+ $(,)?]) => {
        impl Setting for $type {
            fn parse_parts(parts: &[&str]) -> Result<Self, SettingError> {
                match single(parts)? {
                    $($word => Ok($value),)+
                    _ => Err(SettingError::NotOneOf { allowed: [$($word),+].join(", ") }),
                }
            }

            fn show(&self) -> Option<String> {
                [$(($word, $value)),+]
                    .iter()
                    .find(|(_, value)| value == self)
                    .map(|(word, _)| quoted(word))
            }

            fn form() -> (String, String) {
                let words = [$(concat!("`", $word, "`")),+];
                pair(words.join("、"), words.join(", "))
            }
        }
    };
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object per line, for collectors.
    Json,
}

/// Where messages to residents go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageOutlet {
    /// Nowhere: they wait, and after a week they are given up.
    #[default]
    None,
    /// Into a file of the data folder.
    File,
    /// To a program over HTTP.
    Webhook,
}

word_setting!(
    MessageOutlet,
    [
        "none" => MessageOutlet::None,
        "file" => MessageOutlet::File,
        "webhook" => MessageOutlet::Webhook,
    ]
);
word_setting!(LogFormat, ["text" => LogFormat::Text, "json" => LogFormat::Json]);
word_setting!(Language, ["zh-CN" => Language::Chinese, "en" => Language::English]);

impl Setting for GridCodeScheme {
    fn parse_parts(parts: &[&str]) -> Result<Self, SettingError> {
        const BUILT_IN: &str = "shandong19, shanxi14, template12, beijing15, cjt349_20";
        Self::built_in(single(parts)?).ok_or_else(|| SettingError::NotOneOf {
            allowed: BUILT_IN.to_owned(),
        })
    }

    fn show(&self) -> Option<String> {
        Some(quoted(self.id()))
    }

    fn form() -> (String, String) {
        pair(
            "`shandong19`、`shanxi14`、`template12`、`beijing15`、`cjt349_20`",
            "`shandong19`, `shanxi14`, `template12`, `beijing15`, `cjt349_20`",
        )
    }
}

/// The set of rules by which sizes of grids are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridSizing(SizingRules);

impl GridSizing {
    /// The rules.
    pub const fn rules(&self) -> &SizingRules {
        &self.0
    }
}

impl Default for GridSizing {
    fn default() -> Self {
        Self(SizingRules::gbt34300())
    }
}

impl Setting for GridSizing {
    fn parse_parts(parts: &[&str]) -> Result<Self, SettingError> {
        SizingRules::built_in(single(parts)?)
            .map(Self)
            .ok_or_else(|| SettingError::NotOneOf {
                allowed: SizingRules::BUILT_IN.join(", "),
            })
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.0.id))
    }

    fn form() -> (String, String) {
        let code: Vec<String> = SizingRules::BUILT_IN
            .iter()
            .map(|id| format!("`{id}`"))
            .collect();
        pair(code.join("、"), code.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_their_range_are_refused_with_the_range() {
        let wrong = Err(SettingError::NotInRange { min: 1, max: 8 });
        for text in ["0", "9", "-1", "1.5", "many", ""] {
            assert_eq!(Whole::<1, 8>::parse_parts(&[text]), wrong, "{text}");
        }
        assert_eq!(Whole::<1, 8>::parse_parts(&[" 8 "]), Ok(Whole(8)));
    }

    #[test]
    fn an_address_needs_a_port() {
        assert_eq!(
            Vec::<SocketAddr>::parse_parts(&["127.0.0.1"]),
            Err(SettingError::NotAddress)
        );
        assert_eq!(
            Vec::<SocketAddr>::parse_parts(&[]),
            Err(SettingError::Empty)
        );
        let two = Vec::<SocketAddr>::parse_parts(&["127.0.0.1:0", " [::1]:80"]).unwrap();
        assert_eq!(two.show().unwrap(), r#"["127.0.0.1:0", "[::1]:80"]"#);
    }

    #[test]
    fn a_base_address_has_a_host_and_no_path() {
        for (text, host) in [
            ("https://grid.example.org:8443/", "grid.example.org"),
            ("http://[::1]:80", "::1"),
            ("https://10.0.0.7", "10.0.0.7"),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().host(), host);
        }
        for text in [
            "grid.example.org",
            "ftp://a",
            "https://",
            "https://a/b",
            "https://a?b",
        ] {
            assert_eq!(
                BaseUrl::parse(text),
                Err(SettingError::NotBaseUrl),
                "{text}"
            );
        }
    }

    #[test]
    fn words_are_listed_when_another_is_given() {
        let error = LogFormat::parse_parts(&["xml"]).unwrap_err();
        assert_eq!(
            error,
            SettingError::NotOneOf {
                allowed: "text, json".to_owned()
            }
        );
        for scheme in [
            "shandong19",
            "shanxi14",
            "template12",
            "beijing15",
            "cjt349_20",
        ] {
            let read = GridCodeScheme::parse_parts(&[scheme]).unwrap();
            assert_eq!(read.show(), Some(format!("\"{scheme}\"")));
        }
    }
}
