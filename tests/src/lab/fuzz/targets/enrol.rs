//! Enrolment: the link on the phone, the request at the server. The first byte
//! says which, whether the request is signed again after the damage, and
//! whether it gets a code that is good.

use anyhow::{Context as _, ensure};
use wangge_model::{
    Incarnation, PersonId,
    protocol::{
        EnrolRequest, EnrolmentLink, PROTOCOL, Problem, SigningKey as _, SoftwareKey, deflate,
        enrol_message, from_cbor, open, to_cbor,
    },
};
use wangge_server::testing::TestServer;

use super::{Target, runtime, split};

/// Servers are begun anew after so many inputs.
const PER_SERVER: u32 = 5_000;

pub(super) struct Enrol {
    runtime: tokio::runtime::Runtime,
    server: TestServer,
    worker: PersonId,
    key: SoftwareKey,
    inputs: u32,
}

impl Enrol {
    pub(super) fn new() -> anyhow::Result<Self> {
        let runtime = runtime()?;
        let (server, worker) = runtime.block_on(start());
        Ok(Self {
            runtime,
            server,
            worker,
            key: SoftwareKey::from_bytes(&[0x42; 32])?,
            inputs: 0,
        })
    }

    fn sign(&self, request: &mut EnrolRequest) -> anyhow::Result<()> {
        request.public_key = self.key.public_key()?;
        let message = enrol_message(&request.code, &request.public_key, &request.incarnation);
        request.signature = self.key.sign(&message)?;
        Ok(())
    }

    fn link(text: &str) -> anyhow::Result<String> {
        match text.parse::<EnrolmentLink>() {
            Ok(link) => {
                let again: EnrolmentLink = link
                    .to_string()
                    .parse()
                    .context("a link that was written is none")?;
                ensure!(again == link, "another link after writing");
                Ok(format!("link, pin {}", link.pin.is_some()))
            }
            Err(error) => Ok(error.to_string()),
        }
    }
}

async fn start() -> (TestServer, PersonId) {
    let server = TestServer::start(3).await;
    let worker = server.add_worker("王小明", server.grids[0]).await;
    (server, worker)
}

impl Target for Enrol {
    fn seeds(&mut self) -> anyhow::Result<Vec<Vec<u8>>> {
        let link = EnrolmentLink {
            server: "https://10.1.2.3:8443".to_owned(),
            pin: Some([0xab; 32]),
            code: "K7QM-2XPA".to_owned(),
        };
        let plain = EnrolmentLink {
            server: "http://127.0.0.1:8080".to_owned(),
            pin: None,
            code: "网格 &=%".to_owned(),
        };
        let mut request = EnrolRequest {
            protocol: PROTOCOL,
            code: "K7QM-2XPA".to_owned(),
            public_key: self.key.public_key()?,
            incarnation: Incarnation::from_bytes([0x11; 16]),
            device_name: "网格手机 1".to_owned(),
            app_version: "0.1.0".to_owned(),
            signature: self.key.sign(b"")?,
        };
        self.sign(&mut request)?;
        let request = to_cbor(&request);
        Ok(vec![
            [&[0], link.to_string().as_bytes()].concat(),
            [&[0], plain.to_string().as_bytes()].concat(),
            [&[1], request.as_slice()].concat(),
            [&[3], request.as_slice()].concat(),
            [&[7], request.as_slice()].concat(),
        ])
    }

    fn try_input(&mut self, input: &[u8]) -> anyhow::Result<String> {
        let (flags, rest) = split(input);
        if flags & 1 == 0 {
            return Self::link(&String::from_utf8_lossy(rest));
        }
        self.inputs += 1;
        if self.inputs.is_multiple_of(PER_SERVER) {
            (self.server, self.worker) = self.runtime.block_on(start());
        }
        // Otherwise everything would be "too many attempts".
        self.server.clock.advance_millis(60_000);
        let mut cbor = rest.to_vec();
        if let Ok(mut request) = from_cbor::<EnrolRequest>(rest) {
            if flags & 4 != 0 {
                request.code = self
                    .runtime
                    .block_on(self.server.enrolment_code(self.worker));
            }
            if flags & 2 != 0 {
                self.sign(&mut request)?;
            }
            cbor = to_cbor(&request);
        }
        let post = self.server.post("/v1/enrol", None, deflate(&cbor));
        let reply = self.runtime.block_on(post);
        if reply.status == 200 {
            ensure!(flags & 6 == 6, "enrolled without a code or signature");
            return Ok("enrolled".to_owned());
        }
        let problem: Problem = open(&reply.body).context("a refusal nobody can read")?;
        ensure!(reply.status.as_u16() < 500, "{problem:?}");
        Ok(problem.code)
    }
}
