//! One closed case as a file that is whole without us (电子档案): a ZIP of the case
//! with its timeline as JSON, a page to print, the record's Automerge document
//! with its history, and the SHA-256 of each.
//!
//! Owns what is in the file. Who may have it is the console's to ask.

use std::io::{Cursor, Write as _};

use askama::Template;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use wangge_model::{
    RecordId, Timestamp,
    case::TimelineEntry,
    document::RecordDocument,
    incident::Incident,
    message::{Language, message, message_id},
};
use zip::{ZipWriter, write::SimpleFileOptions};

/// The form of `case.json`; rises when a reader would have to know.
const FORMAT: u32 = 1;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The page could not be written.
    #[error("the page to print could not be made: {0}")]
    Page(#[from] askama::Error),
    /// The case could not be written as JSON.
    #[error("the case could not be written: {0}")]
    Json(#[from] serde_json::Error),
    /// The files could not be packed.
    #[error("the files could not be packed: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// The same, while writing.
    #[error("the files could not be packed: {0}")]
    Io(#[from] std::io::Error),
}

#[derive(Template)]
#[template(path = "case_archive.html")]
struct ArchivePage<'a> {
    language: &'static str,
    title: &'a str,
    heading: String,
    made: String,
    /// Label and value.
    facts: Vec<(String, String)>,
    description: &'a str,
    timeline_heading: String,
    columns: [String; 5],
    timeline: Vec<[String; 5]>,
}

/// The file of one case.
pub fn case_archive(
    id: RecordId,
    document: &RecordDocument,
    at: Timestamp,
    language: Language,
) -> Result<Vec<u8>, ArchiveError> {
    let incident = Incident::read(document);
    let files: [(&str, Vec<u8>); 3] = [
        (
            "case.json",
            serde_json::to_vec_pretty(&case_json(id, document, &incident, at))?,
        ),
        (
            "case.html",
            page(&incident, at, language).render()?.into_bytes(),
        ),
        ("incident.automerge", document.save_compressed()),
    ];
    let mut sums = String::new();
    for (name, bytes) in &files {
        let sum = hex::encode(Sha256::digest(bytes));
        // As `sha256sum -c` reads it.
        sums.extend([sum.as_str(), "  ", name, "\n"]);
    }
    let mut packed = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for (name, bytes) in &files {
        packed.start_file(*name, options)?;
        packed.write_all(bytes)?;
    }
    packed.start_file("sha256sums.txt", options)?;
    packed.write_all(sums.as_bytes())?;
    Ok(packed.finish()?.into_inner())
}

/// Every field of the record as it stands, and the case.
fn case_json(id: RecordId, document: &RecordDocument, incident: &Incident, at: Timestamp) -> Value {
    let time = |time: Option<Timestamp>| time.map(Timestamp::to_rfc3339);
    let timeline: Vec<Value> = incident
        .case
        .timeline
        .iter()
        .map(|entry| {
            json!({
                "version": entry.version,
                "verb": entry.verb,
                "person": entry.person.map(|person| person.to_string()),
                "name": entry.name,
                "at": entry.at.to_rfc3339(),
                "from": entry.from,
                "to": entry.to,
                "level": entry.level,
                "unit": entry.unit.map(|unit| unit.to_string()),
                "unit_name": entry.unit_name,
                "text": entry.text,
                "number": entry.number,
            })
        })
        .collect();
    let parties: Vec<Value> = incident
        .parties
        .values()
        .map(|party| json!({ "name": party.name, "phone": party.phone }))
        .collect();
    let heads: Vec<String> = document
        .heads()
        .iter()
        .map(|head| hex::encode(head.as_bytes()))
        .collect();
    json!({
        "format": FORMAT,
        "exported_at": at.to_rfc3339(),
        "id": id.to_string(),
        "document_heads": heads,
        "number": incident.case.number,
        "title": incident.title,
        "description": incident.description,
        "category": incident.category,
        "source": incident.source,
        "place": incident.place,
        "point": incident.point.map(|point| json!({
            "longitude": point.longitude,
            "latitude": point.latitude,
            "accuracy_m": point.accuracy_m,
        })),
        "occurred_at": time(incident.occurred_at),
        "received_at": time(incident.case.received_at),
        "parties": parties,
        "case": incident.case.decided,
        "timeline": timeline,
    })
}

fn page(incident: &Incident, at: Timestamp, language: Language) -> ArchivePage<'_> {
    let t = |id: &str| message(language, id, &[]);
    let time = |time: Option<Timestamp>| time.map(Timestamp::to_china_text).unwrap_or_default();
    let case = incident.case.decided.as_ref();
    let parties: Vec<String> = incident
        .parties
        .values()
        .map(|party| format!("{} {}", party.name, party.phone).trim().to_owned())
        .collect();
    let facts = [
        ("incident-case-number", incident.case.number.clone()),
        (
            "console-case-state",
            t(&message_id("case-state", &incident.case.state)),
        ),
        ("incident-category", incident.category.clone()),
        ("incident-place", incident.place.clone()),
        ("incident-occurred-at", time(incident.occurred_at)),
        ("incident-case-received-at", time(incident.case.received_at)),
        (
            "console-archive-closed-at",
            time(case.and_then(|case| case.closed_at)),
        ),
        ("console-archive-parties", parties.join("；")),
    ];
    let line = |entry: &TimelineEntry| {
        [
            entry.at.to_china_text(),
            t(&message_id("case-verb", &entry.verb)),
            if entry.person.is_some() {
                entry.name.clone()
            } else {
                t("console-case-by-system")
            },
            entry.unit_name.clone(),
            entry.text.clone(),
        ]
    };
    ArchivePage {
        language: language.tag(),
        title: &incident.title,
        heading: t("console-archive-heading"),
        made: message(
            language,
            "console-archive-made",
            &[("at", &at.to_china_text())],
        ),
        facts: facts
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(label, value)| (t(label), value))
            .collect(),
        description: &incident.description,
        timeline_heading: t("console-case-timeline"),
        columns: [
            "console-case-when",
            "console-case-what",
            "console-case-who",
            "console-case-about",
            "console-case-said",
        ]
        .map(t),
        timeline: incident.case.timeline.iter().map(line).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use wangge_model::{ActorId, FieldPath, FieldValue, RecordKind, document::FieldEdit};

    use super::*;

    #[test]
    fn a_case_is_whole_in_its_file_and_the_hashes_are_those_of_its_parts() {
        let at = Timestamp::from_millis(1_767_225_600_000);
        let edits = |fields: &[(&str, &str)]| -> Vec<FieldEdit> {
            let edit = |(path, text): &(&str, &str)| {
                FieldEdit::set(FieldPath::new(*path).unwrap(), FieldValue::text(*text))
            };
            fields.iter().map(edit).collect()
        };
        let mut document = RecordDocument::new(RecordKind::Incident);
        let fields = edits(&[("title", "路灯<不亮>"), ("description", "东门")]);
        document
            .edit(&fields, ActorId::from_bytes([1; 16]), at)
            .unwrap();
        let case = edits(&[
            ("case.number", "SJ20260101000001"),
            ("case.stage", "closed"),
        ]);
        document
            .edit_as_server(&case, ActorId::from_bytes([2; 16]), at)
            .unwrap();
        let id = RecordId::from_bytes([7; 16]);
        let bytes = case_archive(id, &document, at, Language::Chinese).unwrap();
        let mut packed = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let mut file = |name: &str| {
            let mut bytes = Vec::new();
            packed
                .by_name(name)
                .unwrap()
                .read_to_end(&mut bytes)
                .unwrap();
            bytes
        };
        let sums = String::from_utf8(file("sha256sums.txt")).unwrap();
        assert_eq!(sums.lines().count(), 3);
        for line in sums.lines() {
            let (sum, name) = line.split_once("  ").unwrap();
            assert_eq!(sum, hex::encode(Sha256::digest(file(name))), "{name}");
        }
        let json: Value = serde_json::from_slice(&file("case.json")).unwrap();
        assert_eq!(json["number"], "SJ20260101000001");
        assert_eq!(json["case"]["state"], "closed");
        let html = String::from_utf8(file("case.html")).unwrap();
        assert!(html.contains("SJ20260101000001") && html.contains("已"));
        assert!(!html.contains("<不亮>"), "text is no markup");
        let again =
            RecordDocument::load(RecordKind::Incident, Some(&file("incident.automerge")), [])
                .unwrap();
        assert_eq!(again.heads(), document.heads());
    }
}
