//! A supervisor at the console, as a browser without scripts: signs in, reads
//! pages, sends their forms.

use std::{collections::BTreeMap, fmt::Write as _};

use anyhow::{Context as _, ensure};

use crate::{
    http::{Answer, Connection, EventStream},
    server::Server,
};

/// Somebody signed in.
#[derive(Debug)]
pub struct Desk {
    connection: Connection,
    cookies: BTreeMap<String, String>,
}

impl Desk {
    /// Signs in with a user name and a password.
    pub async fn sign_in(
        server: &Server,
        (username, password): (&str, &str),
    ) -> anyhow::Result<Self> {
        let mut desk = Self {
            connection: Connection::open(server.address(), None).await?,
            cookies: BTreeMap::new(),
        };
        let form = [("username", username), ("password", password), ("next", "")];
        let answer = desk.submit("/sign-in", "/sign-in", &form).await?;
        ensure!(
            answer.status == 303,
            "signing in was answered {}",
            answer.status
        );
        Ok(desk)
    }

    /// Reads a page.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<String> {
        let answer = self.send("GET", path, &[], None).await?;
        ensure!(
            answer.status == 200,
            "{path} was answered {}",
            answer.status
        );
        Ok(String::from_utf8(answer.body)?)
    }

    /// Listens on a connection of its own, as a page does that keeps itself up to
    /// date.
    pub async fn listen(&self, server: &Server, path: &str) -> anyhow::Result<EventStream> {
        let connection = Connection::open(server.address(), None).await?;
        let cookie = self.cookie();
        connection.listen(path, &[("cookie", &cookie)]).await
    }

    fn cookie(&self) -> String {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        cookies.join("; ")
    }

    /// Reads a page if it is there for this person; answers its length in bytes.
    pub async fn visit(&mut self, path: &str) -> anyhow::Result<Option<usize>> {
        let answer = self.send("GET", path, &[], None).await?;
        match answer.status {
            200 => Ok(Some(answer.body.len())),
            403 | 404 => Ok(None),
            status => anyhow::bail!("{path} was answered {status}"),
        }
    }

    /// Sends a form of a page, with the page's token.
    pub async fn submit(
        &mut self,
        page: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Answer> {
        let html = self.get(page).await?;
        let token = between(&html, "name=\"csrf\" value=\"", "\"").context("a form's token")?;
        let mut form = vec![format!("csrf={token}")];
        form.extend(
            fields
                .iter()
                .map(|(name, value)| format!("{name}={}", encode(value))),
        );
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
        ];
        self.send("POST", action, &headers, Some(form.join("&").as_bytes()))
            .await
    }

    async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> anyhow::Result<Answer> {
        let cookie = self.cookie();
        let mut all = headers.to_vec();
        all.push(("accept-language", "zh-CN"));
        if !cookie.is_empty() {
            all.push(("cookie", &cookie));
        }
        let answer = self.connection.exchange(method, path, &all, body).await?;
        for (_, value) in answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
        {
            let pair = value.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(answer)
    }
}

/// What stands between two texts.
pub fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    Some(rest.split_once(end)?.0)
}

/// A text as addresses and forms carry it.
pub fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        // Writing to a string cannot fail.
        let _ = write!(encoded, "%{byte:02X}");
    }
    encoded
}
