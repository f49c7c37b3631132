//! Every page with sample data, and the whole console over HTTP requests.

mod client;
mod field_work_pages;
mod follow_up_marks;
mod grids;
mod hazards;
mod pages;
mod render;
mod sign_in;
mod visits;
mod work;
