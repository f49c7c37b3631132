//! Ledgers (台账): tables of households that offices keep in workbooks and text
//! files, brought into the register and given out of it again.
//!
//! * [`sheet`] reads cells as they are, within bounds; [`mod@column`] says what the
//!   columns are, [`value`] what a cell means, [`draft`] which rows are one
//!   household.
//! * [`judge`] compares with what was imported before and with the register;
//!   [`import`] checks, and commits through the same writer as a push.
//! * [`export`] writes the register as a table again.
//! * [`remark`] is what there is to say about rows and cells, for people;
//!   [`explain`] what is wrong with a whole file.
//! * [`address`] fills households from a table of standard addresses.
//! * [`job`] keeps tables that somebody brings in or takes out at the console.
//!
//! Does not own the command line (`cli`) nor pages (`console`).

pub mod address;
pub mod column;
pub mod draft;
pub mod explain;
pub mod export;
pub mod import;
pub mod job;
pub mod judge;
pub mod remark;
pub mod scope;
pub mod sheet;
mod synonym;
mod table;
pub mod value;

#[cfg(test)]
mod tests;
