//! Everything the journeys and the benchmark share: a real server process,
//! real phones, a bare client that can misbehave, a proxy that counts and
//! loses, and seeded records.

pub mod admin;
pub mod batch;
pub mod desk;
pub mod http;
pub mod lab;
pub mod light_client;
pub mod phone;
pub mod process;
pub mod proxy;
pub mod server;
pub mod statistics;
pub mod workload;
