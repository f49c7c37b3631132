//! Signing in, staying in, and what is not let in.

use axum::http::{StatusCode, header};

use super::client::{PASSWORD, SUPERVISOR, Server};
use crate::{Settings, auth::password::hash_password};

const SESSION: &str = "wangge_session";

#[tokio::test]
async fn a_person_signs_in_looks_around_and_signs_out() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let answer = browser.get("/households?q=x").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.location(), "/sign-in?next=%2Fhouseholds%3Fq%3Dx");
    let answer = browser.sign_in(" Wang ", PASSWORD).await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/")
    );
    let home = browser.get("/").await;
    assert_eq!(home.status, StatusCode::OK);
    assert!(home.body.contains("王社区") && home.body.contains("主管"));
    let old = browser.cookies[SESSION].clone();
    let answer = browser.submit("/", "/sign-out", &[]).await;
    assert_eq!(answer.location(), "/sign-in?out=1");
    browser.cookies.insert(SESSION.to_owned(), old);
    assert_eq!(
        browser.get("/").await.status,
        StatusCode::SEE_OTHER,
        "the old session is over"
    );
    assert_eq!(
        server.audit().await,
        ["console_signed_in  ", "console_signed_out  "]
    );
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let wrong = browser.sign_in("wang", "wrong wrong wrong").await;
    let unknown = browser.sign_in("nobody", "wrong wrong wrong").await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
    let text = |body: &str| {
        body.split("notice problem")
            .nth(1)
            .unwrap()
            .split("</p>")
            .next()
            .unwrap()
            .to_owned()
    };
    assert_eq!(text(&wrong.body), text(&unknown.body));
    assert!(
        !wrong.body.contains("wrong wrong"),
        "a password never comes back"
    );
    assert!(!browser.cookies.contains_key(SESSION));
}

