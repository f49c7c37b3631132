//! Addresses: encoding what goes into them, and telling our own from others.

use std::fmt::Write as _;

/// Percent-encodes everything but letters, digits and `-._~` (RFC 3986).
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// `path` if it is a plain path on this server, else the overview: nobody can
/// be sent elsewhere through a link to us.
pub(crate) fn local_path(path: &str) -> &str {
    let is_local = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 1_000
        && !path.contains(['\\', '\r', '\n', '\t'])
        && path.bytes().all(|byte| byte.is_ascii_graphic());
    if is_local { path } else { "/" }
}

/// `path?key=value&…` without the pairs whose value is empty.
pub(crate) fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    let mut sign = '?';
    for (key, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        address.push(sign);
        address.push_str(key);
        address.push('=');
        address.push_str(&encode(value));
        sign = '&';
    }
    address
}

/// What a browser is told to save a file as: `plain` letters for old ones, the
/// whole name for the rest (RFC 6266).
pub(crate) fn attachment(plain: &str, name: &str) -> String {
    format!(
        "attachment; filename=\"{plain}\"; filename*=UTF-8''{}",
        encode(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_server_are_followed() {
        assert_eq!(local_path("/visits?q=%E7"), "/visits?q=%E7");
        for foreign in [
            "",
            "//evil",
            "/\\evil",
            "https://evil",
            "/a\r\nSet-Cookie:",
            "/王",
        ] {
            assert_eq!(local_path(foreign), "/", "{foreign}");
        }
    }

    #[test]
    fn empty_values_are_left_out_of_a_query() {
        assert_eq!(
            with_query("/a", &[("q", "王 &"), ("grid", ""), ("page", "2")]),
            "/a?q=%E7%8E%8B%20%26&page=2"
        );
        assert_eq!(with_query("/a", &[("q", "")]), "/a");
    }
}
