//! The scripted morning: two phones of one grid work offline on the same
//! household, a third grid goes on beside them, everything meets at the server,
//! a campaign is worked through, and an incident closed.

use std::path::Path;

use anyhow::{Context, ensure};
use wangge_core::RecordView;
use wangge_model::{
    FieldPath, MemberId, RecordId, RecordKind,
    message::{Language, field_message_id, message},
};

use super::{
    case,
    desk::{Desk, Place},
    households::{HouseholdMaker, set, text},
    phone::Phone,
    plan,
    tell::Teller,
};

/// Households the first phone brings from earlier days.
const HOUSEHOLDS_FIRST_GRID: usize = 48;
/// Households the phone of the other grid brings.
const HOUSEHOLDS_OTHER_GRID: usize = 24;

/// What happened, for the summary and the final check.
pub(super) struct Morning {
    pub(super) phones: Vec<Phone>,
    pub(super) conflicts_seen: usize,
    pub(super) conflicts_open: usize,
    pub(super) contested: RecordId,
}

/// Lets the morning happen.
pub(super) async fn run(
    desk: &Desk,
    folder: &Path,
    seed: u64,
    teller: Teller,
) -> anyhow::Result<Morning> {
    let mut maker = HouseholdMaker::new(seed);
    let [first, other] = desk.grids();
    let mut zhang = enrol(desk, folder, "张敏", first).await?;
    let mut wang = enrol(desk, folder, "王磊", other).await?;
    teller.say("demo-enrolled", &[("phones", "2"), ("grids", "2")]);

    let households = collect(&zhang, &mut maker, HOUSEHOLDS_FIRST_GRID, teller)?;
    collect(&wang, &mut maker, HOUSEHOLDS_OTHER_GRID, teller)?;
    for phone in [&mut zhang, &mut wang] {
        let report = phone.sync().await?;
        teller.synced(phone.owner, &report);
    }
    let contested = *households.first().context("no household was made")?;

    let mut li = enrol(desk, folder, "李强", first).await?;
    let report = li.sync().await?;
    teller.synced(li.owner, &report);
    ensure!(
        li.record(contested)?.row.grid == zhang.grid,
        "the record is in another grid"
    );

    teller.say("demo-offline", &[("one", zhang.owner), ("two", li.owner)]);
    work_offline(&zhang, &li, contested, &households, &mut maker, teller)?;
    teller.states(&zhang)?;
    teller.states(&li)?;
    visit(&wang, &mut maker, teller)?;

    teller.say("demo-online", &[]);
    for phone in [&mut zhang, &mut li, &mut wang] {
        let report = phone.sync().await?;
        teller.synced(phone.owner, &report);
    }
    // The first one back learns what the others brought.
    let report = zhang.sync().await?;
    teller.synced(zhang.owner, &report);
    let conflicts_seen = show_conflict(&zhang, &li, contested, teller)?;
    settle(&zhang, contested, teller)?;
    for phone in [&mut zhang, &mut li] {
        let report = phone.sync().await?;
        teller.synced(phone.owner, &report);
    }
    let conflicts_open = zhang.record(contested)?.conflicts.len();
    plan::work_through(desk, &mut zhang, &mut li, &households, teller).await?;
    case::close(desk, &mut zhang, &mut li, teller).await?;

    let mut zhao = enrol(desk, folder, "赵静", first).await?;
    let report = zhao.sync().await?;
    teller.say("demo-third-phone", &[("owner", zhao.owner)]);
    teller.synced(zhao.owner, &report);
    Ok(Morning {
        phones: vec![zhang, li, wang, zhao],
        conflicts_seen,
        conflicts_open,
        contested,
    })
}

async fn enrol(
    desk: &Desk,
    folder: &Path,
    owner: &'static str,
    place: &Place,
) -> anyhow::Result<Phone> {
    let link = desk.enrolment_link(owner, place).await?;
    Phone::enrol(&folder.join(owner), owner, place.grid, &link).await
}

