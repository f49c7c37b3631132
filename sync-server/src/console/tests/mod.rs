//! Every page with sample data, and the whole console over HTTP requests.

mod assessment;
mod assessment_pages;
mod case_pages;
mod cases;
mod client;
mod duplicates;
mod duty;
mod duty_pages;
mod emergencies;
mod field_work_pages;
mod follow_up_marks;
mod grids;
mod hazards;
mod hostile;
mod hotline;
mod ledgers;
mod maps;
mod pages;
mod render;
mod render_ledgers;
mod render_maps;
mod resident_pages;
mod residents;
mod sign_in;
mod visits;
mod work;
