//! Two real phones for the interoperation tests (`tests/interop-js`): enrols
//! them with the two links given, enters a household with Chinese text in all
//! planes, lets both change one field before they hear of each other, syncs,
//! and prints as JSON what the phones hold now.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use clap::Parser;
use serde_json::{Value, json};
use wangge_model::{
    FieldValue, RecordId, RecordKind, document::FieldEdit, protocol::EnrolmentLink,
};
use wangge_tests::phone::{Phone, text_edit};

/// Enrols two phones and lets them work.
#[derive(Debug, Parser)]
#[command(name = "phone")]
struct Arguments {
    /// Enrolment link of the first phone.
    one: EnrolmentLink,
    /// Enrolment link of the second phone.
    two: EnrolmentLink,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let one = Phone::enrol(&arguments.one).await?;
    let two = Phone::enrol(&arguments.two).await?;
    let household = enter_household(&one)?;
    one.sync().await?;
    two.sync().await?;
    one.set(household, "contact.phone", "13800000001")?;
    one.core
        .edit_record(household, &[text_edit("notes", "楼道灯已修好。")?])?;
    two.set(household, "contact.phone", "13800000002")?;
    two.core
        .edit_record(household, &[text_edit("notes", "燃气已检查。")?])?;
    two.set(household, "members.b.name", "欧阳雨桐")?;
    for phone in [&one, &two, &one] {
        phone.sync().await?;
    }
    let state = state_of(&one, household)?;
    ensure!(
        state == state_of(&two, household)?,
        "the phones do not agree"
    );
    print(&state);
    Ok(())
}

fn enter_household(phone: &Phone) -> anyhow::Result<RecordId> {
    let mut edits: Vec<FieldEdit> = Vec::new();
    for (path, text) in [
        ("address.estate", "槐荫小区"),
        ("address.detail", "历下区文化东路12号“一期”5号楼2单元501室"),
        // Four bytes in UTF-8, two units in UTF-16: 𠮷, 䶮 is three and one.
        ("contact.name", "𠮷田䶮"),
        ("contact.phone", "13800000000"),
        ("ledger", "consistent"),
        ("members.a.name", "买买提·艾力"),
        ("members.a.relation", "0"),
        ("notes", "家中有老人👵，"),
    ] {
        edits.push(text_edit(path, text)?);
    }
    for (path, number) in [("point.longitude", 117.000_5), ("point.latitude", 36.675_2)] {
        edits.push(FieldEdit::set(path.parse()?, FieldValue::Number(number)));
    }
    Ok(phone
        .core
        .create_record(RecordKind::Household, phone.grid()?, &edits)?)
}

fn state_of(phone: &Phone, record: RecordId) -> anyhow::Result<Value> {
    let view = phone
        .core
        .find_record(record)?
        .context("the record is gone")?;
    let plain = |value: &FieldValue| match value {
        FieldValue::Text(text) => json!(text),
        FieldValue::Integer(number) => json!(number),
        FieldValue::Number(number) => json!(number),
        FieldValue::Flag(flag) => json!(flag),
        FieldValue::Time(time) => json!(time.as_millis()),
    };
    let fields: BTreeMap<String, Value> = view
        .fields
        .iter()
        .map(|(path, value)| (path.to_string(), plain(value)))
        .collect();
    let conflicts: BTreeMap<String, Vec<Value>> = view
        .conflicts
        .iter()
        .map(|conflict| {
            let values = conflict
                .candidates
                .iter()
                .map(|candidate| candidate.value.as_ref().map_or(Value::Null, plain))
                .collect();
            (conflict.path.to_string(), values)
        })
        .collect();
    let heads: Vec<String> = phone
        .document(record)?
        .heads()
        .iter()
        .map(ToString::to_string)
        .collect();
    Ok(json!({
        "record": record.to_string(),
        "kind": "household",
        "fields": fields,
        "conflicts": conflicts,
        "heads": heads,
        "changes": view.history.len(),
    }))
}

#[expect(clippy::print_stdout, reason = "the test program reads this")]
fn print(state: &Value) {
    println!("{state}");
}
