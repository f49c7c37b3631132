//! Every page with sample data, and the whole console over HTTP requests.

mod case_pages;
mod cases;
mod client;
mod grids;
mod pages;
mod render;
mod sign_in;
mod visits;
