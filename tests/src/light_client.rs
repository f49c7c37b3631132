//! A phone without a store: it enrols, signs and sends, and remembers nothing
//! but its cursors. A hundred of them cost next to nothing, and they send what
//! no honest phone would.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use anyhow::{Context as _, bail, ensure};
use sha2::{Digest as _, Sha256};
use wangge_model::{
    ActorId, ChangeHash, DeviceId, Entropy, GridId, Incarnation, RecordId, RecordKind, ServerEpoch,
    derive_device_actor,
    document::RecordDocument,
    protocol::{
        Cursor, Digest, EnrolRequest, EnrolResponse, EnrolmentLink, FeedEntry, Grants, MEDIA_TYPE,
        Manifest, PROTOCOL, Problem, PushItem, Receipt, SignedManifest, SigningKey as _,
        SnapshotEntry, SnapshotPage, SoftwareKey, SyncRequest, SyncResponse, Verdict,
        enrol_message, items_digest, open, seal, snapshot_path,
    },
};

use crate::http::{Answer, Connection, EventStream};

/// An enrolled device on one kept connection.
#[derive(Debug)]
pub struct LightClient {
    server: SocketAddr,
    from: Option<IpAddr>,
    connection: Connection,
    key: SoftwareKey,
    token: String,
    /// The id the server gave.
    pub device: DeviceId,
    /// This app life.
    pub incarnation: Incarnation,
    /// The actor both ends derive from them.
    pub actor: ActorId,
    /// The server's life.
    pub epoch: ServerEpoch,
    /// What the person may work on.
    pub grants: Grants,
    /// Number of the last manifest.
    pub counter: u64,
    /// How far each grid was read; empty until [`LightClient::pull`].
    pub cursors: Vec<Cursor>,
}

impl LightClient {
    /// Enrols a new device with the link's code.
    pub async fn enrol(
        link: &EnrolmentLink,
        from: Option<IpAddr>,
        entropy: &dyn Entropy,
    ) -> anyhow::Result<Self> {
        let server = server_address(link)?;
        let mut connection = Connection::open(server, from).await?;
        let key = SoftwareKey::make(entropy);
        let incarnation = Incarnation::make(entropy);
        let public_key = key.public_key()?;
        let signature = key.sign(&enrol_message(&link.code, &public_key, &incarnation))?;
        let request = EnrolRequest {
            protocol: PROTOCOL,
            code: link.code.clone(),
            public_key,
            incarnation,
            device_name: "light".to_owned(),
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            signature,
        };
        let headers = [("content-type", MEDIA_TYPE)];
        let answer = connection
            .exchange("POST", "/v1/enrol", &headers, Some(&seal(&request)))
            .await?;
        let response: EnrolResponse = read(&answer)?;
        Ok(Self {
            server,
            from,
            connection,
            key,
            token: response.session.token,
            actor: derive_device_actor(&response.device, &incarnation),
            device: response.device,
            incarnation,
            epoch: response.server_epoch,
            grants: response.grants,
            counter: 0,
            cursors: Vec::new(),
        })
    }

    /// The first grid of the person.
    pub fn grid(&self) -> anyhow::Result<GridId> {
        Ok(self
            .grants
            .grids
            .first()
            .context("the person has no grid")?
            .grid)
    }

    /// Connects again; the session stays.
    pub async fn reconnect(&mut self) -> anyhow::Result<()> {
        self.connection = Connection::open(self.server, self.from).await?;
        Ok(())
    }

    /// A request that pushes `items` under the next counter, signed.
    pub fn push_request(&mut self, items: Vec<PushItem>) -> anyhow::Result<SyncRequest> {
        self.counter += 1;
        let manifest = Manifest {
            device: self.device,
            incarnation: self.incarnation,
            server_epoch: self.epoch,
            counter: self.counter,
            count: u32::try_from(items.len())?,
            items_digest: items_digest(&items).to_vec(),
            blobs: Vec::new(),
        };
        let manifest = SignedManifest::sign(&manifest, &self.key)?;
        Ok(SyncRequest {
            manifest: Some(manifest),
            items,
            ..self.empty_request()
        })
    }

    /// A request that asks for news only.
    pub fn empty_request(&self) -> SyncRequest {
        SyncRequest {
            protocol: PROTOCOL,
            app_version: env!("CARGO_PKG_VERSION").to_owned(),
            server_epoch: Some(self.epoch),
            grants_version: self.grants.version,
            cursors: self.cursors.clone(),
            manifest: None,
            items: Vec::new(),
            page_bytes: 1 << 20,
            whole: None,
            knows_moves: None,
            decisions_after: None,
            newest_kind: Some(RecordKind::NEWEST),
            reference: None,
            wants_reference: None,
            roster: None,
            roll_answers: None,
        }
    }

    /// Sends a request and reads the answer.
    pub async fn sync(&mut self, request: &SyncRequest) -> anyhow::Result<SyncResponse> {
        let answer = self.send(&seal(request)).await?;
        read(&answer)
    }

