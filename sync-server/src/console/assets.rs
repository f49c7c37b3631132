//! The files pages load, built into the program. Their addresses carry a hash
//! of the content, so that a browser may keep them for ever.

use std::sync::OnceLock;

use axum::{
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

const ASSETS: &[Asset] = &[
    Asset {
        name: "console.css",
        media_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../assets/console.css"),
    },
    Asset {
        name: "boundary.js",
        media_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/boundary.js"),
    },
    Asset {
        name: "live.js",
        media_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/live.js"),
    },
    Asset {
        name: "icon.svg",
        media_type: "image/svg+xml",
        bytes: include_bytes!("../../assets/icon.svg"),
    },
];

/// File names with the hash in them, in the order of [`ASSETS`].
fn hashed_names() -> &'static [String] {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let hashed = |asset: &Asset| {
            let hash = hex::encode(Sha256::digest(asset.bytes));
            let short: String = hash.chars().take(12).collect();
            match asset.name.rsplit_once('.') {
                Some((stem, ending)) => format!("{stem}.{short}.{ending}"),
                None => format!("{}.{short}", asset.name),
            }
        };
        ASSETS.iter().map(hashed).collect()
    })
}

/// The address of a file in `assets/`; its plain name if there is none, which
/// a test notices.
pub(crate) fn address(name: &str) -> String {
    let position = ASSETS.iter().position(|asset| asset.name == name);
    let hashed = position.and_then(|index| hashed_names().get(index));
    format!("/assets/{}", hashed.map_or(name, String::as_str))
}

/// `GET /assets/{file}`
pub(crate) async fn get(Path(file): Path<String>) -> Response {
    let position = hashed_names().iter().position(|name| *name == file);
    let Some(asset) = position.and_then(|index| ASSETS.get(index)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(asset.media_type),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        ),
    ];
    (headers, asset.bytes).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_served_under_its_hashed_name_only() {
        let address = address("console.css");
        let file = address.strip_prefix("/assets/").unwrap();
        assert_ne!(file, "console.css");
        let response = get(Path(file.to_owned())).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert!(
            response.headers()[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        for other in ["console.css", "../Cargo.toml", "console.000000000000.css"] {
            assert_eq!(
                get(Path(other.to_owned())).await.status(),
                StatusCode::NOT_FOUND
            );
        }
    }
}
