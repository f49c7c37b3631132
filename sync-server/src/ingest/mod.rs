//! How a push becomes records, feed places and a receipt.

pub mod console_edit;