#[tokio::test]
async fn somebody_shut_out_cannot_come_in_and_is_out_at_once() {
    let server = Server::start().await;
    let mut browser = server.signed_in("wang").await;
    assert_eq!(browser.get("/").await.status, StatusCode::OK);
    server
        .state
        .storage
        .set_person_active(&SUPERVISOR, false)
        .await
        .unwrap();
    assert_eq!(browser.get("/").await.status, StatusCode::SEE_OTHER);
    let answer = server.browser().sign_in("wang", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn guessing_is_slowed_down_and_then_the_right_password_waits_too() {
    let server = Server::start().await;
    let mut browser = server.browser();
    for _ in 0..4 {
        let answer = browser.sign_in("wang", "wrong wrong wrong").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer = browser.sign_in("wang", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.body.contains("5 秒后"), "{}", answer.body);
    server.clock.advance_millis(5_000);
    assert_eq!(
        browser.sign_in("wang", PASSWORD).await.status,
        StatusCode::SEE_OTHER
    );
    let attempt = server
        .state
        .storage
        .find_sign_in_attempt("wang")
        .await
        .unwrap();
    assert_eq!(attempt, None, "a right password forgets the wrong ones");
}

#[tokio::test]
async fn one_address_cannot_try_many_accounts() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let mut last = StatusCode::OK;
    for number in 0..22 {
        last = browser
            .sign_in(&format!("user{number}"), "wrong wrong wrong")
            .await
            .status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    let mut elsewhere = server.browser();
    elsewhere.address = "127.0.0.2:4000".to_owned();
    assert_eq!(
        elsewhere.sign_in("wang", PASSWORD).await.status,
        StatusCode::SEE_OTHER
    );
}

#[tokio::test]
async fn after_a_hundred_wrong_passwords_an_account_stays_closed() {
    let server = Server::start().await;
    let attempt = crate::storage::SignInAttempt {
        failures: 100,
        ..Default::default()
    };
    server
        .state
        .storage
        .put_sign_in_attempt("wang", Some(attempt))
        .await
        .unwrap();
    server.clock.advance_millis(365 * 24 * 3_600_000);
    let answer = server.browser().sign_in("wang", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.body.contains("管理员重设"), "{}", answer.body);
    let new = "a new password is set";
    let hash = hash_password(new, server.state.entropy.as_ref()).unwrap();
    server
        .state
        .storage
        .set_password_hash(&SUPERVISOR, &hash)
        .await
        .unwrap();
    let answer = server.browser().sign_in("wang", new).await;
    assert_eq!(
        answer.status,
        StatusCode::SEE_OTHER,
        "the new password opens it again"
    );
}

#[tokio::test]
async fn a_session_planted_before_sign_in_is_not_the_one_after_it() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let planted = "ab".repeat(32);
    browser.cookies.insert(SESSION.to_owned(), planted.clone());
    browser.sign_in("wang", PASSWORD).await;
    assert_ne!(browser.cookies[SESSION], planted);
    let mut attacker = server.browser();
    attacker.cookies.insert(SESSION.to_owned(), planted);
    assert_eq!(attacker.get("/").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_session_ends_when_it_is_idle_and_when_it_is_old() {
    let server = Server::start().await;
    let mut browser = server.signed_in("wang").await;
    for _ in 0..24 {
        server.clock.advance_millis(29 * 60_000);
        assert_eq!(browser.get("/").await.status, StatusCode::OK);
    }
    server.clock.advance_millis(29 * 60_000);
    let answer = browser.get("/").await;
    assert_eq!(
        answer.status,
        StatusCode::SEE_OTHER,
        "twelve hours are over"
    );
    let mut browser = server.signed_in("wang").await;
    server.clock.advance_millis(30 * 60_000);
    let answer = browser.get("/visits").await;
    assert_eq!(answer.location(), "/sign-in?next=%2Fvisits&expired=1");
}

#[tokio::test]
async fn what_a_page_asks_by_itself_keeps_no_session_awake() {
    let server = Server::start().await;
    let mut browser = server.signed_in("wang").await;
    for _ in 0..2 {
        server.clock.advance_millis(14 * 60_000);
        browser.extra = vec![("x-wangge-by-itself", "1")];
        assert_eq!(browser.get("/cases").await.status, StatusCode::OK);
        let stream = browser.listen("/cases/live").await;
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
    }
    server.clock.advance_millis(2 * 60_000);
    // A stream leads nowhere then, and is not asked for again.
    let over = browser.listen("/cases/live").await;
    assert_eq!(over.status(), StatusCode::NO_CONTENT);
    assert_eq!(browser.get("/cases").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_database_alone_opens_no_session() {
    let server = Server::start().await;
    let browser = server.signed_in("wang").await;
    let mut bytes = [0; 32];
    hex::decode_to_slice(&browser.cookies[SESSION], &mut bytes).unwrap();
    let found = server
        .state
        .storage
        .find_console_session(&bytes, server.state.clock.now())
        .await;
    assert_eq!(found.unwrap(), None, "the token is not what is stored");
}

#[tokio::test]
async fn under_tls_cookies_are_bound_to_the_host() {
    let server = Server::start_with(Settings {
        is_secure: true,
        ..Settings::default()
    })
    .await;
    assert!(server.is_secure);
    let browser = server.signed_in("wang").await;
    assert!(browser.cookies.contains_key("__Host-wangge_session"));
    assert!(!browser.cookies.contains_key(SESSION));
}

#[tokio::test]
async fn a_sign_in_form_from_elsewhere_is_refused() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let fields = [("username", "wang"), ("password", PASSWORD), ("csrf", "00")];
    let answer = browser.post("/sign-in", &fields).await;
    assert_eq!(
        answer.status,
        StatusCode::FORBIDDEN,
        "without the form's own token"
    );
    browser.site = Some("cross-site".to_owned());
    let answer = browser.sign_in("wang", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(!browser.cookies.contains_key(SESSION));
}

#[tokio::test]
async fn every_page_says_what_it_may_load_and_is_not_kept() {
    let server = Server::start().await;
    let mut browser = server.signed_in("wang").await;
    for path in ["/", "/sign-in", "/nowhere", "/households/x"] {
        let answer = browser.get(path).await;
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}");
        }
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    }
}

#[tokio::test]
async fn a_link_to_the_console_cannot_lead_away_from_it() {
    let server = Server::start().await;
    let mut browser = server.browser();
    let answer = browser
        .get("/preferences?lang=en&type=large&back=//evil.example/")
        .await;
    assert_eq!(answer.location(), "/");
    let page = browser.get("/sign-in?next=https://evil.example").await;
    assert!(
        page.body.contains("<html lang=\"en\" class=\"large\">"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("evil"));
}