    /// Sends any body to `/v1/sync`.
    pub async fn send(&mut self, body: &[u8]) -> anyhow::Result<Answer> {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", MEDIA_TYPE),
        ];
        self.connection
            .exchange("POST", "/v1/sync", &headers, Some(body))
            .await
    }

    /// Fetches a path as this device.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        let bearer = format!("Bearer {}", self.token);
        self.connection
            .exchange("GET", path, &[("authorization", bearer.as_str())], None)
            .await
    }

    /// Listens on a connection of its own for hints that a grid grew.
    pub async fn listen(&self) -> anyhow::Result<EventStream> {
        let connection = Connection::open(self.server, self.from).await?;
        let bearer = format!("Bearer {}", self.token);
        connection
            .listen("/v1/events", &[("authorization", bearer.as_str())])
            .await
    }

    /// Pushes and gives back one verdict per item.
    pub async fn push(&mut self, items: Vec<PushItem>) -> anyhow::Result<Vec<Verdict>> {
        let count = items.len();
        let request = self.push_request(items)?;
        let response = self.sync(&request).await?;
        let receipt = response.receipt.clone().context("no receipt")?;
        self.follow(&response);
        verdicts(&receipt, count)
    }

    /// Reads every grid from where it stands to the head, from the beginning
    /// of the feed at first.
    pub async fn pull(&mut self) -> anyhow::Result<()> {
        if self.cursors.is_empty() {
            self.cursors = self
                .grants
                .grids
                .iter()
                .map(|grant| Cursor {
                    grid: grant.grid,
                    seq: 0,
                    digest: Digest::default(),
                })
                .collect();
        }
        loop {
            let request = self.empty_request();
            let response = self.sync(&request).await?;
            self.follow(&response);
            if !response.pages.iter().any(|page| page.more) {
                return Ok(());
            }
        }
    }

    /// Every record of a grid as it stands: the snapshot, and what the feed has
    /// had since. For a client that handed in nothing itself.
    pub async fn replicate(
        &mut self,
        grid: GridId,
    ) -> anyhow::Result<BTreeMap<RecordId, RecordDocument>> {
        let (entries, as_of) = self.snapshot(grid).await?;
        let mut records = BTreeMap::new();
        for entry in entries {
            let document = RecordDocument::load(entry.kind, Some(&entry.document), [])?;
            ensure!(
                document.heads() == entry.heads,
                "heads beside the document are others"
            );
            ensure!(
                document.summary() == entry.summary,
                "the list row is another record's"
            );
            records.insert(entry.record, document);
        }
        self.cursors = vec![Cursor {
            grid,
            seq: as_of,
            digest: Digest::default(),
        }];
        loop {
            let request = self.empty_request();
            let response = self.sync(&request).await?;
            for entry in response.pages.iter().flat_map(|page| &page.entries) {
                let FeedEntry::Change { frame } = entry else {
                    bail!("not our own change")
                };
                records
                    .entry(frame.record)
                    .or_insert_with(|| RecordDocument::new(frame.kind))
                    .apply_own([frame.change.as_slice()])?;
            }
            self.follow(&response);
            if !response.pages.iter().any(|page| page.more) {
                return Ok(records);
            }
        }
    }

    /// Moves the cursors to where an answer's pages end.
    pub fn follow(&mut self, response: &SyncResponse) {
        for page in &response.pages {
            if let Some(cursor) = self.cursors.iter_mut().find(|one| one.grid == page.grid) {
                cursor.seq = page.to;
                if let Some(digest) = page.digest {
                    cursor.digest = digest;
                }
            }
        }
    }

    /// Every record of a grid as the server's snapshot has it, and the feed
    /// number from which to read on.
    pub async fn snapshot(&mut self, grid: GridId) -> anyhow::Result<(Vec<SnapshotEntry>, u64)> {
        let mut entries = Vec::new();
        let (mut as_of, mut after) = (None, None);
        loop {
            let path = snapshot_path(&grid, as_of, after.as_ref());
            let answer = self.get(&path).await?;
            let page: SnapshotPage = read(&answer)?;
            entries.extend(page.entries);
            if page.next_after.is_none() {
                return Ok((entries, page.as_of));
            }
            (as_of, after) = (Some(page.as_of), page.next_after);
        }
    }
}

/// One verdict per item, or why the receipt does not answer the push.
pub fn verdicts(receipt: &Receipt, count: usize) -> anyhow::Result<Vec<Verdict>> {
    let verdicts: Vec<Verdict> = receipt.each().collect();
    if verdicts.len() != count {
        bail!("{} verdicts for {count} items", verdicts.len());
    }
    Ok(verdicts)
}

/// Any bytes as a push item whose hash is right, so that the hash check is not
/// what stops it.
pub fn item_of_bytes(record: RecordId, kind: RecordKind, grid: GridId, bytes: &[u8]) -> PushItem {
    let hash: [u8; 32] = Sha256::digest(bytes.get(8..).unwrap_or_default()).into();
    PushItem {
        record,
        record_epoch: 0,
        kind,
        grid,
        hash: ChangeHash::from_bytes(hash),
        change: bytes.to_vec(),
    }
}

/// Where a plain HTTP link leads.
pub fn server_address(link: &EnrolmentLink) -> anyhow::Result<SocketAddr> {
    link.server
        .strip_prefix("http://")
        .and_then(|host| host.trim_end_matches('/').parse().ok())
        .with_context(|| format!("not a plain HTTP address of this machine: {}", link.server))
}

/// The server said no.
#[derive(Debug, thiserror::Error)]
#[error("HTTP {status}: {}: {}", .problem.code, .problem.en)]
pub struct Refused {
    /// HTTP status.
    pub status: u16,
    /// What it said.
    pub problem: Problem,
}

/// The message in a good answer; [`Refused`] if it is none.
pub fn read<T: for<'b> minicbor::Decode<'b, ()>>(answer: &Answer) -> anyhow::Result<T> {
    if answer.status == 200 {
        return Ok(open(&answer.body)?);
    }
    let problem = open::<Problem>(&answer.body)
        .with_context(|| format!("HTTP {} without a problem", answer.status))?;
    Err(Refused {
        status: answer.status,
        problem,
    }
    .into())
}
