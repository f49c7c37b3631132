//! Ids, field paths and times: text and milliseconds in the shells, types
//! here. Text that is no id is refused at the boundary with an
//! [`AppError`], not inside a call.

use std::str::FromStr;

use wangge_model::{
    ActorId, ChangeHash, DeviceId, FieldPath, GridId, MemberId, PersonId, RecordId, Timestamp,
    document::schema::FieldError,
    message::{Language, field_error_message},
};

use crate::AppError;

/// Text that names nothing, as the error it is for a caller.
fn parse_id<T: FromStr>(text: &str, what: &str) -> Result<T, AppError> {
    text.parse().map_err(|_| AppError::NotFound {
        what: what.to_owned(),
    })
}

fn parse_path(text: String) -> Result<FieldPath, AppError> {
    let error = FieldError::Unknown;
    FieldPath::new(text).map_err(|invalid| AppError::Invalid {
        field: invalid.0,
        reason: error.code().to_owned(),
        zh: field_error_message(Language::Chinese, &error),
        en: field_error_message(Language::English, &error),
    })
}

fn parse_actor(text: &str) -> Result<ActorId, AppError> {
    // Both are 16 bytes written as hexadecimal digits.
    let bytes: wangge_model::Incarnation = parse_id(text, "actor")?;
    Ok(ActorId::from_bytes(*bytes.as_bytes()))
}

uniffi::custom_type!(
    /// One record: a household file, a visit or an incident. Also names a draft.
    RecordId, String, {
        remote,
        try_lift: |text| Ok(parse_id(&text, "record")?),
        lower: |id| id.to_string(),
    }
);
uniffi::custom_type!(
    /// One grid (网格).
    GridId, String, {
        remote,
        try_lift: |text| Ok(parse_id(&text, "grid")?),
        lower: |id| id.to_string(),
    }
);
uniffi::custom_type!(
    /// One resident inside a household file.
    MemberId, String, {
        remote,
        try_lift: |text| Ok(parse_id(&text, "member")?),
        lower: |id| id.to_string(),
    }
);
uniffi::custom_type!(
    /// One person who works with the system.
    PersonId, String, {
        remote,
        try_lift: |text| Ok(parse_id(&text, "person")?),
        lower: |id| id.to_string(),
    }
);
uniffi::custom_type!(
    /// One enrolled phone.
    DeviceId, String, {
        remote,
        try_lift: |text| Ok(parse_id(&text, "device")?),
        lower: |id| id.to_string(),
    }
);
uniffi::custom_type!(
    /// One change of a record: 64 hexadecimal digits.
    ChangeHash, String, {
        remote,
        try_lift: |text| Ok(parse_id(&text, "change")?),
        lower: |hash| hash.to_string(),
    }
);
uniffi::custom_type!(
    /// Who wrote a change: 32 hexadecimal digits that stand for one phone.
    ActorId, String, {
        remote,
        try_lift: |text| Ok(parse_actor(&text)?),
        lower: |actor| actor.to_string(),
    }
);
uniffi::custom_type!(
    /// Name of a field: `address.room`, `members.<id>.name`.
    FieldPath, String, {
        remote,
        try_lift: |text| Ok(parse_path(text)?),
        lower: |path| path.into(),
    }
);
uniffi::custom_type!(
    /// Milliseconds since 1970-01-01 UTC.
    Timestamp, i64, {
        remote,
        try_lift: |millis| Ok(Timestamp::from_millis(millis)),
        lower: |time| time.as_millis(),
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    /// There and back, as a shell does it.
    fn round_trip<T, F>(value: T) -> T
    where
        T: uniffi::Lower<crate::UniFfiTag, FfiType = F>
            + uniffi::Lift<crate::UniFfiTag, FfiType = F>,
    {
        T::try_lift(T::lower(value)).unwrap()
    }

    #[test]
    fn ids_paths_and_times_come_back_as_they_went() {
        let record = RecordId::from_bytes([7; 16]);
        assert_eq!(round_trip(record), record);
        let actor = ActorId::from_bytes([9; 16]);
        assert_eq!(round_trip(actor), actor);
        let path = FieldPath::new("members.m1.name").unwrap();
        assert_eq!(round_trip(path.clone()), path);
        let time = Timestamp::from_millis(-5);
        assert_eq!(round_trip(time), time);
    }

    #[test]
    fn text_that_is_no_id_names_what_it_should_have_been() {
        let error = parse_id::<GridId>("第一网格", "grid").unwrap_err();
        assert_eq!(
            error,
            AppError::NotFound {
                what: "grid".to_owned()
            }
        );
        let error = parse_path("a b".to_owned()).unwrap_err();
        assert!(matches!(error, AppError::Invalid { field, .. } if field == "a b"));
        assert!(parse_actor("12").is_err());
    }
}
