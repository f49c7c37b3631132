//! Every page with sample data, and the whole console over HTTP requests.

mod client;
mod duplicates;
mod grids;
mod pages;
mod render;
mod sign_in;
mod visits;
