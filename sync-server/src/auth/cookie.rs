//! Reading and writing the few cookies there are.

use axum::http::{HeaderMap, HeaderValue, header};

/// The session, as its cookie is called on plain HTTP (loopback only).
pub const SESSION: &str = "wangge_session";
/// The sign-in form's own token, before there is a session.
pub const SIGN_IN: &str = "wangge_sign_in";
/// Chosen language, `zh-CN` or `en`.
pub const LANGUAGE: &str = "wangge_language";
/// Chosen size of type, `large` or `normal`.
pub const TYPE: &str = "wangge_type";

/// Whether cookies are for TLS only. `__Host-` binds a cookie to this very
/// host over TLS, so that no neighbour can plant one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CookiePolicy {
    /// The server is reached over TLS.
    pub is_secure: bool,
}

impl CookiePolicy {
    /// The cookie's name under this policy.
    pub fn name(self, name: &str) -> String {
        if self.is_secure {
            format!("__Host-{name}")
        } else {
            name.to_owned()
        }
    }

    /// A `Set-Cookie` that scripts cannot read. Without an age it ends with
    /// the browser.
    pub fn set(self, name: &str, value: &str, max_age_s: Option<i64>) -> HeaderValue {
        let age = max_age_s
            .map(|age| format!("; Max-Age={age}"))
            .unwrap_or_default();
        let secure = if self.is_secure { "; Secure" } else { "" };
        let text = format!(
            "{}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}",
            self.name(name)
        );
        // Values are hex or one of a few fixed words.
        HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// A `Set-Cookie` that removes the cookie.
    pub fn remove(self, name: &str) -> HeaderValue {
        self.set(name, "", Some(0))
    }

    /// The cookie's value in a request.
    pub fn find(self, headers: &HeaderMap, name: &str) -> Option<String> {
        let name = self.name(name);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: CookiePolicy = CookiePolicy { is_secure: false };
    const SECURE: CookiePolicy = CookiePolicy { is_secure: true };

    #[test]
    fn under_tls_a_cookie_is_bound_to_the_host() {
        let set = SECURE.set(SESSION, "ab", None);
        assert_eq!(
            set.to_str().unwrap(),
            "__Host-wangge_session=ab; Path=/; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(
            !PLAIN
                .set(SESSION, "ab", Some(5))
                .to_str()
                .unwrap()
                .contains("Secure")
        );
    }

    #[test]
    fn a_value_is_found_among_others_and_only_under_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=1; xwangge_session=2"),
        );
        headers.append(header::COOKIE, HeaderValue::from_static("wangge_session=3"));
        assert_eq!(PLAIN.find(&headers, SESSION).as_deref(), Some("3"));
        assert_eq!(
            SECURE.find(&headers, SESSION),
            None,
            "a plain cookie is not taken under TLS"
        );
    }
}
