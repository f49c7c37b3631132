//! Whether a form was sent from one of our own pages. The second wall beside
//! the token in every form.

use axum::http::{HeaderMap, Uri, header};

/// Whether the browser says that this request comes from our own page.
///
/// `Sec-Fetch-Site` decides where it is sent (every current browser); it is
/// right behind any proxy. Else `Origin` must be the host that was asked or
/// `public_origin`, for a proxy that rewrites the host. A request with neither
/// was made by no current browser and is refused.
pub fn is_same_origin(headers: &HeaderMap, public_origin: &str) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let Some(origin) = headers
        .get(header::ORIGIN)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    if origin.eq_ignore_ascii_case(public_origin) {
        return true;
    }
    let authority = origin
        .parse::<Uri>()
        .ok()
        .and_then(|uri| uri.authority().map(ToString::to_string));
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    match (authority, host) {
        (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn is_same(pairs: &[(&'static str, &'static str)], public: &str) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        is_same_origin(&headers, public)
    }

    #[test]
    fn only_our_own_pages_may_send_forms() {
        assert!(is_same(&[("sec-fetch-site", "same-origin")], ""));
        assert!(!is_same(&[("sec-fetch-site", "same-site")], ""));
        assert!(!is_same(
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "http://a:1"),
                ("host", "a:1")
            ],
            ""
        ));
        assert!(is_same(&[("origin", "http://a:1"), ("host", "a:1")], ""));
        assert!(!is_same(&[("origin", "http://a:2"), ("host", "a:1")], ""));
        assert!(!is_same(&[("origin", "null"), ("host", "a:1")], ""));
        assert!(!is_same(&[("host", "a:1")], ""));
        let public = "https://wangge.example";
        assert!(is_same(
            &[("origin", "https://wangge.example"), ("host", "10.0.0.1")],
            public
        ));
        assert!(!is_same(
            &[("origin", "http://wangge.example"), ("host", "10.0.0.1")],
            public
        ));
    }
}
