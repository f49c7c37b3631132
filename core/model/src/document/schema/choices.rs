//! The lists behind choices. A code is never added to a list that is in use:
//! the guard of an older build refuses what is not on its own. A new question
//! gets a new field. See docs/adr/0019.

/// Building use (建筑用途), GB/T 31000-2015.
pub const BUILDING_USE: &[&str] = &["01", "02", "03", "04", "05", "06", "99"];
/// How the household holds the dwelling (房屋类型).
pub const OWNERSHIP: &[&str] = &["own", "rented", "collective", "idle", "business"];
/// Hazards of a rented dwelling (隐患类型), GB/T 31000-2015 less its code 05,
/// which is about health.
pub const HAZARD: &[&str] = &["00", "01", "02", "03", "04", "99"];
/// How the building is built (房屋结构).
pub const STRUCTURE: &[&str] = &[
    "reinforced_concrete",
    "brick_concrete",
    "brick_wood",
    "steel",
    "wood",
    "earth",
    "other",
];
/// What a dwelling is let for (出租用途), GB/T 31000-2015.
pub const RENTING_USE: &[&str] = &["01", "02", "03", "04", "05", "06", "99"];
/// How a letting breaks the rules (违规出租), the fifth of the five that are to
/// be clear about a rented dwelling (五清).
pub const ILLEGAL_LETTING: &[&str] = &[
    "none",
    "crowded",
    "partitioned",
    "not_for_living",
    "unregistered",
    "other",
];
/// The three resident ledgers (人户一致、人户分离、租房户).
pub const LEDGER: &[&str] = &["consistent", "separated", "tenant"];
/// Sex (GB/T 2261.1).
pub const SEX: &[&str] = &["0", "1", "2", "9"];
/// Kinds of population (实有人口).
pub const POPULATION_KIND: &[&str] = &["01", "02", "03", "04"];
/// Relation to the head of the household (GB/T 4761, first digit classes).
pub const RELATION: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8"];
/// What a guardian is to a child (监护关系).
pub const GUARDIAN_RELATION: &[&str] = &["parent", "grandparent", "sibling", "relative", "other"];
/// Documents of people without a citizen number; see [`crate::PermitKind`].
pub const PERMIT_KIND: &[&str] = &[
    "hk_macao_travel_permit",
    "taiwan_travel_permit",
    "hk_macao_taiwan_residence_permit",
    "foreigner_permanent_residence",
    "chinese_passport",
    "foreign_passport",
];
/// Who serves a household (联户): a tie of service, said of who serves.
pub const LINK_KIND: &[&str] = &["party_member", "building_head", "volunteer", "service_team"];
/// Welfare care groups (关怀对象); nothing about crime, health or belief.
pub const CARE_GROUP: &[&str] = &[
    "dibao",
    "hardship",
    "entitled",
    "lone_elder",
    "left_child",
    "solo_elder",
    "wubao",
    "dibao_edge",
    "unemployed",
    "sudden_hardship",
];
/// How closely somebody of a care group is looked after (探访关爱等级).
pub const CARE_LEVEL: &[&str] = &["high", "key", "general"];
/// Kinds of visit (走访类型).
pub const VISIT_KIND: &[&str] = &[
    "household",
    "care",
    "rental",
    "place",
    "enterprise",
    "social_org",
    "unemployed",
    "dispute",
    "patrol",
    "campaign",
    "followup",
    "publicity",
];
/// What came of a visit (走访结果).
pub const VISIT_RESULT: &[&str] = &["met", "not_at_home", "refused", "moved", "wrong_address"];
/// How the visit was made (走访形式).
pub const VISIT_FORM: &[&str] = &["door", "phone", "appointment", "other"];
/// What became of what was asked (诉求处理).
pub const DEMANDS: &[&str] = &["none", "solved_on_spot", "recorded", "turned_into_incident"];
/// What an opinion is about (民情日志分类). The source's 计生 is asked in neutral
/// words, as services for families.
pub const OPINION_CATEGORY: &[&str] = &["city", "family", "party_and_people", "economy", "other"];
/// What becomes of an opinion (当时结办、限期协办).
pub const OPINION_HANDLING: &[&str] = &["at_once", "with_limit"];
/// Kinds of place (驻社区单位、商铺、学校、场所、设施).
pub const PLACE_KIND: &[&str] = &[
    "unit",
    "enterprise",
    "shop",
    "restaurant",
    "school",
    "kindergarten",
    "medical",
    "social_org",
    "property",
    "hotel",
    "entertainment",
    "market",
    "construction",
    "transport",
    "courier",
    "public_space",
    "parking",
    "charging",
    "fire_equipment",
    "dangerous_goods",
    "facility",
    "other",
];
/// Whether a place is in use (经营状态).
pub const PLACE_STATE: &[&str] = &["open", "paused", "closed", "moved_away"];
/// Hazards of a place (安全隐患类型), GB/T 31000-2015 without its code for none:
/// an entry is a hazard.
pub const PLACE_HAZARD: &[&str] = &["01", "02", "03", "04", "99"];
/// Urgency of an incident (紧急程度).
pub const URGENCY: &[&str] = &["normal", "urgent", "emergency"];
/// How an incident is handled (四种处理方式).
pub const HANDLING: &[&str] = &["on_the_spot", "coordinated", "emergency", "approval"];
/// How a report came about (事件来源: 上门走访、网格接访、群众座谈、政务热线 and
/// whatever else leads to one).
pub const SOURCE: &[&str] = &[
    "visit",
    "reception",
    "meeting",
    "hotline",
    "patrol",
    "check",
    "resident",
    "online",
    "assigned",
    "other",
];
/// What a second look at a hazard found (复查结果).
pub const RECHECK: &[&str] = &["fixed", "not_fixed"];
/// States of a case as far as this build's server sets them.
pub const CASE_STATE: &[&str] = &["reported"];