/// Enters the households somebody collected on earlier days.
fn collect(
    phone: &Phone,
    maker: &mut HouseholdMaker,
    count: usize,
    teller: Teller,
) -> anyhow::Result<Vec<RecordId>> {
    let ids = (0..count)
        .map(|_| {
            Ok(phone
                .core
                .create_record(RecordKind::Household, phone.grid, &maker.household())?)
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    teller.say(
        "demo-collected",
        &[("owner", phone.owner), ("count", &count.to_string())],
    );
    Ok(ids)
}

/// Both change the same household: different fields, the same phone number,
/// and a member each; both make visits, one reports an incident.
fn work_offline(
    zhang: &Phone,
    li: &Phone,
    contested: RecordId,
    households: &[RecordId],
    maker: &mut HouseholdMaker,
    teller: Teller,
) -> anyhow::Result<()> {
    zhang.core.edit_record(
        contested,
        &[
            text("contact.phone", "13800009001"),
            text("dwelling.ownership", "rented"),
            text("notes", "租户新换了门锁。"),
        ],
    )?;
    li.core.edit_record(
        contested,
        &[
            text("contact.phone", "13800009002"),
            text("ledger", "tenant"),
        ],
    )?;
    zhang
        .core
        .edit_record(contested, &maker.member("周雨桐", 2))?;
    li.core.edit_record(contested, &maker.member("周浩然", 2))?;
    teller.say(
        "demo-same-household",
        &[("one", zhang.owner), ("two", li.owner)],
    );

    for (phone, household, diary) in [
        (
            zhang,
            contested,
            "住户反映楼道灯不亮，已记录；对社区助餐点很满意。",
        ),
        (
            li,
            *households.get(1).unwrap_or(&contested),
            "老人独居，已加联系电话，约定下周再来。",
        ),
    ] {
        enter_visit(phone, household, diary)?;
        teller.say("demo-visit", &[("owner", phone.owner)]);
    }
    li.core.create_record(
        RecordKind::Incident,
        li.grid,
        &[
            text("category", "public_safety"),
            text("urgency", "urgent"),
            text("handling", "coordinated"),
            text("title", "3号楼楼道堆放杂物"),
            text(
                "description",
                "楼道内堆放纸箱和旧家具，堵住消防通道，住户说已有一周。",
            ),
            text("place", "棋盘小区3号楼2单元"),
            set("occurred_at", wangge_model::FieldValue::Time(plan::now())),
        ],
    )?;
    teller.say("demo-incident", &[("owner", li.owner)]);
    Ok(())
}

fn visit(phone: &Phone, maker: &mut HouseholdMaker, teller: Teller) -> anyhow::Result<()> {
    let household =
        phone
            .core
            .create_record(RecordKind::Household, phone.grid, &maker.household())?;
    enter_visit(phone, household, "新搬来的住户，已登记建档。")?;
    teller.say("demo-visit", &[("owner", phone.owner)]);
    Ok(())
}

fn enter_visit(phone: &Phone, household: RecordId, diary: &str) -> anyhow::Result<()> {
    let mut fields = plan::fields(household, "household", diary);
    fields.extend(plan::at_the_door(phone, household)?);
    phone
        .core
        .create_record(RecordKind::Visit, phone.grid, &fields)?;
    Ok(())
}

/// Both phones list the same candidates for the same field.
fn show_conflict(
    zhang: &Phone,
    li: &Phone,
    contested: RecordId,
    teller: Teller,
) -> anyhow::Result<usize> {
    let (one, two) = (zhang.record(contested)?, li.record(contested)?);
    ensure!(
        values(&one) == values(&two),
        "the phones see different conflicts"
    );
    for conflict in &one.conflicts {
        let shown: Vec<String> = conflict
            .candidates
            .iter()
            .map(|c| {
                let author = if c.mine { zhang.owner } else { li.owner };
                let value = c.value.as_ref().map(wangge_model::FieldValue::to_display);
                format!(
                    "{}（{author} {}）",
                    value.unwrap_or_default(),
                    c.at.to_china_text()
                )
            })
            .collect();
        let name = field_message_id(RecordKind::Household, &conflict.path.pattern());
        for language in Language::ALL {
            let field = message(language, &name, &[]);
            teller.say_in(
                language,
                "demo-conflict",
                &[("field", &field), ("values", &shown.join(" / "))],
            );
        }
    }
    let members = count_members(&one);
    ensure!(
        members == count_members(&two),
        "the phones see different members"
    );
    teller.say("demo-merged", &[("members", &members.to_string())]);
    Ok(one.conflicts.len())
}

fn settle(phone: &Phone, contested: RecordId, teller: Teller) -> anyhow::Result<()> {
    for conflict in phone.record(contested)?.conflicts {
        let mine = conflict
            .candidates
            .iter()
            .find(|candidate| candidate.mine)
            .context("the phone's own value is not among the candidates")?;
        phone
            .core
            .settle_conflict(contested, conflict.path.clone(), mine.value.clone())?;
        let value = mine
            .value
            .as_ref()
            .map(wangge_model::FieldValue::to_display);
        teller.say(
            "demo-settled",
            &[
                ("owner", phone.owner),
                ("value", &value.unwrap_or_default()),
            ],
        );
    }
    Ok(())
}

type ConflictValues = Vec<(FieldPath, Vec<Option<wangge_model::FieldValue>>)>;

fn values(record: &RecordView) -> ConflictValues {
    record
        .conflicts
        .iter()
        .map(|c| {
            (
                c.path.clone(),
                c.candidates.iter().map(|v| v.value.clone()).collect(),
            )
        })
        .collect()
}

fn count_members(record: &RecordView) -> usize {
    record
        .fields
        .iter()
        .filter_map(|(path, _)| path.as_str().strip_prefix("members.")?.split('.').next())
        .filter_map(|id| id.parse::<MemberId>().ok())
        .collect::<std::collections::BTreeSet<_>>()
        .len()
}
